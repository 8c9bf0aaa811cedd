//! `flinkgate review`: one AdmissionReview in, the response out.

use super::gate::OperatorArgs;
use super::{Exit, Outcome};
use crate::admission::answer::Webhook;
use crate::admission::response::Reply;
use crate::admission::review::Review;
use crate::pipeline::{Gate, Unassigned};
use anyhow::Context;
use std::io::Read;
use std::path::PathBuf;

/// Arguments of `flinkgate review`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The AdmissionReview (JSON); standard input when it is - or absent
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// Which webhook answers
    #[arg(long, value_enum, default_value = "validate")]
    webhook: Webhook,
    /// Files or folders with FlinkTenants
    #[arg(long, value_name = "PATH")]
    tenants: Vec<PathBuf>,
    /// Files or folders with more rules
    #[arg(long, value_name = "PATH")]
    policies: Vec<PathBuf>,
    #[command(flatten)]
    operator: OperatorArgs,
    /// What happens to Flink in a namespace of no tenant
    #[arg(long, value_name = "CHOICE", value_enum, default_value_t)]
    unassigned: Unassigned,
}

/// Runs the command.
///
/// # Errors
/// When it could not run.
pub fn run(args: Args) -> Outcome {
    let (gate, warnings) = Gate::load(&args.tenants, &args.policies, args.unassigned)?;
    let gate = gate.with_operator_config(args.operator.operator_config.as_deref())?;
    super::gate::warn(&gate, &warnings);
    let mut body = Vec::new();
    let name = if args.file.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut body).context("cannot read standard input")?;
        "standard input".to_owned()
    } else {
        body = std::fs::read(&args.file)
            .with_context(|| format!("cannot read {}", args.file.display()))?;
        args.file.display().to_string()
    };
    let review = Review::parse(&body).with_context(|| name.clone())?;
    let resource = review.resource().with_context(|| name)?;
    let answer = args.webhook.ask(&gate, &resource);
    let reply = Reply::new(&review, args.webhook, &resource, &answer);
    super::terminal::print(&format!("{}\n", serde_json::to_string_pretty(&reply)?))?;
    Ok(if reply.allowed() { Exit::Fine } else { Exit::Findings })
}
