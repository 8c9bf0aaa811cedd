//! `flink.pods`: each set of pods with its template and what rules ask about it.

use super::convert::convert;
use super::{as_text, get, object, path, text};
use crate::flink::Template;
use crate::flink::pods::{Container, ContainerImage, Pods, ServiceAccount};
use crate::resource::pointer;
use regorus::Value;
use serde_json::Value as Json;

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
            .map(|container| described_container(container, set.path(), &template, tenant))
            .collect::<Vec<_>>();
        object([
            ("role", Value::from(set.role.as_str())),
            ("replicas", Value::from(set.replicas)),
            ("main", set.main_container.map_or(Value::Null, Value::from)),
            ("containers", Value::from(containers)),
            ("serviceAccount", described_account(account)),
            ("template", template),
            ("path", Value::from(path(set.path()))),
        ])
    });
    Value::from(sets.collect::<Vec<_>>())
}

fn described_container(
    container: &Container<'_>,
    base: &str,
    template: &Value,
    tenant: &Value,
) -> Value {
    let spec = match container.spec {
        Some(_) => template["spec"][container.kind][container.index].clone(),
        None => Value::new_object(),
    };
    object([
        ("kind", Value::from(container.kind)),
        ("index", Value::from(container.index)),
        ("name", Value::from(container.name)),
        ("main", Value::Bool(container.main)),
        ("path", Value::from(path(&container.place(base)))),
        ("image", described_image(&container.image, tenant)),
        ("spec", spec),
    ])
}

fn described_image(image: &ContainerImage<'_>, tenant: &Value) -> Value {
    let allowed = match get(tenant, &["security", "images", "allow"]) {
        Value::Array(patterns) => image.is_from(patterns.as_slice().iter().filter_map(as_text)),
        _ => true,
    };
    let parsed = image.parsed.as_ref();
    object([
        ("text", Value::from(image.text())),
        ("path", Value::from(path(&image.place))),
        ("allowed", Value::Bool(allowed)),
        ("floating", Value::Bool(image.is_floating())),
        ("valid", Value::Bool(parsed.is_some())),
        ("registry", text(parsed.map(|image| &*image.registry))),
        ("repository", text(parsed.map(|image| &*image.repository))),
        ("tag", text(parsed.and_then(|image| image.tag))),
        ("digest", text(image.digest())),
    ])
}

fn described_account(account: &ServiceAccount<'_>) -> Value {
    object([("name", Value::from(account.name)), ("path", Value::from(path(&account.place)))])
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
