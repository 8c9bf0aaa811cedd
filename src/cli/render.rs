//! `flinkgate render`: objects as the cluster would store them after mutation.

mod merged_templates;
mod write;

use super::args::{ManifestArgs, OnlyTenantArgs, OperatorArgs, TenantArgs};
use super::gate;
use super::input::{Input, Manifest};
use super::{Exit, Outcome, terminal};
use crate::pipeline::Unassigned;
use crate::rego::PolicySet;
use crate::report::yaml;
use rayon::prelude::*;
use serde_json::Value;
use similar::TextDiff;

/// Arguments of `flinkgate render`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    manifests: ManifestArgs,
    #[command(flatten)]
    tenants: TenantArgs,
    #[command(flatten)]
    only: OnlyTenantArgs,
    #[command(flatten)]
    operator: OperatorArgs,
    /// Show the changes instead of the whole objects
    #[arg(long)]
    diff: bool,
    /// Show the pod templates that the operator merges, by role, instead of the objects
    #[arg(long, conflicts_with = "diff")]
    merged: bool,
    /// Write what is added into the files, whose comments, order and quotes stay
    ///
    /// Standard input and templates of Helm charts are not written. Where a text cannot be edited, such
    /// as below an alias, it is named and stays as it is, and the exit status is 1.
    #[arg(long, conflicts_with_all = ["diff", "merged"])]
    write: bool,
}

/// Runs the command.
///
/// # Errors
/// When tenants cannot be loaded, or nothing can be written.
pub fn run(args: Args) -> Outcome {
    let input = Input::read(&args.manifests)?;
    let context = args.operator.context(&[])?;
    let policies = PolicySet::built_in()?;
    let gate = gate::load(&args.tenants, &args.only, policies, Unassigned::Allow, context, || {
        input.manifests().cloned().collect()
    })?;
    input.complain(&input.report());
    if args.write {
        let is_whole = write::all(&gate, &input, &args.manifests.paths)?;
        return Ok(match (input.unreadable.is_empty(), is_whole) {
            (false, _) => Exit::CouldNotRun,
            (true, false) => Exit::Findings,
            (true, true) => Exit::Fine,
        });
    }
    let colour = terminal::stdout_wants_colour();
    let manifests: Vec<&Manifest> = input.manifests().collect();
    let parts: Vec<String> = manifests
        .par_iter()
        .map(|manifest| {
            let after = gate.mutated(&manifest.resource);
            if args.diff {
                diff(manifest, &after, colour)
            } else if args.merged {
                merged_templates::of(&gate, &manifest.resource, after)
            } else {
                yaml::emit(&after)
            }
        })
        .filter(|part| !part.is_empty())
        .collect();
    let text = parts.join(if args.diff { "" } else { "---\n" });
    if args.diff && colour {
        terminal::print_coloured(&text)?
    } else {
        terminal::print(&text)?
    }
    Ok(if input.unreadable.is_empty() { Exit::Fine } else { Exit::CouldNotRun })
}

/// What mutation changes, as a unified diff; empty where it changes nothing. Both sides are written
/// by the same hand, so that only what differs in meaning shows.
fn diff(manifest: &Manifest, after: &Value, colour: bool) -> String {
    if *after == manifest.resource.object {
        return String::new();
    }
    let (before, after) = (yaml::emit(&manifest.resource.object), yaml::emit(after));
    let place = format!("{}: {}", manifest.file, manifest.object_ref())
        .replace(char::is_control, "\u{fffd}");
    let text = TextDiff::from_lines(&before, &after)
        .unified_diff()
        .header(&place, &format!("{place} (rendered)"))
        .to_string();
    if colour { text.lines().map(coloured).collect() } else { text }
}

fn coloured(line: &str) -> String {
    let code = match line.as_bytes() {
        [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => "1",
        [b'-', ..] => "31",
        [b'+', ..] => "32",
        [b'@', ..] => "36",
        _ => return format!("{line}\n"),
    };
    format!("\u{1b}[{code}m{line}\u{1b}[0m\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::resource::Resource;
    use serde_json::json;

    fn manifest(object: Value) -> Manifest {
        Manifest {
            file: "a.yaml".into(),
            resource: Resource::from_manifest(object).unwrap(),
            positions: Default::default(),
            prefix: String::new(),
        }
    }

    #[test]
    fn a_diff_names_the_object_and_shows_what_changes() {
        let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"restartPolicy": "Never"}});
        let mut after = object.clone();
        after["spec"]["nodeSelector"] = json!({"pool": "flink"});
        insta::assert_snapshot!(diff(&manifest(object.clone()), &after, false));
        assert_eq!(diff(&manifest(object.clone()), &object, false), "");
        assert!(
            diff(&manifest(object), &after, true).contains("\u{1b}[32m+    pool: flink\u{1b}[0m\n")
        );
    }
}
