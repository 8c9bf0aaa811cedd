//! The counters of pods that are compared, and how to wait until they are in force.

use super::cluster::access::Access;
use super::cluster::installation::Installation;
use super::cluster::service::point_webhooks_at;
use super::cluster::wait::until_async;
use super::cluster::{ControlPlane, Options};
use super::support::task_manager_pod;
use flinkgate::quota::ledger::crd::FlinkTenantLedger;
use flinkgate::tenant::FlinkTenant;
use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::{Namespace, Pod, ResourceQuota, ServiceAccount};
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use kube::{Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;
use tokio::runtime::Runtime;

/// Tenants, with a namespace each.
pub const TENANTS: usize = 100;
/// Concurrent requests outside of measurements.
const CONCURRENCY: usize = 16;

/// A counter in front of a namespace's pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Front {
    /// The prefix of its namespaces' names.
    pub name: &'static str,
    /// Its name in the table.
    pub title: &'static str,
    resource_quota: bool,
    tenant: Option<bool>,
}

/// All counters. A tenant has limits or not.
pub const FRONTS: [Front; 5] = [
    Front { name: "nothing", title: "nothing", resource_quota: false, tenant: None },
    Front { name: "native", title: "ResourceQuota", resource_quota: true, tenant: None },
    Front {
        name: "free",
        title: "Flinkgate, no limits",
        resource_quota: false,
        tenant: Some(false),
    },
    Front {
        name: "both",
        title: "no limits, and ResourceQuota",
        resource_quota: true,
        tenant: Some(false),
    },
    Front { name: "held", title: "Flinkgate, limits", resource_quota: false, tenant: Some(true) },
];

impl Front {
    /// The namespace of one tenant.
    pub fn namespace(self, number: usize) -> String {
        format!("{}-{}", self.name, number % TENANTS)
    }

    /// A pod that only this counter refuses, and a part of the refusal.
    fn refused(self, namespace: &str) -> Option<(Value, &'static str)> {
        let mut pod = task_manager_pod("refused", namespace);
        let mut too_large = pod.clone();
        too_large["spec"]["containers"][0]["resources"] =
            json!({"requests": {"cpu": "100M", "memory": "2Gi"}});
        pod["spec"]["hostNetwork"] = true.into();
        match (self.resource_quota, self.tenant) {
            (true, _) => Some((too_large, "exceeded quota")),
            (_, Some(true)) => Some((too_large, "quota/exceeded")),
            (_, Some(false)) => Some((pod, "security/")),
            _ => None,
        }
    }
}

/// Installs Flinkgate in a control plane, with all namespaces, tenants and quotas in force.
pub fn install(runtime: &Runtime) -> Installation {
    let installation =
        Installation::with(ControlPlane::start(Options { nodes: 0, ..Options::default() }), 1, &[]);
    // A Service in a cluster adds no process between an API server and a replica.
    point_webhooks_at(installation.replicas[0].webhooks.port(), &installation, "flinkgate");
    runtime.block_on(fill(&installation));
    installation
}

async fn fill(access: &Access) {
    let client = access.client().await;
    for front in FRONTS {
        let name = |number| front.namespace(number);
        let named = |number: usize| json!({"metadata": {"name": name(number)}});
        let amounts = json!({"cpu": "1M", "memory": "1Pi", "pods": "1M"});
        if let Some(limits) = front.tenant {
            let tenant = |number: usize| {
                let quota = if limits { json!({"hard": amounts}) } else { json!({}) };
                json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": name(number)},
                    "spec": {"namespaces": {"names": [name(number)]}, "quota": quota}})
            };
            create::<FlinkTenant>(|_| Api::all(client.clone()), tenant).await;
        }
        create::<Namespace>(|_| Api::all(client.clone()), named).await;
        let account = |_| json!({"metadata": {"name": "flink"}});
        create::<ServiceAccount>(|number| Api::namespaced(client.clone(), &name(number)), account)
            .await;
        if front.resource_quota {
            let hard = json!({"requests.cpu": amounts["cpu"], "requests.memory": amounts["memory"], "pods": amounts["pods"]});
            let quota = |_| json!({"metadata": {"name": "bench"}, "spec": {"hard": hard}});
            create::<ResourceQuota>(|number| Api::namespaced(client.clone(), &name(number)), quota)
                .await;
        }
    }
    for front in FRONTS {
        in_force(front, &client).await;
    }
}

async fn create<K>(api: impl Fn(usize) -> Api<K>, object: impl Fn(usize) -> Value)
where
    K: Clone + Debug + DeserializeOwned + Serialize + Send + Sync + 'static,
{
    let one = |number: usize| {
        let (api, object) = (api(number), serde_json::from_value::<K>(object(number)).unwrap());
        async move { api.create(&PostParams::default(), &object).await.map(drop).unwrap() }
    };
    stream::iter(0..TENANTS).map(one).buffer_unordered(CONCURRENCY).collect::<()>().await;
}

/// Waits until a counter is in force in each of its namespaces: it refuses what it should, and
/// admits a TaskManager.
async fn in_force(front: Front, client: &Client) {
    let dry_run = PostParams { dry_run: true, ..PostParams::default() };
    for number in 0..TENANTS {
        let namespace = front.namespace(number);
        let pods = Api::<Pod>::namespaced(client.clone(), &namespace);
        let good = serde_json::from_value::<Pod>(task_manager_pod("good", &namespace)).unwrap();
        let bad = front
            .refused(&namespace)
            .map(|(pod, words)| (serde_json::from_value::<Pod>(pod).unwrap(), words));
        until_async("pods are counted", async || {
            if let Some((bad, words)) = &bad {
                let answer = pods
                    .create(&dry_run, bad)
                    .await
                    .map_or_else(|error| error.to_string(), |_| "it was admitted".into());
                if !answer.contains(words) {
                    return Err(format!("{namespace}: {answer}"));
                }
            }
            pods.create(&dry_run, &good)
                .await
                .map(drop)
                .map_err(|error| format!("{namespace}: {error}"))
        })
        .await;
    }
}

/// Waits until no reservations are open in some tenants' namespaces, deletes all pods, and waits
/// until nothing is charged.
pub async fn clear(front: Front, tenants: usize, access: &Access) {
    let client = access.client().await;
    let namespaces: Vec<String> = (0..tenants).map(|number| front.namespace(number)).collect();
    let has_limits = front.tenant == Some(true);
    if has_limits {
        until_async("no reservation is open", async || {
            all(&ledgers(&client).await, &namespaces, |ledger| ledger.status.unwrap().reserved == 0)
        })
        .await;
    }
    let delete = |namespace: &String| {
        let pods = Api::<Pod>::namespaced(client.clone(), namespace);
        async move {
            pods.delete_collection(&DeleteParams::default().grace_period(0), &ListParams::default())
                .await
                .map(drop)
                .unwrap()
        }
    };
    stream::iter(&namespaces).map(delete).buffer_unordered(CONCURRENCY).collect::<()>().await;
    if has_limits {
        until_async("nothing is charged", async || {
            all(&ledgers(&client).await, &namespaces, |ledger| {
                ledger.status.unwrap().total.is_empty()
            })
        })
        .await;
    }
    if front.resource_quota {
        let unused = |quota: ResourceQuota| quota.status.unwrap().used.unwrap()["pods"].0 == "0";
        until_async("nothing is used", async || {
            let quotas = Api::<ResourceQuota>::all(client.clone())
                .list(&ListParams::default())
                .await
                .unwrap()
                .items;
            let named = |quota: ResourceQuota| (quota.namespace().unwrap(), quota);
            all(&quotas.into_iter().map(named).collect::<Vec<_>>(), &namespaces, unused)
        })
        .await;
    }
}

async fn ledgers(client: &Client) -> Vec<(String, FlinkTenantLedger)> {
    let ledgers = Api::<FlinkTenantLedger>::all(client.clone())
        .list(&ListParams::default())
        .await
        .unwrap()
        .items;
    ledgers.into_iter().map(|ledger| (ledger.name_any(), ledger)).collect()
}

/// Whether all named objects meet a condition.
fn all<K: Clone + Resource>(
    found: &[(String, K)],
    names: &[String],
    is_right: impl Fn(K) -> bool,
) -> Result<(), String> {
    let right = found
        .iter()
        .filter(|(name, object)| names.contains(name) && is_right(object.clone()))
        .count();
    if right == names.len() { Ok(()) } else { Err(format!("{right} of {}", names.len())) }
}
