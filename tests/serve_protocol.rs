//! The webhooks through real sockets: protocol versions, answers and malformed requests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod serve_support;

use base64::Engine;
use flinkgate::server::port::Limits;
use http_body_util::Full;
use hyper::Request;
use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};
use serve_support::{Client, review, start};

#[tokio::test]
async fn every_tls_version_serves_every_http_version() {
    let server = start(Limits::default()).await;
    for tls in [&TLS12, &TLS13] {
        for http2 in [false, true] {
            let mut client =
                Client::connect(server.address, &server.ca, &[tls], http2).await.unwrap();
            for path in ["/validate", "//validate", "/validate?timeout=10s"] {
                let response = client.review(path, "etl").await;
                assert_eq!(
                    (&response["uid"], &response["allowed"]),
                    (&json!("uid-of-etl"), &json!(true))
                );
                assert!(response.get("patch").is_none());
            }
        }
    }
}

#[tokio::test]
async fn responses_have_the_requests_version_and_base64_patches() {
    let server = start(Limits::default()).await;
    let mut client = server.connect().await;
    for version in ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"] {
        let (status, body) = client.post("/mutate", review(version, "etl")).await;
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (status, &answer["apiVersion"], &answer["kind"]),
            (200, &json!(version), &json!("AdmissionReview"))
        );
        assert_eq!(answer["response"]["patchType"], "JSONPatch");
        let patch = base64::engine::general_purpose::STANDARD
            .decode(answer["response"]["patch"].as_str().unwrap())
            .unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(&patch).unwrap(),
            json!([{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}])
        );
    }
}

#[tokio::test]
async fn refusals_and_warnings_reach_the_client() {
    let server = start(Limits::default()).await;
    let mut client = server.connect().await;
    let refused = client.review("/validate", "refuse-me").await;
    assert_eq!(refused["allowed"], false);
    assert_eq!(refused["status"]["code"], 403);
    assert_eq!(refused["status"]["details"]["causes"][0]["field"], "spec.containers[0]");
    let warned = client.review("/validate", "warn-me").await;
    assert_eq!(warned["warnings"], json!(["security/privileged: must not be privileged"]));
    let (_, metrics) = server.health("/metrics").await;
    for decision in ["refused", "warned"] {
        let line = format!(
            "{{webhook=\"validate\",kind=\"Pod\",operation=\"CREATE\",decision=\"{decision}\"}} 1\n"
        );
        assert!(metrics.contains(&line), "{metrics}");
    }
}

#[tokio::test]
async fn malformed_requests_get_a_status_and_a_text() {
    let server = start(Limits::default()).await;
    let mut client = server.connect().await;
    for (method, path, content_type, body, status, text) in [
        ("GET", "/validate", "application/json", "", 405, "by POST"),
        ("PUT", "/mutate", "application/json", "", 405, "by POST"),
        ("POST", "/", "application/json", "{}", 404, "send POST to `/mutate` or `/validate`"),
        ("POST", "/validate/x", "application/json", "{}", 404, "send POST to"),
        ("POST", "/validate", "text/yaml", "{}", 415, "application/json"),
        ("POST", "/validate", "application/json", "", 400, "not an AdmissionReview"),
        ("POST", "/validate", "application/json", "{\"kind\":", 400, "not an AdmissionReview"),
        ("POST", "/validate", "application/json; charset=utf-8", "{}", 400, "kind is ``"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("content-type", content_type);
        let (got, response, _) = client.send(request.body(Full::from(body)).unwrap()).await;
        assert_eq!(got, status, "{method} {path}: {response}");
        assert!(response.contains(text), "{response}");
    }
}

#[tokio::test]
async fn bodies_have_a_size_limit() {
    let server = start(Limits::default()).await;
    for http2 in [false, true] {
        let mut client =
            Client::connect(server.address, &server.ca, rustls::DEFAULT_VERSIONS, http2)
                .await
                .unwrap();
        let (status, text) = client.post("/validate", vec![b' '; (8 << 20) + 1]).await;
        assert_eq!((status, text.as_str()), (413, "the request body is larger than 8 MiB\n"));
        let mut full = review("admission.k8s.io/v1", "etl").into_bytes();
        full.resize(8 << 20, b' ');
        assert_eq!(client.post("/validate", full).await.0, 200);
    }
}

#[tokio::test]
async fn deep_nesting_is_answered() {
    let server = start(Limits::default()).await;
    let mut client = server.connect().await;
    for (open, inner, close) in [("[", "", "]"), ("{\"a\":", "1", "}")] {
        let deep = format!("{}{inner}{}", open.repeat(100_000), close.repeat(100_000));
        assert_eq!(client.post("/validate", deep.clone()).await.0, 400);
        let body = review("admission.k8s.io/v1", "etl")
            .replace("[{\"image\":\"a:1\",\"name\":\"a\"}]", &deep);
        let (status, body) = client.post("/validate", body).await;
        let refused = status == 400
            || serde_json::from_str::<Value>(&body).unwrap()["response"]["status"]["code"] == 400;
        assert!(refused, "{status} {body}");
    }
    assert_eq!(client.review("/validate", "etl").await["allowed"], true);
}

#[tokio::test]
async fn a_panic_fails_one_request() {
    let server = start(Limits::default()).await;
    let mut client = server.connect().await;
    let (status, text) = client.post("/validate", review("admission.k8s.io/v1", "panic-now")).await;
    assert_eq!(status, 500);
    assert!(text.contains("not a policy decision"), "{text}");
    assert_eq!(client.review("/validate", "etl").await["allowed"], true);
    assert!(server.metrics.text().contains("flinkgate_admission_requests_in_flight 0"));
}

#[tokio::test]
async fn readiness_lists_unmet_conditions() {
    let server = start(Limits::default()).await;
    assert_eq!(server.health("/healthz").await.0, 200);
    let (status, text) = server.health("/readyz").await;
    assert_eq!((status, text.contains("[-] certificate")), (503, true));
    server.health.set("certificate", true, "valid");
    assert_eq!(server.health("/readyz").await.0, 200);
    assert_eq!(server.health("/validate").await.0, 404);
}
