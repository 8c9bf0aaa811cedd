//! Host names that lead to a tenant's pods, and text that its Ingresses put into the configuration
//! of what all tenants share.

use super::{Found, Subject, Weight, shown, texts, use_one_of};
use crate::flink::map_options::map_entries;
use crate::flink::openings::{Kind, host_matches, names_hosts};

/// Annotations of Flink's own Services.
const SERVICES: [&str; 2] =
    ["kubernetes.rest-service.annotations", "kubernetes.internal-service.annotations"];

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let workload = subject.workload;
    if workload.openings.is_empty() && !workload.declares_cluster {
        return;
    }
    let allowed = texts(&subject.tenant["network"]["ingressHosts"]);
    let covered = |host: &str| {
        allowed
            .as_ref()
            .is_none_or(|allowed| allowed.iter().any(|pattern| host_matches(pattern, host)))
    };
    let help = || use_one_of(allowed.as_deref().unwrap_or_default());
    for opening in &workload.openings {
        let what = if opening.kind == Kind::Ingress {
            "this Ingress must not serve"
        } else {
            "this Service must not be known as"
        };
        for (host, place) in opening.hosts.iter().filter(|(host, _)| !covered(host)) {
            let message = if host.is_empty() {
                format!("{what} every host: it names none here")
            } else {
                format!("{what} {:?}, which is not one of the tenant's hosts", shown(host))
            };
            found.add("hosts", place, message, help());
        }
        for (key, place) in &opening.snippets {
            // Whoever writes the configuration of what serves all hosts serves all hosts.
            let message = format!(
                "the annotation {:?} writes into the configuration of the ingress controller",
                shown(key)
            );
            let help = "leave it out: what it says holds for other tenants' hosts too";
            let weight = if allowed.is_some() { Weight::Error } else { Weight::Warning };
            found.weigh("hosts", place, message, help.to_owned(), weight);
        }
    }
    if allowed.is_none() || !workload.declares_cluster {
        return;
    }
    for option in SERVICES {
        for pair in
            map_entries(&workload.config, option).iter().filter(|pair| names_hosts(&pair.key))
        {
            for host in
                pair.value.split([',', ' ']).filter(|host| !host.is_empty() && !covered(host))
            {
                if let Some(place) = subject.written(pair.option, pair.entry) {
                    let message = format!(
                        "option {option} must not make Flink's Service known as {:?}",
                        shown(host)
                    );
                    found.add("hosts", place, message, help());
                }
            }
        }
    }
}
