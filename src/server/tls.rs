//! TLS: one configuration for the lifetime of the server, with a certificate that can be swapped.

use super::certificate::Serving;
use super::client_ca::ClientCa;
use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, NoClientAuth, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::Arc;

/// The certificate of the next handshake. Without one, handshakes fail.
#[derive(Debug, Default)]
pub struct CurrentCertificate(ArcSwapOption<Serving>);

impl CurrentCertificate {
    /// Starts with a certificate.
    pub fn new(serving: Serving) -> Arc<Self> {
        Arc::new(Self(ArcSwapOption::from_pointee(serving)))
    }

    /// Starts without a certificate, until [`swap`](Self::swap) sets one.
    pub fn waiting() -> Arc<Self> {
        Arc::default()
    }

    /// Sets another certificate; open connections keep theirs.
    pub fn swap(&self, serving: Serving) {
        self.0.store(Some(Arc::new(serving)));
    }

    /// The current certificate.
    pub fn get(&self) -> Option<Arc<Serving>> {
        self.0.load_full()
    }
}

impl ResolvesServerCert for CurrentCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load().as_ref().map(|serving| Arc::clone(&serving.key))
    }
}

/// TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1. API servers never resume sessions, so there are no tickets.
///
/// # Errors
/// When the cryptography provider does not support these versions.
pub fn server_config(
    certificate: Arc<CurrentCertificate>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    config(certificate, Arc::new(NoClientAuth))
}

/// The same, only for clients with a certificate that `clients` accepts.
///
/// # Errors
/// When the cryptography provider does not support these versions.
pub fn mutual_config(
    certificate: Arc<CurrentCertificate>,
    clients: Arc<ClientCa>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    config(certificate, clients)
}

fn config(
    certificate: Arc<CurrentCertificate>,
    clients: Arc<dyn ClientCertVerifier>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    Ok(Arc::new(config))
}
