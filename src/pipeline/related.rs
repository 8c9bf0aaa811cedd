//! Objects that a check of another object needs: a session job's cluster, a snapshot's job.

use crate::flink::workload::MAIN_CONTAINER;
use crate::kinds::{self, Completed, Property};
use crate::quota::undeclared::declares;
use crate::resource::fields::text;
use crate::resource::{GroupVersionResource, Operation, Resource};
use serde_json::Value;

/// A reference to an object of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Its kind.
    pub kind: &'static str,
    /// Its resource, for the request to the API server.
    pub of: GroupVersionResource,
    /// Its name.
    pub name: String,
}

/// The object that the check of another one needs; `None` for most.
pub fn related(resource: &Resource) -> Option<Related> {
    let row = kinds::of(&resource.kind).filter(|_| changes(resource))?;
    let (kind, name) = (row.refers_to?)(&resource.object)?;
    let of = GroupVersionResource {
        group: resource.kind.group.clone(),
        version: resource.kind.version.clone(),
        resource: kinds::find(row.group, kind)?.plural.to_owned(),
    };
    (!name.is_empty()).then(|| Related { kind, of, name: name.into() })
}

fn changes(resource: &Resource) -> bool {
    matches!(resource.operation, Operation::Create | Operation::Update)
        && resource.sub_resource.is_none()
}

/// Whether a custom resource's pods mount claims. The nodes that can mount a claim decide whether the
/// pods can run.
pub fn mounts_claims(resource: &Resource) -> bool {
    let needs_claims = kinds::of(&resource.kind).is_some_and(|row| row.has(Property::NeedsClaims));
    if !needs_claims || !changes(resource) {
        return false;
    }
    // No recursion: the user chooses the depth of the object.
    let mut pending = vec![&resource.object];
    while let Some(value) = pending.pop() {
        match value {
            Value::Object(fields) => {
                if fields.keys().any(|field| {
                    field == "persistentVolumeClaim" || field.contains("persistent-volume-claims")
                }) {
                    return true;
                }
                pending.extend(fields.values());
            }
            Value::Array(elements) => pending.extend(elements),
            _ => {}
        }
    }
    false
}

/// Whether the pods of an object are created later. Of pods, the API server has applied LimitRanges
/// already.
pub(super) fn runs_later(resource: &Resource) -> bool {
    let is_lowered = || kinds::of(&resource.kind).is_some_and(|row| row.lower.is_some());
    !matches!(resource.kind.kind.as_str(), "Pod" | "Binding") && is_lowered()
}

/// Whether a template may have a container without a request and a limit for cores or memory. A
/// LimitRange may give it both. Flink's own operator sizes Flink's container; others make it of fields
/// that may lack both.
pub fn lacks_requests(resource: &Resource) -> bool {
    let Some(row) = kinds::of(&resource.kind) else { return false };
    if !runs_later(resource) || !changes(resource) {
        return false;
    }
    let is_sized = row.declares_flink() && row.completed == Completed::OnCreateAndUpdate;
    if row.declares_clusters() && !is_sized {
        return true;
    }
    let mut pending = vec![&resource.object];
    while let Some(value) = pending.pop() {
        match value {
            Value::Object(fields) => {
                let lists = ["containers", "sidecars"].iter().filter_map(|name| fields.get(*name));
                let mut containers = lists.filter_map(Value::as_array).flatten();
                if containers.any(|container| {
                    (text(container, "name") != MAIN_CONTAINER || !is_sized)
                        && !["cpu", "memory"]
                            .iter()
                            .all(|resource| declares(container.get("resources"), resource))
                }) {
                    return true;
                }
                pending.extend(fields.values());
            }
            Value::Array(elements) => pending.extend(elements),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn templates_and_options_mount_claims() {
        let of = |kind: &str, spec: Value| {
            let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": kind, "metadata": {"name": "x"}, "spec": spec});
            mounts_claims(&Resource::from_manifest(object).unwrap())
        };
        let template = json!({"podTemplate": {"spec": {"volumes": [{"name": "s", "persistentVolumeClaim": {"claimName": "s"}}]}}});
        assert!(
            of("FlinkDeployment", template.clone())
                && of("FlinkBlueGreenDeployment", json!({"template": {"spec": template}}))
        );
        assert!(of(
            "FlinkDeployment",
            json!({"flinkConfiguration": {"kubernetes.persistent-volume-claims": "a:/b"}})
        ));
        assert!(
            !of("FlinkDeployment", json!({"image": "flink:1.20"}))
                && !of("FlinkSessionJob", template)
        );
    }

    #[test]
    fn only_templates_without_requests_need_limit_ranges() {
        let of = |group: &str, kind: &str, spec: Value| {
            let object =
                json!({"apiVersion": group, "kind": kind, "metadata": {"name": "x"}, "spec": spec});
            lacks_requests(&Resource::from_manifest(object).unwrap())
        };
        let requests = json!({"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}});
        let pod = |name: &str, resources: &Value| json!({"spec": {"containers": [{"name": name, "resources": resources}]}});
        let (flink, apps) = ("flink.apache.org/v1beta1", "apps/v1");
        for (name, resources, of_cluster, of_workload) in [
            ("a", json!({}), true, true),
            ("a", requests.clone(), false, false),
            (MAIN_CONTAINER, json!({}), false, true),
            (MAIN_CONTAINER, requests.clone(), false, false),
        ] {
            let (pod, case) = (pod(name, &resources), format!("{name} {resources}"));
            let cluster = json!({"jobManager": {"podTemplate": pod}});
            assert_eq!(of(flink, "FlinkDeployment", cluster), of_cluster, "{case}");
            assert_eq!(of(apps, "Deployment", json!({"template": pod})), of_workload, "{case}");
            assert!(!of("v1", "Pod", pod["spec"].clone()), "{case}");
        }
        assert!(of("flinkoperator.k8s.io/v1beta1", "FlinkCluster", json!({})));
        assert!(!of(flink, "FlinkSessionJob", json!({})));
    }

    #[test]
    fn session_jobs_and_new_snapshots_need_others() {
        let of = |kind: &str, spec: Value| {
            let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": kind, "metadata": {"name": "x"}, "spec": spec});
            related(&Resource::from_manifest(object).unwrap())
                .map(|related| format!("{} {}", related.of.resource, related.name))
        };
        assert_eq!(
            of("FlinkSessionJob", json!({"deploymentName": "etl"})).as_deref(),
            Some("flinkdeployments etl")
        );
        let reference = json!({"kind": "FlinkSessionJob", "name": "clicks"});
        assert_eq!(
            of("FlinkStateSnapshot", json!({"jobReference": reference})).as_deref(),
            Some("flinksessionjobs clicks")
        );
        assert_eq!(
            of(
                "FlinkStateSnapshot",
                json!({"jobReference": reference, "savepoint": {"alreadyExists": true}})
            ),
            None
        );
        assert_eq!(
            of("FlinkStateSnapshot", json!({"jobReference": {"kind": "Pod", "name": "x"}})),
            None
        );
        assert_eq!(of("FlinkDeployment", json!({})), None);
        assert_eq!(of("FlinkSessionJob", json!({})), None);
    }
}
