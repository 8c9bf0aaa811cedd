//! `flinkgate size`: what each Flink cluster asks of Kubernetes, and Flink's memory breakdown.

use super::args::{ManifestArgs, OperatorArgs, TextOrJson};
use super::input::{Input, Manifest};
use super::{Exit, Outcome, terminal};
use crate::flink::Workload;
use crate::kinds;
use crate::report::counted;
use crate::report::size::{self, ClusterSize};
use rayon::prelude::*;

/// Arguments of `flinkgate size`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    manifests: ManifestArgs,
    #[command(flatten)]
    operator: OperatorArgs,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: TextOrJson,
}

/// Runs the command.
///
/// # Errors
/// When nothing can be written.
pub fn run(args: Args) -> Outcome {
    let input = Input::read(&args.manifests)?;
    let report = input.report();
    input.complain(&report);
    let manifests: Vec<&Manifest> = input.manifests().collect();
    let context = args.operator.context(
        manifests.iter().copied().filter(|manifest| manifest.resource.kind.kind == "ConfigMap"),
    )?;
    let workloads: Vec<(&Manifest, Workload)> = manifests
        .par_iter()
        .filter_map(|&manifest| {
            Some((
                manifest,
                kinds::lower_with_context(&manifest.resource, &manifest.resource.object, &context)?,
            ))
        })
        .collect();
    let clusters: Vec<_> = workloads
        .iter()
        // A snapshot is of a cluster, a ConfigMap for one: neither runs anything itself.
        .filter(|(_, workload)| {
            workload.is_flink() && (!workload.pods.is_empty() || workload.jobs > 0)
        })
        .map(|(manifest, workload)| ClusterSize::new(manifest.object_ref(), workload))
        .collect();
    match args.format {
        TextOrJson::Json => terminal::print(&size::json(&clusters)?)?,
        TextOrJson::Text if clusters.is_empty() => {
            terminal::report(&format!(
                "no Flink clusters in {} of {}",
                counted(report.objects.len(), "object"),
                counted(report.files, "file")
            ));
        }
        TextOrJson::Text => terminal::print(&size::text(&clusters))?,
    }
    Ok(if report.unreadable.is_empty() { Exit::Fine } else { Exit::CouldNotRun })
}
