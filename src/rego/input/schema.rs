//! The JSON Schema of [`Input`], and what it knows of a field.

use super::Input;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use std::sync::LazyLock;

/// The schema, made once.
pub fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        settings.into_generator().into_root_schema_for::<Input>().to_value()
    });
    &SCHEMA
}

/// What the schema knows of a field below a place.
#[derive(Debug, PartialEq)]
pub enum Field<'a> {
    /// The schema of the field.
    Known(&'a Value),
    /// Any field may be there.
    Open,
    /// No such field. These are known instead; none if the place is not an object.
    Unknown(Vec<&'a str>),
}

/// Looks up a field, or at `None` a field or element that is only known at run time.
pub fn field<'a>(place: &'a Value, name: Option<&str>) -> Field<'a> {
    let mut known = Vec::new();
    for place in alternatives(place) {
        let properties = place.get("properties").and_then(Value::as_object);
        let rest = place.get("additionalProperties").or_else(|| place.get("items"));
        match (name, properties, rest) {
            (None, Some(_), _) => return Field::Open,
            (Some(name), Some(properties), _) if properties.contains_key(name) => {
                return properties.get(name).map_or(Field::Open, Field::Known);
            }
            (Some(_), Some(properties), None | Some(Value::Bool(false))) => {
                known.extend(properties.keys().map(String::as_str));
            }
            (Some(_), None, Some(_)) if place.get("items").is_some() => {}
            (_, _, Some(rest)) => return Field::Known(rest),
            (_, None, None) if is_scalar(place) => {}
            (_, None, None) => return Field::Open,
        }
    }
    Field::Unknown(known)
}

/// A schema without references, one for each alternative; null is none.
fn alternatives(place: &Value) -> Vec<&Value> {
    let mut open = vec![place];
    let mut found = Vec::new();
    while let Some(place) = open.pop() {
        let target = place.get("$ref").and_then(Value::as_str).and_then(|reference| {
            schema().pointer(reference.strip_prefix('#').unwrap_or_default())
        });
        let any_of = place.get("anyOf").or_else(|| place.get("oneOf")).and_then(Value::as_array);
        match (target, any_of) {
            (Some(target), _) => open.push(target),
            (None, Some(any_of)) => open.extend(any_of),
            (None, None) if place.get("type").is_some_and(|name| name == "null") => {}
            (None, None) => found.push(place),
        }
    }
    found
}

fn is_scalar(place: &Value) -> bool {
    let scalar = |name: &Value| !matches!(name.as_str(), Some("object" | "array"));
    match place.get("type") {
        None => place.get("const").is_some() || place.get("enum").is_some(),
        Some(Value::Array(names)) => names.iter().all(scalar),
        Some(name) => scalar(name),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    /// What is found at the end of a path; `*` is a name that is only known at run time.
    fn at(path: &str) -> Field<'static> {
        path.split('.').fold(Field::Known(schema()), |found, name| match found {
            Field::Known(place) => field(place, Some(name).filter(|name| *name != "*")),
            other => other,
        })
    }

    #[test]
    fn fields_are_known_to_any_depth() {
        for path in [
            "request.userInfo.extra.x.*",
            "tenant.security.podSecurity.level",
            "tenant.namespaces.selector.matchLabels.team",
            "flink.pods.*.containers.*.image.registry",
            "flink.config.a",
            "flink.size.total.extended.gpu",
            "flink.memory.jobManager.heap",
            "flink.memory.jobManager.error",
            "quota.hard.cpu",
        ] {
            assert!(matches!(at(path), Field::Known(_)), "{path}: {:?}", at(path));
        }
    }

    #[test]
    fn what_users_write_is_open() {
        for path in [
            "object.spec.x",
            "oldObject.spec.x",
            "flink.pods.*.template.spec.x",
            "flink.pods.*.containers.*.spec.x",
            "flink.*.x",
        ] {
            assert_eq!(at(path), Field::Open, "{path}");
        }
    }

    #[test]
    fn an_unknown_field_comes_with_the_known_ones() {
        assert_eq!(at("request.kind.x"), Field::Unknown(vec!["group", "kind", "version"]));
        for path in ["flink.engine.x", "flink.pods.role", "flink.config.a.x", "quota.hard.cpu.x"] {
            assert_eq!(at(path), Field::Unknown(Vec::new()), "{path}");
        }
    }
}
