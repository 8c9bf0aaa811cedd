//! A validating webhook of a test's own, beside Flinkgate's.

use super::access::Access;
use super::credentials::Authority;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;

/// What a webhook says to the `request` of a review: a message where it refuses.
pub type Judge = dyn Fn(Value) -> BoxFuture<'static, Option<String>> + Send + Sync;

/// A webhook that listens on loopback.
pub struct Webhook {
    port: u16,
    authority: Authority,
    runtime: Option<Runtime>,
}

impl Webhook {
    /// Starts it; nobody asks it yet.
    pub fn start(judge: Arc<Judge>) -> Self {
        let authority = Authority::new().unwrap();
        let signed = authority.server(&["127.0.0.1"]).unwrap();
        let certificate = CertificateDer::from_pem_slice(signed.certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(signed.key.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let port = listener.local_addr().unwrap().port();
        runtime.spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (acceptor, judge) = (acceptor.clone(), Arc::clone(&judge));
                tokio::spawn(async move {
                    let Ok(client) = acceptor.accept(client).await else { return };
                    let answer = service_fn(move |request| answer(Arc::clone(&judge), request));
                    // An API server that goes away is no error.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(client), answer)
                        .await;
                });
            }
        });
        Self { port, authority, runtime: Some(runtime) }
    }

    /// Has it asked about what is created and changed in the namespaces of a tenant.
    pub fn register(&self, admin: &Access, name: &str, tenant: &str) {
        let rule = |group: &str, version: &str, resources: &[&str]| json!({"apiGroups": [group], "apiVersions": [version], "operations": ["CREATE", "UPDATE"], "resources": resources});
        let rules = [
            rule("", "v1", &["pods", "pods/resize"]),
            rule("apps", "v1", &["deployments", "deployments/scale"]),
            rule("flink.apache.org", "v1beta1", &["flinkdeployments", "flinkdeployments/scale"]),
        ];
        let client = json!({"url": format!("https://127.0.0.1:{}/", self.port), "caBundle": STANDARD.encode(self.authority.pem())});
        let webhook = json!({"name": format!("{name}.example.com"), "clientConfig": client, "rules": rules, "failurePolicy": "Fail",
            "sideEffects": "NoneOnDryRun", "admissionReviewVersions": ["v1"], "timeoutSeconds": 10,
            "namespaceSelector": {"matchLabels": {"flinkgate.dev/tenant": tenant}}});
        let configuration = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": name}, "webhooks": [webhook]});
        admin.create(&configuration.to_string());
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn answer(
    judge: Arc<Judge>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let mut review: Value = serde_json::from_slice(&body).unwrap_or_default();
    let uid = review["request"]["uid"].clone();
    let refusal = judge(review["request"].take()).await;
    let mut response = json!({"uid": uid, "allowed": refusal.is_none()});
    if let Some(message) = refusal {
        response["status"] = json!({"code": 403, "reason": "Forbidden", "message": message});
    }
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response});
    let response = Response::builder().header("content-type", "application/json");
    Ok(response.body(Full::new(Bytes::from(review.to_string()))).unwrap())
}
