//! `flinkgate crds`: the custom resource definitions.

use super::{Exit, Outcome};
use crate::quota::ledger;
use crate::rego::flink_policy;
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
    let mut text = String::new();
    for definition in [crd::definition(), flink_policy::definition(), ledger::crd::definition()] {
        let definition = serde_json::to_value(definition)
            .context("failed to serialize a custom resource definition")?;
        text.push_str(&format!("---\n{}", crate::report::yaml::emit(&definition)));
    }
    super::terminal::print(&text)?;
    Ok(Exit::Fine)
}
