//! Exposures: Services and Ingresses through which clients outside the cluster reach pods.
//!
//! Such an object may exist on its own, or an operator creates it from a custom resource. Both are
//! described by the same type, so that rules treat them alike.

use serde_json::{Map, Value};

/// Flink's default REST port (`rest.port`).
const REST_PORT: u64 = 8081;

/// Names of that port in the manifests of Flink and its operators.
const REST_PORT_NAMES: [&str; 6] = ["rest", "ui", "webui", "web-ui", "flink-ui", "jobmanager-ui"];

/// One Service or Ingress that exposes pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// The kind of exposure.
    pub kind: ExposureKind,
    /// JSON Pointer of the field that defines it.
    pub pointer: String,
    /// Whether it exposes Flink's REST port.
    pub reaches_rest: bool,
    /// Whether it authenticates clients.
    pub authenticates: bool,
    /// Whether an object of Flink or its operator owns it. Then the owner was checked with the full
    /// configuration.
    pub belongs_to_flink: bool,
    /// Host names and their places; an empty name means every host.
    pub hosts: Vec<(String, String)>,
    /// Annotations with text for the configuration of the Ingress controller: key and place.
    pub snippets: Vec<(String, String)>,
}

/// The kind of exposure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ExposureKind {
    /// An Ingress.
    #[default]
    Ingress,
    /// A Service of this type, or one with `externalIPs`.
    Service(String),
}

/// The type name for a Service with external addresses, whatever its own type is.
pub const EXTERNAL_IPS: &str = "externalIPs";

/// Whether a Service of this type is reachable from outside the cluster.
pub fn is_open(service_type: &str) -> bool {
    ["NodePort", "LoadBalancer", EXTERNAL_IPS]
        .iter()
        .any(|open| open.eq_ignore_ascii_case(service_type))
}

/// Whether a port has the number or name of Flink's REST port.
pub fn is_rest_port(port: &Value) -> bool {
    match port {
        Value::String(name) => {
            REST_PORT_NAMES.iter().any(|rest| name.eq_ignore_ascii_case(rest)) || name == "8081"
        }
        port => port.as_u64() == Some(REST_PORT),
    }
}

impl Exposure {
    /// Reads hosts, snippets and authentication from the annotations at `place`.
    pub fn read_annotations(&mut self, annotations: Option<&Value>, place: &str) {
        for (key, value) in annotations.and_then(Value::as_object).into_iter().flat_map(Map::iter) {
            let value = value.as_str().unwrap_or_default();
            let here = || crate::resource::pointer::join(place, key);
            if is_snippet(key) {
                self.snippets.push((key.clone(), here()));
            }
            if names_hosts(key) {
                self.hosts.extend(
                    value
                        .split([',', ' '])
                        .filter(|host| !host.is_empty())
                        .map(|host| (host.to_owned(), here())),
                );
            }
            self.authenticates |= is_authentication(key, value);
        }
    }
}

/// The part of an annotation's key after its domain.
fn name(key: &str) -> &str {
    key.rsplit_once('/').map_or(key, |(_, name)| name)
}

/// Whether Ingress controllers insert the value of this key into their configuration.
fn is_snippet(key: &str) -> bool {
    let (domain, name) = key.rsplit_once('/').unwrap_or(("", key));
    let of_haproxy = domain.starts_with("haproxy-ingress.github.io") && name.starts_with("config-");
    name.ends_with("-snippet") || name.ends_with("-snippets") || of_haproxy
}

/// Whether the values of this key are host names: additional names of an Ingress, or names for DNS.
pub fn names_hosts(key: &str) -> bool {
    let of_dns =
        key.starts_with("external-dns.") && matches!(name(key), "hostname" | "internal-hostname");
    of_dns || matches!(name(key), "server-alias" | "server-alias-regex" | "host-aliases")
}

/// Whether an annotation makes a controller authenticate clients.
fn is_authentication(key: &str, value: &str) -> bool {
    let value = value.trim();
    if value.is_empty() || value.eq_ignore_ascii_case("none") {
        return false;
    }
    match name(key) {
        "auth-url" | "auth-type" | "auth-tls-secret" | "auth-secret" | "basic-auth-secret"
        | "jwt-key" | "oauth" => true,
        // References to objects of the user; only their names are known here.
        "router.middlewares" | "plugins" | "policies" | "jwt" => {
            ["auth", "oidc", "jwt"].iter().any(|word| value.contains(word))
        }
        _ => false,
    }
}

/// Whether a pattern of an allow list covers a host. Both are compared label by label. A star in a
/// pattern matches letters within one label. The host's star matches any label, so the pattern must
/// cover the whole label. The pattern `*` covers everything.
pub fn host_matches(pattern: &str, host: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let clean = |name: &str| name.trim().trim_end_matches('.').to_ascii_lowercase();
    let (pattern, host) = (clean(pattern), clean(host));
    if host.is_empty() || pattern.split('.').count() != host.split('.').count() {
        return false;
    }
    pattern.split('.').zip(host.split('.')).all(|(pattern, label)| match label {
        "" => false,
        "*" => pattern == "*",
        label => super::image::glob(pattern, label),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hosts_are_compared_label_by_label() {
        for (pattern, host) in [
            ("etl.example.com", "etl.example.com"),
            ("etl.example.com", "ETL.Example.com."),
            ("*.example.com", "etl.example.com"),
            ("*.example.com", "*.example.com"),
            ("team-*.example.com", "team-a.example.com"),
            ("*.*.example.com", "etl.prod.example.com"),
            ("*", ""),
            ("*", "anything.example.org"),
        ] {
            assert!(host_matches(pattern, host), "{pattern} {host}");
        }
        for (pattern, host) in [
            ("*.example.com", ""),
            ("*.example.com", "example.com"),
            ("*.example.com", ".example.com"),
            ("*.example.com", "a.b.example.com"),
            ("*.example.com", "etl.example.com.evil.io"),
            ("*.example.com", "etl-example.com"),
            ("*.example.com", "evil.io/etl.example.com"),
            ("*.example.com", "*.com"),
            ("*.payments.example.com", "*.example.com"),
            ("*.payments.example.com", "*.*.example.com"),
            ("etl.example.com", "*.example.com"),
            ("team-*.example.com", "*.example.com"),
            ("*.example.com", "etl.exаmple.com"),
            ("etl.example.com", "xn--etl.example.com"),
        ] {
            assert!(!host_matches(pattern, host), "{pattern} {host}");
        }
    }

    proptest! {
        #[test]
        fn leading_star_matches_one_label(host in "[a-zA-Z*.\\-]{0,24}", zone in "[a-z]{1,6}\\.[a-z]{1,6}") {
            let pattern = format!("*.{zone}");
            for host in [host.clone(), format!("{host}.{zone}")] {
                let lower = host.to_lowercase();
                let bare = lower.trim_end_matches('.');
                let label = bare.strip_suffix(&zone).and_then(|rest| rest.strip_suffix('.'));
                let expected = label.is_some_and(|label| !label.is_empty() && !label.contains('.'));
                prop_assert_eq!(host_matches(&pattern, &host), expected, "{}", host);
            }
        }
    }

    #[test]
    fn annotations_give_authentication_hosts_and_snippets() {
        let annotations = serde_json::json!({
            "nginx.ingress.kubernetes.io/rewrite-target": "/$2",
            "nginx.ingress.kubernetes.io/server-snippet": "return 200;",
            "nginx.org/location-snippets": "x",
            "haproxy-ingress.github.io/config-backend": "x",
            "nginx.ingress.kubernetes.io/server-alias": "a.example.com, b.example.com",
            "external-dns.alpha.kubernetes.io/hostname": "c.example.com",
            "nginx.ingress.kubernetes.io/auth-url": "https://sso.example.com",
        });
        let mut exposure = Exposure::default();
        exposure.read_annotations(Some(&annotations), "/a");
        let hosts: Vec<_> = exposure.hosts.iter().map(|(host, _)| host.as_str()).collect();
        assert_eq!(hosts, ["c.example.com", "a.example.com", "b.example.com"]);
        assert_eq!((exposure.snippets.len(), exposure.authenticates), (3, true));
        assert_eq!(exposure.snippets[1].1, "/a/nginx.ingress.kubernetes.io~1server-snippet");
    }

    #[test]
    fn only_required_authentication_counts() {
        for (key, value, expected) in [
            ("nginx.ingress.kubernetes.io/auth-type", "basic", true),
            ("alb.ingress.kubernetes.io/auth-type", "none", false),
            ("alb.ingress.kubernetes.io/auth-type", "oidc", true),
            (
                "traefik.ingress.kubernetes.io/router.middlewares",
                "prod-strip-prefix@kubernetescrd",
                false,
            ),
            (
                "traefik.ingress.kubernetes.io/router.middlewares",
                "prod-forward-auth@kubernetescrd",
                true,
            ),
            ("nginx.ingress.kubernetes.io/auth-signin", "https://sso", false),
            ("nginx.ingress.kubernetes.io/auth-url", " ", false),
        ] {
            assert_eq!(is_authentication(key, value), expected, "{key}: {value}");
        }
    }
}
