//! `security/config-maps`

use crate::kubernetes::references::{ReferenceKind, references};
use crate::rules::words::{matches_any, shown};
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use std::fmt::Arguments;

/// ConfigMaps that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "security/config-maps",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed ConfigMaps",
    tenant_fields: &["security.configMaps"],
    as_is: false,
    page: include_str!("config_maps.md"),
    check,
};

/// ConfigMaps that Kubernetes gives every pod.
const OF_KUBERNETES: [&str; 2] = ["kube-root-ca.crt", "openshift-service-ca.crt"];

/// Beginnings of the names of ConfigMaps that Flink creates for each cluster.
const MADE_BY_FLINK: [&str; 4] =
    ["flink-config-", "pod-template-", "hadoop-config-", "kerberos-krb5conf-"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.security.config_maps else { return };
    let mut report = |name: &str, place: Arguments<'_>| {
        if !matches_any(allowed, name)
            && !OF_KUBERNETES.contains(&name)
            && !subject.is_made_for_own_cluster(&MADE_BY_FLINK, name)
        {
            findings
                .at(place.to_string())
                .message(format!("ConfigMap `{}` is not allowed", shown(name)))
                .advise(Advice::name_like(allowed))
                .found(name);
        }
    };
    for pods in &subject.pods {
        references(pods.spec(), ReferenceKind::ConfigMap, |name, place| {
            report(name, format_args!("{}{place}", pods.set.path()));
        });
    }
    if !subject.options_make_pods() {
        return;
    }
    let key = "kubernetes.hadoop.conf.config-map.name";
    if let Some(entry) = subject.workload.config.entry(key)
        && let Some(place) = subject.written(key, entry)
    {
        report(entry.value.trim(), format_args!("{place}"));
    }
}
