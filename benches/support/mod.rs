//! What the benchmarks share: the baseline webhooks, a client that trusts any certificate, a median.

use http_body_util::BodyExt;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use std::sync::Arc;

/// The middle value.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// A client that takes any certificate: the servers make their own.
pub fn client_config() -> ClientConfig {
    ClientConfig::builder().dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate)).with_no_client_auth()
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
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// A webhook that reads the body and always allows; as `parse` it also parses the body to a JSON tree, and where
/// `FLINKGATE_BENCH_PATCH` gives it a patch (base64) it answers `/mutate` with that. The same stack as Flinkgate's: tokio, rustls, hyper, mimalloc.
pub fn serve_baseline(role: &str) {
    let parse = role == "parse";
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async move {
        let key = rcgen::generate_simple_self_signed(["localhost".to_string(), "127.0.0.1".to_string()]).unwrap();
        if let Some(path) = std::env::var_os("FLINKGATE_BENCH_CA") {
            std::fs::write(path, key.cert.pem()).unwrap();
        }
        let private = rustls::pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
        let mut config =
            rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![key.cert.der().clone()], private).unwrap();
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
                let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| answer(request, parse));
                let server = hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new());
                let _ = server.serve_connection(hyper_util::rt::TokioIo::new(stream), service).await;
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
        let review: serde_json::Value = serde_json::from_slice(&body).unwrap();
        uid = review["request"]["uid"].as_str().unwrap().to_string();
    }
    let patch = std::env::var("FLINKGATE_BENCH_PATCH").ok().filter(|_| mutates);
    let patch = patch.map(|patch| format!(r#","patchType":"JSONPatch","patch":"{patch}""#)).unwrap_or_default();
    let text =
        format!(r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{{"uid":"{uid}","allowed":true{patch}}}}}"#);
    Ok(hyper::Response::builder().header("content-type", "application/json").body(http_body_util::Full::new(text.into())).unwrap())
}
