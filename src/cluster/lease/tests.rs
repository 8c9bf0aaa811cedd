//! Elections with an API server in memory that can be made to fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::cluster::fake_api_server::{self, ApiResponse, failed};
use axum::http::Method;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Server {
    lease: Option<Value>,
    version: u64,
    /// No client gets an answer.
    silent: bool,
    /// How long each answer takes.
    latency: Duration,
    /// Each client gets an error.
    broken: bool,
}

type Shared = Arc<Mutex<Server>>;

fn client(server: &Shared) -> Client {
    let server = Arc::clone(server);
    fake_api_server::client(move |request| {
        let server = Arc::clone(&server);
        async move {
            if server.lock().unwrap().silent {
                std::future::pending::<()>().await;
            }
            let latency = server.lock().unwrap().latency;
            tokio::time::sleep(latency).await;
            server.lock().unwrap().answer(request.method(), request.body())
        }
    })
}

impl Server {
    fn answer(&mut self, method: &Method, body: &[u8]) -> ApiResponse {
        let version = self.lease.as_ref().map(|lease| lease["metadata"]["resourceVersion"].clone());
        let sent: Value = serde_json::from_slice(body).unwrap_or_default();
        match (method, &self.lease) {
            _ if self.broken => return failed(500, "InternalError"),
            (&Method::GET, Some(lease)) => return (200, lease.to_string()),
            (&Method::GET | &Method::PUT, None) => return failed(404, "NotFound"),
            (&Method::POST, Some(_)) => return failed(409, "AlreadyExists"),
            (_, Some(_)) if version.as_ref() != Some(&sent["metadata"]["resourceVersion"]) => {
                return failed(409, "Conflict");
            }
            _ => {}
        }
        self.version += 1;
        let mut stored = sent;
        stored["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let text = stored.to_string();
        self.lease = Some(stored);
        (200, text)
    }
}

fn timings() -> LeaseTimings {
    LeaseTimings {
        duration: Duration::from_millis(1_500),
        renew: Duration::from_millis(1_000),
        retry: Duration::from_millis(50),
    }
}

fn candidate(server: &Shared, identity: &str) -> Candidate {
    Candidate::start(client(server), "flinkgate-system", identity.into(), timings())
}

async fn until(candidate: &Candidate, wanted: bool) {
    let mut leading = candidate.leading();
    tokio::time::timeout(Duration::from_secs(60), leading.wait_for(|now| *now == wanted))
        .await
        .unwrap()
        .unwrap();
}

fn holder(server: &Shared) -> Value {
    server.lock().unwrap().lease.as_ref().unwrap()["spec"]["holderIdentity"].clone()
}

#[tokio::test]
async fn the_other_candidate_leads_after_a_release() {
    let server = Shared::default();
    let first = candidate(&server, "first");
    until(&first, true).await;
    let second = candidate(&server, "second");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!*second.leading().borrow());
    let leading = first.leading();
    first.leave().await;
    assert!(!*leading.borrow());
    until(&second, true).await;
    assert_eq!(holder(&server), "second");
    assert_eq!(server.lock().unwrap().lease.as_ref().unwrap()["spec"]["leaseTransitions"], 1);
}

#[tokio::test]
async fn an_expired_lease_is_taken_by_the_successors_clock() {
    let server = Shared::default();
    // Its clock is an hour ahead, which must not matter.
    let spec = json!({"holderIdentity": "gone", "leaseDurationSeconds": 1, "renewTime": "2999-01-01T00:00:00.000000Z", "leaseTransitions": 4});
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "flinkgate", "resourceVersion": "7"}, "spec": spec});
    server.lock().unwrap().lease = Some(lease);
    let candidate = candidate(&server, "second");
    until(&candidate, true).await;
    assert_eq!(server.lock().unwrap().lease.as_ref().unwrap()["spec"]["leaseTransitions"], 5);
}

#[tokio::test]
async fn a_holder_without_api_server_stops_and_recovers() {
    let server = Shared::default();
    let candidate = candidate(&server, "first");
    for fail in
        [|server: &mut Server, on| server.broken = on, |server: &mut Server, on| server.silent = on]
    {
        until(&candidate, true).await;
        fail(&mut server.lock().unwrap(), true);
        until(&candidate, false).await;
        fail(&mut server.lock().unwrap(), false);
    }
    until(&candidate, true).await;
}

/// Reading and writing take longer together than one request may.
#[tokio::test]
async fn a_slow_api_server_has_a_leader() {
    let server = Shared::default();
    server.lock().unwrap().latency = Duration::from_millis(2_500);
    let timings = LeaseTimings { renew: Duration::from_secs(8), ..timings() };
    let candidate = Candidate::start(client(&server), "x", "first".into(), timings);
    until(&candidate, true).await;
    let renewed = async {
        while server.lock().unwrap().version < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), renewed).await.unwrap();
    assert_eq!(holder(&server), "first");
}

#[tokio::test]
async fn a_holder_whose_lease_was_taken_or_deleted_notices() {
    let server = Shared::default();
    let candidate = candidate(&server, "first");
    until(&candidate, true).await;
    server.lock().unwrap().lease = None;
    let found = async {
        while server.lock().unwrap().lease.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), found).await.unwrap();
    {
        let mut server = server.lock().unwrap();
        let lease = server.lease.as_mut().unwrap();
        lease["spec"]["holderIdentity"] = json!("another");
        lease["metadata"]["resourceVersion"] = json!("another");
    }
    until(&candidate, false).await;
}

#[tokio::test]
async fn of_many_candidates_never_two_lead() {
    let server = Shared::default();
    let candidates: Vec<_> =
        (0..5).map(|n| candidate(&server, &format!("candidate-{n}"))).collect();
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(candidates.iter().filter(|candidate| *candidate.leading().borrow()).count() <= 1);
    }
    let leads = async {
        while !candidates.iter().any(|candidate| *candidate.leading().borrow()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), leads).await.unwrap();
}

#[test]
fn a_long_duration_cannot_exclude_others() {
    let server = Shared::default();
    let mut election = Election {
        api: Api::namespaced(client_outside(&server), "x"),
        identity: "me".into(),
        timings: timings(),
        seen: None,
        ours: None,
    };
    let spec = LeaseSpec {
        holder_identity: Some("other".into()),
        lease_duration_seconds: Some(i32::MAX),
        ..LeaseSpec::default()
    };
    let now = Instant::now();
    assert!(!election.may_take(&spec, now));
    assert!(!election.may_take(&spec, now + Duration::from_secs(14)));
    assert!(election.may_take(&spec, now + Duration::from_secs(15)));
}

fn client_outside(server: &Shared) -> Client {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _guard = runtime.enter();
    client(server)
}
