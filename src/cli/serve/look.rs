//! What there is to say of a request at once, with what must be read from the cluster for that.

use crate::admission::answer::{Answer, Webhook};
use crate::cluster::lookup::Lookup;
use crate::flink::Surroundings;
use crate::pipeline::charge::Charge;
use crate::pipeline::related::{Related, mounts_claims, related};
use crate::pipeline::{Gate, deletion, scale};
use crate::resource::{Operation, Resource, metadata_text};
use crate::rules::{Finding, Level};
use std::sync::Arc;

/// What there is to say at once; the request as it is judged, and what it asks of its tenant.
pub(super) fn look(
    gate: &Gate,
    lookup: &Lookup,
    webhook: Webhook,
    resource: &Arc<Resource>,
) -> Result<(Arc<Resource>, Answer, Option<Charge>), Answer> {
    let placed = placed(gate, lookup, resource)?;
    let gate = placed.as_ref().unwrap_or(gate);
    let informed = informed(gate, lookup, webhook, resource)?;
    let gate = informed.as_ref().unwrap_or(gate);
    let judged = resized(gate, lookup, resource)?.map_or_else(|| Arc::clone(resource), Arc::new);
    let users = users_of_deleted_claim(gate, lookup, resource);
    if !users.is_empty() {
        return Ok((judged, gate.refuse_deletion(resource, &users), None));
    }
    let answer = webhook.ask(gate, &judged);
    let charge = if webhook == Webhook::Validate { gate.charge(&judged) } else { None };
    Ok((judged, answer, charge))
}

/// The gate that knows the namespace of an object, where the one in force does not yet.
fn placed(gate: &Gate, lookup: &Lookup, resource: &Resource) -> Result<Option<Gate>, Answer> {
    let creates = matches!(resource.operation, Operation::Create | Operation::Update);
    if resource.namespace.is_empty() || !creates || gate.tenants().can_place(&resource.namespace) {
        return Ok(None);
    }
    match lookup.labels(&resource.namespace) {
        Ok(labels) => {
            Ok(labels.map(|labels| gate.with_changes([(resource.namespace.clone(), Some(labels))])))
        }
        Err(error) => Err(unread(
            "tenancy/unread-namespace",
            &format!("namespace {}", resource.namespace),
            &error,
        )),
    }
}

/// The change that a scaling amounts to; `None` for what is no scaling, or of no tenant.
fn resized(gate: &Gate, lookup: &Lookup, resource: &Resource) -> Result<Option<Resource>, Answer> {
    let Some(of) = scale::scaled(resource)
        .filter(|_| gate.tenants().owner(&resource.namespace).tenant().is_some())
    else {
        return Ok(None);
    };
    match lookup.object(of, &resource.namespace, &resource.name) {
        Ok(stored) => Ok(stored.map(|stored| scale::as_update(resource, stored))),
        Err(error) => Err(unread(
            "quota/unread-object",
            &format!("{} {}/{}", of.resource, resource.namespace, resource.name),
            &error,
        )),
    }
}

/// The gate that knows what an object is about; `None` where it is about nothing but itself, or of
/// no tenant.
fn informed(
    gate: &Gate,
    lookup: &Lookup,
    webhook: Webhook,
    resource: &Resource,
) -> Result<Option<Gate>, Answer> {
    let (related, mounts) =
        (related(resource), webhook == Webhook::Validate && mounts_claims(resource));
    if (related.is_none() && !mounts)
        || gate.tenants().owner(&resource.namespace).tenant().is_none()
    {
        return Ok(None);
    }
    let namespace = &resource.namespace;
    let mut surroundings = Surroundings::clone(&gate.surroundings());
    if let Some(Related { kind, of, name }) = related {
        let found = lookup.object(&of, namespace, &name);
        let found = found.map_err(|error| {
            unread("flink/unread-object", &format!("{kind} {namespace}/{name}"), &error)
        })?;
        surroundings.add_object(kind, namespace, &name, found);
    }
    if mounts {
        match lookup.claims(namespace) {
            Ok(claims) => claims.iter().for_each(|claim| {
                surroundings.add_claim(namespace, metadata_text(claim, "name"), claim)
            }),
            // Without them less can be told, and nothing is judged wrongly.
            Err(error) => tracing::warn!(namespace, error, "claims could not be read"),
        }
    }
    Ok(Some(gate.within(Arc::new(surroundings))))
}

/// Names of the running Flink pods that use the claim that a request deletes. If pods cannot be
/// read, the deletion is admitted: no deletion waits for Flinkgate.
fn users_of_deleted_claim(gate: &Gate, lookup: &Lookup, resource: &Resource) -> Vec<String> {
    if !deletion::deletes_claim(resource)
        || gate.tenants().owner(&resource.namespace).tenant().is_none()
    {
        return Vec::new();
    }
    match lookup.pods(&resource.namespace) {
        Ok(pods) => deletion::claim_users(&resource.name, &pods),
        Err(error) => {
            tracing::warn!(
                namespace = resource.namespace,
                claim = resource.name,
                error,
                "failed to read pods, claim may be in use"
            );
            Vec::new()
        }
    }
}

/// The answer where something had to be read that could not be.
pub(super) fn unread(rule: &'static str, what: &str, error: &str) -> Answer {
    tracing::warn!(what, error, "the API server could not be asked");
    let message = format!("Flinkgate could not read {what}, so nothing was judged: {error}");
    let help = Some("Send the object again.".to_owned());
    let finding =
        Finding { rule: rule.into(), level: Level::Error, message, help, ..Finding::default() };
    Answer { findings: vec![finding], retry_after: Some(1), ..Answer::default() }
}
