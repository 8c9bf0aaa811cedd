//! Checks a spec with the CRD's schema, so that files and the API server accept the same fields.
//! Reports all mismatches, each with its place.

use crate::resource::{pointer, type_name};
use crate::spelling::closest;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

/// One mismatch with the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// JSON Pointer below the checked value.
    pub pointer: String,
    /// What is wrong and what to write.
    pub message: String,
    /// Whether the schema has no such field.
    pub unknown: bool,
}

/// The schema of the spec of a definition's first version.
pub fn of_spec(definition: &CustomResourceDefinition) -> Value {
    let definition = serde_json::to_value(definition).unwrap_or_default();
    let place = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";
    pointer::at(&definition, place).cloned().unwrap_or_default()
}

/// Checks a value against a structural schema.
pub fn check(schema: &Value, value: &Value) -> Vec<Mismatch> {
    let mut found = Vec::new();
    walk(schema, value, &mut String::new(), &mut found);
    found
}

fn walk(schema: &Value, value: &Value, at: &mut String, found: &mut Vec<Mismatch>) {
    let preserved = schema.get("x-kubernetes-preserve-unknown-fields").is_some();
    let int_or_string = schema.get("x-kubernetes-int-or-string").is_some();
    if let Some(word) = schema.get("example").filter(|_| preserved) {
        // A word, or the fields of an object.
        match value {
            Value::Object(fields) => walk_fields(schema, fields, at, found),
            value if value == word => {}
            value => found.push(Mismatch {
                pointer: at.clone(),
                message: format!(
                    "{} is `{}`; write `{}` or a mapping",
                    label(at),
                    plain(value),
                    plain(word)
                ),
                unknown: false,
            }),
        }
        return;
    }
    if preserved || (value.is_null() && schema.get("nullable").is_some()) {
        return;
    }
    let expected = schema.get("type").and_then(Value::as_str).unwrap_or_default();
    let fits = match expected {
        _ if int_or_string => value.is_string() || value.is_i64() || value.is_u64(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => true,
    };
    if !fits {
        let wanted =
            if int_or_string { "an integer, or a quantity in quotes" } else { article(expected) };
        found.push(Mismatch {
            pointer: at.clone(),
            message: format!("{} is {}; write {wanted}", label(at), type_name(value)),
            unknown: false,
        });
        return;
    }
    if let Some(Value::Array(allowed)) = schema.get("enum")
        && !allowed.contains(value)
    {
        let known: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
        let written = plain(value);
        found.push(Mismatch {
            pointer: at.clone(),
            message: format!("{} is `{written}`; write {}", label(at), one_of(&known)),
            unknown: false,
        });
    }
    if let Some(least) = schema.get("minimum").and_then(Value::as_f64)
        && value.as_f64().is_some_and(|number| number < least)
    {
        found.push(Mismatch {
            pointer: at.clone(),
            message: format!("{} is `{value}`; write {least} or more", label(at)),
            unknown: false,
        });
    }
    if let Some(most) = schema.get("maximum").and_then(Value::as_f64)
        && value.as_f64().is_some_and(|number| number > most)
    {
        found.push(Mismatch {
            pointer: at.clone(),
            message: format!("{} is `{value}`; write {most} or less", label(at)),
            unknown: false,
        });
    }
    match value {
        Value::Object(fields) => {
            walk_fields(schema, fields, at, found);
        }
        Value::Array(items) => {
            let Some(item_schema) = schema.get("items") else { return };
            for (index, item) in items.iter().enumerate() {
                step(at, &index.to_string(), |at| walk(item_schema, item, at, found));
            }
        }
        _ => {}
    }
}

fn walk_fields(
    schema: &Value,
    fields: &serde_json::Map<String, Value>,
    at: &mut String,
    found: &mut Vec<Mismatch>,
) {
    let properties = schema.get("properties").and_then(Value::as_object);
    let additional = schema.get("additionalProperties").filter(|additional| additional.is_object());
    for (name, field) in fields {
        let field_schema = properties.and_then(|properties| properties.get(name)).or(additional);
        step(at, name, |at| match field_schema {
            Some(field_schema) => walk(field_schema, field, at, found),
            None if properties.is_none() => {}
            None => {
                let known: Vec<&str> =
                    properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                found.push(Mismatch {
                    pointer: at.clone(),
                    message: unknown_field(name, &known),
                    unknown: true,
                });
            }
        });
    }
    for required in schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        if !fields.contains_key(required) {
            found.push(Mismatch {
                pointer: at.clone(),
                message: format!("{} has no field `{required}`", label(at)),
                unknown: false,
            });
        }
    }
}

/// A value as it is written, without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn step(at: &mut String, token: &str, visit: impl FnOnce(&mut String)) {
    let length = at.len();
    pointer::push(at, token);
    visit(at);
    at.truncate(length);
}

fn unknown_field(name: &str, known: &[&str]) -> String {
    match closest(name, known) {
        Some(close) => format!("unknown field `{name}`: did you mean `{close}`?"),
        None => format!("unknown field `{name}`: write {}", one_of(known)),
    }
}

fn label(at: &str) -> String {
    if at.is_empty() {
        "`spec`".into()
    } else {
        format!("`{}`", pointer::tokens(at).collect::<Vec<_>>().join("."))
    }
}

/// ``one of `a`, `b` ``.
pub(super) fn one_of(words: &[&str]) -> String {
    format!("one of `{}`", words.join("`, `"))
}

fn article(kind: &str) -> &'static str {
    match kind {
        "object" => "a mapping",
        "array" => "a list",
        "string" => "a string (in quotes if it looks like a number or a boolean)",
        "boolean" => "true or false",
        "integer" => "an integer",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn messages(spec: Value) -> Vec<String> {
        check(&super::super::crd::SPEC_SCHEMA, &spec)
            .into_iter()
            .map(|found| format!("{} {}", found.pointer, found.message))
            .collect()
    }

    #[test]
    fn a_valid_spec_has_no_mismatch() {
        let spec = json!({
            "namespaces": {"names": ["payments-*"], "selector": {"matchLabels": {"team": "payments"}}},
            "rules": [{"rule": "cost/*", "enforcement": "Warn"}],
            "quota": {"hard": {"cpu": "64", "taskManagers": 40}},
            "scheduling": {"tolerations": [{"key": "flink", "operator": "Exists"}]},
            "flink": {"configuration": {"defaults": {"parallelism.default": 4}}, "resources": {"jobManager": {"cpu": 1}}}
        });
        assert_eq!(messages(spec), Vec::<String>::new());
    }

    #[test]
    fn every_mismatch_is_reported_with_its_place() {
        let spec = json!({
            "enforcment": "Warn",
            "enforcement": "warn",
            "quota": {"hard": {"cpu": 1.5}},
            "exemptions": [{"names": []}],
            "labels": ["a"],
            "security": {"runAs": {"user": -1, "uid": 1, "group": 2_147_483_648_i64, "fsGroup": "a"}}
        });
        assert_eq!(
            messages(spec),
            [
                "/enforcement `enforcement` is `warn`; write one of `Enforce`, `Warn`, `Audit`",
                "/enforcment unknown field `enforcment`: did you mean `enforcement`?",
                "/exemptions/0 `exemptions.0` has no field `rules`",
                "/labels `labels` is a list; write a mapping",
                "/quota/hard/cpu `quota.hard.cpu` is a number; write an integer, or a quantity in quotes",
                "/security/runAs/fsGroup `security.runAs.fsGroup` is a string; write an integer",
                "/security/runAs/group `security.runAs.group` is `2147483648`; write 2147483647 or less",
                "/security/runAs/uid unknown field `uid`: write one of `fsGroup`, `group`, `user`",
                "/security/runAs/user `security.runAs.user` is `-1`; write 0 or more",
            ]
        );
        assert_eq!(
            messages(json!({"security": {"runAs": "None"}})),
            ["/security/runAs `security.runAs` is `None`; write `none` or a mapping"]
        );
        assert_eq!(messages(json!({"security": {"runAs": "none"}})), [""; 0]);
    }
}
