//! `flink.pods`: each set of pods with its template and what rules ask about it.

use super::containers::{Container, containers};
use super::convert::convert;
use super::identity::Account;
use super::{object, path};
use crate::flink::{PodSet, Template, Workload};
use crate::resource::pointer;
use regorus::Value;
use serde_json::Value as Json;

/// What is known of a set of pods before any of it is made a value for the policy engine.
pub struct Pods<'a> {
    /// The set.
    pub set: &'a PodSet,
    /// Its template.
    pub template: &'a Json,
    /// Its containers.
    pub containers: Vec<Container<'a>>,
    /// What it runs as.
    pub account: Account<'a>,
}

/// All sets of a workload.
pub fn read<'a>(workload: &'a Workload, root: &'a Json) -> Vec<Pods<'a>> {
    let read = |set: &'a PodSet| {
        let template = set.template(root);
        Pods {
            set,
            template,
            containers: containers(set, template, workload, root),
            account: Account::of(set, template, workload, root),
        }
    };
    workload.pods.iter().map(read).collect()
}

/// The sets as rules see them. `converted` is the converted object where there is one: templates
/// are shared with it.
pub fn described(pods: &[Pods<'_>], converted: Option<&Value>, tenant: &Value) -> Value {
    let mut templates: Vec<(&Json, Value)> = Vec::with_capacity(pods.len());
    let sets = pods.iter().map(|Pods { set, template: json, containers, account }| {
        let template = match (&set.template, converted) {
            (Template::InObject(pointer), Some(converted)) => at(converted, pointer),
            // The operator's JobManager and TaskManager templates are often the same.
            _ => templates
                .iter()
                .find(|(other, _)| other == json)
                .map_or_else(|| convert(json), |(_, same)| same.clone()),
        };
        templates.push((json, template.clone()));
        // An object even where there is none, so that rules can look into it.
        let template =
            if matches!(template, Value::Object(_)) { template } else { Value::new_object() };
        let containers = containers
            .iter()
            .map(|container| container.described(set.path(), &template, tenant))
            .collect::<Vec<_>>();
        object([
            ("role", Value::from(set.role.as_str())),
            ("replicas", Value::from(set.replicas)),
            ("main", set.main_container.map_or(Value::Null, Value::from)),
            ("containers", Value::from(containers)),
            ("serviceAccount", account.described()),
            ("template", template),
            ("path", Value::from(path(set.path()))),
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
