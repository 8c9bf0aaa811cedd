//! The path tokens that are accepted, from a Secret of the cluster or from a file.

use crate::admission::registration::path_token::{PathToken, PathTokenError};
use crate::causes::with_causes;
use arc_swap::ArcSwap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// The tokens that are accepted at the moment: during a rotation the old and the new one. Without
/// any, nobody is answered.
#[derive(Debug, Default)]
pub struct AcceptedTokens {
    tokens: ArcSwap<Vec<PathToken>>,
    exposed: Notify,
}

impl AcceptedTokens {
    /// Accepts these tokens and no others from now on.
    pub fn set(&self, tokens: Vec<PathToken>) {
        self.tokens.store(Arc::new(tokens));
    }

    /// The tokens.
    pub fn get(&self) -> Arc<Vec<PathToken>> {
        self.tokens.load_full()
    }

    /// Waits until an API server gave up waiting for an answer. It then shows the URL, with the
    /// token, to the client whose request failed.
    pub async fn exposed(&self) {
        self.exposed.notified().await;
    }

    /// An API server gave up waiting.
    pub(super) fn expose(&self) {
        self.exposed.notify_one();
    }

    /// Compares with all of them, so that the time does not depend on which one matches.
    pub(super) fn accept(&self, sent: &str) -> bool {
        self.tokens.load().iter().fold(false, |found, token| found | token.is(sent))
    }
}

/// Why a file of path tokens cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenFileError {
    /// The file cannot be read.
    #[error("failed to read `{path}`, which must be a readable file of path tokens")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not made of tokens.
    #[error("`{path}` has no usable path token")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PathTokenError,
    },
}

/// Reads a file with one path token on each line; the first is what API servers should send.
///
/// # Errors
/// When it cannot be read or a line is not a token.
pub fn load_tokens(path: &Path) -> Result<Vec<PathToken>, TokenFileError> {
    let content = std::fs::read(path)
        .map_err(|source| TokenFileError::Read { path: path.to_owned(), source })?;
    let text = std::str::from_utf8(&content).map_err(|_| PathTokenError::Characters);
    text.and_then(PathToken::parse_lines)
        .map_err(|source| TokenFileError::Unusable { path: path.to_owned(), source })
}

/// Reads the file every `interval`, forever. An unusable file changes nothing.
pub async fn watch_tokens(path: PathBuf, interval: Duration, accepted: Arc<AcceptedTokens>) {
    let mut problem = None;
    loop {
        tokio::time::sleep(interval).await;
        let file = path.clone();
        let Ok(read) = tokio::task::spawn_blocking(move || load_tokens(&file)).await else {
            continue;
        };
        match read {
            Ok(tokens) => {
                problem = None;
                if *accepted.get() != tokens {
                    tracing::info!(file = %path.display(), "loaded new path tokens");
                    accepted.set(tokens);
                }
            }
            Err(error) => {
                let error = with_causes(&error);
                if problem.as_ref() != Some(&error) {
                    tracing::error!(
                        error,
                        "failed to load the new path tokens, keeping the old ones"
                    );
                }
                problem = Some(error);
            }
        }
    }
}
