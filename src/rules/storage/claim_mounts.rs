//! `storage/claim-mounts`

use crate::flink::Role;
use crate::flink::claims::{CLAIMS_OPTION, mounted_by_flink};
use crate::flink::map_options::map_entries;
use crate::resource::fields::{elements, text};
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};
use serde_json::Value;

/// Claims that Flink cannot mount by its own option.
pub static RULE: Rule = Rule {
    id: "storage/claim-mounts",
    level: Level::Error,
    since: "0.1.0",
    title: "Claims that Flink mounts",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("claim_mounts.md"),
    check,
};

/// The longest name of a volume.
const NAME_LENGTH: usize = 63;

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    // Other Flink versions and modes do not read the option.
    if mounted_by_flink(subject.workload, Role::TaskManager).is_empty() {
        return;
    }
    let pods = subject.pods.iter().find(|pods| pods.set.role == Role::TaskManager);
    let volumes = pods.map(|pods| elements(pods.spec(), "volumes")).unwrap_or_default();
    let main = pods.and_then(|pods| pods.spec().get("containers")?.get(pods.set.main_container?));
    let mounts = main.map(|main| elements(main, "volumeMounts")).unwrap_or_default();
    let has = |list: &[Value], field: &str, value: &str| {
        list.iter().any(|element| element.get(field).is_some() && text(element, field) == value)
    };
    let pairs = map_entries(&subject.workload.config, CLAIMS_OPTION);
    for (index, pair) in pairs.iter().enumerate() {
        let (claim, path) = (pair.key.trim(), pair.value.trim());
        let volume = format!("{}-pvc", claim.replace('.', "-"));
        // An option that is read in two ways has each pair twice.
        let mut earlier = pairs.iter().take(index).filter(|other| other.key != pair.key);
        let mounts_claim = format!("`{CLAIMS_OPTION}` mounts claim `{}`", shown(claim));
        let (message, help) = if !path.starts_with('/') {
            (
                format!("{mounts_claim} at `{}`, which is not an absolute path", shown(path)),
                format!("set the path of claim `{}` to `/{}`", shown(claim), shown(path)),
            )
        } else if volume.len() > NAME_LENGTH {
            (
                format!("{mounts_claim}, but its name is too long for a volume"),
                "mount it in the pod template instead".into(),
            )
        } else if has(volumes, "name", &volume) {
            (
                format!("{mounts_claim} as volume `{volume}`, which the pod template has already"),
                format!("remove claim `{}` from `{CLAIMS_OPTION}`", shown(claim)),
            )
        } else if has(mounts, "mountPath", path) || earlier.any(|other| other.value.trim() == path)
        {
            (
                format!("{mounts_claim} at `{}`, where another volume is mounted", shown(path)),
                "mount it at another path".into(),
            )
        } else {
            continue;
        };
        if let Some(place) = subject.written(pair.option, pair.entry) {
            findings.at(place).message(message).help(help).key(CLAIMS_OPTION).found(shown(claim));
        }
    }
}
