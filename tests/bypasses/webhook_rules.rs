//! The registered webhooks: which ask about a request, according to their rules and matchConditions.

use crate::{cases, cel};
use flinkgate::kinds;
use flinkgate::resource::{Operation, Resource, yaml};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The webhooks of both configurations as `flinkgate webhooks` prints them, with their kind.
pub static WEBHOOKS: LazyLock<Vec<(String, Value)>> = LazyLock::new(|| {
    let output =
        assert_cmd::Command::cargo_bin("flinkgate").unwrap().arg("webhooks").output().unwrap();
    let mut found = Vec::new();
    for document in yaml::parse(&String::from_utf8(output.stdout).unwrap()) {
        let Some(configuration) = document.value.filter(|value| value["webhooks"].is_array())
        else {
            continue;
        };
        let kind = configuration["kind"].as_str().unwrap();
        found.extend(
            cases::list(&configuration["webhooks"])
                .iter()
                .map(|webhook| (kind.to_owned(), webhook.clone())),
        );
    }
    assert!(found.len() > 8);
    found
});

/// Whether a validating webhook asks about a request.
pub fn validates(resource: &Resource) -> bool {
    asks("ValidatingWebhookConfiguration", resource)
}

/// Whether a mutating webhook asks about a request.
pub fn mutates(resource: &Resource) -> bool {
    asks("MutatingWebhookConfiguration", resource)
}

fn asks(kind: &str, resource: &Resource) -> bool {
    let request = json!({
        "operation": match resource.operation {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
            Operation::Connect => "CONNECT",
        },
        "userInfo": {"username": resource.user.username, "groups": resource.user.groups},
        "resource": {"resource": kinds::of(&resource.kind).map(|kind| kind.plural)},
    });
    let old = resource.old_object.clone().unwrap_or_default();
    let environment = json!({"request": request, "object": resource.object, "oldObject": old});
    WEBHOOKS.iter().filter(|(configuration, _)| configuration == kind).any(|(_, webhook)| {
        cases::list(&webhook["rules"]).iter().any(|rule| applies(rule, resource, &request))
            && cases::list(&webhook["matchConditions"]).iter().all(|condition| {
                match condition["name"].as_str().unwrap() {
                    // tests/cluster/config_maps.rs asks a real API server about these two.
                    "holds-options" => true,
                    "holds-autoscaler-state" => resource.name.starts_with("autoscaler-"),
                    _ => cel::is_true(condition["expression"].as_str().unwrap(), &environment),
                }
            })
    })
}

fn applies(rule: &Value, resource: &Resource, request: &Value) -> bool {
    let has = |field: &str, value: &str| {
        cases::list(&rule[field]).iter().any(|one| *one == value || *one == "*")
    };
    let plural = flinkgate::kinds::of(&resource.kind).unwrap().plural;
    let asked = match &resource.sub_resource {
        Some(sub_resource) => format!("{plural}/{sub_resource}"),
        None => plural.to_owned(),
    };
    has("apiGroups", &resource.kind.group)
        && has("apiVersions", &resource.kind.version)
        && has("operations", request["operation"].as_str().unwrap())
        && has("resources", &asked)
}
