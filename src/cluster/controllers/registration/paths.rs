//! The path of every webhook in a configuration, which ends with the path token. All other fields are
//! the user's.

use crate::admission::answer::Webhook;
use crate::admission::registration::differences::webhooks;
use crate::admission::registration::path_token::{PathToken, path, with_token};
use serde_json::{Value, json};

/// A webhook's address in `clientConfig`: the path of a Service, or a URL.
enum Address<'a> {
    Path(&'a str),
    Url(&'a str),
}

fn address(webhook: &Value) -> Option<Address<'_>> {
    let client = webhook.get("clientConfig")?;
    if let Some(url) = client.get("url").and_then(Value::as_str) {
        return Some(Address::Url(url));
    }
    let path = client.get("service")?.get("path").and_then(Value::as_str).unwrap_or_default();
    Some(Address::Path(path))
}

/// For each webhook of a configuration, which of `tokens` its path has.
pub(super) fn sent(
    door: Webhook,
    configuration: &Value,
    tokens: &[PathToken],
) -> Vec<Option<usize>> {
    let find = |webhook: &Value| {
        let stored = match address(webhook)? {
            Address::Path(stored) | Address::Url(stored) => stored,
        };
        tokens.iter().position(|token| {
            stored.ends_with(&path(door, Some(token)))
                && with_token(stored, door, Some(token)) == stored
        })
    };
    webhooks(configuration).iter().filter(|webhook| address(webhook).is_some()).map(find).collect()
}

/// The patch that writes a token into the path of every webhook and nothing else; `None` when they
/// have it. It carries the resource version, so that it fails when another client wrote in the
/// meantime.
pub(super) fn patch(
    door: Webhook,
    configuration: &Value,
    token: Option<&PathToken>,
) -> Option<Value> {
    let wanted = |webhook: &Value| {
        let (stored, field) = match address(webhook)? {
            Address::Path(stored) => (stored, "path"),
            Address::Url(stored) => (stored, "url"),
        };
        let address = with_token(stored, door, token);
        if address == stored {
            return None;
        }
        let client = match field {
            "url" => json!({"url": address}),
            _ => json!({"service": {"path": address}}),
        };
        Some(json!({"name": webhook.get("name")?, "clientConfig": client}))
    };
    let changes: Vec<Value> = webhooks(configuration).iter().filter_map(wanted).collect();
    let version = configuration.pointer("/metadata/resourceVersion");
    (!changes.is_empty())
        .then(|| json!({"metadata": {"resourceVersion": version}, "webhooks": changes}))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_without_the_token_are_patched() {
        let (old, new) = (PathToken::make().unwrap(), PathToken::make().unwrap());
        let at = |token| path(Webhook::Validate, Some(token));
        let service = |name: &str, path: Option<&str>| {
            json!({"name": name, "clientConfig": {"caBundle": "AAAA",
            "service": {"namespace": "flinkgate-system", "name": "flinkgate", "port": 443, "path": path}}})
        };
        let configuration = json!({"metadata": {"resourceVersion": "5"}, "webhooks": [
            service("good", Some(&at(&new))),
            service("old", Some(&at(&old))),
            service("bare", None),
            service("reset", Some("/validate")),
            service("wrong-door", Some(&path(Webhook::Mutate, Some(&new)))),
            {"name": "url", "clientConfig": {"url": format!("https://127.0.0.1:9443{}", at(&old))}},
            {"name": "broken"},
        ]});
        assert_eq!(
            sent(Webhook::Validate, &configuration, &[old.clone(), new.clone()]),
            [Some(1), Some(0), None, None, None, Some(0)]
        );
        let change = |name: &str, client: Value| json!({"name": name, "clientConfig": client});
        let moved = |name: &str| change(name, json!({"service": {"path": at(&new)}}));
        assert_eq!(
            patch(Webhook::Validate, &configuration, Some(&new)),
            Some(json!({"metadata": {"resourceVersion": "5"}, "webhooks": [
                moved("old"), moved("bare"), moved("reset"), moved("wrong-door"),
                change("url", json!({"url": format!("https://127.0.0.1:9443{}", at(&new))})),
            ]}))
        );
        let right = json!({"webhooks": [service("good", Some("/validate"))]});
        assert_eq!(patch(Webhook::Validate, &right, None), None);
    }
}
