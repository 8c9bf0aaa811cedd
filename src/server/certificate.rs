//! Serving certificates: parsed from PEM and checked, or generated for development.

use super::{issue, x509};
use rcgen::{Issuer, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Why a certificate cannot be used or generated.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("failed to read `{path}`, which must be a readable PEM file")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No certificate in the PEM text.
    #[error("the certificate file has no PEM certificate (`-----BEGIN CERTIFICATE-----`)")]
    NoCertificate,
    /// No private key in the PEM text.
    #[error("the key file has no PEM private key (PKCS#8, PKCS#1 or SEC1, not encrypted)")]
    NoKey,
    /// The key is not the key of the certificate.
    #[error(
        "the certificate and the private key do not belong together: pass the key of this certificate"
    )]
    Mismatch,
    /// rustls cannot use them.
    #[error("the certificate or key cannot be used")]
    Unusable(#[source] rustls::Error),
    /// Not a certificate.
    #[error("the validity of the certificate cannot be parsed")]
    Validity,
    /// Expired.
    #[error("the certificate expired on {0}: renew it")]
    Expired(String),
    /// Not valid yet.
    #[error("the certificate is not valid before {0}: check the clock, or wait")]
    NotYetValid(String),
    /// No random numbers.
    #[error("failed to get random numbers for a serial number")]
    Randomness,
    /// A certificate cannot be generated.
    #[error("failed to generate a certificate")]
    Make(#[from] rcgen::Error),
}

/// A certificate chain and its key.
#[derive(Clone, Debug)]
pub struct Serving {
    /// Chain and key as rustls uses them.
    pub key: Arc<CertifiedKey>,
    /// When the leaf expires.
    pub not_after: SystemTime,
}

impl Serving {
    /// Reads a chain and its key from PEM text.
    ///
    /// # Errors
    /// When one is missing, they do not match, or the leaf is not valid now.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificate)
            .collect::<Result<_, _>>()
            .map_err(|_| CertificateError::NoCertificate)?;
        let leaf = chain.first().ok_or(CertificateError::NoCertificate)?;
        let validity = x509::validity(leaf).ok_or(CertificateError::Validity)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| CertificateError::NoKey)?;
        let key = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(
            |error| match error {
                rustls::Error::InconsistentKeys(_) => CertificateError::Mismatch,
                other => CertificateError::Unusable(other),
            },
        )?;
        let now = SystemTime::now();
        if now > validity.not_after {
            return Err(CertificateError::Expired(date(validity.not_after)));
        }
        if now < validity.not_before {
            return Err(CertificateError::NotYetValid(date(validity.not_before)));
        }
        Ok(Self { key: Arc::new(key), not_after: validity.not_after })
    }

    /// When the leaf expires, in seconds since 1970.
    pub fn not_after_seconds(&self) -> i64 {
        let since = self.not_after.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    /// When the leaf expires, as text.
    pub fn not_after_text(&self) -> String {
        date(self.not_after)
    }
}

/// Reads a file, with its name in the error.
///
/// # Errors
/// When the file cannot be read.
pub fn read_file(path: &Path) -> Result<Vec<u8>, CertificateError> {
    std::fs::read(path).map_err(|source| CertificateError::Read { path: path.to_owned(), source })
}

/// A serving certificate and its authority, whose key is discarded.
pub struct Development {
    /// The certificate of the authority, for `caBundle` and `curl --cacert`.
    pub ca_pem: String,
    /// SHA-256 of the certificate of the authority, `AB:CD:…`.
    pub ca_sha256: String,
    /// The serving certificate.
    pub certificate_pem: String,
    /// Its private key (PKCS#8).
    pub key_pem: String,
}

const DAY: u64 = 86_400;

/// Generates an authority and a serving certificate (ECDSA P-256) for Flinkgate's names and
/// `more_names`.
///
/// # Errors
/// When a name is neither a DNS name nor an IP address.
pub fn development(more_names: &[String], days: u32) -> Result<Development, CertificateError> {
    let (now, life) = (SystemTime::now(), Duration::from_secs(u64::from(days) * DAY));
    let ca_key = KeyPair::generate()?;
    let ca = issue::authority("Flinkgate development CA", now, life)?;
    let ca_certificate = ca.self_signed(&ca_key)?;
    let key = KeyPair::generate()?;
    let names = issue::names("flinkgate-system", more_names);
    let certificate = issue::leaf(names, now, life)?.signed_by(&key, &Issuer::new(ca, ca_key))?;
    Ok(Development {
        ca_pem: ca_certificate.pem(),
        ca_sha256: issue::fingerprint(ca_certificate.der()),
        certificate_pem: certificate.pem(),
        key_pem: key.serialize_pem(),
    })
}

fn date(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map_or_else(
        |_| "an unknown date".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn a_development_certificate_is_usable() {
        let made = development(&["gate.example.com".into(), "10.1.2.3".into()], 30).unwrap();
        let serving =
            Serving::from_pem(made.certificate_pem.as_bytes(), made.key_pem.as_bytes()).unwrap();
        assert!(serving.not_after > SystemTime::now() + Duration::from_secs(29 * DAY));
        assert_eq!(made.ca_sha256.len(), 32 * 3 - 1);
    }

    #[test]
    fn unusable_pairs_are_refused() {
        let (one, two) = (development(&[], 1).unwrap(), development(&[], 1).unwrap());
        let over = development(&[], 0).unwrap();
        std::thread::sleep(Duration::from_millis(1_100));
        for (certificate, key, expected) in [
            (one.certificate_pem.as_str(), two.key_pem.as_str(), "do not belong together"),
            ("", one.key_pem.as_str(), "no PEM certificate"),
            (one.certificate_pem.as_str(), "nonsense", "no PEM private key"),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                one.key_pem.as_str(),
                "validity of the certificate cannot be parsed",
            ),
            (over.certificate_pem.as_str(), over.key_pem.as_str(), "expired on"),
        ] {
            let error =
                Serving::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
