//! The fields of a FlinkTenant's spec, by its schema.

use flinkgate::tenant::crd;
use serde_json::Value;

/// The paths of all fields that hold values instead of further fields, sorted.
pub fn fields() -> Vec<String> {
    let definition = serde_json::to_value(crd::definition()).unwrap();
    let schema =
        &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let mut found = Vec::new();
    collect(schema, "", &mut found);
    found.sort();
    found
}

fn collect(schema: &Value, path: &str, found: &mut Vec<String>) {
    match schema["properties"].as_object() {
        Some(fields) => fields.iter().for_each(|(name, schema)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            collect(schema, &path, found);
        }),
        None => found.push(path.to_owned()),
    }
}
