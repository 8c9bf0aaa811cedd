//! The custom resource definition of FlinkTenant: `flinkgate crds` prints it, and tenants from files
//! are checked with its schema.

use super::schema::of_spec;
use super::{FlinkTenant, check};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionVersion, CustomResourceValidation,
    JSONSchemaProps,
};
use kube::CustomResourceExt;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// A CEL rule: the schema that it belongs to, the rule, and the CEL expression of its message.
pub(crate) type CelRule = (&'static str, String, String);

/// The definition, with printer columns and a structural schema.
pub fn definition() -> CustomResourceDefinition {
    let mut definition = FlinkTenant::crd();
    complete(&mut definition, &rules(), &BOUNDS);
    definition
}

/// The part of our validation that CEL can express, with the same messages. The webhook does the
/// rest.
fn rules() -> Vec<CelRule> {
    let quoted = |rest: &str| format!("'`' + self + '`{}'", rest.replace('\'', "\\'"));
    let text = |text: &str| format!("'{}'", text.replace('\'', "\\'"));
    let mut rules = vec![
        ("", "size(self.metadata.name) <= 63".into(), text(&check::long_name())),
        (
            "/properties/spec/properties/namespaces/properties/names/items",
            "self.matches('^([a-z0-9-]+[*]?|[*])$')".into(),
            quoted(" is not a namespace name: write lower-case letters, digits and dashes, with at most one star at the end"),
        ),
        (
            "/properties/spec/properties/namespaces/properties/selector",
            "(has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && size(self.matchExpressions) > 0)"
                .into(),
            text("an empty selector selects every namespace: add labels, or remove it"),
        ),
        (
            "/properties/spec/properties/exemptions/items/properties/until",
            "self.matches('^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$')".into(),
            quoted(" is not a date: write `YYYY-MM-DD`"),
        ),
        (
            "/properties/spec/properties/flink/properties/versions/items",
            "self.matches('^v[0-9]{1,4}_[0-9]{1,4}$')".into(),
            quoted(" is not a Flink version: write it as in a FlinkDeployment, such as `v1_20`"),
        ),
        (
            "/properties/spec/properties/storage/properties/checkpoints/properties/volume/properties/mountPath",
            "self.startsWith('/') && !self.matches('(^|/)[.][.](/|$)')".into(),
            text("the mount path must be absolute and must not contain `..`"),
        ),
    ];
    for field in ["hard", "perCluster"] {
        let place: &'static str = if field == "hard" {
            "/properties/spec/properties/quota/properties/hard/additionalProperties"
        } else {
            "/properties/spec/properties/quota/properties/perCluster/additionalProperties"
        };
        rules.push((
            place,
            "type(self) == int ? self >= 0 : !self.startsWith('-')".into(),
            "'`' + string(self) + '` is negative: write 0 or more'".into(),
        ));
    }
    rules
}

/// Bounds from which the API server computes the cost of CEL rules.
const BOUNDS: [(&str, &str, u32); 14] = [
    ("/properties/spec/properties/namespaces/properties/names", "maxItems", 256),
    ("/properties/spec/properties/namespaces/properties/names/items", "maxLength", 64),
    ("/properties/spec/properties/rules", "maxItems", 256),
    ("/properties/spec/properties/rules/items/properties/rule", "maxLength", 256),
    ("/properties/spec/properties/exemptions", "maxItems", 256),
    ("/properties/spec/properties/exemptions/items/properties/until", "maxLength", 32),
    ("/properties/spec/properties/flink/properties/versions", "maxItems", 64),
    ("/properties/spec/properties/flink/properties/versions/items", "maxLength", 32),
    (
        "/properties/spec/properties/storage/properties/checkpoints/properties/volume/properties/mountPath",
        "maxLength",
        512,
    ),
    ("/properties/spec/properties/quota/properties/hard", "maxProperties", 64),
    ("/properties/spec/properties/quota/properties/perCluster", "maxProperties", 64),
    ("/properties/spec/properties/quota/properties/hard/additionalProperties", "maxLength", 64),
    (
        "/properties/spec/properties/quota/properties/perCluster/additionalProperties",
        "maxLength",
        64,
    ),
    ("/properties/spec/properties/labels", "maxProperties", 64),
];

/// Adds what the derive macros cannot: CEL rules, bounds, and conditions as a map by their type.
pub(crate) fn complete(
    definition: &mut CustomResourceDefinition,
    rules: &[CelRule],
    bounds: &[(&str, &str, u32)],
) {
    for version in &mut definition.spec.versions {
        let Some(mut schema) = schema_of(version) else { continue };
        for (place, name, bound) in bounds {
            if let Some(at) = schema.pointer_mut(place).and_then(Value::as_object_mut) {
                at.insert((*name).into(), json!(bound));
            }
        }
        for (place, rule, message) in rules {
            if let Some(at) = schema.pointer_mut(place).and_then(Value::as_object_mut) {
                at.insert(
                    "x-kubernetes-validations".into(),
                    json!([{"rule": rule, "messageExpression": message}]),
                );
            }
        }
        if let Some(at) = schema
            .pointer_mut("/properties/status/properties/conditions")
            .and_then(Value::as_object_mut)
        {
            // So that writers of different conditions do not remove those of others.
            at.insert("x-kubernetes-list-type".into(), json!("map"));
            at.insert("x-kubernetes-list-map-keys".into(), json!(["type"]));
        }
        join_lines(&mut schema);
        let schema = serde_json::from_value::<JSONSchemaProps>(schema).ok();
        version.schema = Some(CustomResourceValidation { open_api_v3_schema: schema });
    }
}

/// Joins the lines of each description, which doc comments break.
fn join_lines(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text) if key == "description" => *text = text.replace('\n', " "),
                    value => join_lines(value),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(join_lines),
        _ => {}
    }
}

fn schema_of(version: &CustomResourceDefinitionVersion) -> Option<Value> {
    serde_json::to_value(version.schema.as_ref()?.open_api_v3_schema.as_ref()?).ok()
}

/// The schema of `spec`, as JSON.
pub(super) static SPEC_SCHEMA: LazyLock<Value> = LazyLock::new(|| of_spec(&definition()));

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn every_cel_rule_and_bound_has_its_place() {
        let bare = schema_of(&FlinkTenant::crd().spec.versions[0]).unwrap();
        let places = rules()
            .into_iter()
            .map(|(place, ..)| place)
            .chain(BOUNDS.iter().map(|(place, ..)| *place));
        for place in places {
            assert!(bare.pointer(place).is_some(), "{place}");
        }
        let whole = schema_of(&definition().spec.versions[0]).unwrap().to_string();
        assert_eq!(whole.matches("\"rule\":\"").count(), rules().len());
    }
}
