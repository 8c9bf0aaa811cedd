//! What may be shown of a value: not the secrets that options, environment variables and URIs hold.
//!
//! Rules show option values with [`value`] and URIs with [`uri`]. What they show nevertheless is
//! removed by [`Secrets::hide`] from every finding, whatever rule or policy wrote it.

mod secrets;
mod shown;
mod walk;

pub use secrets::Secrets;

use super::credentials::{is_credential, is_reference};
use std::borrow::Cow;
use std::ops::Range;

/// The text in place of a secret.
pub const HIDDEN: &str = "…";

/// Parts of option keys whose values Flink does not show (`GlobalConfiguration.isSensitive`), and
/// those of its operator and of other libraries.
const SENSITIVE: [&str; 17] = [
    "password",
    "secret",
    "fs.azure.account.key",
    "apikey",
    "api-key",
    "auth-params",
    "service-key",
    "token",
    "basic-auth",
    "jaas.config",
    "http-headers",
    "http.header",
    "authorization",
    "passphrase",
    "passwd",
    "credential",
    "private-key",
];

/// Parts of keys that name Secrets and files, or that say how tokens are handled.
const PUBLIC: [&str; 5] =
    ["kubernetes.secrets", "secretkeyref", "pull-secrets", "delegation.token", "tokens-where"];

/// Schemes whose user name alone may be a token.
const OF_WEB: [&str; 4] = ["http", "https", "ftp", "ftps"];

/// Whether the value of an option, a variable or an argument with this name may be a secret.
pub fn is_sensitive(key: &str) -> bool {
    if !may_be_sensitive(key) {
        return false;
    }
    let key = key.to_ascii_lowercase().replace('_', "-");
    let is_secret = |key: &str| SENSITIVE.iter().any(|part| key.contains(part));
    // The rest of the key may name a secret nevertheless: `delegation.token.provider.x.secret`.
    let rest = || PUBLIC.iter().fold(key.clone(), |key, part| key.replace(part, "."));
    is_credential(&key) || (is_secret(&key) && is_secret(&rest()))
}

/// Three letters of every part and of every end of a credential's key, which most keys do not have.
fn may_be_sensitive(key: &str) -> bool {
    // The bit by which small letters differ from capitals.
    const SMALL: u8 = 0x20;
    key.as_bytes().windows(3).any(|letters| {
        let &[one, other, last] = letters else { return false };
        matches!(
            [one | SMALL, other | SMALL, last | SMALL],
            [b'p', b'a', b's']
                | [b'c', b'r', b'e']
                | [b'k', b'e', b'y']
                | [b'a', b'u', b't']
                | [b'o', b'k', b'e']
                | [b'j', b'a', b'a']
                | [b'e', b'a', b'd']
        )
    })
}

/// The value of an option for a message.
pub fn value<'v>(key: &str, value: &'v str) -> Cow<'v, str> {
    if is_secret(key, value) { HIDDEN.into() } else { uri(value) }
}

/// Whether a value is a secret: switches, numbers and references to variables are none, unless the
/// key leaves no doubt.
fn is_secret(key: &str, value: &str) -> bool {
    if value.trim().is_empty() || !is_sensitive(key) {
        return false;
    }
    let is_plain = || {
        let value = value.trim();
        value.eq_ignore_ascii_case("true")
            || value.eq_ignore_ascii_case("false")
            || is_amount(value)
    };
    !is_reference(value) && (is_credential(key) || !is_plain())
}

/// Whether a value is a number, perhaps with a unit: `10`, `2.5`, `30 min`.
fn is_amount(value: &str) -> bool {
    let unit = value.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim_start();
    unit.len() < value.len()
        && value.len() <= 8
        && unit.len() <= "hours".len()
        && unit.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// A text with URIs for a message: without passwords (`s3://key:se/cret@bucket/`), and without query
/// strings and fragments, which carry signatures.
pub fn uri(text: &str) -> Cow<'_, str> {
    if !text.contains(['@', '?', '#']) && !text.contains("%40") {
        return text.into();
    }
    let separates = |c: char| c == ',' || c == ';' || c.is_whitespace();
    let parts = text.split_inclusive(separates).map(|part| {
        let end = part.trim_end_matches(separates).len();
        let (uri, rest) = part.split_at(end);
        format!("{}{rest}", one_uri(uri))
    });
    let shown: String = parts.collect();
    if shown == text { text.into() } else { shown.into() }
}

/// Whether a URI holds a password. A port is none, and what follows the path's first slash only if
/// the user's name precedes it.
pub fn has_password(text: &str) -> bool {
    let [prefix, user, secret, _] = user_info(text);
    let first = secret.split('/').next().unwrap_or_default();
    let is_port = secret.contains('/') && first.bytes().all(|b| b.is_ascii_digit());
    !prefix.is_empty() && !user.is_empty() && !user.contains('/') && !is_port
}

/// Where a word, which may be a URI, has secrets: its password, its query string.
pub fn secret_in_uri(text: &str) -> Vec<Range<usize>> {
    let [prefix, user, secret, host] = user_info(text);
    let start = prefix.len().saturating_add(user.len());
    let mut found = Vec::new();
    if !secret.is_empty() {
        found.push(start..start.saturating_add(secret.len()));
    }
    let at = host.find(['?', '#']).filter(|_| text.contains("://"));
    if let Some(query) = at.map(|at| text.len().saturating_sub(host.len()).saturating_add(at)) {
        found.push(query.saturating_add(1)..text.len());
    }
    found
}

/// A message with URIs that have no users' secrets. Only what is a URI for sure is changed: a message
/// may end with a link.
fn message(text: &str) -> Option<String> {
    if !text.contains("//") || !(text.contains('@') || text.contains("%40")) {
        return None;
    }
    let separates = |c: char| c.is_whitespace() || matches!(c, '`' | '"' | '\'' | ',');
    let words = text.split_inclusive(separates).map(|word| {
        let end = word.trim_end_matches(separates).len();
        let (uri, rest) = word.split_at(end);
        let [prefix, user, secret, host] = user_info(uri);
        match prefix.contains("//") && !secret.is_empty() {
            true => format!("{prefix}{user}{HIDDEN}{host}{rest}"),
            false => word.to_owned(),
        }
    });
    let shown: String = words.collect();
    (shown != text).then_some(shown)
}

fn one_uri(text: &str) -> Cow<'_, str> {
    let [prefix, user, secret, host] = user_info(text);
    let cut = match host.find(['?', '#']) {
        Some(query) if text.contains(':') => host.get(..=query).unwrap_or(host),
        _ => host,
    };
    let mark = if cut.len() < host.len() { HIDDEN } else { "" };
    if secret.is_empty() && mark.is_empty() {
        return text.into();
    }
    let hidden = if secret.is_empty() { "" } else { HIDDEN };
    format!("{prefix}{user}{hidden}{cut}{mark}").into()
}

/// Whether a text begins with the digest of an image: `@sha256:…`.
fn is_digest(text: &str) -> bool {
    let algorithm = text.strip_prefix("@sha").and_then(|rest| rest.split_once(':'));
    algorithm.is_some_and(|(bits, _)| bits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Cuts a URI into its scheme with slashes, the user with its colon, the secret, and the rest from
/// the last `@` on. Keys of stores contain slashes, so that the secret may end after the first one.
fn user_info(text: &str) -> [&str; 4] {
    let whole = ["", "", "", text];
    // Escaped, it separates nothing, but whoever wrote it meant a user.
    let is_digest = |at: &usize| is_digest(text.get(*at..).unwrap_or_default());
    let digest = text.rfind('@').filter(is_digest).filter(|_| !text.contains("//"));
    let named = digest.and_then(|digest| text.get(..digest)).unwrap_or(text);
    let at = named.rfind('@').or_else(|| named.rfind("%40"));
    let Some((before, host)) = at.and_then(|at| text.split_at_checked(at)) else { return whole };
    // Slashes after a user's name are part of a path, and begin no other address.
    let is_start = |slashes: &usize| {
        before
            .get(..*slashes)
            .is_some_and(|scheme| !scheme.contains('@') && !scheme.contains("%40"))
    };
    let start = before.find("//").filter(is_start).map(|slashes| slashes.saturating_add(2));
    let (prefix, info) = before.split_at_checked(start.unwrap_or(0)).unwrap_or(("", before));
    let colon = [":", "%3A", "%3a"]
        .into_iter()
        .filter_map(|colon| Some(info.find(colon)?.saturating_add(colon.len())))
        .min();
    let scheme = prefix.trim_end_matches('/').trim_end_matches(':');
    let is_of_web = OF_WEB.iter().any(|web| scheme.eq_ignore_ascii_case(web));
    match colon.and_then(|colon| info.split_at_checked(colon)) {
        // `user:password@host`, or `https:token@host`.
        Some((_, _)) if start.is_none() => ["", "", info, host],
        Some((user, secret)) => [prefix, user, secret, host],
        None if is_of_web => [prefix, "", info, host],
        None => whole,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::credentials::{ENDS, OPTIONS};

    #[test]
    fn every_sensitive_part_has_the_letters_that_are_looked_for() {
        for part in SENSITIVE.iter().chain(&ENDS).chain(&OPTIONS) {
            assert!(may_be_sensitive(part), "{part}");
            assert!(may_be_sensitive(&format!("A.{}", part.to_ascii_uppercase())), "{part}");
        }
        for key in ["state.backend.type", "TZ", "kubernetes.rest-service.exposed.type"] {
            assert!(!may_be_sensitive(key), "{key}");
        }
    }

    #[test]
    fn uris_keep_what_is_public() {
        for (text, expected) in [
            ("s3://AKIA:hunt/er2@bucket/x", "s3://AKIA:…@bucket/x"),
            ("s3://AKIA:hu@nt/er2@bucket/x", "s3://AKIA:…@bucket/x"),
            ("s3://AKIA%3Ahunter2@bucket/x", "s3://AKIA%3A…@bucket/x"),
            ("s3://AKIA:hunter2%40bucket/x", "s3://AKIA:…%40bucket/x"),
            ("https://user:hunter2@/job.jar", "https://user:…@/job.jar"),
            ("https:user:hunter2@host/job.jar", "…@host/job.jar"),
            ("user:hunter2@host/job.jar", "…@host/job.jar"),
            ("//user:hunter2@host/job.jar", "//user:…@host/job.jar"),
            ("https://ghp_hunter2@host/job.jar", "https://…@host/job.jar"),
            ("https://host/job.jar?sig=hunter2", "https://host/job.jar?…"),
            ("https://host/job.jar#hunter2", "https://host/job.jar#…"),
            ("s3://a:b@c/x,s3://d:e@f/y", "s3://a:…@c/x,s3://d:…@f/y"),
            (
                "abfss://own@account.dfs.core.windows.net/x",
                "abfss://own@account.dfs.core.windows.net/x",
            ),
            ("s3://bucket/a@b", "s3://bucket/a@b"),
            ("user:hunter2@host/x?//y@bucket/", "…@bucket/"),
            ("user:hunter2@host/flink@sha256:12", "…@host/flink@sha256:12"),
            ("user:hunter2@sharepoint.example.com/x", "…@sharepoint.example.com/x"),
            ("registry:5000/flink@sha256:12", "registry:5000/flink@sha256:12"),
            ("0 0 ? * *", "0 0 ? * *"),
            ("/flink/state", "/flink/state"),
            ("local:///opt/flink/job-1.0.jar", "local:///opt/flink/job-1.0.jar"),
        ] {
            assert_eq!(uri(text), expected, "{text}");
        }
    }

    #[test]
    fn secrets_are_known_by_their_keys() {
        for key in [
            "s3.secret-key",
            "metrics.reporter.x.apikey",
            "security.ssl.rest.key-password",
            "metrics.reporter.influxdb.token",
            "properties.sasl.jaas.config",
            "kubernetes.operator.user.artifacts.http.header",
            "DB_PASSWORD",
            "AWS_SECRET_ACCESS_KEY",
            "security.delegation.token.provider.s3.secret-key",
            "security.delegation.token.provider.x.secret",
        ] {
            assert_eq!(value(key, "hunter2"), HIDDEN, "{key}");
        }
        for secret in ["12ab34cd", "1-2-3", "123456789"] {
            assert_eq!(value("API_TOKEN", secret), HIDDEN, "{secret}");
        }
        for (key, shown) in [
            ("kubernetes.secrets", "etl-database:/etc/database"),
            ("kubernetes.env.secretKeyRef", "env:A,secret:b,key:c"),
            ("security.delegation.tokens.enabled", "maybe"),
            ("security.delegation.tokens.renewal.retry.backoff", "1 h"),
            ("web.access-token.timeout", "30 min"),
            ("taskmanager.memory.process.size", "2 gb"),
            ("s3.secret-key", "${KEY}"),
        ] {
            assert_eq!(value(key, shown), shown, "{key}");
        }
    }
}
