//! Mutual TLS: connections only from clients whose certificate a given authority has signed.
//!
//! An API server shows a certificate when its admission configuration gives it one. Without this,
//! whoever reaches the port can ask for verdicts; with it, only the API server can.

use super::certificate::{CertificateError, read_file};
use super::x509;
use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Why a client authority cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClientCaError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] CertificateError),
    /// No usable certificate in it.
    #[error(
        "{0} holds no certificate authority (PEM, -----BEGIN CERTIFICATE-----) that can be used"
    )]
    Unusable(PathBuf),
}

/// Whose certificates are taken from clients.
#[derive(Debug)]
pub struct ClientCa {
    path: PathBuf,
    names: Vec<String>,
    verifier: ArcSwap<Arc<dyn ClientCertVerifier>>,
}

impl ClientCa {
    /// Takes clients with a certificate of an authority in the PEM file at `path`, with one of
    /// `names` as common name if there are any.
    ///
    /// # Errors
    /// When the file cannot be read or holds no authority.
    pub fn load(path: PathBuf, names: Vec<String>) -> Result<Arc<Self>, ClientCaError> {
        let verifier = verifier(&path, &read_file(&path)?)?;
        Ok(Arc::new(Self { path, names, verifier: ArcSwap::from_pointee(verifier) }))
    }

    /// Looks at the file every `interval`, for ever. A file that cannot be used leaves what was in
    /// force.
    pub async fn watch(self: Arc<Self>, interval: Duration) {
        let mut seen = None;
        loop {
            let ca = Arc::clone(&self);
            let read = tokio::task::spawn_blocking(move || {
                read_file(&ca.path).map_err(|error| error.to_string())
            })
            .await;
            let content = read.unwrap_or_else(|error| Err(error.to_string()));
            if seen.as_ref() != Some(&content) {
                match content
                    .as_ref()
                    .map_err(Clone::clone)
                    .and_then(|pem| verifier(&self.path, pem).map_err(|e| e.to_string()))
                {
                    Ok(verifier) => {
                        self.verifier.store(Arc::new(verifier));
                        if seen.is_some() {
                            tracing::info!(file = %self.path.display(), "new authority for client certificates");
                        }
                    }
                    Err(error) => tracing::error!(
                        error,
                        "the authority for client certificates was not taken; the old one stays"
                    ),
                }
                seen = Some(content);
            }
            tokio::time::sleep(interval).await;
        }
    }
}

fn verifier(
    path: &std::path::Path,
    pem: &[u8],
) -> Result<Arc<dyn ClientCertVerifier>, ClientCaError> {
    let unusable = || ClientCaError::Unusable(path.to_owned());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(|_| unusable())?).map_err(|_| unusable())?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|_| unusable())?;
    Ok(verifier)
}

impl ClientCertVerifier for ClientCa {
    /// None: they could not be swapped, and without hints a client shows whatever certificate it
    /// has.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.verifier.load().verify_client_cert(end_entity, intermediates, now)?;
        let named = || x509::common_name(end_entity).is_some_and(|name| self.names.contains(&name));
        if self.names.is_empty() || named() {
            Ok(verified)
        } else {
            Err(Error::InvalidCertificate(rustls::CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.load().verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.load().verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.load().supported_verify_schemes()
    }
}
