//! `flinkgate review`: one AdmissionReview in, the response out.

use super::args::{OperatorArgs, OperatorUserArgs, PolicyArgs, TenantArgs, UnassignedArgs};
use super::{Exit, Outcome};
use crate::admission::answer::Webhook;
use crate::admission::response::Reply;
use crate::admission::review::Review;
use crate::flink::requester::OperatorUsers;
use crate::pipeline::Gate;
use anyhow::Context;
use std::io::Read;
use std::path::PathBuf;

/// Arguments of `flinkgate review`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// File with the AdmissionReview (JSON), or `-` for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// The webhook that answers
    #[arg(long, value_enum, default_value = "validate")]
    webhook: Webhook,
    #[command(flatten)]
    tenants: TenantArgs,
    #[command(flatten)]
    policies: PolicyArgs,
    #[command(flatten)]
    operator: OperatorArgs,
    #[command(flatten)]
    operator_users: OperatorUserArgs,
    #[command(flatten)]
    unassigned: UnassignedArgs,
}

/// Runs the command.
///
/// # Errors
/// When it could not run.
pub fn run(args: Args) -> Outcome {
    let Args { tenants, policies, unassigned, .. } = &args;
    let (gate, warnings) = Gate::load(&tenants.tenants, &policies.policies, unassigned.unassigned)?;
    let users = OperatorUsers::given(&args.operator_users.operator_user, None);
    let gate = gate.with_operator_users(users);
    let gate = gate.with_operator_config(args.operator.operator_config.as_deref())?;
    let gate = gate.with_operator_version(args.operator.operator_version);
    super::gate::warn(&gate, &warnings);
    let mut body = Vec::new();
    let name = if args.file.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut body).context("failed to read standard input")?;
        "standard input".to_owned()
    } else {
        body = std::fs::read(&args.file)
            .with_context(|| format!("failed to read `{}`", args.file.display()))?;
        format!("`{}`", args.file.display())
    };
    let mut review = Review::parse(&body).with_context(|| name.clone())?;
    let resource = review.resource().with_context(|| name)?;
    let answer = args.webhook.ask(&gate, &resource);
    let reply = Reply::new(&review, args.webhook, &resource, &answer);
    super::terminal::print(&format!("{}\n", serde_json::to_string_pretty(&reply)?))?;
    Ok(if reply.allowed() { Exit::Fine } else { Exit::Findings })
}
