//! The sub-resource `/scale`, whose object (`autoscaling/v1 Scale`) changes the replicas of another.
//!
//! It is checked as an update of the stored object with the requested replicas.

use crate::kinds;
use crate::resource::{GroupVersionKind, GroupVersionResource, Operation, Resource, pointer};
use serde_json::{Map, Value, json};

/// The resource that a request scales up; `None` for other requests. A FlinkDeployment without
/// `taskManager.replicas` has a negative number in its old object.
pub fn scaled(resource: &Resource) -> Option<&GroupVersionResource> {
    let replicas = |scale: &Value| {
        pointer::at(scale, "/spec/replicas").and_then(Value::as_i64).unwrap_or_default()
    };
    let before = resource.old_object.as_ref().map_or(i64::MIN, replicas);
    let grows = replicas(&resource.object) > before && resource.operation == Operation::Update;
    (resource.sub_resource.as_deref() == Some("scale") && grows && place(&resource.of).is_some())
        .then_some(&resource.of)
}

/// The scaling as an update of the stored object.
pub fn as_update(resource: &Resource, stored: Value) -> Resource {
    let mut object = stored.clone();
    let replicas = pointer::at(&resource.object, "/spec/replicas").cloned().unwrap_or_default();
    write(&mut object, place(&resource.of).unwrap_or_default(), replicas);
    let text = |field: &str| stored.get(field).and_then(Value::as_str).unwrap_or_default();
    Resource {
        kind: GroupVersionKind::parse(text("apiVersion"), text("kind")),
        sub_resource: None,
        object,
        old_object: Some(stored),
        ..resource.clone()
    }
}

/// Whether an update changes the replicas of its object and nothing else of the spec.
pub(super) fn only_scales(resource: &Resource) -> bool {
    let Some((old, place)) = resource.old_object.as_ref().zip(place(&resource.of)) else {
        return false;
    };
    let mut scaled = old.clone();
    let at =
        |object: &Value| place.iter().try_fold(object, |value, field| value.get(*field)).cloned();
    write(&mut scaled, place, at(&resource.object).unwrap_or_default());
    resource.operation == Operation::Update
        && at(&resource.object).is_some()
        && scaled.get("spec") == resource.object.get("spec")
}

fn place(of: &GroupVersionResource) -> Option<&'static [&'static str]> {
    kinds::of_plural(&of.group, &of.resource)?.replicas
}

fn write(object: &mut Value, place: &[&str], value: Value) {
    let Some((field, rest)) = place.split_first() else {
        *object = value;
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    if let Value::Object(fields) = object {
        write(field_of(fields, field), rest, value);
    }
}

fn field_of<'v>(fields: &'v mut Map<String, Value>, field: &str) -> &'v mut Value {
    fields.entry(field).or_insert(Value::Null)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn scale(group: &str, kind: &str, before: i64, after: i64) -> Resource {
        let object = |replicas: i64| json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": replicas}});
        Resource {
            kind: GroupVersionKind::parse("autoscaling/v1", "Scale"),
            of: GroupVersionResource {
                group: group.into(),
                version: "v1".into(),
                resource: kind.into(),
            },
            operation: Operation::Update,
            sub_resource: Some("scale".into()),
            name: "etl".into(),
            namespace: "payments-prod".into(),
            object: object(after),
            old_object: Some(object(before)),
            ..Resource::default()
        }
    }

    #[test]
    fn only_scaling_up_is_checked() {
        assert!(scaled(&scale("apps", "deployments", 1, 2)).is_some());
        assert!(
            scaled(&scale("flink.apache.org", "flinkdeployments", -2_147_483_648, 0)).is_some()
        );
        assert!(scaled(&scale("apps", "deployments", 2, 2)).is_none());
        assert!(scaled(&scale("apps", "statefulsets", 2, 1)).is_none());
        assert!(scaled(&scale("example.com", "webs", 1, 2)).is_none());
        assert!(
            scaled(&Resource { sub_resource: None, ..scale("apps", "deployments", 1, 2) })
                .is_none()
        );
    }

    #[test]
    fn a_scaling_updates_the_stored_object() {
        let stored = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "spec": {"job": {"parallelism": 2}}});
        let update = as_update(
            &scale("flink.apache.org", "flinkdeployments", -2_147_483_648, 5),
            stored.clone(),
        );
        assert_eq!(
            (update.kind.kind.as_str(), update.sub_resource.as_deref()),
            ("FlinkDeployment", None)
        );
        assert_eq!(
            update.object["spec"],
            json!({"job": {"parallelism": 2}, "taskManager": {"replicas": 5}})
        );
        assert_eq!(update.old_object, Some(stored));
        for odd in [
            json!({"apiVersion": "apps/v1", "kind": "Deployment"}),
            json!({"spec": 7}),
            json!({"spec": {"replicas": {}}}),
        ] {
            assert_eq!(
                as_update(&scale("apps", "deployments", 1, 3), odd).object["spec"],
                json!({"replicas": 3})
            );
        }
    }
}
