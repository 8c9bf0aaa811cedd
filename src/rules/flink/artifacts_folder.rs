//! `flink/artifacts-folder`

use crate::flink::operator::jar::job_manager;
use crate::flink::option_mounts::{ARTIFACTS, ARTIFACTS_OPTION};
use crate::flink::{Mode, PodSet};
use crate::resource::fields::{elements, text};
use crate::resource::steps;
use crate::rules::{Findings, Level, Rule, Subject};

/// Volumes where native mode mounts its own.
pub static RULE: Rule = Rule {
    id: "flink/artifacts-folder",
    level: Level::Error,
    since: "0.1.0",
    title: "Folder of fetched JARs",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("artifacts_folder.md"),
    check,
};

/// What `InitJobManagerDecorator` mounts for every JobManager (Flink 1.19.0 to 2.3.0; the operator
/// brings these classes since 1.10, whatever version the object names).
const VOLUME: &str = "user-artifacts-volume";

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if subject.operators_cluster().is_none() || subject.workload.mode != Some(Mode::Native) {
        return;
    }
    let Some(pods) = job_manager(&subject.pods) else { return };
    let folder = subject.workload.config.get(ARTIFACTS_OPTION).unwrap_or(ARTIFACTS);
    let PodSet { main_container, .. } = pods.set;
    if let Some(index) = main_container
        && let Some(main) = elements(pods.spec(), "containers").get(*index)
    {
        // The API server compares the paths as they are written.
        let is_there = |mount| {
            steps::step();
            text(mount, "mountPath") == folder
        };
        if let Some(mount) = elements(main, "volumeMounts").iter().position(is_there) {
            findings
                .at(pods.place(format!("/spec/containers/{index}/volumeMounts/{mount}/mountPath")))
                .message(format!("native mode mounts a volume of its own at `{folder}`"))
                .help(format!(
                    "mount it at another path, or set `{ARTIFACTS_OPTION}` to another folder"
                ))
                .container(text(main, "name"))
                .key(ARTIFACTS_OPTION)
                .found(folder);
        }
    }
    let volumes = elements(pods.spec(), "volumes").iter();
    if let Some(index) = volumes.clone().position(|volume| text(volume, "name") == VOLUME) {
        findings
            .at(pods.place(format!("/spec/volumes/{index}/name")))
            .message(format!("native mode adds a volume with the name `{VOLUME}`"))
            .help("rename the volume".to_owned())
            .found(VOLUME);
    }
}
