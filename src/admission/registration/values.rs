//! What an administrator changes by the chart's values `webhooks`: the chart writes the changed values
//! into an annotation of both configurations, so that Flinkgate expects them.

use super::NAME_LABEL;
use crate::admission::answer::Webhook;
use crate::flink::requester::DEFAULT_OPERATOR_USER;
use serde_json::{Map, Value, json};

/// The annotation with the values, as JSON. Only those who may change the webhooks themselves can
/// write it.
pub const VALUES_ANNOTATION: &str = "flinkgate.dev/webhook-values";

/// Applies the values in the annotation of a stored configuration to a printed one, as the chart's
/// template does.
pub(super) fn apply(webhook: Webhook, stored: &Value, printed: &mut Value) {
    let annotations = stored.pointer("/metadata/annotations");
    let text = annotations.and_then(|all| all.get(VALUES_ANNOTATION)?.as_str());
    let Some(values) = text.and_then(|text| serde_json::from_str::<Value>(text).ok()) else {
        return;
    };
    let of_kind = values.get(match webhook {
        Webhook::Mutate => "mutating",
        Webhook::Validate => "validating",
    });
    let exempt = values.get("exemptNamespaces").and_then(Value::as_array);
    let operators = operator_list(values.get("operatorUsers"));
    let webhooks = printed.get_mut("webhooks").and_then(Value::as_array_mut);
    for webhook in webhooks.into_iter().flatten() {
        let name = webhook.get("name").and_then(Value::as_str).unwrap_or_default();
        let name = name.strip_suffix(".flinkgate.dev").unwrap_or_default().to_owned();
        let empty = Value::Object(Map::new());
        let values = of_kind.and_then(|all| all.get(&name)).unwrap_or(&empty);
        for field in ["failurePolicy", "timeoutSeconds"] {
            if let (Some(value), Some(webhook)) = (values.get(field), webhook.as_object_mut()) {
                webhook.insert(field.to_owned(), value.clone());
            }
        }
        if let (Some(operators), Some(conditions)) =
            (&operators, webhook.get_mut("matchConditions"))
        {
            name_operators(conditions, operators);
        }
        if let Some(selector) = webhook.get_mut("namespaceSelector") {
            exempt_namespaces(selector, exempt);
            narrow(selector, values.get("namespaceSelector"));
        }
    }
}

/// Writes the users of the operators into the conditions of a printed configuration, and into the
/// annotation by which Flinkgate expects them.
pub fn set_operators(printed: &mut Value, users: &[String]) {
    let text = json!({"operatorUsers": users}).to_string();
    let stored = json!({"metadata": {"annotations": {VALUES_ANNOTATION: text}}});
    apply(Webhook::Validate, &stored, printed);
    if let Some(metadata) = printed.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("annotations".into(), json!({VALUES_ANNOTATION: text}));
    }
}

/// The operators' users as text of a condition: `'a', 'b'`.
fn operator_list(users: Option<&Value>) -> Option<String> {
    let users = users?.as_array()?.iter().filter_map(Value::as_str);
    let quoted = |user: &str| format!("'{}'", user.replace('\\', r"\\").replace('\'', r"\'"));
    Some(users.map(quoted).collect::<Vec<_>>().join(", "))
}

fn name_operators(conditions: &mut Value, operators: &str) {
    for condition in conditions.as_array_mut().into_iter().flatten() {
        if let Some(Value::String(expression)) = condition.get_mut("expression") {
            *expression = expression.replace(&format!("'{DEFAULT_OPERATOR_USER}'"), operators);
        }
    }
}

fn exempt_namespaces(selector: &mut Value, more: Option<&Vec<Value>>) {
    let requirements = selector.get_mut("matchExpressions").and_then(Value::as_array_mut);
    for requirement in requirements.into_iter().flatten() {
        if requirement.get("key").and_then(Value::as_str) == Some(NAME_LABEL)
            && let Some(values) = requirement.get_mut("values").and_then(Value::as_array_mut)
        {
            values.extend(more.into_iter().flatten().cloned());
        }
    }
}

fn narrow(selector: &mut Value, by: Option<&Value>) {
    let Some((selector, by)) = selector.as_object_mut().zip(by) else { return };
    if let Some(labels) = by.get("matchLabels") {
        selector.insert("matchLabels".to_owned(), labels.clone());
    }
    if let Some(more) = by.get("matchExpressions").and_then(Value::as_array)
        && let Some(all) =
            selector.entry("matchExpressions").or_insert_with(|| json!([])).as_array_mut()
    {
        all.extend(more.iter().cloned());
    }
}
