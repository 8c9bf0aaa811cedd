//! A constraint's parameters by the schema of its template: defaults, and what is wrong.

use crate::resource::pointer;
use serde_json::{Map, Value};

/// A parameter that the schema does not allow.
#[derive(Debug, PartialEq)]
pub(super) struct Wrong {
    /// Pointer into the parameters.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
}

/// Writes the schema's defaults where parameters are absent.
pub(super) fn complete(parameters: &mut Option<Value>, schema: &Value) {
    if parameters.is_none() {
        *parameters = schema.get("default").cloned();
    }
    match parameters {
        Some(value) => complete_value(value, schema),
        // A default of a field is one of the parameters, too.
        None => {
            let mut value = Value::Object(Map::new());
            complete_value(&mut value, schema);
            *parameters = value.as_object().is_some_and(|it| !it.is_empty()).then_some(value);
        }
    }
}

fn complete_value(value: &mut Value, schema: &Value) {
    match value {
        Value::Object(fields) => {
            let known = schema.get("properties").and_then(Value::as_object);
            for (name, schema) in known.into_iter().flatten() {
                if !fields.contains_key(name)
                    && let Some(default) = schema.get("default")
                {
                    fields.insert(name.clone(), default.clone());
                }
                if let Some(value) = fields.get_mut(name) {
                    complete_value(value, schema);
                }
            }
            let other = schema.get("additionalProperties").filter(|it| it.is_object());
            if let Some(schema) = other {
                for (name, value) in fields {
                    if known.is_none_or(|known| !known.contains_key(name)) {
                        complete_value(value, schema);
                    }
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| complete_value(item, schema));
            }
        }
        _ => {}
    }
}

/// What the schema does not allow.
pub(super) fn check(parameters: &Value, schema: &Value) -> Vec<Wrong> {
    let mut found = Vec::new();
    check_value(parameters, schema, "", &mut found);
    found
}

fn check_value(value: &Value, schema: &Value, at: &str, found: &mut Vec<Wrong>) {
    let mut wrong = |message: String| found.push(Wrong { pointer: at.to_owned(), message });
    let is = |field: &str| schema.get(field) == Some(&Value::Bool(true));
    if value.is_null() && is("nullable") {
        return;
    }
    if let Some(expected) = schema.get("type").and_then(Value::as_str)
        && !is("x-kubernetes-int-or-string")
        && !has_type(value, expected)
    {
        wrong(format!("the parameter is not of type {expected}"));
        return;
    }
    if is("x-kubernetes-int-or-string") && !(value.is_string() || has_type(value, "integer")) {
        wrong("the parameter is neither a number nor a string".into());
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        let names: Vec<String> = allowed.iter().map(Value::to_string).collect();
        wrong(format!("the parameter is none of {}", names.join(", ")));
    }
    let limit = |field: &str| schema.get(field).and_then(Value::as_f64);
    let mut bounds = |amount: f64, least: &str, most: &str, what: &str| {
        if limit(least).is_some_and(|least| amount < least) {
            wrong(format!("{what} is below {least} of the schema"));
        }
        if limit(most).is_some_and(|most| amount > most) {
            wrong(format!("{what} is above {most} of the schema"));
        }
    };
    match value {
        Value::Number(number) => {
            bounds(number.as_f64().unwrap_or_default(), "minimum", "maximum", "the parameter");
        }
        Value::String(text) => {
            let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
            bounds(length.into(), "minLength", "maxLength", "the length");
        }
        Value::Array(items) => {
            let length = u32::try_from(items.len()).unwrap_or(u32::MAX);
            bounds(length.into(), "minItems", "maxItems", "the number of items");
            if let Some(schema) = schema.get("items") {
                for (index, item) in items.iter().enumerate() {
                    check_value(item, schema, &pointer::join(at, &index.to_string()), found);
                }
            }
        }
        Value::Object(fields) => {
            let required = schema.get("required").and_then(Value::as_array);
            for name in required.into_iter().flatten().filter_map(Value::as_str) {
                if !fields.contains_key(name) {
                    wrong(format!("the parameter `{name}` is missing"));
                }
            }
            let known = schema.get("properties").and_then(Value::as_object);
            let other = schema.get("additionalProperties").filter(|it| it.is_object());
            for (name, value) in fields {
                let schema = known.and_then(|known| known.get(name)).or(other);
                if let Some(schema) = schema {
                    check_value(value, schema, &pointer::join(at, name), found);
                }
            }
        }
        _ => {}
    }
}

fn has_type(value: &Value, expected: &str) -> bool {
    match expected {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|it| it.fract() == 0.0)
        }
        _ => true,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Value {
        json!({"type": "object", "required": ["labels"], "properties": {
            "labels": {"type": "array", "minItems": 1, "items": {"type": "object", "properties": {
                "key": {"type": "string"}, "mode": {"type": "string", "default": "strict"}}}},
            "level": {"type": "string", "enum": ["low", "high"], "default": "low"},
            "limit": {"type": "integer", "minimum": 1},
            "any": {"x-kubernetes-int-or-string": true}}})
    }

    #[test]
    fn defaults_are_written_at_every_depth() {
        let mut parameters = Some(json!({"labels": [{"key": "a"}]}));
        complete(&mut parameters, &schema());
        let expected = json!({"labels": [{"key": "a", "mode": "strict"}], "level": "low"});
        assert_eq!(parameters, Some(expected));
        let mut none = None;
        complete(&mut none, &schema());
        assert_eq!(none, Some(json!({"level": "low"})));
        let mut none = None;
        complete(&mut none, &json!({"type": "object"}));
        assert_eq!(none, None);
    }

    #[test]
    fn what_the_schema_does_not_allow_is_found_with_its_place() {
        for (parameters, place, part) in [
            (json!({}), "", "`labels` is missing"),
            (json!({"labels": []}), "/labels", "below minItems"),
            (json!({"labels": [{"key": 1}]}), "/labels/0/key", "not of type string"),
            (json!({"labels": [{}], "level": "x"}), "/level", "none of \"low\", \"high\""),
            (json!({"labels": [{}], "limit": 0}), "/limit", "below minimum"),
            (json!({"labels": [{}], "limit": 1.5}), "/limit", "not of type integer"),
            (json!({"labels": [{}], "any": []}), "/any", "neither a number nor a string"),
            (json!([]), "", "not of type object"),
        ] {
            let found = check(&parameters, &schema());
            assert_eq!(found.len(), 1, "{parameters}: {found:?}");
            assert_eq!(found[0].pointer, place);
            assert!(found[0].message.contains(part), "{found:?}");
        }
        assert_eq!(check(&json!({"labels": [{"key": "a"}], "limit": 2, "any": 1}), &schema()), []);
    }
}
