//! `flinkgate policies`: the library of policies in the binary.

use super::args::TextOrJson;
use super::{Exit, Outcome};
use crate::rego::library::{self, LibraryPolicy};
use crate::rules::Documentation;
use serde_json::json;
use std::fmt::Write as _;

const EXAMPLES: &str = "Examples:
  Switch one policy on, or all of them:
    flinkgate lint --policies library/naming etl.yaml
    flinkgate lint --policies library etl.yaml

  Copy one, to adapt the constants at its top:
    flinkgate policies naming > policies/naming.rego

  Install one in a cluster:
    flinkgate policies naming --flinkpolicy | kubectl apply -f -";

/// Arguments of `flinkgate policies`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Print this policy, in Rego, instead of the list
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Print the FlinkPolicy that installs it in a cluster
    #[arg(long, requires = "name")]
    flinkpolicy: bool,
    /// How to print the list
    #[arg(long, value_enum, default_value_t, conflicts_with = "name")]
    format: TextOrJson,
}

/// Runs the command.
///
/// # Errors
/// When the library has no policy of that name.
pub fn run(args: Args) -> Outcome {
    let printed = match &args.name {
        Some(name) => {
            let name = name.strip_prefix("library/").unwrap_or(name);
            let policy = library::find(name)?;
            if args.flinkpolicy { policy.flink_policy.into() } else { policy.rego.into() }
        }
        None => {
            let policies = library::policies().iter();
            let documented = policies.map(|policy| Ok((policy, policy.documentation()?)));
            let documented = documented.collect::<anyhow::Result<Vec<_>>>()?;
            match args.format {
                TextOrJson::Text => text(&documented),
                TextOrJson::Json => json_list(&documented)?,
            }
        }
    };
    super::terminal::print(&printed)?;
    Ok(Exit::Fine)
}

fn text(policies: &[(&LibraryPolicy, Documentation)]) -> String {
    let width = policies.iter().map(|(policy, _)| policy.name.len()).max().unwrap_or_default();
    policies.iter().fold(format!("{:width$}  TITLE\n", "NAME"), |mut out, (policy, rule)| {
        let _ = writeln!(out, "{:width$}  {}", policy.name, rule.title);
        out
    })
}

fn json_list(policies: &[(&LibraryPolicy, Documentation)]) -> Result<String, serde_json::Error> {
    let policies: Vec<_> = policies
        .iter()
        .map(|(policy, Documentation { id, level, title, description, .. })| {
            let name = policy.name;
            json!({"name": name, "rule": id, "level": level, "title": title, "description": description})
        })
        .collect();
    Ok(serde_json::to_string_pretty(&json!({"version": 1, "policies": policies}))? + "\n")
}
