//! Mutual TLS: accepts only clients with a certificate of a given authority.
//!
//! An API server sends a certificate if its admission configuration has one. Without mutual TLS every
//! client that reaches the port can send reviews; with it only the API server can.

use super::certificate::{CertificateError, read_file};
use super::reload::{ContentChanges, read_blocking};
use super::x509;
use crate::causes::with_causes;
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
    /// The file has no usable certificate.
    #[error("`{0}` has no usable certificate authority (PEM, `-----BEGIN CERTIFICATE-----`)")]
    Unusable(PathBuf),
}

/// The authorities of client certificates.
#[derive(Debug)]
pub struct ClientCa {
    path: PathBuf,
    names: Vec<String>,
    verifier: ArcSwap<Arc<dyn ClientCertVerifier>>,
}

impl ClientCa {
    /// Accepts clients with a certificate of an authority in the PEM file at `path` and, if `names`
    /// is not empty, one of them as common name.
    ///
    /// # Errors
    /// When the file cannot be read or has no authority.
    pub fn load(path: PathBuf, names: Vec<String>) -> Result<Arc<Self>, ClientCaError> {
        let verifier = verifier_of(&path, &read_file(&path)?)?;
        Ok(Arc::new(Self { path, names, verifier: ArcSwap::from_pointee(verifier) }))
    }

    /// Reads the file every `interval`, forever. An unusable file changes nothing.
    pub async fn watch(self: Arc<Self>, interval: Duration) {
        let mut changes = ContentChanges::default();
        loop {
            let path = self.path.clone();
            let content = read_blocking(move || read_file(&path), &self.path).await;
            if changes.is_change(&content) {
                let verifier = content.map_err(ClientCaError::Read);
                match verifier.and_then(|pem| verifier_of(&self.path, &pem)) {
                    Ok(verifier) => {
                        self.verifier.store(Arc::new(verifier));
                        if !changes.is_first {
                            tracing::info!(file = %self.path.display(), "loaded a new authority for client certificates");
                        }
                    }
                    Err(error) => tracing::error!(
                        error = with_causes(&error),
                        "failed to load the new authority for client certificates, keeping the old one"
                    ),
                }
            }
            tokio::time::sleep(interval).await;
        }
    }
}

fn verifier_of(
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
    /// Empty: hints could not be swapped, and without hints a client sends any certificate it has.
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
