//! `flink.pods`: each set of pods with its template and what rules ask about it.

use super::containers::containers;
use super::convert::convert;
use super::identity::service_account;
use super::{object, path};
use crate::flink::{Template, Workload};
use crate::resource::pointer;
use regorus::Value;

/// All sets of a workload. `converted` is the converted object where there is one: templates are shared with it.
pub fn pods(workload: &Workload, object_: &serde_json::Value, converted: Option<&Value>, tenant: &Value) -> Value {
    let mut templates: Vec<(&serde_json::Value, Value)> = Vec::with_capacity(workload.pods.len());
    let sets = workload.pods.iter().map(|set| {
        let json = set.template(object_);
        let template = match (&set.template, converted) {
            (Template::InObject(pointer), Some(converted)) => at(converted, pointer),
            // The operator's JobManager and TaskManager templates are often the same.
            _ => templates.iter().find(|(other, _)| *other == json).map_or_else(|| convert(json), |(_, same)| same.clone()),
        };
        templates.push((json, template.clone()));
        // An object even where there is none, so that rules can look into it.
        let template = if matches!(template, Value::Object(_)) { template } else { Value::new_object() };
        let base = path(set.path());
        let containers = containers(set, &template, &base, workload, object_, tenant);
        object([
            ("role", Value::from(set.role.as_str())),
            ("replicas", Value::from(set.replicas)),
            ("main", set.main_container.map_or(Value::Null, Value::from)),
            ("containers", containers),
            ("serviceAccount", service_account(set, &template, &base, workload, object_)),
            ("template", template),
            ("path", Value::from(base)),
        ])
    });
    Value::from(sets.collect::<Vec<_>>())
}

/// What a JSON Pointer names in a converted object; `Null` where it names nothing.
fn at(root: &Value, pointer: &str) -> Value {
    let found = pointer::tokens(pointer).try_fold(root, |value, token| match value {
        Value::Array(elements) => elements.get(token.parse().ok()?),
        Value::Object(fields) => fields.get(&Value::from(&*token)),
        _ => None,
    });
    found.cloned().unwrap_or(Value::Null)
}
