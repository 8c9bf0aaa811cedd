//! Annotations by which ingress, DNS and certificate controllers do more than the fields of an
//! object say: serve further hosts, write configuration.
//!
//! Prefixes of keys are a setting of most controllers, so these keys count under every prefix.

use super::target::{Backend, PortRef};
use serde_json::{Map, Value};

/// Keys under every prefix whose values are host names.
const HOSTS: [&str; 12] = [
    // ingress-nginx, haproxy-ingress, Kong.
    "server-alias",
    "host-aliases",
    "redirect-from",
    "snis",
    // Azure Application Gateway.
    "hostname-extension",
    // external-dns and Gardener.
    "internal-hostname",
    "dnsnames",
    // cert-manager and Gardener.
    "common-name",
    "commonname",
    "alt-names",
    // kops' dns-controller.
    "dns.alpha.kubernetes.io/external",
    "dns.alpha.kubernetes.io/internal",
];

/// Keys under every prefix whose values are regular expressions for host names.
const HOST_PATTERNS: [&str; 2] = ["server-alias-regex", "redirect-from-regex"];

/// Keys with a part of a controller's configuration, with their prefix.
const CONFIGURATION: [&str; 6] = [
    "getambassador.io/config",
    "zalando.org/skipper-routes",
    "zalando.org/skipper-predicate",
    "zalando.org/skipper-filter",
    "haproxy.org/route-acl",
    "haproxy.com/route-acl",
];

/// Sections of haproxy-ingress' `config-<section>`, also with `-early` and `-late`.
const SECTIONS: [&str; 9] = [
    "backend",
    "defaults",
    "frontend",
    "global",
    "peers",
    "proxy",
    "sections",
    "tcp",
    "tcp-service",
];

/// What an annotation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Its value lists host names.
    Hosts,
    /// Its value has regular expressions for host names.
    HostPatterns,
    /// Its value is JSON with conditions, some of which are host names.
    Conditions,
    /// Its value goes into the configuration of a controller.
    Snippet,
}

/// What the annotation with this key and value does; `None` for most.
pub fn effect(key: &str, value: &str) -> Option<Effect> {
    let (domain, name) = key.split_once('/').unwrap_or(("", key));
    let section = || name.strip_prefix("config-").map(without_order);
    if HOSTS.contains(&name)
        || HOSTS.contains(&key)
        || (name == "hostname" && publishes_hostname(domain))
        || key == "domainName"
        || key == "zalando.org/dnsname"
        || name.starts_with("router.tls.domains.")
    {
        Some(Effect::Hosts)
    } else if HOST_PATTERNS.contains(&name) {
        Some(Effect::HostPatterns)
    } else if name.starts_with("conditions.") {
        Some(Effect::Conditions)
    } else if name.ends_with("-snippet")
        || name.ends_with("-snippets")
        || CONFIGURATION.contains(&key)
        || section().is_some_and(|section| SECTIONS.contains(&section))
        || (name.starts_with("actions.") && leads_elsewhere(value))
    {
        Some(Effect::Snippet)
    } else {
        None
    }
}

/// Whether a controller publishes the `hostname` of its annotations: external-dns, CoreDNS' gateway
/// plugin, Tailscale.
fn publishes_hostname(domain: &str) -> bool {
    domain.contains("external-dns") || ["coredns.io", "tailscale.com"].contains(&domain)
}

/// Whether a DNS controller publishes host names for pods with this annotation.
pub fn names_pods(key: &str) -> bool {
    let (domain, name) = key.split_once('/').unwrap_or(("", key));
    match name {
        "hostname" | "internal-hostname" => domain.contains("external-dns"),
        "internal" | "external" => domain == "dns.alpha.kubernetes.io",
        _ => false,
    }
}

fn without_order(section: &str) -> &str {
    let early = section.strip_suffix("-early");
    early.or_else(|| section.strip_suffix("-late")).unwrap_or(section)
}

/// Whether an action of the AWS Load Balancer Controller sends requests to a target group by its
/// own name: it may be another tenant's.
fn leads_elsewhere(action: &str) -> bool {
    let mut leads = false;
    visit_objects(action, |fields| {
        let by_name = ["targetGroupARN", "targetGroupName"];
        leads |= fields.keys().any(|key| by_name.iter().any(|name| key.eq_ignore_ascii_case(name)));
    });
    leads
}

/// Visits the objects of a text in JSON, those within others too.
fn visit_objects(text: &str, mut visit: impl FnMut(&Map<String, Value>)) {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    let mut pending = vec![&value];
    while let Some(value) = pending.pop() {
        match value {
            Value::Object(fields) => {
                visit(fields);
                pending.extend(fields.values());
            }
            Value::Array(elements) => pending.extend(elements),
            _ => {}
        }
    }
}

/// The Services to which an annotation of an Ingress leads, besides those of its rules.
pub fn backends(key: &str, value: &str) -> Vec<Backend> {
    let (domain, name) = key.split_once('/').unwrap_or(("", key));
    let any_port = |service: &str| Backend { service: service.to_owned(), port: None };
    if name.starts_with("actions.") {
        let mut found = Vec::new();
        visit_objects(value, |fields| {
            let field = |name: &str| {
                fields
                    .iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value)
            };
            if let Some(service) = field("serviceName").and_then(Value::as_str) {
                let port = field("servicePort").and_then(PortRef::read);
                found.push(Backend { service: service.to_owned(), port });
            }
        });
        found
    } else if name == "default-backend" {
        // ingress-nginx uses it while the Service of a rule has no pods.
        vec![any_port(value.trim())]
    } else if name == "destination" && (domain == "higress.io" || domain.starts_with("mse.")) {
        // Lines such as `80% name.namespace.svc.cluster.local:8080`.
        let names = value.split_whitespace().filter_map(|word| word.split_once('.'));
        names.map(|(service, _)| any_port(service)).collect()
    } else {
        Vec::new()
    }
}

/// The host names in the value of an annotation with this effect. What cannot be read is a host
/// name that no tenant has.
pub fn hosts(effect: Effect, value: &str) -> Vec<String> {
    let separates = |c: char| c == ',' || c == ';' || c.is_whitespace();
    match effect {
        Effect::Hosts => {
            value.split(separates).filter(|host| !host.is_empty()).map(str::to_owned).collect()
        }
        Effect::HostPatterns => vec![format!("~{value}")],
        Effect::Conditions => match serde_json::from_str(value) {
            Ok(conditions) => hosts_of_conditions(&conditions),
            Err(_) => vec![value.to_owned()],
        },
        Effect::Snippet => Vec::new(),
    }
}

/// The texts below fields such as `hostHeaderConfig`. Go compares names without case.
fn hosts_of_conditions(conditions: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = vec![(conditions, false)];
    while let Some((value, is_host)) = pending.pop() {
        match value {
            Value::Object(fields) => pending.extend(fields.iter().map(|(key, value)| {
                let names_host = key.to_ascii_lowercase().contains("host");
                (value, is_host || (names_host && !value.is_string()))
            })),
            Value::Array(elements) => {
                pending.extend(elements.iter().map(|element| (element, is_host)));
            }
            Value::String(host) if is_host => found.push(host.clone()),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn conditions_name_hosts_in_every_spelling() {
        for (value, expected) in [
            (
                r#"[{"field":"host-header","hostHeaderConfig":{"values":["a.b","c.d"]}}]"#,
                vec!["c.d", "a.b"],
            ),
            (r#"[{"Field":"host-header","HOSTHEADERCONFIG":{"Values":["a.b"]}}]"#, vec!["a.b"]),
            (r#"[{"type":"Host","hostConfig":{"values":["a.b"]}}]"#, vec!["a.b"]),
            (r#"[{"field":"path-pattern","pathPatternConfig":{"values":["/x"]}}]"#, vec![]),
            ("[{", vec!["[{"]),
        ] {
            assert_eq!(hosts(Effect::Conditions, value), expected, "{value}");
        }
    }
}
