//! `v1 Service`: it runs nothing, but it may expose a JobManager's REST port.
//!
//! The Service alone does not show which pods it selects: see [`crate::kubernetes::reach`].

use crate::flink::exposures::{EXTERNAL_IPS, Exposure, ExposureKind, Selection, Target};
use crate::flink::{FlinkContext, Workload};
use crate::resource::{Resource, pointer};
use serde_json::Value;

/// The type of a DNS alias, which carries no traffic. It has annotations like any other Service.
const EXTERNAL_NAME: &str = "ExternalName";

pub(crate) fn lower(resource: &Resource, object: &Value, context: &FlinkContext) -> Workload {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let text = |field: &str| spec.get(field).and_then(Value::as_str).unwrap_or_default();
    let has_addresses = spec
        .get("externalIPs")
        .and_then(Value::as_array)
        .is_some_and(|addresses| !addresses.is_empty());
    let (service_type, place) = match text("type") {
        EXTERNAL_NAME => (EXTERNAL_NAME, "/spec/type"),
        _ if has_addresses => (EXTERNAL_IPS, "/spec/externalIPs"),
        "" | "ClusterIP" if text("clusterIP") == "None" => {
            ("Headless_ClusterIP", "/spec/clusterIP")
        }
        "" => ("ClusterIP", "/spec/type"),
        other => (other, "/spec/type"),
    };
    let target = match service_type {
        EXTERNAL_NAME => Target::Nothing,
        _ => Target::Pods(Selection::of_service(spec)),
    };
    let mut exposure = Exposure {
        kind: ExposureKind::Service(service_type.to_owned()),
        pointer: place.to_owned(),
        target,
        belongs_to_flink: context.is_maintained(resource),
        ..Exposure::default()
    };
    let place = "/metadata/annotations";
    exposure.read_annotations(pointer::at(object, place), place, "");
    Workload { exposures: vec![exposure], ..Workload::default() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_are_those_that_clients_see() {
        for (spec, expected) in [
            (json!({}), "ClusterIP"),
            (json!({"clusterIP": "None"}), "Headless_ClusterIP"),
            (json!({"type": "NodePort"}), "NodePort"),
            (json!({"externalIPs": ["203.0.113.7"]}), "externalIPs"),
            (json!({"type": "ExternalName", "externalName": "a.example.com"}), "ExternalName"),
        ] {
            let object = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": spec});
            let resource = Resource::from_manifest(object).unwrap();
            let workload = lower(&resource, &resource.object, &FlinkContext::default());
            assert!(workload.pods.is_empty() && !workload.is_flink());
            let kind = &workload.exposures[0].kind;
            assert_eq!(*kind, ExposureKind::Service(expected.to_owned()), "{spec}");
        }
    }
}
