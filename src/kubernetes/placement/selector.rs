//! Matches label selectors against the labels of a pod set, as Kubernetes does.

use super::labels::Label;
use serde_json::Value;

/// Whether a `labelSelector` matches these labels. A missing selector matches nothing, an empty one
/// everything. An expression on a label with an unknown or different value per pod does not match,
/// because the result is not certain.
pub fn selects<'l>(selector: Option<&Value>, label: impl Fn(&str) -> Label<'l>) -> bool {
    let Some(selector) = selector.and_then(Value::as_object) else { return false };
    let mut wanted = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    wanted.all(|(key, value)| value.as_str().is_some_and(|value| label(key) == Label::Value(value)))
        && list(selector.get("matchExpressions")).iter().all(|expression| holds(expression, &label))
}

fn holds<'l>(expression: &Value, label: &impl Fn(&str) -> Label<'l>) -> bool {
    let Some(key) = expression.get("key").and_then(Value::as_str) else { return false };
    let values = list(expression.get("values"));
    let is_listed = |value: &str| values.iter().any(|listed| listed.as_str() == Some(value));
    match (expression.get("operator").and_then(Value::as_str), label(key)) {
        (Some("In"), Label::Value(value)) => is_listed(value),
        (Some("NotIn"), Label::Value(value)) => !is_listed(value),
        (Some("Exists"), Label::Value(_)) | (Some("NotIn" | "DoesNotExist"), Label::Absent) => true,
        _ => false,
    }
}

/// The elements of a list; empty for any other value.
pub(super) fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn label(key: &str) -> Label<'static> {
        match key {
            "app" => Label::Value("etl"),
            "hash" => Label::Later,
            "index" => Label::Unique,
            _ => Label::Absent,
        }
    }

    #[test]
    fn selectors_match_as_in_kubernetes() {
        let expression = |key: &str, operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        for (selector, expected) in [
            (json!(null), false),
            (json!({}), true),
            (json!({"matchLabels": null, "matchExpressions": []}), true),
            (json!({"matchLabels": {"app": "etl"}}), true),
            (json!({"matchLabels": {"app": "other"}}), false),
            (json!({"matchLabels": {"app": "etl", "none": "x"}}), false),
            (json!({"matchLabels": {"app": 7}}), false),
            (json!({"matchLabels": {"index": "0"}}), false),
            (expression("app", "In", &["x", "etl"]), true),
            (expression("app", "In", &["x"]), false),
            (expression("app", "NotIn", &["x"]), true),
            (expression("app", "NotIn", &["etl"]), false),
            (expression("none", "NotIn", &["etl"]), true),
            (expression("none", "In", &["etl"]), false),
            (expression("app", "Exists", &[]), true),
            (expression("none", "Exists", &[]), false),
            (expression("none", "DoesNotExist", &[]), true),
            (expression("app", "DoesNotExist", &[]), false),
            (expression("hash", "NotIn", &["x"]), false),
            (expression("index", "NotIn", &["x"]), false),
            (expression("app", "Gt", &["1"]), false),
            (json!({"matchExpressions": [{"operator": "Exists"}]}), false),
        ] {
            assert_eq!(selects(Some(&selector), label), expected, "{selector}");
        }
        assert!(!selects(None, label));
    }
}
