//! Claims that Flink mounts itself into TaskManagers, where that cannot be: Flink does not start,
//! or asks for TaskManagers for ever that the API server refuses, and only the JobManager's log
//! says so.

use super::{Found, Subject, shown};
use crate::flink::Role;
use crate::flink::claims::{CLAIMS_OPTION, mounted_by_flink};
use crate::flink::map_options::map_entries;
use crate::resource::pointer;
use serde_json::Value as Json;

/// The longest name of a volume.
const NAME_LENGTH: usize = 63;

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let workload = subject.workload;
    // Where Flink does not read the option, nothing comes of it.
    if mounted_by_flink(workload, Role::TaskManager).is_empty() {
        return;
    }
    let template = workload
        .pods
        .iter()
        .find(|set| set.role == Role::TaskManager)
        .map(|set| (set, set.template(subject.root)));
    let entries = |value: Option<&Json>, field: &str| -> Vec<String> {
        let list = value.and_then(Json::as_array).into_iter().flatten();
        list.filter_map(|entry| Some(entry.get(field)?.as_str()?.to_owned())).collect()
    };
    let volumes =
        entries(template.and_then(|(_, template)| pointer::at(template, "/spec/volumes")), "name");
    let main = template.and_then(|(set, template)| {
        pointer::at(template, "/spec/containers")?.get(set.main_container?)
    });
    let paths = entries(main.and_then(|main| main.get("volumeMounts")), "mountPath");
    let pairs = map_entries(&workload.config, CLAIMS_OPTION);
    for (index, pair) in pairs.iter().enumerate() {
        let (claim, path) = (pair.key.trim(), pair.value.trim());
        let named = format!("option {CLAIMS_OPTION} mounts the claim {:?}", shown(claim));
        let volume = format!("{}-pvc", claim.replace('.', "-"));
        // The same is said twice where the option is read in two ways.
        let earlier = pairs.iter().take(index).filter(|other| other.key != pair.key);
        let (message, help) = if !path.starts_with('/') {
            (
                format!("{named} at {:?}, which is no absolute path", shown(path)),
                "write claim:/path",
            )
        } else if volume.len() > NAME_LENGTH {
            (
                format!("{named}, whose name is too long for a volume's"),
                "use a claim with a shorter name, or mount it with the pod template",
            )
        } else if volumes.contains(&volume) {
            (
                format!("{named} as the volume {volume:?}, which the pod template has already"),
                "mount it in one way",
            )
        } else if paths.iter().any(|other| other == path)
            || earlier.into_iter().any(|other| other.value.trim() == path)
        {
            (
                format!("{named} at {:?}, where another volume is mounted already", shown(path)),
                "mount it elsewhere",
            )
        } else {
            continue;
        };
        if let Some(place) = subject.written(pair.option, pair.entry) {
            found.add("claimMounts", place, message, help.to_owned());
        }
    }
}
