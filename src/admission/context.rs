//! What a review needs to know beyond its own text: the gate in force and other objects of the
//! cluster. A cluster answers from its API server, files answer from nothing.

use super::answer::Answer;
use crate::flink::FlinkContext;
use crate::pipeline::related::{Related, mounts_claims, related};
use crate::pipeline::{Gate, deletion, scale};
use crate::resource::{GroupVersionResource, Operation, Resource, metadata_text};
use crate::rules::{Finding, Level};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the gate in force and other objects come from. Each lookup ends in a bounded time, with
/// an error that says why it failed.
pub trait Context: Send + Sync + 'static {
    /// The gate in force.
    fn gate(&self) -> Arc<Gate>;

    /// The user as which Flinkgate itself writes, where it writes to a cluster.
    fn own_user(&self) -> Option<&str>;

    /// The labels of a Namespace; `None` if it does not exist or cannot be known.
    fn namespace_labels(
        &self,
        namespace: &str,
    ) -> impl Future<Output = Result<Option<BTreeMap<String, String>>, String>> + Send;

    /// An object as it is stored; `None` if it does not exist or cannot be known.
    fn object(
        &self,
        of: &GroupVersionResource,
        namespace: &str,
        name: &str,
    ) -> impl Future<Output = Result<Option<Value>, String>> + Send;

    /// The PersistentVolumeClaims of a namespace.
    fn claims(&self, namespace: &str) -> impl Future<Output = Result<Vec<Value>, String>> + Send;

    /// The pods of a namespace.
    fn pods(&self, namespace: &str) -> impl Future<Output = Result<Vec<Value>, String>> + Send;

    /// Whether objects can be looked up at all.
    fn has_cluster(&self) -> bool;

    /// Takes note of an answer, for those who follow refusals.
    fn answered(&self, resource: &Resource, answer: &Answer);
}

/// A request with everything that its judgement needs.
pub(super) struct Known {
    /// The gate, which knows the namespace and the related objects.
    pub gate: Arc<Gate>,
    /// The request; a scaling as the change of the object that is scaled.
    pub resource: Arc<Resource>,
}

/// Looks up what the judgement of a request needs. `reads_claims` says whether claims matter to it.
///
/// # Errors
/// With the answer to give, when something that must be known cannot be read.
pub(super) async fn look_up<C: Context>(
    context: &C,
    gate: Arc<Gate>,
    resource: &Arc<Resource>,
    reads_claims: bool,
) -> Result<Known, Answer> {
    if !context.has_cluster() {
        return Ok(Known { gate, resource: Arc::clone(resource) });
    }
    let gate = with_namespace(context, gate, resource).await?;
    let gate = with_related_objects(context, gate, resource, reads_claims).await?;
    let resource = match scale_as_update(context, &gate, resource).await? {
        Some(update) => Arc::new(update),
        None => Arc::clone(resource),
    };
    Ok(Known { gate, resource })
}

/// The pods that run Flink on a claim that a request deletes; empty for every other request. A
/// failed lookup does not hold up the deletion.
pub(super) async fn pods_on_deleted_claim<C: Context>(
    context: &C,
    gate: &Gate,
    resource: &Resource,
) -> Vec<Value> {
    let has_tenant = || gate.tenants().owner(&resource.namespace).tenant().is_some();
    if !context.has_cluster() || !deletion::deletes_claim(resource) || !has_tenant() {
        return Vec::new();
    }
    context.pods(&resource.namespace).await.unwrap_or_else(|error| {
        let (namespace, claim) = (&resource.namespace, &resource.name);
        tracing::warn!(namespace, claim, error, "failed to read pods; the claim may be in use");
        Vec::new()
    })
}

/// The gate that knows the labels of the object's namespace.
async fn with_namespace<C: Context>(
    context: &C,
    gate: Arc<Gate>,
    resource: &Resource,
) -> Result<Arc<Gate>, Answer> {
    let namespace = &resource.namespace;
    let creates = matches!(resource.operation, Operation::Create | Operation::Update);
    if namespace.is_empty() || !creates || gate.tenants().can_place(namespace) {
        return Ok(gate);
    }
    match context.namespace_labels(namespace).await {
        Ok(None) => Ok(gate),
        Ok(labels) => Ok(Arc::new(gate.with_changes([(namespace.clone(), labels)]))),
        Err(error) => {
            Err(unreadable("tenancy/unread-namespace", &format!("namespace `{namespace}`"), &error))
        }
    }
}

/// The change that a scaling amounts to; `None` for every other request, and without a tenant.
async fn scale_as_update<C: Context>(
    context: &C,
    gate: &Gate,
    resource: &Resource,
) -> Result<Option<Resource>, Answer> {
    let (namespace, name) = (&resource.namespace, &resource.name);
    let Some(of) =
        scale::scaled(resource).filter(|_| gate.tenants().owner(namespace).tenant().is_some())
    else {
        return Ok(None);
    };
    match context.object(of, namespace, name).await {
        Ok(stored) => Ok(stored.map(|stored| scale::as_update(resource, stored))),
        Err(error) => {
            let what = format!("{} `{namespace}/{name}`", of.resource);
            Err(unreadable("quota/unread-object", &what, &error))
        }
    }
}

/// The gate that knows the objects to which this one refers.
async fn with_related_objects<C: Context>(
    context: &C,
    gate: Arc<Gate>,
    resource: &Resource,
    reads_claims: bool,
) -> Result<Arc<Gate>, Answer> {
    let namespace = &resource.namespace;
    let (related, mounts) = (related(resource), reads_claims && mounts_claims(resource));
    if (related.is_none() && !mounts) || gate.tenants().owner(namespace).tenant().is_none() {
        return Ok(gate);
    }
    let mut flink_context = FlinkContext::clone(&gate.context());
    if let Some(Related { kind, of, name }) = related {
        let found = context.object(&of, namespace, &name).await.map_err(|error| {
            unreadable("flink/unread-object", &format!("{kind} `{namespace}/{name}`"), &error)
        })?;
        flink_context.add_object(kind, namespace, &name, found);
    }
    if mounts {
        match context.claims(namespace).await {
            Ok(claims) => claims.iter().for_each(|claim| {
                flink_context.add_claim(namespace, metadata_text(claim, "name"), claim);
            }),
            // Fewer findings are possible then, and none is wrong.
            Err(error) => tracing::warn!(namespace, error, "failed to read claims"),
        }
    }
    Ok(Arc::new(gate.with_context(Arc::new(flink_context))))
}

/// The answer when something that must be known could not be read.
pub fn unreadable(rule: &'static str, what: &str, error: &str) -> Answer {
    tracing::warn!(what, error, "failed to read from the API server");
    let finding = Finding {
        rule: rule.into(),
        level: Level::Error,
        message: format!("Flinkgate could not read {what} and checked nothing: {error}"),
        help: Some("send the object again".into()),
        ..Finding::default()
    };
    Answer { findings: vec![finding], retry_after: Some(1), ..Answer::default() }
}
