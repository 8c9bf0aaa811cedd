//! `flinkgate webhooks`: the two webhook configurations, ready for `kubectl apply`.

use super::{Exit, Outcome, terminal};
use crate::admission::answer::Webhook;
use crate::admission::registration::endpoint::{BaseUrl, Endpoint, Service};
use crate::admission::registration::{Registration, values};
use crate::report::yaml;
use crate::server::{ca_bundle, path_tokens};
use anyhow::Context;
use std::path::PathBuf;

/// Arguments of `flinkgate webhooks`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  flinkgate webhooks --url https://127.0.0.1:9443 --ca ca.crt | kubectl apply -f -"
)]
pub struct Args {
    /// The Service of Flinkgate
    #[arg(long, value_name = "NS/NAME", default_value_t)]
    service: Service,
    /// URL of a Flinkgate outside the cluster, without the path `/mutate` or `/validate`
    #[arg(long, value_name = "URL", conflicts_with = "service")]
    url: Option<BaseUrl>,
    /// File with the CA certificates (PEM) that API servers trust
    ///
    /// Without it, `caBundle` in the cluster does not change: `serve --cluster` or cert-manager sets
    /// it.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// File with the path token that the API server sends, the same as `serve --path-token-file`
    ///
    /// The first line counts. Without it, `serve --cluster` adds a token of its own to the paths.
    #[arg(long, value_name = "FILE")]
    path_token_file: Option<PathBuf>,
    /// User name of a Flink operator, the same as `serve --operator-user`; can be repeated
    ///
    /// Its updates of the status of Flink's objects are not sent to Flinkgate. Without this option,
    /// it is `system:serviceaccount:flink-operator:flink-operator`.
    #[arg(long, value_name = "USER", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    operator_user: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// When the CA file cannot be read or holds no certificate, or the token file no token.
pub fn run(args: Args) -> Outcome {
    let ca_bundle = match &args.ca {
        Some(path) => {
            let pem = std::fs::read(path)
                .with_context(|| format!("failed to read `{}`", path.display()))?;
            Some(
                ca_bundle::bundle(&pem)
                    .with_context(|| format!("`{}` is not a CA bundle", path.display()))?,
            )
        }
        None => None,
    };
    let path_token = match &args.path_token_file {
        Some(path) => {
            path_tokens::load_tokens(path).context("--path-token-file")?.into_iter().next()
        }
        None => None,
    };
    let endpoint = args.url.map_or(Endpoint::Service(args.service), Endpoint::Url);
    let registration = Registration { endpoint, ca_bundle, path_token };
    let mut mutating = registration
        .printed(Webhook::Mutate)
        .context("failed to serialize the mutating configuration")?;
    let mut validating = registration
        .printed(Webhook::Validate)
        .context("failed to serialize the validating configuration")?;
    if !args.operator_user.is_empty() {
        [&mut mutating, &mut validating]
            .into_iter()
            .for_each(|printed| values::set_operators(printed, &args.operator_user));
    }
    terminal::print(&format!("---\n{}---\n{}", yaml::emit(&mutating), yaml::emit(&validating)))?;
    Ok(Exit::Fine)
}
