//! What the benchmarks share: the baseline webhooks, a client that trusts any certificate, a
//! TaskManager pod, latencies and a median.

// Each benchmark uses what it needs.
#![allow(dead_code)]

use flinkgate::admission::review::Review;
use flinkgate::pipeline::{Gate, Unassigned};
use http_body_util::BodyExt;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

pub mod cpu;
pub mod ledgers;

/// The middle value.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// What rounds of the same work took.
#[derive(Clone, Default)]
pub struct Measured {
    latencies: Vec<Duration>,
    /// Pieces of work a second, by round.
    pub rates: Vec<f64>,
}

impl Measured {
    /// Adds a round: what each piece took, and all of them.
    pub fn add(&mut self, latencies: Vec<Duration>, wall: Duration) {
        self.rates.push(latencies.len() as f64 / wall.as_secs_f64());
        self.latencies.extend(latencies);
        self.latencies.sort();
    }

    /// How many pieces of work.
    pub fn count(&self) -> usize {
        self.latencies.len()
    }

    /// The latency that so many are below, in milliseconds.
    pub fn at(&self, quantile: f64) -> f64 {
        self.latencies[(self.latencies.len() as f64 * quantile) as usize].as_secs_f64() * 1e3
    }

    /// Pieces of work a second in the middle round.
    pub fn rate(&self) -> f64 {
        median(&self.rates)
    }

    /// How many times the rate of another one, round by round: what slows both down does not count.
    pub fn relative_to(&self, other: &Self) -> f64 {
        let ratios: Vec<f64> =
            self.rates.iter().zip(&other.rates).map(|(own, other)| own / other).collect();
        median(&ratios)
    }
}

/// A TaskManager pod as Flink creates it, without what only its own cluster has.
pub fn task_manager_pod(name: &str, namespace: &str) -> Value {
    let review: Value = serde_json::from_str(
        &std::fs::read_to_string("benches/data/taskmanager-pod-create.json").unwrap(),
    )
    .unwrap();
    let mut pod = review["request"]["object"].clone();
    let labels = pod["metadata"]["labels"].take();
    pod["metadata"] = json!({"name": name, "namespace": namespace, "labels": labels});
    // Scheduling is not what is measured.
    pod["spec"]["schedulerName"] = "nobody".into();
    pod
}

/// A recorded review with its object as the mutating webhook leaves it.
pub fn completed(file: &str) -> Vec<u8> {
    let body = std::fs::read(format!("benches/data/{file}")).unwrap();
    let (gate, _) = Gate::load(&["examples/tenants".into()], &[], Unassigned::Warn).unwrap();
    let resource = Review::parse(&body).unwrap().resource().unwrap();
    let mut review: Value = serde_json::from_slice(&body).unwrap();
    review["request"]["object"] = gate.mutated(&resource);
    serde_json::to_vec(&review).unwrap()
}

/// A client that takes any certificate: the servers make their own.
pub fn client_config() -> ClientConfig {
    ClientConfig::builder()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate))
        .with_no_client_auth()
}

#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// A webhook that reads the body and always allows; as `parse` it also parses the body to a JSON
/// tree, and where `FLINKGATE_BENCH_PATCH` gives it a patch (base64) it answers `/mutate` with
/// that. The same stack as Flinkgate's: tokio, rustls, hyper, mimalloc.
pub fn serve_baseline(role: &str) {
    let parse = role == "parse";
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async move {
        let key =
            rcgen::generate_simple_self_signed(["localhost".to_string(), "127.0.0.1".to_string()])
                .unwrap();
        if let Some(path) = std::env::var_os("FLINKGATE_BENCH_CA") {
            std::fs::write(path, key.cert.pem()).unwrap();
        }
        let private =
            rustls::pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
        let mut config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![key.cert.der().clone()], private)
            .unwrap();
        config.send_tls13_tickets = 0;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        eprintln!("webhooks on {}", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = hyper::service::service_fn(
                    move |request: hyper::Request<hyper::body::Incoming>| answer(request, parse),
                );
                let server = hyper_util::server::conn::auto::Builder::new(
                    hyper_util::rt::TokioExecutor::new(),
                );
                let _ =
                    server.serve_connection(hyper_util::rt::TokioIo::new(stream), service).await;
            });
        }
    });
}

async fn answer(
    request: hyper::Request<hyper::body::Incoming>,
    parse: bool,
) -> Result<hyper::Response<http_body_util::Full<hyper::body::Bytes>>, hyper::Error> {
    let mutates = request.uri().path() == "/mutate";
    let body = request.into_body().collect().await?.to_bytes();
    let mut uid = "0".to_string();
    if parse {
        let review: Value = serde_json::from_slice(&body).unwrap();
        uid = review["request"]["uid"].as_str().unwrap().to_string();
    }
    let patch = std::env::var("FLINKGATE_BENCH_PATCH").ok().filter(|_| mutates);
    let patch = patch
        .map(|patch| format!(r#","patchType":"JSONPatch","patch":"{patch}""#))
        .unwrap_or_default();
    let text = format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{{"uid":"{uid}","allowed":true{patch}}}}}"#
    );
    Ok(hyper::Response::builder()
        .header("content-type", "application/json")
        .body(http_body_util::Full::new(text.into()))
        .unwrap())
}
