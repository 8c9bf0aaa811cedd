//! `security/secrets`

use crate::flink::map_options::{map_entries, map_list};
use crate::flink::values::list_elements;
use crate::kubernetes::references::{ReferenceKind, references};
use crate::rules::words::{matches_any, shown};
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use std::fmt::Arguments;

/// Secrets that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "security/secrets",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed Secrets",
    tenant_fields: &["security.secrets"],
    as_is: false,
    page: include_str!("secrets.md"),
    check,
};

/// Beginnings of the names of Secrets that Flink creates for each cluster.
const MADE_BY_FLINK: [&str; 1] = ["kerberos-keytab-"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.security.secrets else { return };
    let mut report = |name: &str, place: Arguments<'_>| {
        if !matches_any(allowed, name) && !subject.is_made_for_own_cluster(&MADE_BY_FLINK, name) {
            findings
                .at(place.to_string())
                .message(format!("Secret `{}` is not allowed", shown(name)))
                .advise(Advice::name_like(allowed))
                .found(name);
        }
    };
    for pods in &subject.pods {
        references(pods.spec(), ReferenceKind::Secret, |name, place| {
            report(name, format_args!("{}{place}", pods.set.path()));
        });
    }
    if !subject.options_make_pods() {
        return;
    }
    let mut by_option = |name: &str, key: &str, entry| {
        if let Some(place) = subject.written(key, entry) {
            report(name, format_args!("{place}"));
        }
    };
    let config = &subject.workload.config;
    for pair in map_entries(config, "kubernetes.secrets") {
        by_option(&pair.key, pair.option, pair.entry);
    }
    let key = "kubernetes.env.secretKeyRef";
    if let Some((entry, maps)) = map_list(config, key) {
        let pairs = maps.iter().flatten();
        for (_, name) in pairs.filter(|(field, _)| field.eq_ignore_ascii_case("secret")) {
            by_option(name, key, entry);
        }
    }
    let key = "kubernetes.container.image.pull-secrets";
    if let Some(entry) = config.entry(key) {
        list_elements(&entry.value).iter().for_each(|name| by_option(name, key, entry));
    }
}
