//! Small reviews are answered while large ones wait for their turn, and a full queue says when to
//! try again.

use crate::families::body;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use flinkgate::admission::files::{FileContext, FileQuota};
use flinkgate::admission::reviewer::Reviewer;
use flinkgate::pipeline::{GateFiles, LiveGate, Unassigned};
use flinkgate::server::router;
use flinkgate::telemetry::metrics::Metrics;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::ServiceExt;

/// Large requests at the same time: more than the queue holds.
const LARGE: usize = 90;

fn server() -> Router {
    let files = GateFiles {
        tenants: vec!["tests/data/bounded/tenant.yaml".into()],
        policies: Vec::new(),
        operator_config: None,
        operator_users: flinkgate::flink::requester::OperatorUsers::default(),
        operator_version: None,
    };
    let live = Arc::new(LiveGate::load(files, Unassigned::Warn).unwrap().0);
    let reviewer = Reviewer::new(FileContext::new(live), FileQuota::default());
    router::router(reviewer, Arc::new(Metrics::default()))
}

async fn ask(server: Router, review: Vec<u8>) -> Value {
    let request = Request::post("/validate?timeout=30s")
        .header("content-type", "application/json")
        .body(Body::from(review))
        .unwrap();
    let response = server.oneshot(request).await.unwrap();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice::<Value>(&bytes).unwrap()["response"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_reviews_are_answered_while_large_ones_wait() {
    let server = server();
    let elements: Value =
        (0..2_000).map(|n| json!({"key": format!("k{n}"), "operator": "Exists"})).collect();
    let large = body(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "large"},
        "spec": {"containers": [{"name": "a"}], "tolerations": elements, "x": "x".repeat(300_000)}}));
    let small = body(
        &json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "small"}, "spec": {"containers": [{"name": "a"}]}}),
    );
    let done = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..LARGE)
        .map(|_| {
            let (server, large, done) = (server.clone(), large.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let answer = ask(server, large).await;
                if answer["status"]["code"] != 429 {
                    done.fetch_add(1, Ordering::SeqCst);
                }
                answer
            })
        })
        .collect();
    for _ in 0..5 {
        assert_eq!(ask(server.clone(), small.clone()).await["status"]["code"], 403);
    }
    let judged = done.load(Ordering::SeqCst);
    let mut busy = 0;
    for task in tasks {
        let answer = task.await.unwrap();
        if answer["status"]["code"] == 429 {
            assert!(
                answer["status"]["details"]["retryAfterSeconds"].as_u64() > Some(0),
                "{answer}"
            );
            busy += 1;
        }
    }
    assert!(busy > 0, "the queue took all of them");
    assert!(judged < LARGE - busy, "small reviews waited for {judged} large ones");
}
