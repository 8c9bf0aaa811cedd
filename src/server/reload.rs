//! Reloads certificates that change on disk.
//!
//! The content of the files is compared, not their times: Kubernetes updates a mounted Secret by
//! swapping the link `..data`, which a watch on a file does not see.

use super::certificate::{CertificateError, Serving};
use super::health::Health;
use super::tls::CurrentCertificate;
use crate::causes::with_causes;
use crate::telemetry::metrics::Metrics;
use std::hash::{BuildHasher, Hash, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinError;

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
    /// When a file cannot be read or the pair is unusable.
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

/// Detects changes of what is read repeatedly: of content, and of errors by their text.
#[derive(Default)]
pub(super) struct ContentChanges {
    hasher: RandomState,
    last: Option<u64>,
    /// Whether there was only one read so far.
    pub(super) is_first: bool,
}

impl ContentChanges {
    /// Whether this differs from the last content or error.
    pub(super) fn is_change<T: Hash>(&mut self, content: &Result<T, CertificateError>) -> bool {
        let state = content.as_ref().map_err(|error| with_causes(error));
        let hash = self.hasher.hash_one(state);
        let last = self.last.replace(hash);
        self.is_first = last.is_none();
        last != Some(hash)
    }
}

/// Reads `path`, without blocking other tasks.
pub(super) async fn read_blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, CertificateError> + Send + 'static,
    path: &Path,
) -> Result<T, CertificateError> {
    let failed =
        |error: JoinError| CertificateError::Read { path: path.into(), source: error.into() };
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err(failed(error)))
}

/// Reads the files every `interval`, forever. An unusable pair changes nothing.
pub async fn watch(
    files: Files,
    interval: Duration,
    current: Arc<CurrentCertificate>,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
) {
    let mut changes = ContentChanges::default();
    loop {
        let reader = files.clone();
        let content = read_blocking(move || reader.read(), &files.certificate).await;
        if changes.is_change(&content) {
            match content.and_then(|(certificate, key)| Serving::from_pem(&certificate, &key)) {
                Ok(serving) => {
                    metrics.certificate_expiry.set(serving.not_after_seconds());
                    health.set(
                        "certificate",
                        true,
                        format!("valid until {}", serving.not_after_text()),
                    );
                    if !changes.is_first {
                        tracing::info!(
                            not_after = serving.not_after_text(),
                            "loaded a new serving certificate"
                        );
                    }
                    current.swap(serving);
                }
                Err(error) => {
                    let error = with_causes(&error);
                    let until = current
                        .get()
                        .map_or_else(|| "never".to_owned(), |serving| serving.not_after_text());
                    health.set(
                        "certificate",
                        true,
                        format!("valid until {until}; last reload failed: {error}"),
                    );
                    tracing::error!(
                        error,
                        "failed to load the new serving certificate, keeping the old one"
                    );
                }
            }
        }
        tokio::time::sleep(interval).await;
    }
}
