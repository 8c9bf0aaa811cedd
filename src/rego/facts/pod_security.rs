//! `flink.podSecurity`: what an object's pods violate of the Pod Security Standard that their
//! tenant is held to, by control: `{privileged: [{message, path, help}], …}`. Nothing is there
//! where nothing is violated, so that no rule is evaluated.

use super::host_ports;
use super::options::option_path;
use super::{as_text, get, object, path, whole};
use crate::flink::Workload;
use crate::flink::pods::added_by_operator;
use crate::kubernetes::pod_security::{Control, Standard, evaluate};
use crate::tenant::PodSecurityLevel;
use regorus::Value;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Puts Flink's pods on the node's network, whatever their template says.
const HOST_NETWORK: &str = "kubernetes.hostnetwork.enabled";

/// Violations by control.
pub fn pod_security(workload: &Workload, root: &Json, tenant: &Value) -> Value {
    let Some(standard) = standard(tenant) else {
        return host_ports::host_ports(workload, root, tenant);
    };
    let mut found: BTreeMap<&'static str, Vec<Value>> = BTreeMap::new();
    for set in &workload.pods {
        let template = set.template(root);
        for violation in evaluate(template, added_by_operator(set, template, workload), standard) {
            let mut place = path(set.path());
            place.extend(path(&violation.place));
            let list = found.entry(violation.control.key()).or_default();
            list.push(described(&violation.message, Value::from(place), &violation.help));
        }
    }
    if workload.config.get(HOST_NETWORK).is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        let message =
            format!("option {HOST_NETWORK} must not put Flink's pods on the node's network");
        let list = found.entry(Control::HostNamespaces.key()).or_default();
        list.push(described(&message, option_path(workload, HOST_NETWORK), "remove the option"));
    }
    Value::from(
        found
            .into_iter()
            .map(|(key, list)| (Value::from(key), Value::from(list)))
            .collect::<BTreeMap<_, _>>(),
    )
}

pub(super) fn described(message: &str, path: Value, help: &str) -> Value {
    object([("message", Value::from(message)), ("path", path), ("help", Value::from(help))])
}

/// What the tenant is held to; `None` where everything goes, and where there is no tenant.
fn standard(tenant: &Value) -> Option<Standard> {
    let wanted = get(tenant, &["security", "podSecurity"]);
    let level = match as_text(&wanted["level"])? {
        "baseline" => PodSecurityLevel::Baseline,
        "restricted" => PodSecurityLevel::Restricted,
        _ => return None,
    };
    Some(Standard {
        level,
        minor: whole(&wanted["minor"])
            .and_then(|minor| u64::try_from(minor).ok())
            .unwrap_or(u64::MAX),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::kinds::lower;
    use crate::rego::facts::tenant::tenant_value;
    use crate::resource::Resource;
    use serde_json::json;

    /// `control path` of every violation.
    fn violations(object: Json, standard: Json) -> Vec<String> {
        let resource = Resource::from_manifest(object).unwrap();
        let workload = lower(&resource, &resource.object).unwrap();
        let tenant = tenant_value(
            &serde_json::from_value(json!({"security": {"podSecurity": standard}})).unwrap(),
        );
        let found = pod_security(&workload, &resource.object, &tenant);
        let mut said = Vec::new();
        for (control, list) in found.as_object().unwrap().iter() {
            for violation in list.as_array().unwrap().iter() {
                let path = violation["path"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|token| as_text(token).unwrap())
                    .collect::<Vec<_>>()
                    .join("/");
                said.push(format!("{} {path}", as_text(control).unwrap()));
            }
        }
        said
    }

    fn deployment(spec: Json) -> Json {
        json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"}, "spec": spec})
    }

    #[test]
    fn the_main_container_that_the_operator_adds_is_judged_too() {
        let object = || {
            deployment(
                json!({"jobManager": {}, "taskManager": {"podTemplate": {"spec": {"containers": [{"name": "side"}]}}}}),
            )
        };
        assert!(violations(object(), json!({"level": "baseline"})).is_empty());
        let found = violations(object(), json!({"level": "restricted", "version": "v1.8"}));
        assert_eq!(
            found,
            [
                "allowPrivilegeEscalation spec/jobManager/podTemplate/spec/containers/0/securityContext/allowPrivilegeEscalation",
                "allowPrivilegeEscalation spec/taskManager/podTemplate/spec/containers/0/securityContext/allowPrivilegeEscalation",
                "allowPrivilegeEscalation spec/taskManager/podTemplate/spec/containers/1/securityContext/allowPrivilegeEscalation",
                "runAsNonRoot spec/jobManager/podTemplate/spec/containers/0/securityContext/runAsNonRoot",
                "runAsNonRoot spec/taskManager/podTemplate/spec/containers/0/securityContext/runAsNonRoot",
                "runAsNonRoot spec/taskManager/podTemplate/spec/containers/1/securityContext/runAsNonRoot",
            ]
        );
    }

    #[test]
    fn the_option_for_the_nodes_network_counts_as_the_field() {
        let object = || {
            deployment(
                json!({"flinkConfiguration": {"kubernetes": {"hostnetwork.enabled": "True"}}}),
            )
        };
        let found = violations(object(), json!({}));
        assert_eq!(
            found,
            ["hostNamespaces spec/flinkConfiguration/kubernetes/hostnetwork.enabled"]
        );
        assert!(violations(object(), json!({"level": "privileged"})).is_empty());
    }

    #[test]
    fn every_template_is_judged_where_it_stands() {
        let spec = json!({"hostPID": true, "containers": [{"name": "a"}]});
        let kinds = [
            ("v1", "Pod", spec.clone(), "spec/hostPID"),
            (
                "apps/v1",
                "Deployment",
                json!({"template": {"spec": spec}}),
                "spec/template/spec/hostPID",
            ),
            (
                "apps/v1",
                "StatefulSet",
                json!({"template": {"spec": spec}}),
                "spec/template/spec/hostPID",
            ),
            ("batch/v1", "Job", json!({"template": {"spec": spec}}), "spec/template/spec/hostPID"),
        ];
        for (version, kind, spec, place) in kinds {
            let object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, "spec": spec});
            assert_eq!(
                violations(object, json!({})),
                [format!("hostNamespaces {place}")],
                "{kind}"
            );
        }
    }
}
