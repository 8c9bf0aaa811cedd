//! Adds the tenant's labels to every pod, for cost reports and dashboards.

use super::context::{Context, Pods};
use super::edit::{Path, PodChanges};
use super::{Conflict, Difference, EntryDifference, PodMap};
use serde_json::Value;

pub(super) fn inject(context: &Context<'_>, pods: &Pods<'_>, changes: &mut PodChanges) {
    set_entries(PodMap::Labels, &context.tenant.labels, pods, changes);
}

/// Sets entries in a map of the pods. The tenant's value replaces the user's.
pub(super) fn set_entries(
    map: PodMap,
    entries: &std::collections::BTreeMap<String, String>,
    pods: &Pods<'_>,
    changes: &mut PodChanges,
) {
    if entries.is_empty() {
        return;
    }
    let field = match map {
        PodMap::Labels => ["metadata", "labels"],
        PodMap::NodeSelector => ["spec", "nodeSelector"],
    };
    let present =
        field.iter().try_fold(pods.template, |value, key| value.get(*key)).unwrap_or(&Value::Null);
    for (key, wanted) in entries {
        let found = present.get(key).filter(|value| !value.is_null());
        if found.and_then(Value::as_str) == Some(wanted) {
            continue;
        }
        let path = Path::keys(&field).key(key.clone());
        let conflict = |found| Conflict {
            pointer: pods.locate(&path),
            difference: Difference::Entry(EntryDifference {
                map,
                option: None,
                key: key.clone(),
                wanted: wanted.clone(),
                found,
            }),
        };
        match found {
            Some(found) => {
                let found = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
                changes.conflicts.push(conflict(Some(found)));
            }
            None => changes.omission(|| conflict(None)),
        }
        changes.set(path, wanted.as_str());
    }
}
