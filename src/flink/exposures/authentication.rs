//! Annotations that make an ingress controller authenticate clients.
//!
//! They count only under the prefixes that controllers have by default: another prefix may belong to
//! no controller, and clients would get in.

use serde_json::{Map, Value};

/// A controller that can authenticate clients.
struct Controller {
    /// Words of which one is in the name of its class.
    classes: &'static [&'static str],
    /// Its prefixes.
    domains: &'static [&'static str],
    /// Keys that make it authenticate clients, whatever their value is.
    keys: &'static [&'static str],
    /// Keys that name objects of the user. Only the names of these objects are known.
    references: &'static [&'static str],
}

static CONTROLLERS: [Controller; 9] = [
    Controller {
        classes: &["nginx", "higress", "mse"],
        domains: &["nginx.ingress.kubernetes.io", "mse.ingress.kubernetes.io", "higress.io"],
        keys: &["auth-url", "auth-type", "auth-tls-secret"],
        references: &[],
    },
    Controller {
        classes: &["haproxy"],
        domains: &["haproxy-ingress.github.io", "ingress.kubernetes.io"],
        keys: &["auth-url", "auth-type", "auth-secret", "auth-tls-secret", "oauth"],
        references: &[],
    },
    Controller {
        classes: &["haproxy"],
        domains: &["haproxy.org", "haproxy.com"],
        keys: &["auth-type", "auth-secret"],
        references: &[],
    },
    Controller {
        classes: &["nginx"],
        domains: &["nginx.org", "nginx.com"],
        keys: &["basic-auth-secret", "jwt-key"],
        references: &["policies"],
    },
    Controller {
        classes: &["alb", "aws"],
        domains: &["alb.ingress.kubernetes.io"],
        keys: &["auth-type", "jwt-validation"],
        references: &[],
    },
    Controller {
        classes: &["traefik"],
        domains: &["traefik.ingress.kubernetes.io"],
        keys: &["auth-type"],
        references: &["router.middlewares"],
    },
    Controller {
        classes: &["kong"],
        domains: &["konghq.com"],
        keys: &[],
        references: &["plugins"],
    },
    Controller {
        classes: &["apisix"],
        domains: &["k8s.apisix.apache.org"],
        keys: &["auth-type"],
        references: &["plugin-config-name"],
    },
    // They have no annotation for it.
    Controller {
        classes: &["contour", "istio", "gce", "azure", "cilium", "ambassador", "skipper"],
        domains: &[],
        keys: &[],
        references: &[],
    },
];

/// Values that switch authentication off, by key.
const OFF: [(&str, &[&str]); 4] = [
    ("satisfy", &["any"]),
    ("auth-tls-verify-client", &["off", "optional", "optional_no_ca"]),
    ("auth-on-unauthenticated-request", &["allow"]),
    ("auth-tls-strict", &["false"]),
];

/// Whether annotations make the controller of each of these classes authenticate clients. A class is
/// empty if the object names none.
pub fn authenticate(annotations: &Map<String, Value>, classes: &[&str]) -> bool {
    annotations.iter().any(|(key, value)| {
        let Some((domain, name)) = key.split_once('/') else { return false };
        let value = value.as_str().unwrap_or_default().trim();
        let is_set = !value.is_empty() && !value.eq_ignore_ascii_case("none");
        is_set
            && CONTROLLERS.iter().any(|controller| {
                controller.domains.contains(&domain)
                    && (controller.keys.contains(&name)
                        || (controller.references.contains(&name) && sounds_like_it(value)))
                    && classes.iter().all(|class| controller.may_serve(class))
            })
            && !is_off(annotations, domain)
    })
}

/// Whether the name of an object says that it authenticates.
fn sounds_like_it(value: &str) -> bool {
    ["auth", "oidc", "jwt"].iter().any(|word| value.contains(word))
}

fn is_off(annotations: &Map<String, Value>, domain: &str) -> bool {
    OFF.iter().any(|(name, values)| {
        annotations
            .iter()
            .filter(|(key, _)| key.split_once('/') == Some((domain, name)))
            .filter_map(|(_, value)| value.as_str())
            .any(|value| values.iter().any(|off| value.trim().eq_ignore_ascii_case(off)))
    })
}

impl Controller {
    /// Whether a class may be this controller's: it has its word, or no controller's.
    fn may_serve(&self, class: &str) -> bool {
        let class = class.to_ascii_lowercase();
        let has = |controller: &Self| controller.classes.iter().any(|word| class.contains(word));
        has(self) || !CONTROLLERS.iter().any(has)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_controller_of_the_class_authenticates() {
        let nginx = ("nginx.ingress.kubernetes.io/auth-url", "https://sso.example.com");
        for (annotations, class, expected) in [
            (vec![nginx], "", true),
            (vec![nginx], "nginx-internal", true),
            (vec![nginx], "public", true),
            (vec![nginx], "traefik", false),
            (vec![nginx, ("nginx.ingress.kubernetes.io/satisfy", "any")], "", false),
            (vec![("x/auth-url", "https://sso.example.com")], "", false),
            (vec![("auth-url", "https://sso.example.com")], "", false),
            (vec![("evil.nginx.ingress.kubernetes.io/auth-url", "x")], "", false),
            (vec![("konghq.com/auth-url", "x")], "", false),
            (vec![("konghq.com/plugins", "our-oidc")], "kong", true),
            (vec![("konghq.com/plugins", "rate-limit")], "kong", false),
            (
                vec![
                    ("alb.ingress.kubernetes.io/auth-type", "oidc"),
                    ("alb.ingress.kubernetes.io/auth-on-unauthenticated-request", "allow"),
                ],
                "alb",
                false,
            ),
        ] {
            let map: Map<String, Value> =
                annotations.iter().map(|(key, value)| ((*key).into(), json!(value))).collect();
            assert_eq!(authenticate(&map, &[class]), expected, "{annotations:?} {class}");
        }
    }

    #[test]
    fn two_classes_must_both_authenticate() {
        let map = Map::from_iter([(
            "nginx.ingress.kubernetes.io/auth-url".to_owned(),
            json!("https://sso.example.com"),
        )]);
        for (classes, expected) in [
            (["nginx", "traefik"], false),
            (["nginx", "nginx-internal"], true),
            (["nginx", ""], true),
        ] {
            assert_eq!(authenticate(&map, &classes), expected, "{classes:?}");
        }
    }
}
