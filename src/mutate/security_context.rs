//! Security contexts with which Flink's official images pass the restricted Pod Security Standard.
//!
//! Flink's images run as user and group 9999. Images before Flink 2.2 start as root by default.
//! Later ones set their user by name, which the kubelet cannot verify, so `runAsNonRoot` is always
//! set together with the UID. Both are set at the containers that run Flink's image: others need the
//! user of theirs, and the capabilities of it where the level allows them.

use super::context::{Context, Pods, present};
use super::edit::{Path, PodChanges};
use crate::flink::pods::{containers, flinks_image};
use crate::resource::fields::elements;
use crate::tenant::{Ids, PodSecurityLevel, RunAs};
use serde_json::{Value, json};

const CONTAINER_LISTS: [&str; 2] = ["initContainers", "containers"];

/// Whether containers of these pods get a security context.
pub(super) fn hardens_containers(context: &Context<'_>, pods: &Pods<'_>) -> bool {
    let security = &context.tenant.security;
    let wanted = match security.pod_security.level {
        PodSecurityLevel::Privileged => security.run_as.is_some() && context.workload.is_flink(),
        PodSecurityLevel::Baseline => context.workload.is_flink(),
        PodSecurityLevel::Restricted => true,
    };
    wanted && !pods.is_windows()
}

pub(super) fn inject(context: &Context<'_>, pods: &Pods<'_>, changes: &mut PodChanges) {
    if !hardens_containers(context, pods) {
        return;
    }
    let security = &context.tenant.security;
    let level = security.pod_security.level;
    let ids = RunAs::ids(security.run_as);
    let is_flink = context.workload.is_flink();
    let pod = pods.spec().get("securityContext").unwrap_or(&Value::Null);
    let field = |name: &'static str| Path::keys(&["spec", "securityContext", name]);
    if is_flink {
        let all_are_verified = level == PodSecurityLevel::Restricted;
        if all_are_verified && present(pod, "runAsNonRoot").is_none() && !is_root(pod) {
            changes.set(field("runAsNonRoot"), true);
        }
        // Volumes are the pod's, so this group is too.
        if let Some(group) = ids.fs_group.filter(|_| present(pod, "fsGroup").is_none()) {
            changes.set(field("fsGroup"), group);
        }
        let has_group = ids.fs_group.is_some() || present(pod, "fsGroup").is_some();
        if has_group && present(pod, "fsGroupChangePolicy").is_none() {
            changes.set(field("fsGroupChangePolicy"), "OnRootMismatch");
        }
    }
    if level != PodSecurityLevel::Privileged && present(pod, "seccompProfile").is_none() {
        changes.set(field("seccompProfile"), json!({"type": "RuntimeDefault"}));
    }
    let all = containers(pods.set, pods.template, context.workload, pods.object);
    let flinks = flinks_image(&all).filter(|_| is_flink);
    for list in CONTAINER_LISTS {
        for container in all.iter().filter(|container| container.kind == list) {
            let Some(spec) = container.spec else { continue };
            let at = Path::keys(&["spec", list]).index(container.index).key("securityContext");
            let runs_flink = is_flink && container.runs(flinks);
            if runs_flink {
                identify(pod, spec, &at, ids, level, changes);
            } else if level == PodSecurityLevel::Baseline && !is_root(pod) {
                allow_root(pod, spec, &at, changes);
            }
            let is_hardened = match level {
                PodSecurityLevel::Privileged => false,
                PodSecurityLevel::Baseline => runs_flink,
                PodSecurityLevel::Restricted => true,
            };
            if is_hardened {
                harden(spec, &at, changes);
            }
        }
    }
}

/// Gives a container of Flink's image its user and group, unless its author chose them.
fn identify(
    pod: &Value,
    container: &Value,
    at: &Path,
    ids: Ids,
    level: PodSecurityLevel,
    changes: &mut PodChanges,
) {
    let own = container.get("securityContext").unwrap_or(&Value::Null);
    let written = |name: &str| present(own, name).or_else(|| present(pod, name));
    let may_be_root = written("runAsNonRoot") == Some(&Value::Bool(false));
    let user = written("runAsUser");
    let is_root = user.and_then(Value::as_i64) == Some(0);
    if let Some(id) = ids.user.filter(|_| user.is_none() && !may_be_root) {
        changes.set(at.clone().key("runAsUser"), id);
    }
    // Without a number, the kubelet refuses an image that starts as root or names its user.
    let is_verifiable = !is_root && (user.is_some() || ids.user.is_some_and(|id| id != 0));
    // The pod has it at level restricted, for all containers.
    let is_due = level == PodSecurityLevel::Baseline && written("runAsNonRoot").is_none();
    if is_due && is_verifiable {
        changes.set(at.clone().key("runAsNonRoot"), true);
    }
    if let Some(id) = ids.group.filter(|_| written("runAsGroup").is_none()) {
        changes.set(at.clone().key("runAsGroup"), id);
    }
    if level == PodSecurityLevel::Baseline {
        allow_root(pod, container, at, changes);
    }
}

/// The `runAsNonRoot` of a pod, which an earlier version wrote or its author, would prevent a container
/// that asks for root from starting.
fn allow_root(pod: &Value, container: &Value, at: &Path, changes: &mut PodChanges) {
    let own = container.get("securityContext").unwrap_or(&Value::Null);
    let is_verified = present(pod, "runAsNonRoot") == Some(&Value::Bool(true));
    if is_verified && is_root(own) && present(own, "runAsNonRoot").is_none() {
        changes.set(at.clone().key("runAsNonRoot"), false);
    }
}

fn harden(container: &Value, at: &Path, changes: &mut PodChanges) {
    let context = container.get("securityContext").unwrap_or(&Value::Null);
    let capabilities = context.get("capabilities").unwrap_or(&Value::Null);
    // A privileged container has all capabilities, whatever it drops. Rules report it.
    if present(context, "privileged") == Some(&Value::Bool(true)) {
        return;
    }
    // The API server refuses CAP_SYS_ADMIN without privilege escalation.
    let adds_sys_admin = elements(capabilities, "add")
        .iter()
        .any(|added| matches!(added.as_str(), Some("SYS_ADMIN" | "CAP_SYS_ADMIN")));
    if present(context, "allowPrivilegeEscalation").is_none() && !adds_sys_admin {
        changes.set(at.clone().key("allowPrivilegeEscalation"), false);
    }
    // Root without capabilities cannot even change a file's owner. A container that runs as root
    // keeps its capabilities.
    let drops_all =
        elements(capabilities, "drop").iter().any(|dropped| dropped.as_str() == Some("ALL"));
    if !drops_all && !is_root(context) {
        changes.append(at.clone().key("capabilities").key("drop"), "ALL");
    }
}

fn is_root(context: &Value) -> bool {
    context.get("runAsUser").and_then(Value::as_i64) == Some(0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::kinds;
    use crate::mutate::mutate;
    use crate::resource::Resource;
    use crate::tenant::FlinkTenantSpec;

    fn mutated(object: &Value, level: &str) -> Value {
        let tenant: FlinkTenantSpec =
            serde_json::from_value(json!({"security": {"podSecurity": {"level": level}}})).unwrap();
        let resource = Resource::from_manifest(object.clone()).unwrap();
        let workload = kinds::lower(&resource, object).unwrap();
        mutate(&resource, object, &workload, &tenant).object.unwrap_or_else(|| object.clone())
    }

    #[test]
    fn containers_may_request_root_in_any_order() {
        let pod = |sidecars: &[Value]| {
            let main = json!({"name": "flink-main-container", "args": ["taskmanager"]});
            let containers: Vec<Value> =
                std::iter::once(main).chain(sidecars.iter().cloned()).collect();
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": containers}})
        };
        let sidecar = json!({"name": "proxy", "securityContext": {"runAsUser": 0}});
        let together = mutated(&pod(std::slice::from_ref(&sidecar)), "baseline");
        let mut added = mutated(&pod(&[]), "baseline");
        added["spec"]["containers"].as_array_mut().unwrap().push(sidecar.clone());
        assert_eq!(mutated(&added, "baseline"), together);
        assert_eq!(together["spec"]["containers"][0]["securityContext"]["runAsNonRoot"], true);
        assert_eq!(together["spec"]["containers"][1], sidecar);
        // If root is not allowed, nothing is written that would only be refused as well.
        let strict = mutated(&pod(&[sidecar]), "restricted");
        assert_eq!(
            strict["spec"]["containers"][1]["securityContext"],
            json!({"runAsUser": 0, "allowPrivilegeEscalation": false})
        );
    }

    /// The security contexts of a FlinkDeployment's pod and of its containers, by `list/name`.
    fn contexts(security: Value, template: Value) -> Value {
        let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"},
            "spec": {"flinkVersion": "v1_20", "image": "flink:1.20", "podTemplate": {"spec": template}, "job": {"parallelism": 1}}});
        let tenant = serde_json::from_value(json!({"security": security})).unwrap();
        let once = |object: &Value| {
            let resource = Resource::from_manifest(object.clone()).unwrap();
            let workload = kinds::lower(&resource, object).unwrap();
            mutate(&resource, object, &workload, &tenant).object.unwrap_or_else(|| object.clone())
        };
        let object = once(&object);
        assert_eq!(once(&object), object);
        let spec = &object["spec"]["podTemplate"]["spec"];
        let mut found = json!({"pod": spec["securityContext"]});
        for list in CONTAINER_LISTS {
            for container in elements(spec, list) {
                found[container["name"].as_str().unwrap()] = container["securityContext"].clone();
            }
        }
        found
    }

    fn others() -> Value {
        json!({"initContainers": [{"name": "wait", "image": "alpine:3.20"}, {"name": "fetch", "image": "flink:1.20"}],
            "containers": [{"name": "flink-main-container"}, {"name": "logs", "image": "logs:1"}]})
    }

    #[test]
    fn only_containers_of_flinks_image_get_its_user() {
        let flinks = json!({"runAsUser": 9999, "runAsGroup": 9999, "runAsNonRoot": true,
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}});
        let pod = json!({"fsGroup": 9999, "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"}});
        assert_eq!(
            contexts(json!({}), others()),
            json!({"pod": pod, "wait": null, "fetch": flinks, "flink-main-container": flinks, "logs": null})
        );
        let mut verified = pod;
        verified["runAsNonRoot"] = true.into();
        let other = json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}});
        let mut flinks = flinks;
        flinks.as_object_mut().unwrap().remove("runAsNonRoot");
        assert_eq!(
            contexts(json!({"podSecurity": {"level": "restricted"}}), others()),
            json!({"pod": verified, "wait": other, "fetch": flinks, "flink-main-container": flinks, "logs": other})
        );
    }

    #[test]
    fn tenants_choose_what_flink_runs_as() {
        let ids = |security: Value| {
            let found = contexts(security, others());
            let of = |name: &str, field: &str| found[name][field].clone();
            let main = "flink-main-container";
            json!([
                of(main, "runAsUser"),
                of(main, "runAsGroup"),
                of("pod", "fsGroup"),
                of(main, "runAsNonRoot"),
                of("pod", "runAsNonRoot"),
                of("wait", "runAsUser")
            ])
        };
        let with = |level: &str, run_as: Value| {
            ids(json!({"podSecurity": {"level": level}, "runAs": run_as}))
        };
        assert_eq!(
            with("baseline", json!({"user": 185})),
            json!([185, null, 185, true, null, null])
        );
        assert_eq!(
            with("restricted", json!({"user": 185, "group": 0})),
            json!([185, 0, 0, null, true, null])
        );
        assert_eq!(
            with("baseline", json!({"fsGroup": 7})),
            json!([null, null, 7, null, null, null])
        );
        // The image starts as it wants; its level is checked nevertheless.
        assert_eq!(with("baseline", json!("none")), json!([null, null, null, null, null, null]));
        assert_eq!(with("restricted", json!("none")), json!([null, null, null, null, true, null]));
        assert_eq!(with("baseline", json!({"user": 0})), json!([0, null, 0, null, null, null]));
        assert_eq!(
            with("privileged", json!({"user": 185})),
            json!([185, null, 185, null, null, null])
        );
        assert_eq!(
            ids(json!({"podSecurity": {"level": "privileged"}})),
            json!([null, null, null, null, null, null])
        );
    }

    #[test]
    fn what_authors_chose_stays() {
        let mut template = others();
        template["securityContext"] = json!({"runAsUser": 1000});
        let found = contexts(json!({}), template);
        assert_eq!(found["flink-main-container"]["runAsUser"], Value::Null);
        assert_eq!(found["flink-main-container"]["runAsNonRoot"], true);
        assert_eq!(found["pod"]["runAsUser"], 1000);
        let mut template = others();
        template["containers"][0]["securityContext"] = json!({"runAsNonRoot": false});
        let found = contexts(json!({}), template);
        assert_eq!(found["flink-main-container"]["runAsUser"], Value::Null);
        assert_eq!(found["flink-main-container"]["runAsNonRoot"], false);
    }
}
