//! The tenant's labels on every pod, which bills and dashboards go by.

use super::Conflict;
use super::context::{Context, Pods};
use super::edit::{Path, Wishes};
use serde_json::Value;

const RULE: &str = "tenancy/label";

pub(super) fn inject(context: &Context<'_>, pods: &Pods<'_>, wishes: &mut Wishes) {
    give_entries(
        &context.tenant.labels,
        &["metadata", "labels"],
        pods,
        wishes,
        |key, wanted, found| {
            (
                RULE,
                format!(
                    "label {key:?} must be {wanted:?} on every pod of this tenant, not {found}"
                ),
            )
        },
    );
}

/// Gives a map of texts to a map field; the tenant's value stands where the user wrote another.
pub(super) fn give_entries(
    entries: &std::collections::BTreeMap<String, String>,
    field: &[&str],
    pods: &Pods<'_>,
    wishes: &mut Wishes,
    complaint: impl Fn(&str, &str, &Value) -> (&'static str, String),
) {
    if entries.is_empty() {
        return;
    }
    let present =
        field.iter().try_fold(pods.template, |value, key| value.get(*key)).unwrap_or(&Value::Null);
    for (key, wanted) in entries {
        let found = present.get(key).filter(|value| !value.is_null());
        if found.and_then(Value::as_str) == Some(wanted) {
            continue;
        }
        let path = Path::keys(field).key(key);
        if let Some(found) = found {
            let (rule, message) = complaint(key, wanted, found);
            let help = Some(format!("write {wanted:?} or leave it out: Flinkgate sets it"));
            wishes.conflicts.push(Conflict { rule, message, pointer: pods.locate(&path), help });
        }
        wishes.set(path, wanted.as_str());
    }
}
