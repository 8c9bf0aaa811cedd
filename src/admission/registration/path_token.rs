//! The path token: the secret last segment of the webhooks' paths, such as `/validate/TOKEN`.
//!
//! API servers send it with every review, because it is part of `clientConfig`; other clients of the
//! port do not know it. Unlike a client certificate this works where users cannot configure the API
//! server. Tenants cannot read webhook configurations.

use super::super::answer::Webhook;
use rustls::crypto::aws_lc_rs;
use std::fmt;
use subtle::ConstantTimeEq;

/// 256 bits.
const BYTES: usize = 32;

/// The length of tokens that users choose. The upper bound keeps the whole path within what API
/// servers accept.
const LENGTH: std::ops::RangeInclusive<usize> = 32..=128;

/// A path token. `Debug` shows nothing of it, and there is no `Display`: it must not get into logs,
/// metrics, Events or answers.
#[derive(Clone)]
pub struct PathToken(String);

/// Why a text is not a path token. The messages do not contain the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathTokenError {
    /// Too short to be secret, or too long for a path.
    #[error(
        "a path token has 32 to 128 characters: make one with `openssl rand -hex 32`, one on each line"
    )]
    Length,
    /// API servers accept only DNS labels in a path.
    #[error(
        "a path token has lower-case letters and digits only: make one with `openssl rand -hex 32`"
    )]
    Characters,
    /// An empty file.
    #[error("no path token found: write one made with `openssl rand -hex 32`")]
    None,
    /// No random numbers.
    #[error("failed to get random numbers for a path token")]
    Randomness,
}

impl PathToken {
    /// Makes one of 256 random bits, in hexadecimal digits: API servers accept only lower-case
    /// letters, digits, hyphens and dots in a path.
    ///
    /// # Errors
    /// When the system provides no random numbers.
    pub fn make() -> Result<Self, PathTokenError> {
        let mut bytes = [0; BYTES];
        aws_lc_rs::default_provider()
            .secure_random
            .fill(&mut bytes)
            .map_err(|_| PathTokenError::Randomness)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// Reads one.
    ///
    /// # Errors
    /// When it is too short, too long, or no API server would accept it in a path.
    pub fn parse(text: &str) -> Result<Self, PathTokenError> {
        if !LENGTH.contains(&text.len()) {
            return Err(PathTokenError::Length);
        }
        if !text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
            return Err(PathTokenError::Characters);
        }
        Ok(Self(text.to_owned()))
    }

    /// Reads a file with one token on each line.
    ///
    /// # Errors
    /// When there is none, or a line is not a token.
    pub fn parse_lines(text: &str) -> Result<Vec<Self>, PathTokenError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let tokens = lines.map(Self::parse).collect::<Result<Vec<_>, _>>()?;
        if tokens.is_empty() { Err(PathTokenError::None) } else { Ok(tokens) }
    }

    /// Whether a client sent this token. The time depends on the lengths alone.
    pub fn is(&self, sent: &str) -> bool {
        self.0.as_bytes().ct_eq(sent.as_bytes()).into()
    }

    /// The token, to be written into a Secret or a webhook configuration and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for PathToken {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl Eq for PathToken {}

impl fmt::Debug for PathToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PathToken")
    }
}

/// The path of a webhook, with a token or without.
pub fn path(webhook: Webhook, token: Option<&PathToken>) -> String {
    match token {
        Some(token) => format!("/{}/{}", webhook.as_str(), token.expose()),
        None => format!("/{}", webhook.as_str()),
    }
}

/// A path or URL of a webhook with the current token in place of any other: what precedes the
/// webhook's own part stays, such as the prefix of a reverse proxy.
pub fn with_token(path_or_url: &str, webhook: Webhook, token: Option<&PathToken>) -> String {
    let bare = path_or_url.trim_end_matches('/');
    // Also the other webhook's part, written by mistake.
    let without = |text: &str| {
        let before = text.strip_suffix("/mutate").or_else(|| text.strip_suffix("/validate"));
        before.map(str::to_owned)
    };
    let before = without(bare).or_else(|| without(bare.rsplit_once('/')?.0));
    let before = before.as_deref();
    format!("{}{}", before.unwrap_or(bare), path(webhook, token))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_unique_and_not_shown() {
        let tokens: std::collections::BTreeSet<String> =
            (0..100).map(|_| PathToken::make().unwrap().expose().to_owned()).collect();
        assert_eq!(tokens.len(), 100);
        for token in tokens {
            assert_eq!(token.len(), 64);
            let token = PathToken::parse(&token).unwrap();
            assert_eq!(format!("{token:?}"), "PathToken");
            assert!(token.is(token.expose()));
            assert!(!token.is(&token.expose()[1..]) && !token.is(""));
            assert!(!token.is(&token.expose().to_uppercase().replace('0', "1")));
        }
    }

    #[test]
    fn weak_and_unusable_tokens_are_refused() {
        let good = "a".repeat(32);
        assert!(PathToken::parse(&good).is_ok());
        for (text, error) in [
            ("", PathTokenError::Length),
            ("secret", PathTokenError::Length),
            (&"a".repeat(129), PathTokenError::Length),
            (&"A".repeat(32), PathTokenError::Characters),
            (&"a/".repeat(16), PathTokenError::Characters),
            (&"é".repeat(16), PathTokenError::Characters),
        ] {
            assert_eq!(PathToken::parse(text), Err(error), "{text}");
        }
        assert_eq!(PathToken::parse_lines("\n \n"), Err(PathTokenError::None));
        assert_eq!(PathToken::parse_lines(&format!("{good}\r\n\n{good}\n")).unwrap().len(), 2);
    }

    #[test]
    fn a_token_replaces_another_and_keeps_what_precedes_it() {
        let (old, new) = (PathToken::make().unwrap(), PathToken::make().unwrap());
        for (before, prefix) in [
            ("", ""),
            ("/", ""),
            ("/validate", ""),
            ("//validate/", "/"),
            (&path(Webhook::Validate, Some(&old)), ""),
            ("/gate/validate", "/gate"),
            ("/validate/old/validate/old", "/validate/old"),
            ("https://127.0.0.1:9443", "https://127.0.0.1:9443"),
            ("https://127.0.0.1:9443/validate", "https://127.0.0.1:9443"),
            ("https://example.com/gate/validate/old", "https://example.com/gate"),
            ("https://example.com/mutate", "https://example.com"),
            ("https://example.com/mutates/x", "https://example.com/mutates/x"),
        ] {
            for token in [Some(&new), None] {
                let after = with_token(before, Webhook::Validate, token);
                assert_eq!(after, format!("{prefix}{}", path(Webhook::Validate, token)));
                assert_eq!(with_token(&after, Webhook::Validate, token), after);
            }
        }
    }
}
