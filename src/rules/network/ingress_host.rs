//! `network/ingress-host`

use crate::flink::Role;
use crate::flink::exposures::{Effect, effect, host_matches, hosts, names_pods};
use crate::flink::map_options::map_entries;
use crate::resource::pointer;
use crate::rules::words::{alternatives, shown};
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::Value;

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
    for exposure in &workload.exposures {
        for (key, place) in &exposure.snippets {
            report_snippet(subject, key, place, findings);
        }
        for (host, place) in &exposure.hosts {
            check_host(subject, host, place, findings);
        }
    }
    for pods in &subject.pods {
        let annotations = pods.template.get("metadata").and_then(|data| data.get("annotations"));
        for (key, value) in annotations.and_then(Value::as_object).into_iter().flatten() {
            if names_pods(key) {
                let place = pointer::join(&pods.place("/metadata/annotations"), key);
                let value = value.as_str().unwrap_or_default();
                check_hosts(subject, Effect::Hosts, value, &place, findings);
            }
        }
    }
    for (role, _) in subject.roles_made_from_options() {
        let option = match role {
            Role::JobManager => "kubernetes.jobmanager.annotations",
            _ => "kubernetes.taskmanager.annotations",
        };
        for pair in map_entries(&workload.config, option) {
            if names_pods(&pair.key)
                && let Some(place) = subject.written(pair.option, pair.entry)
            {
                check_hosts(subject, Effect::Hosts, &pair.value, place, findings);
            }
        }
    }
    if !workload.declares_cluster {
        return;
    }
    for option in SERVICE_ANNOTATIONS {
        for pair in map_entries(&workload.config, option) {
            let Some(effect) = effect(&pair.key, &pair.value) else { continue };
            let Some(place) = subject.written(pair.option, pair.entry) else { continue };
            if effect == Effect::Snippet {
                report_snippet(subject, &pair.key, place, findings);
            }
            check_hosts(subject, effect, &pair.value, place, findings);
        }
    }
}

fn report_snippet(subject: &Subject<'_>, key: &str, place: &str, findings: &mut Findings) {
    let is_limited = subject.tenant.spec.network.ingress_hosts.is_some();
    findings
        .at(place)
        .level(if is_limited { Level::Error } else { Level::Warning })
        .message(format!(
            "annotation `{}` changes the configuration of the shared ingress controller",
            shown(key)
        ))
        .advise(Advice::remove_in_words("remove it: it can affect the hosts of other tenants"))
        .key(key);
}

fn check_hosts(
    subject: &Subject<'_>,
    effect: Effect,
    value: &str,
    place: &str,
    findings: &mut Findings,
) {
    if subject.tenant.spec.network.ingress_hosts.is_some() {
        hosts(effect, value).iter().for_each(|host| check_host(subject, host, place, findings));
    }
}

fn check_host(subject: &Subject<'_>, host: &str, place: &str, findings: &mut Findings) {
    let Some(allowed) = subject.tenant.spec.network.ingress_hosts.as_deref() else { return };
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
}
