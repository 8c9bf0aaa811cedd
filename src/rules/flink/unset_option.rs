//! `flink/unset-option`

use super::enforced_option::{effective, is_started_by};
use crate::flink::config_sources::PROPERTIES;
use crate::flink::options::is_read_by_operator;
use crate::flink::redaction::{is_sensitive, uri};
use crate::flink::workload::ConfigurationSource;
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};

/// Enforced options that Flink may not get, because nothing that Flinkgate sees gives it options.
pub static RULE: Rule = Rule {
    id: "flink/unset-option",
    level: Level::Warning,
    since: "0.1.0",
    title: "Enforced options without a place",
    tenant_fields: &["flink.configuration.enforced"],
    as_is: false,
    page: include_str!("unset_option.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let enforced = &subject.tenant.spec.flink.configuration.enforced;
    let source = &subject.workload.source;
    let is_unseen = matches!(source, ConfigurationSource::Image | ConfigurationSource::Hidden);
    if enforced.is_empty() || !is_unseen || !is_started_by(subject) {
        return;
    }
    let is_missing = |key: &&String| {
        !is_read_by_operator(key) && effective(&subject.workload.config, key).is_none()
    };
    let mut missing = enforced.keys().filter(is_missing);
    let Some(first) = missing.next() else { return };
    let others = missing.count();
    let Some(main) = subject.pods.iter().find_map(|pods| {
        let main = pods.containers.iter().find(|container| container.main)?;
        Some((main.place(pods.set.path()), main.name))
    }) else {
        return;
    };
    let (place, name) = main;
    let which = match others {
        0 => format!("`{first}`, which the tenant sets"),
        1 => format!("`{first}` and another option that the tenant sets"),
        _ => format!("`{first}` and {others} other options that the tenant sets"),
    };
    let message = match source {
        ConfigurationSource::Hidden => format!("Flink may read its configuration without {which}"),
        _ => format!("nothing gives Flink {which}"),
    };
    let value = match enforced.get(first) {
        Some(value) if !is_sensitive(first) => shown(&uri(&value.text())),
        _ => String::new(),
    };
    let help = match (source, value.as_str()) {
        (ConfigurationSource::Hidden, _) => {
            "mount a ConfigMap with Flink's configuration: Flinkgate completes it".to_owned()
        }
        (_, "") => {
            format!("add the variable `{PROPERTIES}` with `{first}`: Flinkgate adds the others")
        }
        (_, value) => {
            format!("add the variable `{PROPERTIES}` with the value `{first}: {value}`")
        }
    };
    findings.at(place).message(message).help(help).container(name).key(first);
}
