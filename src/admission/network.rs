//! The objects of a namespace that decide which clients reach a JobManager, read from the API server
//! for the reviews that need them.

use super::answer::Answer;
use super::context::{Context, LookupError, unreadable};
use crate::causes::with_causes;
use crate::flink::exposures::{Selector, Target};
use crate::flink::kinds::pod;
use crate::flink::network::{NamespaceNetwork, is_service};
use crate::flink::{FlinkContext, Role};
use crate::kinds::{self, KINDS, Kind};
use crate::pipeline::Gate;
use crate::resource::{
    GroupVersionKind, GroupVersionResource, Operation, Resource, metadata_text, users,
};
use crate::rules::notices::NETWORK_UNREAD_OBJECT;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The part of an object in the way from clients to JobManagers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Service,
    Ingress,
    JobManager,
}

/// The gate with the Services, Ingresses and JobManagers of the object's namespace, if its check
/// depends on them and its tenant limits exposures.
///
/// # Errors
/// With the answer to give when what a Service or an Ingress leads to cannot be read.
pub(super) async fn with_network<C: Context>(
    context: &C,
    gate: Arc<Gate>,
    resource: &Resource,
) -> Result<Arc<Gate>, Answer> {
    let namespace = &resource.namespace;
    let owner = gate.tenants().owner(namespace);
    let Some(tenant) = owner.tenant() else { return Ok(gate) };
    let limits = &tenant.spec.network;
    let is_limited = limits.service_types.is_some() || limits.require_authentication;
    let Some(part) = part(&gate, resource, is_limited) else { return Ok(gate) };
    let mut network =
        NamespaceNetwork { knows_pods: true, is_complete: true, ..NamespaceNetwork::default() };
    if part == Part::JobManager {
        // Services and Ingresses were checked themselves; this is about their order.
        let read = read(context, namespace, is_exposure, "", &mut network);
        if let Err(error) = read.await {
            let error = with_causes(&error);
            tracing::warn!(namespace, error, "failed to read Services and Ingresses");
            return Ok(gate);
        }
    } else {
        let failed = |error: LookupError| {
            let what = format!("pods and Services of namespace `{namespace}`");
            unreadable(&NETWORK_UNREAD_OBJECT, &what, &error)
        };
        let declares = |row: &Kind| is_exposure(row) || (runs_pods(row) && row.declares());
        read(context, namespace, declares, "", &mut network).await.map_err(failed)?;
        network.replace(resource);
        // There may be many pods: the API server lists those that are selected.
        for selector in selectors(resource, &network) {
            let is_pod = |row: &Kind| runs_pods(row) && !row.declares();
            read(context, namespace, is_pod, &selector, &mut network).await.map_err(failed)?;
        }
    }
    let networks = BTreeMap::from([(namespace.clone(), Arc::new(network))]);
    let flink_context = FlinkContext::clone(&gate.context()).with_networks(networks);
    Ok(Arc::new(gate.with_context(Arc::new(flink_context))))
}

fn is_exposure(row: &Kind) -> bool {
    matches!((row.group, row.kind), ("", "Service") | ("networking.k8s.io", "Ingress"))
}

/// Whether objects of a kind run pods: a JobManager may not run yet, or run at times.
fn runs_pods(row: &Kind) -> bool {
    row.is_counted() && row.lower.is_some() && row.kind != "PersistentVolumeClaim"
}

/// The most label selectors whose pods are listed apart.
const MOST_SELECTORS: usize = 16;

/// The label selectors of the Services through which an object leads to pods, the own one first. An
/// empty one is for all pods.
fn selectors(resource: &Resource, network: &NamespaceNetwork) -> BTreeSet<String> {
    let workload = kinds::lower(resource, &resource.object).unwrap_or_default();
    let backends = workload.exposures.iter().flat_map(|exposure| match &exposure.target {
        Target::Services(backends) => backends.as_slice(),
        _ => &[],
    });
    let own = is_service(resource).then_some(&resource.name).into_iter();
    let services = own.chain(backends.map(|backend| &backend.service));
    // An alias leads to one more Service, which may be any.
    let mut found = BTreeSet::new();
    for service in services.filter_map(|name| network.services.get(name)) {
        match &service.selector {
            Selector::Labels(labels) => {
                let pairs: Vec<_> =
                    labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
                found.insert(pairs.join(","));
            }
            Selector::Alias(_) => {
                found.insert(String::new());
            }
            Selector::ByHand => {}
        }
    }
    if found.len() > MOST_SELECTORS || found.contains("") {
        found = BTreeSet::from([String::new()]);
    }
    found
}

/// Adds the objects of these kinds to a network.
async fn read<C: Context>(
    context: &C,
    namespace: &str,
    wanted: impl Fn(&Kind) -> bool,
    selector: &str,
    network: &mut NamespaceNetwork,
) -> Result<(), LookupError> {
    let rows: Vec<&Kind> = KINDS.iter().filter(|row| wanted(row)).collect();
    let lists = rows.iter().map(|row| async move {
        let of = GroupVersionResource {
            group: row.group.into(),
            version: row.version.into(),
            resource: row.plural.into(),
        };
        context.list(&of, namespace, selector).await
    });
    for (row, objects) in rows.iter().zip(futures::future::join_all(lists).await) {
        for object in objects? {
            let resource = Resource {
                name: metadata_text(&object, "name").to_owned(),
                kind: GroupVersionKind {
                    group: row.group.into(),
                    version: row.version.into(),
                    kind: row.kind.into(),
                },
                namespace: namespace.into(),
                object,
                ..Resource::default()
            };
            network.add(&resource, kinds::lower(&resource, &resource.object));
        }
    }
    Ok(())
}

/// Which part an object is, if a change of it could open a way. Only Services matter without limits:
/// one that is open to clients is reported for every tenant.
fn part(gate: &Gate, resource: &Resource, is_limited: bool) -> Option<Part> {
    let part = match resource.kind.kind.as_str() {
        _ if is_service(resource) => Part::Service,
        _ if !is_limited => return None,
        "Ingress" => Part::Ingress,
        _ if users::is_controller(&resource.user) => return None,
        _ => Part::JobManager,
    };
    let changes = matches!(resource.operation, Operation::Create | Operation::Update)
        && resource.sub_resource.as_deref().is_none_or(str::is_empty)
        && !gate.is_exempt(resource);
    (changes && (part != Part::JobManager || runs_job_manager(resource))).then_some(part)
}

/// Whether an object runs a JobManager. Operators start one for each of their clusters, so that these
/// objects, the largest ones, are not lowered for it, nor are pods, of which there are most.
fn runs_job_manager(resource: &Resource) -> bool {
    if kinds::of(&resource.kind).is_some_and(Kind::declares_clusters) {
        return true;
    }
    if resource.kind.group.is_empty() && resource.kind.kind == "Pod" {
        return pod::is_job_manager(&resource.object);
    }
    kinds::lower(resource, &resource.object)
        .is_some_and(|workload| workload.pods.iter().any(|set| set.role == Role::JobManager))
}
