//! The custom resource definition of FlinkTenant, as `flinkgate crds` prints it and files are held against it.

use super::FlinkTenant;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The definition, with printer columns and a structural schema.
pub fn definition() -> CustomResourceDefinition {
    let mut definition = FlinkTenant::crd();
    for version in &mut definition.spec.versions {
        let columns = json!([
            {"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"},
            {"name": "Clusters", "type": "integer", "jsonPath": ".status.clusters"},
            {"name": "Cpu", "type": "string", "jsonPath": ".status.used.cpu"},
            {"name": "Memory", "type": "string", "jsonPath": ".status.used.memory"},
            {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
        ]);
        version.additional_printer_columns = serde_json::from_value(columns).ok();
    }
    definition
}

/// The schema of `spec`, as JSON.
pub(super) static SPEC_SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let definition = serde_json::to_value(definition()).unwrap_or_default();
    definition.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec").cloned().unwrap_or_default()
});
