//! Namespaces: the label that names a namespace's tenant is Flinkgate's word alone.
//!
//! Webhooks select namespaces by that label, so it is written when the Namespace is admitted: a new
//! namespace is covered from its first pod on. Whose a namespace is follows from the tenants'
//! claims and the Namespace's other labels.

use super::finding;
use crate::admission::answer::{Answer, Webhook};
use crate::mutate;
use crate::pipeline::Gate;
use crate::resource::{Operation, Resource};
use crate::rules::Level;
use crate::tenant::load::labels;
use crate::tenant::{Owner, TENANT_LABEL};
use serde_json::{Value, json};

/// What refusals and audit annotations call it.
const RULE: &str = "tenancy/namespace-label";

/// Where the label stands.
const POINTER: &str = "/metadata/labels/flinkgate.dev~1tenant";

pub(super) fn answer(webhook: Webhook, gate: &Gate, resource: &Resource) -> Answer {
    // Where no tenants are given there are no claims that a label could follow from.
    let Some(owner) = tenant_of(gate, resource, &resource.object) else { return Answer::default() };
    let said = label(&resource.object);
    let before = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
    match webhook {
        Webhook::Mutate => mutate(resource, owner, said, before.and_then(label)),
        Webhook::Validate => {
            let mut findings = Vec::new();
            // What was wrong before is for the lease holder to repair; it must not hold up
            // anybody's update.
            if said != before.and_then(label) && said != owner.as_deref() {
                findings.push(finding(
                    RULE,
                    Level::Error,
                    POINTER,
                    refusal(owner.as_deref(), said),
                    None,
                ));
            }
            if let Some(old) = before
                .and_then(|old| tenant_of(gate, resource, old))
                .flatten()
                .filter(|old| owner.as_ref() != Some(old))
            {
                let to = owner
                    .as_ref()
                    .map_or_else(|| "no tenant".to_owned(), |owner| format!("tenant {owner:?}"));
                let message = format!("the namespace moves from tenant {old:?} to {to}");
                findings.push(finding(RULE, Level::Warning, "/metadata/labels", message, None));
            }
            Answer { tenant: owner, findings, ..Answer::default() }
        }
    }
}

/// The tenant by claims, `Some(None)` for nobody's; `None` where nothing can be said.
fn tenant_of(gate: &Gate, resource: &Resource, object: &Value) -> Option<Option<String>> {
    let mut labels = labels(object);
    labels.remove(TENANT_LABEL);
    match gate.tenants().owner_with_labels(&resource.name, &labels)? {
        Owner::Tenant(tenant) => Some(Some(tenant.name.clone())),
        Owner::Unassigned => Some(None),
        Owner::Ambiguous(_) => None,
    }
}

fn label(namespace: &Value) -> Option<&str> {
    namespace.get("metadata")?.get("labels")?.get(TENANT_LABEL)?.as_str()
}

fn mutate(
    resource: &Resource,
    owner: Option<String>,
    said: Option<&str>,
    before: Option<&str>,
) -> Answer {
    if said == owner.as_deref() {
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
    if said != before {
        // Whoever wrote it is told; what Flinkgate adds to a namespace without it is no news.
        if let Some(said) = said {
            findings.push(finding(
                RULE,
                Level::Warning,
                POINTER,
                refusal(owner.as_deref(), Some(said)),
                None,
            ));
        }
    }
    Answer { tenant: owner, findings, patch, ..Answer::default() }
}

fn refusal(owner: Option<&str>, said: Option<&str>) -> String {
    let said = said.map_or_else(|| "missing".to_owned(), |said| format!("{said:?}"));
    match owner {
        Some(owner) => format!(
            "label {TENANT_LABEL} is {said}, but the namespace is tenant {owner:?}'s: only Flinkgate writes it"
        ),
        None => format!(
            "label {TENANT_LABEL} is {said}, but no tenant claims the namespace: only Flinkgate writes it"
        ),
    }
}
