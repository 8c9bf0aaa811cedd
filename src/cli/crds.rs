//! `flinkgate crds`: the custom resource definitions.

use super::{Exit, Outcome};
use crate::tenant::crd;
use anyhow::Context;

/// Arguments of `flinkgate crds`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  flinkgate crds | kubectl apply --server-side -f -")]
pub struct Args {}

/// Prints every definition, as one YAML document each (JSON is YAML).
///
/// # Errors
/// When standard output cannot be written.
pub fn run(_: Args) -> Outcome {
    let definition = serde_json::to_value(crd::definition()).context("failed to write the definition of FlinkTenant")?;
    super::terminal::print(&format!("---\n{}", crate::report::yaml::emit(&definition)))?;
    Ok(Exit::Fine)
}
