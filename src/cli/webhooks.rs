//! `flinkgate webhooks`: the two webhook configurations, ready for `kubectl apply`.

use super::{Exit, Outcome, terminal};
use crate::admission::registration::Registration;
use crate::admission::registration::endpoint::{BaseUrl, Endpoint, Service};
use crate::report::yaml;
use crate::server::ca_bundle;
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
}

/// Runs the command.
///
/// # Errors
/// When the CA file cannot be read or holds no certificate.
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
    let endpoint = args.url.map_or(Endpoint::Service(args.service), Endpoint::Url);
    let registration = Registration { endpoint, ca_bundle };
    let mutating = serde_json::to_value(registration.mutating())
        .context("failed to serialize the mutating configuration")?;
    let validating = serde_json::to_value(registration.validating())
        .context("failed to serialize the validating configuration")?;
    terminal::print(&format!("---\n{}---\n{}", yaml::emit(&mutating), yaml::emit(&validating)))?;
    Ok(Exit::Fine)
}
