//! Namespaces: only Flinkgate may set the label that names a namespace's tenant.
//!
//! Webhooks select namespaces by that label. Flinkgate sets it when the Namespace is admitted, so
//! that webhooks see the first pod of a new namespace. The owner follows from the FlinkTenants and
//! the Namespace's other labels.

use super::finding;
use crate::admission::answer::{Answer, Webhook};
use crate::mutate;
use crate::pipeline::Gate;
use crate::resource::{Operation, Resource};
use crate::rules::Level;
use crate::rules::notices::NAMESPACE_LABEL;
use crate::tenant::check::NAME_LENGTH;
use crate::tenant::load::labels;
use crate::tenant::{Owner, TENANT_LABEL};
use serde_json::{Value, json};

/// The place of the label.
const POINTER: &str = "/metadata/labels/flinkgate.dev~1tenant";

pub(super) fn answer(webhook: Webhook, gate: &Gate, resource: &Resource) -> Answer {
    let before = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
    let stored = before.and_then(label);
    let Some(owner) = tenant_of(gate, resource, &resource.object, stored) else {
        return Answer::default();
    };
    let written = label(&resource.object);
    match webhook {
        Webhook::Mutate => mutate(resource, owner, written, stored),
        Webhook::Validate => {
            let mut findings = Vec::new();
            // The leader repairs a stored label that is wrong; it must not block updates.
            if written != stored && written != owner.as_deref() {
                findings.push(finding(
                    &NAMESPACE_LABEL,
                    Level::Error,
                    POINTER,
                    refusal(owner.as_deref(), written),
                    None,
                ));
            }
            if let Some(old) = before
                .and_then(|old| tenant_of(gate, resource, old, stored))
                .flatten()
                .filter(|old| owner.as_ref() != Some(old))
            {
                let to = owner
                    .as_ref()
                    .map_or_else(|| "no tenant".to_owned(), |owner| format!("tenant `{owner}`"));
                let message = format!("the namespace moves from tenant `{old}` to {to}");
                findings.push(finding(
                    &NAMESPACE_LABEL,
                    Level::Warning,
                    "/metadata/labels",
                    message,
                    None,
                ));
            }
            Answer { tenant: owner, findings, ..Answer::default() }
        }
    }
}

/// The owner by names and labels; `Some(None)` without an owner, `None` where it is unknown. The
/// stored label names the last owner; the one in the request is the user's.
fn tenant_of(
    gate: &Gate,
    resource: &Resource,
    object: &Value,
    stored: Option<&str>,
) -> Option<Option<String>> {
    let mut labels = labels(object);
    labels.remove(TENANT_LABEL);
    labels.extend(stored.map(|stored| (TENANT_LABEL.to_owned(), stored.to_owned())));
    match gate.tenants().owner_with_labels(&resource.name, &labels)? {
        // A label cannot hold a longer name.
        Owner::Tenant(tenant) if tenant.name.len() > NAME_LENGTH => Some(None),
        Owner::Tenant(tenant) => Some(Some(tenant.name.clone())),
        Owner::Unassigned | Owner::Unread(_) => Some(None),
        Owner::Ambiguous(_) => None,
    }
}

fn label(namespace: &Value) -> Option<&str> {
    namespace.get("metadata")?.get("labels")?.get(TENANT_LABEL)?.as_str()
}

fn mutate(
    resource: &Resource,
    owner: Option<String>,
    written: Option<&str>,
    before: Option<&str>,
) -> Answer {
    if written == owner.as_deref() {
        return Answer { tenant: owner, ..Answer::default() };
    }
    let mut after = resource.object.clone();
    if let Some(metadata) = after.get_mut("metadata").and_then(Value::as_object_mut) {
        let labels = metadata.entry("labels").or_insert_with(|| json!({}));
        if !labels.is_object() {
            *labels = json!({});
        }
        if let Some(labels) = labels.as_object_mut() {
            match &owner {
                Some(owner) => labels.insert(TENANT_LABEL.into(), json!(owner)),
                None => labels.remove(TENANT_LABEL),
            };
        }
    }
    let patch = Some(mutate::patch(&resource.object, &after)).filter(|patch| !patch.0.is_empty());
    let mut findings = Vec::new();
    if written != before {
        // The user is warned about a label that they wrote, not about one that Flinkgate adds.
        if let Some(written) = written {
            findings.push(finding(
                &NAMESPACE_LABEL,
                Level::Warning,
                POINTER,
                refusal(owner.as_deref(), Some(written)),
                None,
            ));
        }
    }
    Answer { tenant: owner, findings, patch, ..Answer::default() }
}

fn refusal(owner: Option<&str>, written: Option<&str>) -> String {
    let written = written.map_or_else(|| "missing".to_owned(), |label| format!("`{label}`"));
    match owner {
        Some(owner) => format!(
            "label `{TENANT_LABEL}` is {written}, but the namespace belongs to tenant `{owner}`: only Flinkgate may set it"
        ),
        None => format!(
            "label `{TENANT_LABEL}` is {written}, but the namespace belongs to no tenant: only Flinkgate may set it"
        ),
    }
}
