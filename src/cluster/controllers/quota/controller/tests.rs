//! A whole term of leadership with an API server in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::cluster::fake_api_server::{self, ApiResponse, failed};
use crate::pipeline::Unassigned;
use crate::quota::Usage;
use crate::quota::admitted_store::InMemoryAdmitted;
use crate::quota::commit::QuotaAnswer;
use crate::quota::ledger::{KnownLimits, Ledger, ObjectRef, Request as Asks};
use crate::quota::store::{InMemoryStore, StoreError, VersionedLedger};
use crate::rego::PolicySet;
use crate::resource::quantity::Quantity;
use crate::tenant::{Tenant, Tenants};
use axum::http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

const PODS: &str = "/api/v1/pods";
const TENANTS: &str = "/apis/flinkgate.dev/v1alpha1/flinktenants";

#[derive(Default)]
struct Server {
    version: u64,
    /// What happened, at which address: type and object.
    events: BTreeMap<String, Vec<(u64, &'static str, Value)>>,
    requests: usize,
}

type Shared = Arc<Mutex<Server>>;

impl Server {
    fn store(&mut self, address: &str, what: &'static str, mut object: Value) {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.events.entry(address.to_owned()).or_default().push((self.version, what, object));
    }

    fn stored(&self, address: &str, name: &str) -> Option<Value> {
        let last = self
            .events
            .get(address)?
            .iter()
            .rfind(|(_, _, object)| object["metadata"]["name"] == name)?;
        (last.1 != "DELETED").then(|| last.2.clone())
    }

    /// The events of an address since a version, as lines.
    fn since(&self, address: &str, version: u64) -> String {
        let events =
            self.events.get(address).into_iter().flatten().filter(|(at, _, _)| *at > version);
        events
            .map(|(_, what, object)| json!({"type": what, "object": object}).to_string() + "\n")
            .collect()
    }

    fn answer(
        &mut self,
        method: &Method,
        path: &str,
        query: &str,
        body: &[u8],
    ) -> Option<ApiResponse> {
        if path == "/apis" {
            return Some((
                200,
                json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": []}).to_string(),
            ));
        }
        if path.ends_with("/leases/flinkgate") {
            let metadata = json!({"name": "flinkgate", "resourceVersion": "40"});
            return Some((
                200,
                json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": {"holderIdentity": "me"}})
                    .to_string(),
            ));
        }
        if query.contains("sendInitialEvents=true") {
            let metadata = json!({"resourceVersion": self.version.to_string(), "annotations": {"k8s.io/initial-events-end": "true"}});
            let end = json!({"type": "BOOKMARK", "object": {"apiVersion": "v1", "kind": "X", "metadata": metadata}});
            return Some((200, format!("{}{end}\n", self.since(path, 0))));
        }
        if query.contains("watch=true") {
            let version = query.rsplit_once("resourceVersion=").unwrap().1.parse().unwrap();
            let events = self.since(path, version);
            // Nothing to tell yet.
            return (!events.is_empty()).then_some((200, events));
        }
        if let Some(tenant) = path
            .strip_prefix(TENANTS)
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(|rest| rest.strip_suffix("/status"))
        {
            assert!(
                *method == Method::PATCH && query.contains("fieldManager=flinkgate-quota"),
                "{method} {query}"
            );
            let applied: Value = serde_json::from_slice(body).unwrap();
            let mut object = self.stored(TENANTS, tenant).unwrap();
            object["status"] = applied["status"].clone();
            self.store(TENANTS, "MODIFIED", object.clone());
            return Some((200, object.to_string()));
        }
        let name = path.strip_prefix("/api/v1/namespaces/prod/pods/");
        Some(
            name.and_then(|name| self.stored(PODS, name))
                .map_or_else(|| failed(404, "NotFound"), |object| (200, object.to_string())),
        )
    }
}

fn client(server: &Shared) -> Client {
    let server = Arc::clone(server);
    fake_api_server::client(move |request| {
        let server = Arc::clone(&server);
        async move {
            server.lock().unwrap().requests += 1;
            let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
            loop {
                let answer =
                    server.lock().unwrap().answer(request.method(), path, query, request.body());
                match answer {
                    Some(answer) => return answer,
                    None => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        }
    })
}

/// A cluster's store, where no ledger is stored yet.
#[derive(Default)]
struct Uncounted(InMemoryStore);

impl Store for Uncounted {
    async fn read(&self, tenant: &str) -> Result<VersionedLedger, StoreError> {
        let read = self.0.read(tenant).await?;
        Ok(if read.version.is_empty() { VersionedLedger::default() } else { read })
    }

    async fn swap(
        &self,
        tenant: &str,
        version: &str,
        ledger: &Ledger,
    ) -> Result<String, StoreError> {
        self.0.swap(tenant, version, ledger).await
    }
}

fn cpu(cores: u64) -> Usage {
    std::iter::once(("cpu".to_owned(), Quantity::from_units(cores))).collect()
}

fn pod(name: &str, cores: u64) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "prod", "uid": name},
        "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": cores}}}]}})
}

fn gate() -> Arc<ArcSwap<Gate>> {
    let spec = json!({"namespaces": {"names": ["prod"]}, "quota": {"hard": {"cpu": "10"}}});
    let tenant = Tenant {
        name: "payments".into(),
        spec: serde_json::from_value(spec).unwrap(),
        version: 1,
        ..Tenant::default()
    };
    let policies = Arc::new(PolicySet::built_in().unwrap());
    Arc::new(ArcSwap::from_pointee(Gate::new(
        Tenants::new(vec![tenant], BTreeMap::new()),
        policies,
        Unassigned::Warn,
    )))
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap_or_else(|_| panic!("{what}"));
}

#[tokio::test]
async fn a_leader_reconciles_ledgers_and_writes_the_status() {
    let server = Shared::default();
    server.lock().unwrap().store(
        "/api/v1/namespaces",
        "ADDED",
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod", "uid": "n"}}),
    );
    server.lock().unwrap().store(PODS, "ADDED", pod("before", 2));
    server.lock().unwrap().store(
        TENANTS,
        "ADDED",
        json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": "payments", "uid": "t"}}),
    );
    let store = Arc::new(Uncounted::default());
    let ledgers = Arc::new(Ledgers::new(Arc::clone(&store)));
    let (lead, leader) = watch::channel(false);
    let metrics = Arc::new(Metrics::default());
    let brief = Duration::from_millis(10);
    let running = tokio::spawn(run(Controller {
        watches: SharedWatches::start(&client(&server)),
        client: client(&server),
        gate: gate(),
        ledgers: Arc::clone(&ledgers),
        admitted: Arc::new(AdmittedLedgers::new(Arc::new(InMemoryAdmitted::default()))),
        leader,
        namespace: "flinkgate-system".into(),
        identity: "me".into(),
        metrics: Arc::clone(&metrics),
        timings: ReconcileTimings { status: brief, pause: brief, ..ReconcileTimings::default() },
    }));
    let used = || {
        let tenant = server.lock().unwrap().stored(TENANTS, "payments").unwrap();
        tenant["status"]["used"]["cpu"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(server.lock().unwrap().requests, 0, "another leads");
    lead.send_replace(true);
    until("existing objects are counted", async || used() == "2").await;

    let request = Asks {
        object: ObjectRef::new("Pod", "prod", "new"),
        uid: "new".into(),
        usage: cpu(3),
        ..Asks::default()
    };
    let known = Arc::new(KnownLimits::default());
    let deadline = Instant::now() + Duration::from_secs(60);
    assert_eq!(
        ledgers.admit("payments", request, Arc::clone(&known), deadline, false).await,
        QuotaAnswer::Admitted
    );
    let too_much = Asks {
        object: ObjectRef::new("Pod", "prod", "big"),
        uid: "big".into(),
        usage: cpu(6),
        ..Asks::default()
    };
    assert!(matches!(
        ledgers.admit("payments", too_much, known, deadline, false).await,
        QuotaAnswer::Refused(_)
    ));
    let ledger = async || store.read("payments").await.unwrap().ledger;
    assert_eq!(
        (ledger().await.reservations(), ledger().await.total().get("cpu").units_ceil()),
        (1, 5)
    );
    server.lock().unwrap().store(PODS, "ADDED", pod("new", 3));
    until("the reservation is settled", async || ledger().await.reservations() == 0).await;
    until("the status follows", async || used() == "5").await;
    server.lock().unwrap().store(PODS, "DELETED", pod("before", 2));
    until("what was deleted is free", async || {
        ledger().await.total().get("cpu").units_ceil() == 3 && used() == "3"
    })
    .await;

    assert!(metrics.reconciliations.total.get() >= 3);
    drop(lead);
    tokio::time::timeout(Duration::from_secs(60), running).await.unwrap().unwrap();
}
