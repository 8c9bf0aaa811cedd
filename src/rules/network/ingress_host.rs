//! `network/ingress-host`

use crate::flink::exposures::{host_matches, names_hosts};
use crate::flink::map_options::map_entries;
use crate::rules::words::{alternatives, shown};
use crate::rules::{Findings, Level, Rule, Subject};

/// Host names that the tenant does not own, and annotations that can serve any host.
pub static RULE: Rule = Rule {
    id: "network/ingress-host",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed host names",
    tenant_fields: &["network.ingressHosts"],
    as_is: false,
    page: include_str!("ingress_host.md"),
    check,
};

/// Options for annotations of Flink's own Services.
const SERVICE_ANNOTATIONS: [&str; 2] =
    ["kubernetes.rest-service.annotations", "kubernetes.internal-service.annotations"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let workload = subject.workload;
    let allowed = subject.tenant.spec.network.ingress_hosts.as_deref();
    for exposure in &workload.exposures {
        for (key, place) in &exposure.snippets {
            findings
                .at(place)
                .level(if allowed.is_some() { Level::Error } else { Level::Warning })
                .message(format!(
                    "annotation `{}` changes the configuration of the shared ingress controller",
                    shown(key)
                ))
                .help("remove it: it can affect the hosts of other tenants".to_owned())
                .key(key);
        }
    }
    let Some(allowed) = allowed else { return };
    let mut check_host = |host: &str, place: &str| {
        if allowed.iter().any(|pattern| host_matches(pattern, host)) {
            return;
        }
        findings
            .at(place)
            .message(match host {
                "" => "no host is set, and so the Ingress serves all hosts".to_owned(),
                host => format!("host name `{}` is not allowed", shown(host)),
            })
            .help(match allowed {
                [] => "remove it: the tenant has no host names".to_owned(),
                some => format!("use a host name that matches {}", alternatives(some)),
            })
            .found(host);
    };
    for (host, place) in workload.exposures.iter().flat_map(|exposure| &exposure.hosts) {
        check_host(host, place);
    }
    if !workload.declares_cluster {
        return;
    }
    for option in SERVICE_ANNOTATIONS {
        for pair in map_entries(&workload.config, option) {
            if names_hosts(&pair.key)
                && let Some(place) = subject.written(pair.option, pair.entry)
            {
                let hosts = pair.value.split([',', ' ']).filter(|host| !host.is_empty());
                hosts.for_each(|host| check_host(host, place));
            }
        }
    }
}
