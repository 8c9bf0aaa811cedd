//! TLS: one configuration for the server's life; the certificate inside it can be swapped at any time.

use super::certificate::Serving;
use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::Arc;

/// The certificate that the next handshake gets.
#[derive(Debug)]
pub struct CurrentCertificate(ArcSwap<Serving>);

impl CurrentCertificate {
    /// Starts with a certificate.
    pub fn new(serving: Serving) -> Arc<Self> {
        Arc::new(Self(ArcSwap::from_pointee(serving)))
    }

    /// Takes another one; connections that are open keep theirs.
    pub fn swap(&self, serving: Serving) {
        self.0.store(Arc::new(serving));
    }

    /// The certificate in use.
    pub fn get(&self) -> Arc<Serving> {
        self.0.load_full()
    }
}

impl ResolvesServerCert for CurrentCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.load().key))
    }
}

/// TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1. API servers never resume sessions, so no tickets are made.
///
/// # Errors
/// When the cryptography provider does not speak these versions.
pub fn server_config(certificate: Arc<CurrentCertificate>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    Ok(Arc::new(config))
}
