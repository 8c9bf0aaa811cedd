//! Exposures: Services and Ingresses through which clients outside the cluster reach pods.
//!
//! Such an object may exist on its own, or an operator creates it from a custom resource. Both are
//! described by the same type, so that rules treat them alike.

mod annotations;
mod authentication;
mod target;

pub use annotations::{Effect, backends, effect, hosts, names_pods};
pub use target::{Backend, PortRef, Selection, Selector, ServicePort, Target};

use crate::resource::pointer;
use serde_json::Value;

/// One Service or Ingress that exposes pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// The kind of exposure.
    pub kind: ExposureKind,
    /// JSON Pointer of the field that defines it.
    pub pointer: String,
    /// What it leads to.
    pub target: Target,
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

impl Exposure {
    /// Reads hosts, snippets and authentication from the annotations at `place`. `class` is the
    /// class of an Ingress; empty if it names none. An annotation may name another one, which some
    /// controllers prefer.
    pub fn read_annotations(&mut self, annotations: Option<&Value>, place: &str, class: &str) {
        let Some(annotations) = annotations.and_then(Value::as_object) else { return };
        for (key, value) in annotations {
            let value = value.as_str().unwrap_or_default();
            let Some(effect) = effect(key, value) else { continue };
            let here = pointer::join(place, key);
            if effect == Effect::Snippet {
                self.snippets.push((key.clone(), here.clone()));
            }
            let named = hosts(effect, value).into_iter();
            self.hosts.extend(named.map(|host| (host, here.clone())));
        }
        let by_annotation = annotations.get("kubernetes.io/ingress.class").and_then(Value::as_str);
        let classes = [class, by_annotation.unwrap_or_default()];
        self.authenticates |= authentication::authenticate(annotations, &classes);
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
    // Controllers take other characters for regular expressions, in which `a|x` matches any `a`.
    let is_plain =
        |label: &str| label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_*".contains(&b));
    pattern.split('.').zip(host.split('.')).all(|(pattern, label)| match label {
        "" => false,
        "*" => pattern == "*",
        label => is_plain(label) && super::image::glob(pattern, label),
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
            ("*.example.com", "~bank|x.example.com"),
            ("*.example.com", "~^.*.example.com"),
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
        exposure.read_annotations(Some(&annotations), "/a", "");
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
            let mut exposure = Exposure::default();
            exposure.read_annotations(Some(&serde_json::json!({key: value})), "", "");
            assert_eq!(exposure.authenticates, expected, "{key}: {value}");
        }
    }
}
