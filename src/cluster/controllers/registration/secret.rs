//! The Secret `flinkgate-path-token`: the tokens that replicas accept, one on each line with its
//! date, the newest last.
//!
//! It is not in `flinkgate-tls`, because that one may be the user's own (`certificates.mode: files`).

use super::rotation::StoredToken;
use crate::admission::registration::path_token::PathToken;
use crate::cluster::controllers::own_secret::own_secret;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use std::time::SystemTime;

/// The Secret's name.
pub const SECRET: &str = "flinkgate-path-token";
const TOKENS: &str = "tokens";
/// When a replica noticed that API servers may have shown the token.
const EXPOSED: &str = "exposed";
/// More are never in use at once.
const MOST: usize = 8;

/// The tokens in the Secret, oldest first, and whether there is nothing else.
pub fn read(secret: Option<&Secret>) -> (Vec<StoredToken>, bool) {
    let data = secret.and_then(|secret| secret.data.as_ref()?.get(TOKENS));
    let text = data.map_or("", |bytes| std::str::from_utf8(&bytes.0).unwrap_or_default());
    let mut tokens: Vec<StoredToken> = Vec::new();
    for token in text.lines().filter_map(parse).take(MOST) {
        if tokens.iter().all(|known| known.token != token.token) {
            tokens.push(token);
        }
    }
    let tidy = data.is_some_and(|bytes| bytes.0 == format(&tokens).as_bytes());
    (tokens, tidy)
}

/// When API servers may last have shown a token to a client.
pub fn exposed(secret: Option<&Secret>) -> Option<SystemTime> {
    let data = secret?.data.as_ref()?.get(EXPOSED)?;
    let since: Timestamp = std::str::from_utf8(&data.0).ok()?.trim().parse().ok()?;
    Some(since.into())
}

/// The Secret with that time.
pub fn expose(mut secret: Secret, at: SystemTime) -> Secret {
    if let Ok(at) = Timestamp::try_from(at) {
        let content = ByteString(at.to_string().into_bytes());
        secret.data.get_or_insert_default().insert(EXPOSED.into(), content);
    }
    secret
}

fn parse(line: &str) -> Option<StoredToken> {
    let (token, since) = line.split_once(' ')?;
    let since: Timestamp = since.trim().parse().ok()?;
    Some(StoredToken { token: PathToken::parse(token).ok()?, since: since.into() })
}

fn format(tokens: &[StoredToken]) -> String {
    let line = |stored: &StoredToken| {
        let since = Timestamp::try_from(stored.since).ok()?;
        Some(format!("{} {since}\n", stored.token.expose()))
    };
    tokens.iter().filter_map(line).collect()
}

/// The Secret with these tokens; other fields of `old` stay.
pub fn write(tokens: &[StoredToken], old: Option<Secret>) -> Secret {
    let mut secret = old.unwrap_or_else(|| own_secret(SECRET, "Opaque"));
    let content = ByteString(format(tokens).into_bytes());
    secret.data.get_or_insert_default().insert(TOKENS.into(), content);
    secret
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn tokens() -> Vec<StoredToken> {
        let since = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let token = |number: u32| StoredToken {
            token: PathToken::parse(&format!("{number:064}")).unwrap(),
            since,
        };
        vec![token(1), token(2)]
    }

    #[test]
    fn what_is_written_is_read_and_other_fields_stay() {
        assert_eq!(read(None), (vec![], false));
        assert_eq!(read(Some(&Secret::default())), (vec![], false));
        let mut written = write(&tokens(), None);
        assert_eq!(read(Some(&written)), (tokens(), true));
        written.data.as_mut().unwrap().insert("more".into(), ByteString(vec![1]));
        let written = write(&tokens()[..1], Some(written));
        assert_eq!(exposed(Some(&written)), None);
        let written = expose(written, tokens()[0].since);
        assert_eq!(exposed(Some(&written)), Some(tokens()[0].since));
        assert_eq!(read(Some(&written)), (tokens()[..1].to_vec(), true));
        assert!(written.data.unwrap().contains_key("more"));
    }

    proptest! {
        #[test]
        fn a_garbled_secret_gives_tokens_that_can_be_written(at in 0..180_usize, with in "[ -~\n]{0,90}", cut in any::<bool>()) {
            let mut secret = write(&tokens(), None);
            let content = &mut secret.data.as_mut().unwrap().get_mut(TOKENS).unwrap().0;
            let at = at.min(content.len());
            if cut { content.truncate(at) } else { content.splice(at..at, with.bytes()); }
            let (read_tokens, _) = read(Some(&secret));
            prop_assert!(read_tokens.len() <= MOST);
            prop_assert_eq!(read(Some(&write(&read_tokens, Some(secret)))), (read_tokens.clone(), true));
        }
    }
}
