//! Security contexts with which Flink's official images pass the restricted Pod Security Standard.
//!
//! Flink's images run as user and group 9999. Images before Flink 2.2 start as root by default.
//! Later ones set their user by name, which the kubelet cannot verify, so `runAsNonRoot` is always
//! set together with the UID.

use super::context::{Context, Pods, present};
use super::edit::{Path, PodChanges};
use crate::resource::fields::elements;
use crate::tenant::PodSecurityLevel;
use serde_json::{Value, json};

/// User and group `flink` of the official images.
const FLINK_ID: i64 = 9999;
const CONTAINER_LISTS: [&str; 2] = ["initContainers", "containers"];

/// Whether containers of these pods get a security context.
pub(super) fn hardens_containers(context: &Context<'_>, pods: &Pods<'_>) -> bool {
    let level = context.tenant.security.pod_security.level;
    let wanted = match level {
        PodSecurityLevel::Privileged => false,
        PodSecurityLevel::Baseline => context.workload.is_flink(),
        PodSecurityLevel::Restricted => true,
    };
    wanted && !pods.is_windows()
}

pub(super) fn inject(context: &Context<'_>, pods: &Pods<'_>, changes: &mut PodChanges) {
    if !hardens_containers(context, pods) {
        return;
    }
    let pod = pods.spec().get("securityContext").unwrap_or(&Value::Null);
    let field = |name: &'static str| Path::keys(&["spec", "securityContext", name]);
    if context.workload.is_flink() {
        let refuses_non_root = present(pod, "runAsNonRoot") == Some(&Value::Bool(false));
        if present(pod, "runAsUser").is_none() && !refuses_non_root {
            changes.set(field("runAsUser"), FLINK_ID);
        }
        if present(pod, "runAsNonRoot").is_none() && !is_root(pod) {
            changes.set(field("runAsNonRoot"), true);
        }
        for name in ["runAsGroup", "fsGroup"] {
            if present(pod, name).is_none() {
                changes.set(field(name), FLINK_ID);
            }
        }
        if present(pod, "fsGroupChangePolicy").is_none() {
            changes.set(field("fsGroupChangePolicy"), "OnRootMismatch");
        }
    }
    if present(pod, "seccompProfile").is_none() {
        changes.set(field("seccompProfile"), json!({"type": "RuntimeDefault"}));
    }
    let may_be_root = context.workload.is_flink()
        && context.tenant.security.pod_security.level == PodSecurityLevel::Baseline;
    for list in CONTAINER_LISTS {
        for (index, container) in elements(pods.spec(), list).iter().enumerate() {
            let at = Path::keys(&["spec", list]).index(index).key("securityContext");
            if may_be_root && !is_root(pod) {
                let own = container.get("securityContext").unwrap_or(&Value::Null);
                // The pod's `runAsNonRoot` would prevent this container from starting. It is
                // overridden here because another webhook may add the container after the pod's
                // value was written.
                if is_root(own) && present(own, "runAsNonRoot").is_none() {
                    changes.set(at.clone().key("runAsNonRoot"), false);
                }
            }
            harden(container, &at, changes);
        }
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
        assert_eq!(together["spec"]["securityContext"]["runAsNonRoot"], true);
        let context = &together["spec"]["containers"][1]["securityContext"];
        assert_eq!(
            *context,
            json!({"runAsUser": 0, "runAsNonRoot": false, "allowPrivilegeEscalation": false})
        );
        // If root is not allowed, nothing is written that would only be refused as well.
        let strict = mutated(&pod(&[sidecar]), "restricted");
        assert_eq!(
            strict["spec"]["containers"][1]["securityContext"],
            json!({"runAsUser": 0, "allowPrivilegeEscalation": false})
        );
    }
}
