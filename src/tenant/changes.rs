//! The fields in which two specs differ.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A field that two specs have different values of.
#[derive(Clone, Debug, PartialEq)]
pub struct SpecChange {
    /// The field's name and those of the fields around it, outermost first.
    pub path: Vec<String>,
    /// The earlier value; `None` where it was not set.
    pub before: Option<Value>,
    /// The later value; `None` where it is not set.
    pub after: Option<Value>,
}

impl SpecChange {
    /// The path as text: `flink.configuration.enforced["state.checkpoints.dir"]`.
    pub fn field(&self) -> String {
        let mut text = String::new();
        for name in &self.path {
            let is_plain = name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
            if !is_plain || name.is_empty() {
                text.push_str(&format!("[{name:?}]"));
                continue;
            }
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(name);
        }
        text
    }
}

/// The changes from one spec to another, by field. Lists are compared as a whole.
pub fn between(before: &Value, after: &Value) -> Vec<SpecChange> {
    let mut changes = Vec::new();
    compare(&mut Vec::new(), Some(before), Some(after), &mut changes);
    changes
}

fn compare(
    path: &mut Vec<String>,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<SpecChange>,
) {
    if before == after {
        return;
    }
    let empty = Map::new();
    // An object that is not set has no fields.
    let fields = |value: Option<&Value>| value.map_or(Some(Map::new()), |v| v.as_object().cloned());
    let is_set = |value: &Map<String, Value>| *value != empty;
    match (fields(before), fields(after)) {
        (Some(one), Some(other)) if is_set(&one) || is_set(&other) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for name in names {
                path.push(name.clone());
                compare(path, one.get(name), other.get(name), changes);
                path.pop();
            }
        }
        _ => changes.push(SpecChange {
            path: path.clone(),
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn changes(before: Value, after: Value) -> Vec<(String, Option<Value>, Option<Value>)> {
        let changes = between(&before, &after).into_iter();
        changes.map(|change| (change.field(), change.before, change.after)).collect()
    }

    #[test]
    fn each_changed_field_is_named_once() {
        let before = json!({"labels": {"a": "1", "b": "2"}, "same": [1],
            "flink": {"configuration": {"enforced": {"state.checkpoints.dir": "s3://a"}}}});
        let after =
            json!({"labels": {"a": "1", "b": "3"}, "same": [1], "storage": {"size": "1Gi"}});
        assert_eq!(
            changes(before, after),
            [
                (
                    r#"flink.configuration.enforced["state.checkpoints.dir"]"#.to_owned(),
                    Some(json!("s3://a")),
                    None
                ),
                ("labels.b".to_owned(), Some(json!("2")), Some(json!("3"))),
                ("storage.size".to_owned(), None, Some(json!("1Gi"))),
            ]
        );
    }

    #[test]
    fn lists_and_empty_objects_are_values() {
        assert_eq!(changes(json!({"a": {"b": 1}}), json!({"a": {"b": 1}})), []);
        assert_eq!(
            changes(json!({"a": [1], "b": {}}), json!({"a": [1, 2]})),
            [
                ("a".to_owned(), Some(json!([1])), Some(json!([1, 2]))),
                ("b".to_owned(), Some(json!({})), None)
            ]
        );
        // A value of another type, and a name that is no name.
        assert_eq!(
            changes(json!({"": {"x\n": 1}}), json!({"": 2})),
            [(r#"[""]"#.to_owned(), Some(json!({"x\n": 1})), Some(json!(2)))]
        );
    }
}
