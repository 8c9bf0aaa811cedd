//! Certificates that change on disk.
//!
//! The files' content is compared, not their times: Kubernetes updates a mounted Secret by swapping
//! the `..data` link beside them, which a watch on the file itself does not see.

use super::certificate::{CertificateError, Serving};
use super::health::Health;
use super::tls::CurrentCertificate;
use crate::causes::with_causes;
use crate::telemetry::metrics::Metrics;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The two files of a serving certificate.
#[derive(Clone, Debug)]
pub struct Files {
    /// The chain, leaf first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

type Content = (Vec<u8>, Vec<u8>);

impl Files {
    /// Reads and checks the pair.
    ///
    /// # Errors
    /// When a file cannot be read or the pair cannot be served.
    pub fn load(&self) -> Result<Serving, CertificateError> {
        let (certificate, key) = self.read()?;
        Serving::from_pem(&certificate, &key)
    }

    fn read(&self) -> Result<Content, CertificateError> {
        Ok((
            super::certificate::read_file(&self.certificate)?,
            super::certificate::read_file(&self.key)?,
        ))
    }
}

/// Looks at the files every `interval`, for ever. A pair that cannot be served leaves the old one
/// in place.
pub async fn watch(
    files: Files,
    interval: Duration,
    current: Arc<CurrentCertificate>,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
) {
    let mut seen: Option<Result<Content, String>> = None;
    loop {
        let reader = files.clone();
        let content =
            tokio::task::spawn_blocking(move || reader.read().map_err(|error| with_causes(&error)))
                .await;
        let content = content.unwrap_or_else(|error| Err(error.to_string()));
        if seen.as_ref() != Some(&content) {
            let first = seen.is_none();
            match content
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|(c, k)| Serving::from_pem(c, k).map_err(|error| with_causes(&error)))
            {
                Ok(serving) => {
                    metrics.certificate_expiry.set(serving.not_after_seconds());
                    health.set(
                        "certificate",
                        true,
                        format!("valid until {}", serving.not_after_text()),
                    );
                    if !first {
                        tracing::info!(
                            not_after = serving.not_after_text(),
                            "new serving certificate"
                        );
                    }
                    current.swap(serving);
                }
                Err(error) => {
                    let until = current
                        .get()
                        .map_or_else(|| "never".to_owned(), |serving| serving.not_after_text());
                    health.set(
                        "certificate",
                        true,
                        format!("valid until {until}; the new one was not taken: {error}"),
                    );
                    tracing::error!(
                        error,
                        "the new serving certificate was not taken; the old one stays in use"
                    );
                }
            }
            seen = Some(content);
        }
        tokio::time::sleep(interval).await;
    }
}
