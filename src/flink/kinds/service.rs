//! `v1 Service`: it runs nothing, but it may expose a JobManager's REST port.
//!
//! The Service alone does not show which pods it selects. It exposes Flink's REST port if it
//! selects JobManagers by the labels of Flink and its operators, if it targets that port by number
//! or name, or if it has Flink's name for the Service.

use crate::flink::exposures::{EXTERNAL_IPS, Exposure, ExposureKind, is_rest_port};
use crate::flink::{FlinkContext, Workload};
use crate::resource::{Resource, pointer};
use serde_json::Value;

/// Labels by which Flink, its operators and charts identify JobManagers.
const COMPONENT_LABELS: [&str; 3] =
    ["component", "app.kubernetes.io/component", "flink-deployment-type"];
/// Other ports of a JobManager: RPC, blobs, queryable state and metrics.
const OTHER_PORTS: [u64; 5] = [6123, 6124, 6125, 9249, 9250];
const OTHER_NAMES: [&str; 8] =
    ["rpc", "jobmanager-rpc", "blob", "blobserver", "blob-server", "query", "metrics", "prom"];

pub(crate) fn lower(resource: &Resource, object: &Value, context: &FlinkContext) -> Workload {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let name = resource.name_in(object);
    let text = |field: &str| spec.get(field).and_then(Value::as_str).unwrap_or_default();
    let has_addresses = spec
        .get("externalIPs")
        .and_then(Value::as_array)
        .is_some_and(|addresses| !addresses.is_empty());
    let (service_type, place) = match text("type") {
        // A DNS alias, which carries no traffic.
        "ExternalName" => return Workload::default(),
        _ if has_addresses => (EXTERNAL_IPS, "/spec/externalIPs"),
        "" | "ClusterIP" if text("clusterIP") == "None" => {
            ("Headless_ClusterIP", "/spec/clusterIP")
        }
        "" => ("ClusterIP", "/spec/type"),
        other => (other, "/spec/type"),
    };
    let mut exposure = Exposure {
        kind: ExposureKind::Service(service_type.to_owned()),
        pointer: place.to_owned(),
        reaches_rest: reaches_rest(spec, name),
        belongs_to_flink: context.is_maintained(resource),
        ..Exposure::default()
    };
    exposure
        .read_annotations(pointer::at(object, "/metadata/annotations"), "/metadata/annotations");
    let exposures = if exposure.reaches_rest || !exposure.hosts.is_empty() {
        vec![exposure]
    } else {
        Vec::new()
    };
    Workload { exposures, ..Workload::default() }
}

fn reaches_rest(spec: &Value, name: &str) -> bool {
    let selector = spec.get("selector");
    let label =
        |key: &&str| selector.and_then(|selector| selector.get(*key)).and_then(Value::as_str);
    let selects_job_managers = COMPONENT_LABELS
        .iter()
        .filter_map(label)
        .any(|component| component.eq_ignore_ascii_case("jobmanager"));
    let ports = spec.get("ports").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let target = |port: &'_ Value| {
        port.get("targetPort").or_else(|| port.get("port")).cloned().unwrap_or_default()
    };
    let named = |port: &Value| port.get("name").cloned().unwrap_or_default();
    // Any other port of a JobManager may be a REST port with a different number.
    let is_other = |port: &Value| match target(port) {
        Value::String(name) => OTHER_NAMES.contains(&name.as_str()),
        number => number.as_u64().is_some_and(|number| OTHER_PORTS.contains(&number)),
    };
    name.ends_with("-rest")
        || ports.iter().any(|port| {
            is_rest_port(&target(port)) || (is_rest_port(&named(port)) && !is_other(port))
        })
        || (selects_job_managers && ports.iter().any(|port| !is_other(port)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn exposure(name: &str, spec: Value) -> Option<(String, bool)> {
        let object = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec});
        let resource = Resource::from_manifest(object).unwrap();
        let workload = lower(&resource, &resource.object, &FlinkContext::default());
        assert!(workload.pods.is_empty() && !workload.is_flink());
        let exposure = workload.exposures.first()?;
        let ExposureKind::Service(kind) = &exposure.kind else { panic!("an Ingress") };
        Some((kind.clone(), exposure.reaches_rest))
    }

    #[test]
    fn services_expose_rest_by_selector_port_or_name() {
        let job_managers = json!({"app": "etl", "component": "jobmanager"});
        let some = |kind: &str| Some((kind.to_owned(), true));
        for (name, spec, expected) in [
            ("etl-rest", json!({"ports": [{"port": 80}]}), some("ClusterIP")),
            (
                "x",
                json!({"type": "NodePort", "selector": job_managers, "ports": [{"port": 80, "targetPort": 9999}]}),
                some("NodePort"),
            ),
            (
                "x",
                json!({"type": "LoadBalancer", "selector": {"a": "b"}, "ports": [{"port": 443, "targetPort": 8081}]}),
                some("LoadBalancer"),
            ),
            (
                "x",
                json!({"type": "NodePort", "ports": [{"port": 80, "targetPort": "webui"}]}),
                some("NodePort"),
            ),
            (
                "x",
                json!({"clusterIP": "None", "ports": [{"name": "rest", "port": 80}]}),
                some("Headless_ClusterIP"),
            ),
            (
                "x",
                json!({"externalIPs": ["203.0.113.7"], "ports": [{"port": 8081}]}),
                some("externalIPs"),
            ),
            (
                "x",
                json!({"clusterIP": "None", "selector": job_managers, "ports": [{"port": 6123}, {"name": "blob", "port": 6124}]}),
                None,
            ),
            (
                "x",
                json!({"type": "LoadBalancer", "selector": {"app": "kafka"}, "ports": [{"port": 9092}]}),
                None,
            ),
            ("etl-rest", json!({"type": "ExternalName", "externalName": "example.com"}), None),
            ("x", json!({"type": "NodePort", "ports": "none"}), None),
        ] {
            assert_eq!(exposure(name, spec.clone()), expected, "{spec}");
        }
    }
}
