//! A server on loopback and clients for it.
#![allow(dead_code)]

pub mod process;

use flinkgate::admission::answer::Answer;
use flinkgate::admission::reviewer::{Deadlines, Review, ReviewRequest};
use flinkgate::rules::{Finding, Level};
use flinkgate::server::certificate::{Development, Serving, development};
use flinkgate::server::health::{self, Health};
use flinkgate::server::port::{self, Limits, Port};
use flinkgate::server::shutdown::Phase;
use flinkgate::server::tls::{CurrentCertificate, server_config};
use flinkgate::server::{router, shutdown};
use flinkgate::telemetry::metrics::Metrics;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Longer than every step takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Server {
    pub address: SocketAddr,
    pub health_address: SocketAddr,
    pub ca: CertificateDer<'static>,
    pub current: Arc<CurrentCertificate>,
    pub health: Arc<Health>,
    pub metrics: Arc<Metrics>,
    pub phase: watch::Sender<Phase>,
    pub task: JoinHandle<()>,
}

pub fn certificate(made: &Development) -> (Serving, CertificateDer<'static>) {
    let serving =
        Serving::from_pem(made.certificate_pem.as_bytes(), made.key_pem.as_bytes()).unwrap();
    (serving, CertificateDer::from_pem_slice(made.ca_pem.as_bytes()).unwrap())
}

/// Refuses objects named `refuse-…`, warns about `warn-…`, panics at `panic-…`, patches all others.
pub struct ByName;

impl Review for ByName {
    async fn review(&self, request: ReviewRequest, _: Deadlines) -> Answer {
        let finding = |level| Finding {
            rule: "security/privileged".into(),
            level,
            message: "must not be privileged".into(),
            pointer: "/spec/containers/0".into(),
            ..Finding::default()
        };
        let word = request.resource.name.split('-').next().unwrap_or_default();
        assert_ne!(word, "panic", "the reviewer panicked");
        let findings = match word {
            "refuse" => vec![finding(Level::Error)],
            "warn" => vec![finding(Level::Warning)],
            _ => Vec::new(),
        };
        let patch = serde_json::from_value(
            json!([{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]),
        )
        .unwrap();
        Answer {
            tenant: Some("payments".into()),
            findings,
            patch: Some(patch),
            ..Answer::default()
        }
    }
}

pub async fn start(limits: Limits) -> Server {
    let (serving, ca) = certificate(&development(&[], 1).unwrap());
    let current = CurrentCertificate::new(serving);
    let (health, metrics) = (Health::waiting_for(&["certificate"]), Arc::new(Metrics::default()));
    let (phase, watched) = watch::channel(Phase::Serving);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let health_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, health_address) =
        (listener.local_addr().unwrap(), health_listener.local_addr().unwrap());
    let tls = Some(server_config(Arc::clone(&current)).unwrap().into());
    let port = Port {
        tls,
        router: router::router(ByName, Arc::clone(&metrics)),
        limits,
        open: metrics.connections.clone(),
    };
    let plain = Port {
        tls: None,
        router: health::router(Arc::clone(&health), Arc::clone(&metrics)),
        limits,
        open: Default::default(),
    };
    tokio::spawn(port::serve(health_listener, plain, watched.clone()));
    let task = tokio::spawn(port::serve(listener, port, watched));
    Server { address, health_address, ca, current, health, metrics, phase, task }
}

impl Server {
    pub async fn connect(&self) -> Client {
        Client::connect(self.address, &self.ca, rustls::DEFAULT_VERSIONS, false).await.unwrap()
    }

    pub async fn leave(&self) {
        shutdown::leave(&self.phase, &self.health, Duration::ZERO).await;
    }

    pub async fn health(&self, path: &str) -> (u16, String) {
        let stream = TcpStream::connect(self.health_address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request =
            Request::get(path).header("host", "localhost").body(Full::<Bytes>::default()).unwrap();
        let (status, body, _) = finish(sender.send_request(request).await.unwrap()).await;
        (status, body)
    }
}

pub async fn tls(
    address: SocketAddr,
    ca: &CertificateDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
    http2: bool,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_protocol_versions(versions)
    .unwrap()
    .with_root_certificates(roots)
    .with_no_client_auth();
    config.alpn_protocols = vec![if http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("flinkgate.flinkgate-system.svc").unwrap();
    tokio::time::timeout(PATIENCE, TlsConnector::from(Arc::new(config)).connect(name, stream))
        .await
        .unwrap()
}

pub enum Client {
    Http1(hyper::client::conn::http1::SendRequest<Full<Bytes>>),
    Http2(hyper::client::conn::http2::SendRequest<Full<Bytes>>),
}

impl Client {
    pub async fn connect(
        address: SocketAddr,
        ca: &CertificateDer<'static>,
        versions: &[&'static SupportedProtocolVersion],
        http2: bool,
    ) -> std::io::Result<Self> {
        let stream = TokioIo::new(tls(address, ca, versions, http2).await?);
        Ok(if http2 {
            let (sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
            tokio::spawn(connection);
            Self::Http2(sender)
        } else {
            let (sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
            tokio::spawn(connection);
            Self::Http1(sender)
        })
    }

    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> (u16, String, hyper::HeaderMap) {
        // A connection needs a moment after a response.
        let ready = match self {
            Self::Http1(sender) => tokio::time::timeout(PATIENCE, sender.ready()).await,
            Self::Http2(sender) => tokio::time::timeout(PATIENCE, sender.ready()).await,
        };
        ready.unwrap().unwrap();
        let response = match self {
            Self::Http1(sender) => {
                tokio::time::timeout(PATIENCE, sender.send_request(request)).await
            }
            Self::Http2(sender) => {
                tokio::time::timeout(PATIENCE, sender.send_request(request)).await
            }
        };
        finish(response.unwrap().unwrap()).await
    }

    pub async fn post(&mut self, path: &str, body: impl Into<Bytes>) -> (u16, String) {
        let uri = match self {
            Self::Http1(_) => path.to_owned(),
            Self::Http2(_) => format!("https://localhost{path}"),
        };
        let request = Request::post(uri)
            .header("host", "localhost")
            .header("content-type", "application/json");
        let (status, body, _) = self.send(request.body(Full::new(body.into())).unwrap()).await;
        (status, body)
    }

    pub async fn review(&mut self, path: &str, name: &str) -> Value {
        let (status, body) = self.post(path, review("admission.k8s.io/v1", name)).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str::<Value>(&body).unwrap()["response"].take()
    }
}

async fn finish(response: Response<hyper::body::Incoming>) -> (u16, String, hyper::HeaderMap) {
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), String::from_utf8(body.to_vec()).unwrap(), head.headers)
}

/// Sends the head of a review and waits until the server asks for the body. Then the request is in
/// flight.
pub async fn put_in_flight(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), body: usize) {
    let head = format!(
        "POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: {body}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.unwrap();
}

pub fn review(version: &str, name: &str) -> String {
    json!({"apiVersion": version, "kind": "AdmissionReview", "request": {
        "uid": format!("uid-of-{name}"), "operation": "CREATE", "name": name, "namespace": "payments-prod",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}}})
    .to_string()
}
