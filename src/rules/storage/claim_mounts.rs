//! `storage/claim-mounts`

use super::shared::{checkpoint_volume, claim_volumes};
use crate::flink::Role;
use crate::flink::claims::{CLAIMS_OPTION, mounted_by_flink};
use crate::flink::map_options::map_entries;
use crate::resource::fields::{elements, text};
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Claims that pods cannot mount: they do not exist, or Flink's own option cannot mount them.
pub static RULE: Rule = Rule {
    id: "storage/claim-mounts",
    level: Level::Error,
    since: "0.1.0",
    title: "Claims that pods mount",
    tenant_fields: &["storage.checkpoints.volume"],
    as_is: false,
    page: include_str!("claim_mounts.md"),
    check,
};

/// The longest name of a volume.
const NAME_LENGTH: usize = 63;

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    missing(subject, findings);
    // Other Flink versions and modes do not read the option.
    if mounted_by_flink(subject.workload, Role::TaskManager).is_empty() {
        return;
    }
    let pods = subject.pods.iter().find(|pods| pods.set.role == Role::TaskManager);
    let volumes = pods.map(|pods| elements(pods.spec(), "volumes")).unwrap_or_default();
    let main = pods.and_then(|pods| pods.spec().get("containers")?.get(pods.set.main_container?));
    let mounts = main.map(|main| elements(main, "volumeMounts")).unwrap_or_default();
    let names = texts(volumes, "name");
    let paths = texts(mounts, "mountPath");
    // The first claim at each path, and whether another one is there too.
    let mut earlier: BTreeMap<&str, (&str, bool)> = BTreeMap::new();
    let pairs = map_entries(&subject.workload.config, CLAIMS_OPTION);
    for pair in &pairs {
        if findings.is_full() {
            return;
        }
        let (claim, path) = (pair.key.trim(), pair.value.trim());
        let volume = format!("{}-pvc", claim.replace('.', "-"));
        // An option that is read in two ways has each pair twice.
        let (first, several) = earlier.entry(path).or_insert((&pair.key, false));
        let is_taken = *several || *first != pair.key;
        *several |= *first != pair.key;
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
        } else if names.contains(volume.as_str()) {
            (
                format!("{mounts_claim} as volume `{volume}`, which the pod template has already"),
                format!("remove claim `{}` from `{CLAIMS_OPTION}`", shown(claim)),
            )
        } else if paths.contains(path) || is_taken {
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

/// Claims that do not exist, and that Flinkgate does not create.
fn missing(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(mountable) = subject.workload.mountable_claims.as_deref() else { return };
    let is_created =
        |name: &str| checkpoint_volume(subject, name).is_some_and(|volume| volume.size.is_some());
    let mut reported: BTreeSet<String> = BTreeSet::new();
    let mut report = |name: &str, place: &dyn Fn() -> String| {
        if mountable.contains(name) || is_created(name) || !reported.insert(name.to_owned()) {
            return;
        }
        let (claim, namespace) = (shown(name), &subject.resource.namespace);
        findings
            .at(place())
            .level(Level::Warning)
            .message(format!(
                "claim `{claim}` does not exist or is being deleted, so pods that mount it do not \
                 start"
            ))
            .help(match checkpoint_volume(subject, name) {
                // It has no size, or it would be created.
                Some(_) => format!(
                    "create PersistentVolumeClaim `{claim}` in namespace `{namespace}`: Flinkgate \
                     creates it only if FlinkTenant `{}` sets `storage.checkpoints.volume.size`",
                    subject.tenant.name
                ),
                None => {
                    format!("create PersistentVolumeClaim `{claim}` in namespace `{namespace}`")
                }
            })
            .found(claim);
    };
    for volume in claim_volumes(subject) {
        report(volume.claim, &|| volume.place());
    }
    if !mounted_by_flink(subject.workload, Role::TaskManager).is_empty() {
        for pair in map_entries(&subject.workload.config, CLAIMS_OPTION) {
            if let Some(place) = subject.written(pair.option, pair.entry) {
                report(pair.key.trim(), &|| place.to_owned());
            }
        }
    }
}

/// The texts that elements have in a field.
fn texts<'v>(list: &'v [Value], field: &str) -> BTreeSet<&'v str> {
    let present = list.iter().filter(|element| element.get(field).is_some());
    present.map(|element| text(element, field)).collect()
}
