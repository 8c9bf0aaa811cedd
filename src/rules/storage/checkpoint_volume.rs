//! `storage/checkpoint-volume`

use crate::flink::claims::{CLAIMS_OPTION, is_shared};
use crate::mutate::{Difference, VOLUME_NAME, VolumeDifference};
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Clusters that cannot get the tenant's checkpoint volume.
pub static RULE: Rule = Rule {
    id: "storage/checkpoint-volume",
    level: Level::Error,
    since: "0.1.0",
    title: "Checkpoint volume",
    tenant_fields: &["storage.checkpoints.volume"],
    as_is: false,
    page: include_str!("checkpoint_volume.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for conflict in subject.conflicts {
        let Difference::CheckpointVolume(difference) = &conflict.difference else { continue };
        let finding = findings.at(conflict.pointer.as_str());
        match difference {
            VolumeDifference::Missing { claim, path, folder } => {
                let folder = folder
                    .as_ref()
                    .map_or_else(String::new, |folder| format!(" with `subPath: {folder}`"));
                finding
                    .message(format!(
                        "claim `{claim}` is not mounted at `{path}`, but it holds this cluster's \
                         state"
                    ))
                    .help(format!("mount claim `{claim}` at `{path}`{folder}"))
                    .wanted(claim)
            }
            VolumeDifference::Name { claim } => finding
                .message(format!(
                    "volume `{VOLUME_NAME}` is not claim `{claim}`, which holds this cluster's \
                     state"
                ))
                .advise(Advice::remove_in_words(format!(
                    "remove the volume `{VOLUME_NAME}`: Flinkgate adds it"
                )))
                .wanted(claim),
            VolumeDifference::Mount { volume, path } => finding
                .message(format!(
                    "volume `{}` is mounted at `{path}`, which is reserved for the checkpoint \
                     volume",
                    shown(volume)
                ))
                .help("mount it at another path".to_owned())
                .found(shown(volume)),
            VolumeDifference::Option { claim, path } => finding
                .message(format!(
                    "`{CLAIMS_OPTION}` mounts claim `{}` at `{path}`, which is reserved for \
                     the checkpoint volume",
                    shown(claim)
                ))
                .help("mount it at another path".to_owned())
                .key(CLAIMS_OPTION)
                .found(shown(claim)),
            VolumeDifference::GeneratedName { claim } => {
                let named = if is_shared(claim) { "its folder in claim" } else { "claim" };
                finding
                    .message(format!(
                        "{named} `{claim}` is named after the cluster, but the API server will \
                         generate the name of the cluster"
                    ))
                    .help("set `metadata.name` instead of `metadata.generateName`".to_owned())
            }
        };
    }
}
