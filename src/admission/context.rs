//! What a review needs beyond its own text: the current gate and other objects of the cluster.
//! In a cluster they come from the API server; with files there are no other objects.

use super::answer::Answer;
use crate::causes::with_causes;
use crate::flink::FlinkContext;
use crate::flink::config_sources::pod_templates;
use crate::kinds;
use crate::pipeline::configuration::{ConfigurationLookup, configuration_lookup};
use crate::pipeline::related::{Related, lacks_requests, mounts_claims, related};
use crate::pipeline::{Gate, deletion, scale};
use crate::resource::{
    GroupVersionResource, Operation, Resource, is_being_deleted, limits, metadata_text,
};
use crate::rules::Finding;
use crate::rules::notices::{FLINK_UNREAD_OBJECT, Notice, QUOTA_UNREAD_OBJECT, UNREAD_NAMESPACE};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Source of the current gate and of other objects. Each lookup ends in a bounded time.
pub trait Context: Send + Sync + 'static {
    /// The current gate.
    fn gate(&self) -> Arc<Gate>;

    /// The user name of Flinkgate itself; `None` without a cluster.
    fn own_user(&self) -> Option<&str>;

    /// The labels of a Namespace; `None` if it does not exist or there is no cluster.
    fn namespace_labels(
        &self,
        namespace: &str,
    ) -> impl Future<Output = Result<Option<BTreeMap<String, String>>, LookupError>> + Send;

    /// An object as it is stored; `None` if it does not exist or there is no cluster.
    fn object(
        &self,
        of: &GroupVersionResource,
        namespace: &str,
        name: &str,
    ) -> impl Future<Output = Result<Option<Value>, LookupError>> + Send;

    /// The objects of a resource in a namespace that a label selector matches, all of them if it is
    /// empty. None if the cluster does not have the resource.
    fn list(
        &self,
        of: &GroupVersionResource,
        namespace: &str,
        selector: &str,
    ) -> impl Future<Output = Result<Vec<Value>, LookupError>> + Send;

    /// Whether objects can be looked up.
    fn has_cluster(&self) -> bool;

    /// Called with every answer, to report refusals.
    fn answered(&self, resource: &Resource, answer: &Answer);
}

/// Why a lookup failed.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The API server did not answer in time.
    #[error("no answer from the API server within {0:?}")]
    Timeout(Duration),
    /// The API server answered with an error, or could not be reached.
    #[error("the request to the API server failed")]
    Request(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer cannot be represented as JSON.
    #[error("the API server's answer cannot be read")]
    Decode(#[from] serde_json::Error),
}

/// A request with the context that its checks need.
pub(super) struct RequestInContext {
    /// The gate, with the namespace and the related objects.
    pub gate: Arc<Gate>,
    /// The request; a `/scale` request becomes an update of the scaled object.
    pub resource: Arc<Resource>,
}

/// Looks up what the checks of a request need. `reads_claims`: whether they read claims.
///
/// # Errors
/// With the answer to give when a required lookup fails.
pub(super) async fn look_up<C: Context>(
    context: &C,
    gate: Arc<Gate>,
    resource: &Arc<Resource>,
    reads_claims: bool,
) -> Result<RequestInContext, Answer> {
    if !context.has_cluster() {
        return Ok(RequestInContext { gate, resource: Arc::clone(resource) });
    }
    let gate = with_namespace_labels(context, gate, resource).await?;
    // It is refused before anything else reads it, and so is what only its reading shows.
    if limits::object_excess(&resource.object).is_some() {
        return Ok(RequestInContext { gate, resource: Arc::clone(resource) });
    }
    let gate = with_related_objects(context, gate, resource, reads_claims).await?;
    let resource = match scale_as_update(context, &gate, resource).await? {
        Some(update) => Arc::new(update),
        None => Arc::clone(resource),
    };
    let gate = match reads_claims {
        true => with_limit_ranges(context, gate, &resource).await,
        false => gate,
    };
    let gate = match reads_claims {
        true => super::network::with_network(context, gate, &resource).await?,
        false => gate,
    };
    Ok(RequestInContext { gate, resource })
}

/// The pods of the namespace in which a request deletes a claim; empty for every other request. A
/// failed lookup does not block the deletion.
pub(super) async fn pods_on_deleted_claim<C: Context>(
    context: &C,
    gate: &Gate,
    resource: &Resource,
) -> Vec<Value> {
    let has_tenant = || gate.tenants().owner(&resource.namespace).tenant().is_some();
    if !context.has_cluster() || !deletion::deletes_claim(resource) || !has_tenant() {
        return Vec::new();
    }
    let pods = GroupVersionResource::core("pods");
    context.list(&pods, &resource.namespace, "").await.unwrap_or_else(|error| {
        let (namespace, claim) = (&resource.namespace, &resource.name);
        let error = with_causes(&error);
        tracing::warn!(namespace, claim, error, "failed to read pods; the claim may be in use");
        Vec::new()
    })
}

/// The gate with the labels of the object's namespace.
async fn with_namespace_labels<C: Context>(
    context: &C,
    gate: Arc<Gate>,
    resource: &Resource,
) -> Result<Arc<Gate>, Answer> {
    let namespace = &resource.namespace;
    let creates = matches!(resource.operation, Operation::Create | Operation::Update);
    if namespace.is_empty() || !creates || gate.tenants().can_find_owner(namespace) {
        return Ok(gate);
    }
    match context.namespace_labels(namespace).await {
        Ok(None) => Ok(gate),
        Ok(labels) => Ok(Arc::new(gate.with_namespace_changes([(namespace.clone(), labels)]))),
        Err(error) => {
            Err(unreadable(&UNREAD_NAMESPACE, &format!("namespace `{namespace}`"), &error))
        }
    }
}

/// A `/scale` request as an update; `None` for every other request, and without a tenant.
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
            Err(unreadable(&QUOTA_UNREAD_OBJECT, &what, &error))
        }
    }
}

/// The gate with the objects to which this one refers.
async fn with_related_objects<C: Context>(
    context: &C,
    gate: Arc<Gate>,
    resource: &Resource,
    reads_claims: bool,
) -> Result<Arc<Gate>, Answer> {
    let namespace = &resource.namespace;
    let (related, mounts) = (related(resource), reads_claims && mounts_claims(resource));
    let configuration = configuration_lookup(&gate, resource)
        .filter(|lookup| reads_claims || *lookup == ConfigurationLookup::Pods);
    if (related.is_none() && !mounts && configuration.is_none())
        || gate.tenants().owner(namespace).tenant().is_none()
    {
        return Ok(gate);
    }
    let mut flink_context = FlinkContext::clone(&gate.context());
    if let Some(Related { kind, of, name }) = related {
        let found = context.object(&of, namespace, &name).await.map_err(|error| {
            unreadable(&FLINK_UNREAD_OBJECT, &format!("{kind} `{namespace}/{name}`"), &error)
        })?;
        flink_context.add_object(kind, namespace, &name, found);
    }
    if mounts {
        let claims = GroupVersionResource::core("persistentvolumeclaims");
        match context.list(&claims, namespace, "").await {
            Ok(claims) => {
                for claim in &claims {
                    flink_context.add_claim(namespace, metadata_text(claim, "name"), claim);
                }
                // No new pod can mount a claim that is being deleted.
                let mountable = claims.iter().filter(|claim| !is_being_deleted(claim));
                let names = mountable.map(|claim| metadata_text(claim, "name").to_owned());
                flink_context.set_mountable_claims(namespace, names.collect());
            }
            // Without claims there are fewer findings, and none is wrong.
            Err(error) => {
                tracing::warn!(namespace, error = with_causes(&error), "failed to read claims");
            }
        }
    }
    if let Some(lookup) = configuration {
        add_configuration(context, &mut flink_context, resource, lookup).await?;
    }
    Ok(Arc::new(gate.with_context(Arc::new(flink_context))))
}

/// The gate with the LimitRanges of the namespace, which give the object's pods requests that count.
async fn with_limit_ranges<C: Context>(
    context: &C,
    gate: Arc<Gate>,
    resource: &Resource,
) -> Arc<Gate> {
    let namespace = &resource.namespace;
    if !gate.limits_namespace(namespace) || !lacks_requests(resource) {
        return gate;
    }
    let limit_ranges = GroupVersionResource::core("limitranges");
    match context.list(&limit_ranges, namespace, "").await {
        Ok(limit_ranges) if limit_ranges.is_empty() => gate,
        Ok(limit_ranges) => {
            let mut flink_context = FlinkContext::clone(&gate.context());
            for limit_range in &limit_ranges {
                flink_context.add_limit_range(namespace, limit_range);
            }
            Arc::new(gate.with_context(Arc::new(flink_context)))
        }
        // The finding is only a warning, and the leader counts what they give.
        Err(error) => {
            let error = with_causes(&error);
            tracing::warn!(namespace, error, "failed to read LimitRanges");
            gate
        }
    }
}

/// Adds what the object's pods read from ConfigMaps, or what pods read from the object.
async fn add_configuration<C: Context>(
    context: &C,
    flink_context: &mut FlinkContext,
    resource: &Resource,
    lookup: ConfigurationLookup,
) -> Result<(), Answer> {
    let namespace = &resource.namespace;
    match lookup {
        ConfigurationLookup::Pods => {
            // A workload without replicas has no pods yet.
            for of in kinds::with_pods() {
                match context.list(&of, namespace, "").await {
                    Ok(objects) => {
                        objects.iter().flat_map(pod_templates).for_each(|(_, template)| {
                            flink_context.configuration_mut().add_readers(namespace, template);
                        })
                    }
                    // What mounts it is checked when it is created.
                    Err(error) => tracing::warn!(
                        namespace,
                        resource = of.resource,
                        error = with_causes(&error),
                        "failed to read how Flink's configuration is mounted"
                    ),
                }
            }
        }
        ConfigurationLookup::ConfigMaps(keys) => {
            let of = GroupVersionResource::core("configmaps");
            for (name, keys) in keys {
                match context.object(&of, namespace, &name).await {
                    Ok(None) => {}
                    Ok(Some(found)) => {
                        flink_context.configuration_mut().add_keys(namespace, &name, &found, &keys);
                    }
                    Err(error) => {
                        let what = format!("ConfigMap `{namespace}/{name}`");
                        return Err(unreadable(&FLINK_UNREAD_OBJECT, &what, &error));
                    }
                }
            }
        }
    }
    Ok(())
}

/// The answer when a required object could not be read: the client must retry.
pub fn unreadable(notice: &'static Notice, what: &str, error: &dyn std::error::Error) -> Answer {
    let error = with_causes(error);
    tracing::warn!(what, error, "failed to read from the API server");
    let finding = Finding {
        rule: notice.id.into(),
        level: notice.level,
        message: format!("failed to read {what}, so nothing was checked: {error}"),
        help: Some("send the object again".into()),
        ..Finding::default()
    };
    Answer { findings: vec![finding], retry_after: Some(1), ..Answer::default() }
}
