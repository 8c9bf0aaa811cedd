//! `--repair-webhooks`: restores configurations that differ from what `flinkgate webhooks` prints, if
//! no other tool manages them.

use super::owner::Owner;
use crate::admission::answer::Webhook;
use crate::admission::registration::differences::{expected, webhooks};
use crate::admission::registration::endpoint::{Endpoint, Service};
use crate::admission::registration::path_token::with_token;
use crate::admission::registration::{Registration, SERVICE};
use kube::core::DynamicObject;
use serde_json::{Value, json};

/// What restores a configuration.
#[derive(Clone, Debug)]
pub(super) enum Repair {
    /// A JSON merge patch.
    Patch(Value),
    /// The configuration does not exist.
    Create(Box<DynamicObject>),
}

/// What restores a stored configuration that differs; `None` if another tool manages it. `other` is
/// the other configuration: it says how API servers reach Flinkgate.
pub(super) fn repair(
    door: Webhook,
    stored: Option<&Value>,
    other: Option<&Value>,
    namespace: &str,
) -> Option<Repair> {
    // A tool that manages one of them also restores the other.
    if [stored, other].into_iter().flatten().any(|one| Owner::of(one).is_some()) {
        return None;
    }
    let Some(stored) = stored else {
        return create(door, other, namespace).map(|made| Repair::Create(Box::new(made)));
    };
    let mut wanted = webhooks(&expected(door, stored, namespace)).to_vec();
    for webhook in &mut wanted {
        let same = |one: &&Value| one.get("name") == webhook.get("name");
        let known = webhooks(stored).iter().find(same).or_else(|| webhooks(stored).first());
        if let Some(client) = known.and_then(|known| known.get("clientConfig")) {
            set_client(webhook, client, namespace);
        }
    }
    let version = stored.pointer("/metadata/resourceVersion");
    Some(Repair::Patch(json!({"metadata": {"resourceVersion": version}, "webhooks": wanted})))
}

/// A `clientConfig` that API servers used before; Flinkgate's namespace is the only one to ask.
fn set_client(webhook: &mut Value, client: &Value, namespace: &str) {
    let mut client = client.clone();
    if let Some(service) = client.get_mut("service").and_then(Value::as_object_mut) {
        service.insert("namespace".to_owned(), json!(namespace));
    }
    if let Some(webhook) = webhook.as_object_mut() {
        webhook.insert("clientConfig".to_owned(), client);
    }
}

fn create(door: Webhook, other: Option<&Value>, namespace: &str) -> Option<DynamicObject> {
    let service = Service { namespace: namespace.to_owned(), name: SERVICE.into() };
    let registration =
        Registration { endpoint: Endpoint::Service(service), ca_bundle: None, path_token: None };
    let mut made = registration.printed(door).ok()?;
    // The other configuration knows the address, and its authorities; its path is for the other
    // webhook, so that the next step writes this one's.
    let client = other.and_then(|other| webhooks(other).first()?.get("clientConfig"));
    if let (Some(client), Some(made)) =
        (client, made.get_mut("webhooks").and_then(Value::as_array_mut))
    {
        let mut client = client.clone();
        let other_door = match door {
            Webhook::Mutate => Webhook::Validate,
            Webhook::Validate => Webhook::Mutate,
        };
        move_to(&mut client, other_door, door);
        made.iter_mut().for_each(|webhook| set_client(webhook, &client, namespace));
    }
    serde_json::from_value(made).ok()
}

/// Leads an address to another webhook, without a token.
fn move_to(client: &mut Value, from: Webhook, to: Webhook) {
    for pointer in ["/url", "/service/path"] {
        if let Some(Value::String(address)) = client.pointer_mut(pointer) {
            let bare = with_token(address, from, None);
            let before = bare.strip_suffix(from.as_str()).unwrap_or_default();
            *address = format!("{before}{}", to.as_str());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::admission::registration::differences::differences;

    const OWN: &str = "gate";

    fn stored(door: Webhook, token: &str) -> Value {
        let service = json!({"clientConfig": {"service": {"namespace": OWN, "name": "front"}}});
        let mut stored = expected(door, &json!({"webhooks": [service]}), OWN);
        stored["metadata"] = json!({"name": "flinkgate", "resourceVersion": "7"});
        for webhook in stored["webhooks"].as_array_mut().unwrap() {
            let path = format!("/{}/{token}", door.as_str());
            webhook["clientConfig"] = json!({"caBundle": "AAAA", "service": {"namespace": OWN, "name": "front", "port": 9, "path": path}});
        }
        stored
    }

    #[test]
    fn fields_are_restored_and_addresses_stay() {
        let good = stored(Webhook::Validate, "t");
        let mut bad = good.clone();
        bad["webhooks"][0]["failurePolicy"] = json!("Ignore");
        bad["webhooks"].as_array_mut().unwrap().remove(3);
        let Some(Repair::Patch(patch)) = repair(Webhook::Validate, Some(&bad), None, OWN) else {
            panic!("no patch");
        };
        assert_eq!(patch["metadata"], json!({"resourceVersion": "7"}));
        assert_eq!(patch["webhooks"], good["webhooks"]);
    }

    #[test]
    fn a_deleted_configuration_is_created_at_the_address_of_the_other() {
        let other = stored(Webhook::Mutate, "t");
        for (other, client) in [
            (
                Some(&other),
                json!({"caBundle": "AAAA", "service": {"namespace": OWN, "name": "front", "port": 9, "path": "/validate"}}),
            ),
            (
                None,
                json!({"service": {"namespace": OWN, "name": "flinkgate", "port": 443, "path": "/validate"}}),
            ),
        ] {
            let Some(Repair::Create(made)) = repair(Webhook::Validate, None, other, OWN) else {
                panic!("nothing created");
            };
            let made = serde_json::to_value(*made).unwrap();
            assert_eq!(made["webhooks"][0]["clientConfig"], client);
            assert_eq!(differences(Webhook::Validate, Some(&made), OWN), vec![]);
        }
    }

    #[test]
    fn what_another_tool_manages_is_left_alone() {
        let mut managed = stored(Webhook::Validate, "t");
        managed["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "Helm"});
        managed["webhooks"] = json!([]);
        assert!(repair(Webhook::Validate, Some(&managed), None, OWN).is_none());
        assert!(repair(Webhook::Mutate, None, Some(&managed), OWN).is_none());
    }
}
