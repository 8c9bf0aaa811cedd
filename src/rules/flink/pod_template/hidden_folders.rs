//! Volumes over folders of Flink's image that do not have what the folders had.

use super::Reports;
use crate::flink::Engine;
use crate::flink::pods::{Container, Pods};
use crate::resource::fields::{ByName, elements, text};
use crate::rules::words::shown;
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// Sources that never have Flink's files.
const FOREIGN: [&str; 6] =
    ["emptyDir", "ephemeral", "configMap", "secret", "projected", "downwardAPI"];

/// Folders without which Flink does not start.
const LIBRARY: &str = "/opt/flink/lib";
const HOME: [&str; 2] = ["/opt/flink", "/opt/flink/bin"];
/// The folder with the metrics reporters of the image.
const PLUGINS: &str = "/opt/flink/plugins";
/// Options of metrics reporters.
const REPORTERS: &str = "metrics.reporter.";

/// Reports such volumes of Flink's container.
pub fn check<'a>(pods: &Pods<'a>, reports: &mut Reports<'_, 'a>) {
    let Some(main) = pods.containers.iter().find(|container| container.main) else { return };
    let Some(spec) = main.spec else { return };
    let volumes = ByName::new(elements(pods.spec(), "volumes"));
    let filled = OnceCell::new();
    for (index, mount) in elements(spec, "volumeMounts").iter().enumerate() {
        let path = text(mount, "mountPath");
        let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        let Some(lost) = lost(path, reports) else { continue };
        let name = text(mount, "name");
        let is_file = ["subPath", "subPathExpr"].iter().any(|field| !text(mount, field).is_empty());
        let Some(volume) = volumes.find(name).filter(|_| !is_file) else { continue };
        let is_foreign =
            FOREIGN.iter().any(|source| !volume.get(source).unwrap_or(&Value::Null).is_null());
        if !is_foreign || filled.get_or_init(|| self::filled(pods, main)).contains(name) {
            continue;
        }
        let place = format!("{}/volumeMounts/{index}/mountPath", main.place(""));
        if let Some(finding) = reports.within(pods, &place) {
            let help = match path {
                PLUGINS => "mount the volume at a folder below `/opt/flink/plugins`",
                LIBRARY => {
                    "mount the volume at `/opt/flink/usrlib`, or single files with `subPath`"
                }
                _ => "mount the volume at another path",
            };
            finding
                .message(format!("volume `{}` at `{}` hides {lost}", shown(name), shown(path)))
                .help(help.to_owned())
                .container(shown(main.name));
        }
    }
}

/// What a volume at this path hides.
fn lost(path: &str, reports: &Reports<'_, '_>) -> Option<&'static str> {
    let workload = reports.subject.workload;
    match path {
        LIBRARY => Some("Flink's own JARs"),
        PLUGINS => {
            let mut reporters = workload.config.under(REPORTERS);
            reporters.next().map(|_| "the metrics reporters of the image")
        }
        // `flink/configuration-source` reports them of clusters whose options would be lost.
        _ if HOME.contains(&path) && workload.engine == Engine::Standalone => Some("Flink itself"),
        _ => None,
    }
}

/// The volumes that an init container can fill with the files of the image: it is of the same image or
/// names Flink's folder, and has the volume at another path.
fn filled<'a>(pods: &Pods<'a>, main: &Container<'a>) -> BTreeSet<&'a str> {
    let inits = pods.containers.iter().filter(|container| container.kind == "initContainers");
    let specs = inits.filter_map(|init| {
        let spec = init.spec?;
        let words = ["command", "args"].into_iter().flat_map(|list| elements(spec, list));
        let mut words = words.filter_map(Value::as_str);
        let has_files = init.image.reference == main.image.reference
            || words.any(|word| word.contains("/opt/flink") || word.contains("FLINK_HOME"));
        has_files.then_some(spec)
    });
    let mounts = specs.flat_map(|spec| elements(spec, "volumeMounts"));
    let elsewhere = mounts.filter(|mount| !text(mount, "mountPath").starts_with("/opt/flink"));
    elsewhere.map(|mount| text(mount, "name")).collect()
}
