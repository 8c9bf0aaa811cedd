//! `security/extended-resources`

use crate::flink::options::EXTERNAL_RESOURCES;
use crate::flink::values::list_elements;
use crate::resource::fields::{elements, text};
use crate::resource::pointer;
use crate::rules::words::{matches_any, shown, use_name_like};
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fmt::Arguments;

/// Extended resources that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "security/extended-resources",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed extended resources",
    tenant_fields: &["security.extendedResources"],
    as_is: false,
    page: include_str!("extended_resources.md"),
    check,
};

/// Resources that every node has.
const STANDARD: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.security.extended_resources else { return };
    for pods in &subject.pods {
        for list in ["containers", "initContainers"] {
            for (index, container) in elements(pods.spec(), list).iter().enumerate() {
                let place = format_args!("{}/spec/{list}/{index}", pods.set.path());
                check_amounts(container, place, allowed, findings);
            }
        }
        let place = format_args!("{}/spec", pods.set.path());
        check_amounts(pods.spec(), place, allowed, findings);
        // Which device a claim is for is unknown here, so the claim's name is compared.
        for (index, claim) in elements(pods.spec(), "resourceClaims").iter().enumerate() {
            let name = text(claim, "name");
            if !matches_any(allowed, name) {
                findings
                    .at(pods.place(format_args!("/spec/resourceClaims/{index}")))
                    .message(format!("resource claim `{}` is not allowed", shown(name)))
                    .advise(advice(allowed))
                    .found(name);
            }
        }
    }
    if subject.options_make_pods() {
        check_options(subject, allowed, findings);
    }
}

/// To use an allowed name, or to remove what is at the place where the tenant allows none.
fn advice(allowed: &[String]) -> Advice {
    let text = use_name_like(allowed);
    if allowed.is_empty() { Advice::remove_in_words(text) } else { text.into() }
}

/// The requests and limits of a container or of a whole pod.
fn check_amounts(
    holder: &Value,
    place: Arguments<'_>,
    allowed: &[String],
    findings: &mut Findings,
) {
    for amounts in ["requests", "limits"] {
        let written = holder.get("resources").and_then(|resources| resources.get(amounts));
        for name in written.and_then(Value::as_object).into_iter().flat_map(|map| map.keys()) {
            if !STANDARD.contains(&name.as_str()) && !matches_any(allowed, name) {
                findings
                    .at(pointer::join(&format!("{place}/resources/{amounts}"), name))
                    .message(message(name))
                    .advise(advice(allowed))
                    .key(name);
            }
        }
    }
}

/// Flink requests the resource that `external-resource.<name>.kubernetes.config-key` names, for
/// each name in `external-resources`.
fn check_options(subject: &Subject<'_>, allowed: &[String], findings: &mut Findings) {
    let config = &subject.workload.config;
    let Some((_, list)) = config.first(EXTERNAL_RESOURCES) else { return };
    let requested = OnceCell::new();
    let requested = || -> &BTreeSet<String> {
        requested.get_or_init(|| list_elements(&list.value).into_iter().collect())
    };
    let prefix = "external-resource.";
    for (key, entry) in config.under(prefix) {
        let name =
            key.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(".kubernetes.config-key"));
        let resource = entry.value.trim();
        if let Some(name) = name
            && !matches_any(allowed, resource)
            && requested().contains(name)
            && let Some(place) = subject.written(key, entry)
        {
            findings
                .at(place)
                .message(message(resource))
                .help(use_name_like(allowed))
                .key(resource);
        }
    }
}

fn message(resource: &str) -> String {
    format!("extended resource `{}` is not allowed", shown(resource))
}
