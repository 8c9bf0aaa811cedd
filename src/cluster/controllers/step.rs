//! Why a step of a controller could not be taken.

use crate::admission::registration::path_token::PathTokenError;
use crate::server::certificate::CertificateError;

/// Why a step could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The API server refused it, or could not be reached.
    #[error("cannot {what}: {source}")]
    Api {
        /// What failed.
        what: &'static str,
        /// The error.
        source: kube::Error,
    },
    /// No answer.
    #[error("the API server does not answer")]
    Timeout,
    /// A certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] CertificateError),
    /// A token could not be made.
    #[error("cannot make a path token: {0}")]
    PathToken(#[from] PathTokenError),
}

impl StepError {
    /// Whether another client was faster, so that the next reconciliation sees the result.
    pub(super) fn is_collision(&self) -> bool {
        matches!(self, Self::Api { source: kube::Error::Api(status), .. }
            if status.is_conflict() || status.is_already_exists() || status.is_not_found())
    }
}
