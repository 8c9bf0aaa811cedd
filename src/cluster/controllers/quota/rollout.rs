//! Looks whether everything that runs of a cluster has the last spec that the cluster was admitted with.
//! Then nothing of it needs an earlier one any more.

use super::kinds;
use crate::cluster::watch::target::api_resource;
use crate::flink::kinds::settled::is_settled;
use crate::kinds::named;
use crate::pipeline::Gate;
use crate::quota::ledger::LiveObject;
use crate::quota::ledger::admitted::PendingRollout;
use crate::resource::{GroupVersionKind, Resource, metadata_text};
use crate::tenant::{FlinkTenantSpec, Tenant};
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::{Api, Client};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(5);
/// How long one look may take. What is left waits for the next.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pods of one answer.
const PAGE: u32 = 500;

/// The pods of the namespaces in which something may run with an earlier spec: by UID, the UIDs of
/// the objects that they belong to.
pub type Pods = BTreeMap<String, BTreeSet<String>>;

/// The pods among some objects, in the namespaces of these.
pub fn pods_of(objects: &[LiveObject], pending: &[PendingRollout]) -> Pods {
    let namespaces: BTreeSet<&str> =
        pending.iter().map(|one| one.object.namespace.as_str()).collect();
    if namespaces.is_empty() {
        return Pods::new();
    }
    let uids: BTreeSet<&str> = pending.iter().map(|one| one.uid.as_str()).collect();
    let pods = objects.iter().filter(|live| {
        live.object.kind == "Pod"
            && !live.is_deleted()
            && namespaces.contains(live.object.namespace.as_str())
    });
    let owners = |live: &LiveObject| {
        let owners = live.owners.iter().filter(|owner| uids.contains(owner.as_str()));
        owners.cloned().collect()
    };
    pods.map(|live| (live.uid.clone(), owners(live))).collect()
}

/// Which of these are rolled out: the object has settled, and each of its pods could be created again
/// under its last spec alone. A pod of its namespace that is not among the known ones may be one of
/// its.
pub async fn rolled_out(
    client: &Client,
    gate: &Gate,
    tenant: &Tenant,
    pending: Vec<PendingRollout>,
    pods: &Pods,
) -> Vec<PendingRollout> {
    let mut rolled = Vec::new();
    let mut lists: BTreeMap<String, Option<Vec<Resource>>> = BTreeMap::new();
    let end = Instant::now() + PATIENCE;
    for one in pending {
        if Instant::now() >= end {
            break;
        }
        if !has_settled(client, &one).await {
            continue;
        }
        let namespace = &one.object.namespace;
        if !lists.contains_key(namespace) {
            lists.insert(namespace.clone(), list(client, namespace).await);
        }
        let Some(Some(stored)) = lists.get(namespace) else { continue };
        let Ok(spec) = serde_json::from_str::<FlinkTenantSpec>(&one.spec) else { continue };
        let judge = gate.under(tenant, spec);
        tokio::task::yield_now().await;
        let has_it = |pod: &Resource| match pods.get(metadata_text(&pod.object, "uid")) {
            None => false,
            Some(owners) if owners.contains(&one.uid) => judge.meets(pod, &tenant.name),
            Some(_) => true,
        };
        if stored.iter().filter(|pod| runs(&pod.object)).all(has_it) {
            rolled.push(one);
        }
    }
    rolled
}

/// Whether a pod runs or may run.
fn runs(pod: &Value) -> bool {
    let phase = pod.pointer("/status/phase").and_then(Value::as_str);
    !matches!(phase, Some("Succeeded" | "Failed"))
}

async fn has_settled(client: &Client, one: &PendingRollout) -> bool {
    let object = &one.object;
    let Some(kind) = kinds::named(&object.kind) else { return false };
    let api = Api::<DynamicObject>::namespaced_with(
        client.clone(),
        &object.namespace,
        &api_resource(kind),
    );
    let Ok(Ok(Some(found))) = tokio::time::timeout(REQUEST, api.get_opt(&object.name)).await else {
        return false;
    };
    let is_it = found.metadata.uid.as_deref() == Some(one.uid.as_str());
    let is_leaving = found.metadata.deletion_timestamp.is_some();
    let kind = GroupVersionKind {
        group: kind.group.into(),
        version: kind.version.into(),
        kind: kind.kind.into(),
    };
    let value = serde_json::to_value(&found).unwrap_or_default();
    is_it && !is_leaving && is_settled(&kind, &value)
}

/// The pods of a namespace as they are stored; `None` where they cannot be read.
async fn list(client: &Client, namespace: &str) -> Option<Vec<Resource>> {
    let pod = GroupVersionKind { group: String::new(), version: "v1".into(), kind: "Pod".into() };
    let resource: ApiResource = api_resource(named("Pod")?);
    let api = Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &resource);
    let mut found = Vec::new();
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let answer = tokio::time::timeout(REQUEST, api.list(&page)).await.ok()?.ok()?;
        for object in answer.items {
            let value = serde_json::to_value(object).ok()?;
            found.push(Resource::from_listed(&pod, value).ok()?);
        }
        match answer.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = ListParams::default().limit(PAGE).continue_token(&token),
            None => return Some(found),
        }
    }
}
