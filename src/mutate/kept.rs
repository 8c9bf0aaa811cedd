//! What Flinkgate wrote into an object under an earlier spec of its tenant, in an update after the
//! tenant has changed: its values are replaced or removed instead of being held against the user.
//!
//! Whether the user's own manifest writes a value now is taken from the last-applied annotation and
//! from managed fields. Users can write both: they only decide between a replacement, whose result
//! is the value of the spec in force, and a refusal.

use super::tolerations::is_same;
use super::{Completed, Conflict, Difference, is_only_checked};
use crate::flink::image::glob;
use crate::flink::{Template, Workload};
use crate::kinds;
use crate::resource::fields::elements_at;
use crate::resource::{Operation, Resource, owners, pointer, steps};
use crate::tenant::FlinkTenantSpec;
use k8s_openapi::api::core::v1::Toleration;
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// Where `kubectl apply` stores the manifest that it applied.
const LAST_APPLIED: &str =
    "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";

/// Whether mutation completes updates of the object's kind, or the pods that are made from them.
pub(super) fn is_completed_on_update(resource: &Resource) -> bool {
    let completed = kinds::of(&resource.kind).map(|row| row.completed);
    completed == Some(Completed::OnCreateAndUpdate)
        && resource.sub_resource.as_deref().is_none_or(str::is_empty)
}

/// Whether an update of an object may give its pods another place of state: mutation completes the
/// object, or pods that are made from it. What has an owner follows that one.
pub fn decides_state(resource: &Resource) -> bool {
    let makes_pods = kinds::of(&resource.kind).is_some_and(|row| {
        row.declares() && matches!(row.completed, Completed::Never | Completed::Options)
    });
    is_completed_on_update(resource)
        || (makes_pods
            && resource.sub_resource.as_deref().is_none_or(str::is_empty)
            && owners(&resource.object).is_empty())
}

/// Drops the conflicts of an update about values that the stored object had too: mutation replaces
/// them.
pub fn drop_replaced(
    resource: &Resource,
    conflicts: &mut Vec<Conflict>,
    manifest: &UserManifest<'_>,
) {
    let old = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
    let Some(old) = old.filter(|_| is_completed_on_update(resource)) else { return };
    conflicts.retain(|conflict| {
        let found = match &conflict.difference {
            Difference::Entry(entry) if entry.option.is_none() => entry.found.as_deref(),
            Difference::EnforcedOption { found, .. } => found.as_deref(),
            _ => None,
        };
        let Some(found) = found else { return true };
        let place = conflict.pointer.as_str();
        // Only what is a value of its own is replaced, and no part of a text.
        let is_own = |object| pointer::at(object, place).is_some_and(|value| is_text(value, found));
        !is_own(&resource.object) || !is_own(old) || manifest.says(place)
    });
}

fn is_text(value: &Value, text: &str) -> bool {
    match value {
        Value::String(own) => own == text,
        Value::Number(own) => own.to_string() == text,
        Value::Bool(own) => own.to_string() == text,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// The object of an update without what Flinkgate wrote under the spec `last`, where the spec in
/// force `now` gives it no more: labels, node selectors, tolerations that are not allowed any more,
/// and options that are forbidden now. `None` where nothing goes.
pub fn without_earlier(
    resource: &Resource,
    now: &FlinkTenantSpec,
    last: &FlinkTenantSpec,
    lower: impl FnOnce() -> Option<Workload>,
    manifest: &UserManifest<'_>,
) -> Option<Value> {
    let is_changed = is_completed_on_update(resource) && !is_only_checked(resource, now);
    let old = resource.old_object.as_ref().filter(|_| is_changed)?;
    let (labels, selectors) = (gone(&last.labels, &now.labels), {
        gone(&last.scheduling.node_selector, &now.scheduling.node_selector)
    });
    let tolerations = gone_tolerations(now, last);
    let options = gone_options(now, last);
    if labels.is_empty() && selectors.is_empty() && tolerations.is_empty() && options.is_empty() {
        return None;
    }
    let workload = lower()?;
    let mut changed: Option<Value> = None;
    let mut remove = |place: &str, text: &str| {
        let has = |object| pointer::at(object, place).is_some_and(|value| is_text(value, text));
        if has(&resource.object) && has(old) && !manifest.says(place) {
            remove_at(changed.get_or_insert_with(|| resource.object.clone()), place);
        }
    };
    let bases = templates(&workload);
    for base in &bases {
        for (field, entries) in [("/metadata/labels", &labels), ("/spec/nodeSelector", &selectors)]
        {
            for (key, value) in entries {
                remove(&pointer::join(&format!("{base}{field}"), key), value);
            }
        }
    }
    if let Some(options_at) = &workload.config_pointer {
        for (key, value) in &options {
            remove(&pointer::join(options_at, key), value);
        }
    }
    for base in bases.iter().filter(|_| !tolerations.is_empty()) {
        let place = format!("{base}/spec/tolerations");
        // Managed fields show the list as a whole.
        if manifest.owns(&place) {
            continue;
        }
        let is_gone = |element: &Value| {
            steps::step();
            tolerations.iter().any(|gone| is_same(element, gone))
        };
        let texts = |elements: &[Value]| -> BTreeSet<String> {
            elements.iter().filter(|element| is_gone(element)).map(Value::to_string).collect()
        };
        let had = texts(elements_at(old, &place));
        let written = manifest.applied().map(|applied| texts(elements_at(applied, &place)));
        let written = written.filter(|_| manifest.counts).unwrap_or_default();
        let stays = |element: &Value| {
            let text = || element.to_string();
            !is_gone(element) || !had.contains(&text()) || written.contains(&text())
        };
        let present = elements_at(&resource.object, &place);
        if present.iter().all(stays) {
            continue;
        }
        let left: Vec<Value> = present.iter().filter(|element| stays(element)).cloned().collect();
        let object = changed.get_or_insert_with(|| resource.object.clone());
        if left.is_empty() {
            remove_at(object, &place);
        } else if let Some(list) = object.pointer_mut(&place) {
            *list = left.into();
        }
    }
    changed
}

/// The entries that a spec gave and another one does not name.
fn gone<'m>(
    last: &'m BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> Vec<(&'m str, &'m str)> {
    let entries = last.iter().filter(|(key, _)| !now.contains_key(*key));
    entries.map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

fn gone_tolerations<'t>(now: &FlinkTenantSpec, last: &'t FlinkTenantSpec) -> Vec<&'t Toleration> {
    // Without a list, every toleration is allowed.
    let Some(allowed) = &now.scheduling.tolerations else { return Vec::new() };
    let given = last.scheduling.tolerations.iter().flatten();
    given.filter(|toleration| !allowed.contains(toleration)).collect()
}

fn gone_options(now: &FlinkTenantSpec, last: &FlinkTenantSpec) -> Vec<(String, String)> {
    let (before, now) = (&last.flink.configuration, &now.flink.configuration);
    let is_forbidden = |key: &str| now.forbidden.iter().any(|pattern| glob(pattern, key));
    let is_given = |key: &str| now.defaults.contains_key(key) || now.enforced.contains_key(key);
    let given = before.enforced.iter().chain(&before.defaults);
    given
        .filter(|(key, _)| is_forbidden(key) && !is_given(key))
        .map(|(key, value)| (key.clone(), value.text()))
        .collect()
}

/// The places of pod templates in the object.
fn templates(workload: &Workload) -> Vec<String> {
    let mut places: Vec<String> = Vec::new();
    for set in &workload.pods {
        let own: &[&String] = match &set.template {
            Template::InObject(base) => &[base],
            Template::Merged(merged) => &[&merged.common, &merged.role],
            Template::Generated(_) => &[],
        };
        for place in own {
            if !places.contains(place) {
                places.push((*place).clone());
            }
        }
    }
    places
}

pub(super) fn remove_at(object: &mut Value, place: &str) {
    let Some(parent) = pointer::parent(place) else { return };
    let Some(token) = pointer::tokens(place).last() else { return };
    if let Some(fields) = object.pointer_mut(parent).and_then(Value::as_object_mut) {
        fields.remove(&*token);
    }
}

/// The user's own manifest, as far as an object shows it: the last-applied annotation, and the fields
/// of server-side applies.
#[derive(Debug)]
pub struct UserManifest<'o> {
    object: &'o Value,
    /// Whether it says anything: operators and controllers have no manifest.
    counts: bool,
    applied: OnceCell<Option<Value>>,
}

impl<'o> UserManifest<'o> {
    /// The manifest of the user who sends an object.
    pub fn of_user(object: &'o Value) -> Self {
        Self { object, counts: true, applied: OnceCell::new() }
    }

    /// The manifest of a request that has none.
    pub fn none(object: &'o Value) -> Self {
        Self { counts: false, ..Self::of_user(object) }
    }

    /// Whether it writes the value at a place of the object.
    pub fn says(&self, place: &str) -> bool {
        let is_applied = || {
            let applied = self.applied().and_then(|applied| pointer::at(applied, place));
            applied.is_some() && applied == pointer::at(self.object, place)
        };
        self.counts && (is_applied() || self.owns(place))
    }

    /// Whether the object shows a manifest at all.
    pub(super) fn exists(&self) -> bool {
        let is_apply = |entry: &Value| {
            entry.get("operation").and_then(Value::as_str) == Some("Apply")
                && entry.get("subresource").is_none_or(Value::is_null)
        };
        self.applied().is_some()
            || elements_at(self.object, "/metadata/managedFields").iter().any(is_apply)
    }

    fn applied(&self) -> Option<&Value> {
        let read = || serde_json::from_str(pointer::at(self.object, LAST_APPLIED)?.as_str()?).ok();
        self.applied.get_or_init(read).as_ref()
    }

    /// Whether a server-side apply owns the field at a place.
    fn owns(&self, place: &str) -> bool {
        let entries = elements_at(self.object, "/metadata/managedFields");
        self.counts
            && entries.iter().any(|entry| {
                let text =
                    |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
                text("operation") == "Apply"
                    && text("subresource").is_empty()
                    && entry.get("fieldsV1").is_some_and(|fields| owns(fields, place))
            })
    }
}

/// Whether a set of fields has the one at a place, or a whole that contains it.
fn owns(fields: &Value, place: &str) -> bool {
    let mut here = fields;
    for token in pointer::tokens(place) {
        steps::step();
        let Some(inner) = here.get(format!("f:{token}")) else {
            // An element of a list that has keys is under its key or its value.
            let is_element = token.bytes().all(|byte| byte.is_ascii_digit());
            let has_elements = here.as_object().is_some_and(|fields| {
                fields.keys().any(|key| key.starts_with("k:") || key.starts_with("v:"))
            });
            return is_element && has_elements;
        };
        if inner.as_object().is_some_and(serde_json::Map::is_empty) {
            return true;
        }
        here = inner;
    }
    false
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_manifest_says_what_was_applied() {
        let manifest = json!({"spec": {"image": "a", "flinkConfiguration": {"x.y": "1"}}});
        let mut object = json!({"metadata": {}, "spec": {"image": "a", "other": "c",
            "flinkConfiguration": {"x.y": "2"}, "podTemplate": {"spec": {"tolerations": [{"key": "k"}]}}}});
        let says = |object: &Value, place: &str| UserManifest::of_user(object).says(place);
        assert!(!says(&object, "/spec/image"));
        object["metadata"]["annotations"] =
            json!({"kubectl.kubernetes.io/last-applied-configuration": manifest.to_string()});
        assert!(says(&object, "/spec/image"));
        assert!(!UserManifest::none(&object).says("/spec/image"));
        // It wrote another value.
        assert!(!says(&object, "/spec/flinkConfiguration/x.y"));
        assert!(
            !says(&object, "/spec/other") && !says(&object, "/spec") && !says(&object, "/none")
        );
        object["metadata"] = json!({"managedFields": [
            {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {"f:image": {}}}},
            {"manager": "ci", "operation": "Apply", "subresource": "status", "fieldsV1": {"f:spec": {"f:image": {}}}},
            {"manager": "ci", "operation": "Apply", "fieldsV1": {"f:spec": {
                "f:flinkConfiguration": {"f:x.y": {}},
                "f:podTemplate": {"f:spec": {"f:tolerations": {}}}}}}]});
        assert!(!says(&object, "/spec/image") && !says(&object, "/spec"));
        assert!(says(&object, "/spec/flinkConfiguration/x.y"));
        assert!(says(&object, "/spec/podTemplate/spec/tolerations/0/key"));
        assert!(!says(&object, "/spec/flinkConfiguration"));
        for odd in [json!("x"), json!({"metadata": {"managedFields": "x", "annotations": []}})] {
            assert!(!says(&odd, "/spec"), "{odd}");
        }
    }
}
