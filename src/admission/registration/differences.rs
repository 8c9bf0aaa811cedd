//! What differs between a registered webhook configuration and the one that `flinkgate webhooks`
//! prints: every difference may let objects pass that Flinkgate never sees.
//!
//! `caBundle` and the path token are not compared: the leader writes them. What an administrator
//! changes by the chart's values is in an annotation of the configuration, [`VALUES_ANNOTATION`], and
//! is expected.

use super::endpoint::{Endpoint, Service};
use super::values;
use super::{CONFIGURATION, Registration};
use crate::admission::answer::Webhook;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

pub use super::values::VALUES_ANNOTATION;

/// Longest part of a value in a message.
const SHOWN: usize = 100;
/// Most rules or conditions in a message.
const LISTED: usize = 3;

/// Fields that are compared as they are; absent ones count as their default.
const SCALARS: [(&str, &str); 5] = [
    ("failurePolicy", "Fail"),
    ("matchPolicy", "Equivalent"),
    ("sideEffects", ""),
    ("timeoutSeconds", "10"),
    ("reinvocationPolicy", "Never"),
];

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The name of the webhook; empty for the whole configuration.
    pub webhook: String,
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub text: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.webhook.is_empty() {
            write!(f, "webhook `{}`: ", self.webhook)?;
        }
        f.write_str(&self.text)
    }
}

/// The name of a configuration's kind.
pub fn kind(webhook: Webhook) -> &'static str {
    match webhook {
        Webhook::Mutate => "MutatingWebhookConfiguration",
        Webhook::Validate => "ValidatingWebhookConfiguration",
    }
}

/// How API servers reach Flinkgate by a stored configuration. A webhook without a Service is called
/// by a URL, whose text does not matter here.
fn endpoint(stored: &Value, own_namespace: &str) -> Endpoint {
    let first =
        webhooks(stored).first().and_then(|webhook| webhook.pointer("/clientConfig/service"));
    let text = |field: &str| Some(first?.get(field)?.as_str()?.to_owned());
    let service = match (text("namespace"), text("name")) {
        (Some(_), Some(name)) => Service { namespace: own_namespace.to_owned(), name },
        // As printed for a URL.
        _ => Service::default(),
    };
    Endpoint::Service(service)
}

/// The configuration as it should be, in the place of a stored one.
pub fn expected(webhook: Webhook, stored: &Value, own_namespace: &str) -> Value {
    let endpoint = endpoint(stored, own_namespace);
    let registration = Registration { endpoint, ca_bundle: None, path_token: None };
    let mut printed = registration.printed(webhook).unwrap_or_default();
    values::apply(webhook, stored, &mut printed);
    printed
}

/// The differences between a stored configuration and the expected one.
pub fn differences(
    webhook: Webhook,
    stored: Option<&Value>,
    own_namespace: &str,
) -> Vec<Difference> {
    let Some(stored) = stored else {
        let text = format!("{} `{CONFIGURATION}` does not exist", kind(webhook));
        return vec![Difference { webhook: String::new(), field: "", text }];
    };
    let expected = expected(webhook, stored, own_namespace);
    let mut found = Vec::new();
    for wanted in webhooks(&expected) {
        match webhooks(stored).iter().find(|stored| stored.get("name") == wanted.get("name")) {
            Some(stored) => compare(stored, wanted, own_namespace, &mut found),
            None => found.push(difference(wanted, "name", "does not exist".to_owned())),
        }
    }
    let asked = webhooks(stored).first().map(address);
    for stored in webhooks(stored) {
        if Some(address(stored)) != asked {
            let text = "`clientConfig` is not the address of the other webhooks".to_owned();
            found.push(difference(stored, "clientConfig", text));
        }
        if !webhooks(&expected).iter().any(|wanted| stored.get("name") == wanted.get("name")) {
            found.push(difference(stored, "name", "is not one of this version".to_owned()));
        }
    }
    found
}

/// The webhooks of a configuration.
pub fn webhooks(configuration: &Value) -> &[Value] {
    configuration.get("webhooks").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn difference(webhook: &Value, field: &'static str, text: String) -> Difference {
    let name = webhook.get("name").and_then(Value::as_str).unwrap_or_default();
    Difference { webhook: cut(name), field, text }
}

fn compare(stored: &Value, wanted: &Value, own_namespace: &str, found: &mut Vec<Difference>) {
    let service = stored.pointer("/clientConfig/service/namespace").and_then(Value::as_str);
    if let Some(namespace) = service.filter(|namespace| *namespace != own_namespace) {
        let text = format!(
            "`clientConfig.service.namespace` is `{}`, expected `{own_namespace}`",
            cut(namespace)
        );
        found.push(difference(stored, "clientConfig", text));
    }
    for (field, default) in SCALARS {
        let (is, should) = (scalar(stored, field, default), scalar(wanted, field, default));
        if is != should {
            let text = format!("`{field}` is `{}`, expected `{should}`", cut(&is));
            found.push(difference(stored, field, text));
        }
    }
    for field in ["namespaceSelector", "objectSelector"] {
        let (is, should) = (selector(stored.get(field)), selector(wanted.get(field)));
        if is != should {
            let text = format!("`{field}` is `{}`, expected `{}`", list(&is), list(&should));
            found.push(difference(stored, field, text));
        }
    }
    for (field, read) in
        [("rules", rules as fn(&Value) -> BTreeSet<String>), ("matchConditions", conditions)]
    {
        let (is, should) = (read(stored), read(wanted));
        let missing: BTreeSet<String> = should.difference(&is).cloned().collect();
        let more: BTreeSet<String> = is.difference(&should).cloned().collect();
        let parts = [("lacks", missing), ("also has", more)];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(_, entries)| !entries.is_empty())
            .map(|(verb, entries)| format!("{verb} `{}`", list(entries)))
            .collect();
        if !parts.is_empty() {
            let text = format!("`{field}` {}", parts.join(" and "));
            found.push(difference(stored, field, text));
        }
    }
}

/// Who is asked: a Service, or scheme and host of a URL. Never the path, which has the token.
fn address(webhook: &Value) -> String {
    let client = webhook.get("clientConfig");
    let url = client.and_then(|client| client.get("url")?.as_str());
    if let Some(url) = url {
        return url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    }
    let part = |field: &str| client.and_then(|client| client.get("service")?.get(field)).map(text);
    ["namespace", "name", "port"].map(|field| part(field).unwrap_or_default()).join("/")
}

fn scalar(webhook: &Value, field: &str, default: &str) -> String {
    match webhook.get(field) {
        None | Some(Value::Null) => default.to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The requirements of a label selector, independent of their order. An empty set selects all.
fn selector(selector: Option<&Value>) -> BTreeSet<String> {
    let labels = selector.and_then(|selector| selector.get("matchLabels")?.as_object());
    let labels = labels.into_iter().flatten().map(|(key, value)| format!("{key}={}", text(value)));
    let expressions = selector.and_then(|selector| selector.get("matchExpressions")?.as_array());
    let expressions = expressions.into_iter().flatten().map(|requirement| {
        let part = |field: &str| requirement.get(field).map(text).unwrap_or_default();
        let values = strings(requirement.get("values"));
        let values = values.into_iter().collect::<Vec<_>>().join(",");
        format!("{} {} {values}", part("key"), part("operator")).trim_end().to_owned()
    });
    labels.chain(expressions).collect()
}

/// The requests that a webhook's rules match, one entry for each operation and resource.
fn rules(webhook: &Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for rule in webhook.get("rules").and_then(Value::as_array).into_iter().flatten() {
        let scope = scalar(rule, "scope", "*");
        for operation in strings(rule.get("operations")) {
            for group in strings(rule.get("apiGroups")) {
                for version in strings(rule.get("apiVersions")) {
                    for resource in strings(rule.get("resources")) {
                        all.insert(format!("{operation} {group}/{version}/{resource} ({scope})"));
                    }
                }
            }
        }
    }
    all
}

fn conditions(webhook: &Value) -> BTreeSet<String> {
    let conditions = webhook.get("matchConditions").and_then(Value::as_array);
    let part = |condition: &Value, field: &str| condition.get(field).map(text).unwrap_or_default();
    conditions
        .into_iter()
        .flatten()
        .map(|condition| format!("{}: {}", part(condition, "name"), part(condition, "expression")))
        .collect()
}

fn strings(list: Option<&Value>) -> BTreeSet<String> {
    list.and_then(Value::as_array).into_iter().flatten().map(text).collect()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn list(entries: &BTreeSet<String>) -> String {
    if entries.is_empty() {
        return "empty".to_owned();
    }
    let shown: Vec<String> = entries.iter().take(LISTED).map(|entry| cut(entry)).collect();
    let more = entries.len().saturating_sub(LISTED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", shown.join("; "))
}

fn cut(text: &str) -> String {
    let mut shown: String = text.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests;
