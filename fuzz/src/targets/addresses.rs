//! URIs: locations of state, JARs, hosts, and their secrets.

use flinkgate::flink::operator::{artifacts, ingress};
use flinkgate::flink::redaction::{self, HIDDEN};
use flinkgate::flink::state::{is_within, with_default_scheme};

const SECRET: &str = "9canaryZQ";

/// Locations: an independent reading of both paths agrees that one is within the other.
pub fn locations(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let mut parts = super::parts(&text);
    let mut part = || parts.next().unwrap_or_default();
    let (directory, location, default) = (part(), part(), part());
    let is_inside = is_within(directory, [location]);
    if is_inside {
        let [inner, outer] = [directory, location].map(|uri| segments(path(uri)));
        assert!(inner.starts_with(&outer), "{directory:?} {location:?}: {inner:?} {outer:?}");
        let bare = directory.trim_end().trim_end_matches('/');
        let is_path = !bare.is_empty() && !bare.ends_with(':') && !path(bare).is_empty();
        assert!(!is_path || is_within(&format!("{bare}/x"), [location]), "{text:?}");
    }
    if is_within(location, [default]) && is_inside {
        assert!(is_within(directory, [default]), "{text:?}");
    }
    let whole = with_default_scheme(directory, Some(default));
    assert_eq!(with_default_scheme(&whole, Some(default)), whole, "{text:?}");
    let host = artifacts::host(directory);
    if let Some(host) = host {
        assert!(directory.contains(host));
        let upper = host.to_ascii_uppercase();
        assert_eq!(artifacts::is_restricted(host), artifacts::is_restricted(&upper), "{text:?}");
    }
    if let Ok(scheme) = artifacts::scheme(directory) {
        assert!(directory.starts_with(&format!("{scheme}:")), "{text:?}");
    }
    let _ = (ingress::host_of_template(directory), ingress::template_problem(directory));
    is_inside
}

/// The path of a URI, after its scheme and host.
fn path(uri: &str) -> &str {
    let uri = uri.trim();
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
    };
    let rest = match uri.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        _ => uri,
    };
    match rest.strip_prefix("//") {
        Some(rest) => rest.find('/').map_or("", |slash| &rest[slash..]),
        None => rest,
    }
}

/// The segments of a path, without dots.
fn segments(path: &str) -> Vec<&str> {
    let mut segments = Vec::new();
    for segment in path.split(['/', '\\']) {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    segments
}

/// Redaction: what is redacted stays so, and neither the password of a URI, its query string nor the
/// value of a secret option is shown.
pub fn redaction(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let shown = redaction::uri(&text);
    assert_eq!(redaction::uri(&shown), shown, "{text:?}");
    for range in redaction::secret_in_uri(&text) {
        assert!(text.get(range).is_some(), "{text:?}");
    }
    let _ = redaction::has_password(&text);
    let mut parts = super::parts(&text);
    let mut word = || {
        let part = parts.next().unwrap_or_default();
        let is_word = |c: &char| c.is_ascii_alphanumeric() || "-._~".contains(*c);
        part.chars().filter(is_word).collect::<String>()
    };
    let (scheme, user, host, path) = (word(), word(), word(), word());
    // libFuzzer learns the secret from comparisons.
    if [&scheme, &user, &host, &path].iter().any(|word| word.contains(SECRET)) {
        return false;
    }
    let made = [
        format!("s3://{user}:{SECRET}@{host}/{path}"),
        format!("https://{SECRET}@{host}/{path}"),
        format!("https://{host}/{path}?{user}={SECRET}"),
        format!("x{scheme}://{user}:a/{SECRET}@{host}/{path}?{SECRET}#{SECRET}"),
    ];
    for uri in made {
        let list = format!("{uri},{uri}; {uri}");
        assert!(!redaction::uri(&list).contains(SECRET), "{list:?}");
        assert!(!redaction::value(&path, &uri).contains(SECRET), "{uri:?}");
    }
    for key in ["password", "x.secret-key", "fs.azure.account.key.x"] {
        let value = format!("{path}{SECRET}");
        assert_eq!(redaction::value(&format!("{scheme}.{key}"), &value), HIDDEN, "{text:?}");
    }
    shown != text
}
