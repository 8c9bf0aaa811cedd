//! `flink/enforced-option`

use crate::flink::catalog::{mirrored_names, other_names};
use crate::flink::config::{Entry, FlinkConfig};
use crate::flink::config_sources::{of_template, pod_templates};
use crate::flink::map_options::hiding_map;
use crate::flink::options::{is_read_by_operator, names_of};
use crate::flink::redaction::{is_sensitive, uri};
use crate::flink::text_form::TextForm;
use crate::flink::workload::{ConfigurationSource, PodMaker};
use crate::flink::{Engine, Role, Workload};
use crate::mutate::{Difference, is_option_given};
use crate::resource::Operation;
use crate::rules::words::shown;
use crate::rules::{Advice, Finding, Findings, Level, Rule, Subject};
use crate::tenant::Scalar;
use std::collections::{BTreeMap, BTreeSet};

/// Options with another value than the one that the tenant enforces.
pub static RULE: Rule = Rule {
    id: "flink/enforced-option",
    level: Level::Error,
    since: "0.1.0",
    title: "Enforced options",
    tenant_fields: &["flink.configuration.enforced"],
    as_is: false,
    page: include_str!("enforced_option.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for conflict in subject.conflicts {
        if let Difference::HiddenOption { key, map } = &conflict.difference {
            report_hidden(findings.at(conflict.pointer.as_str()), key, map);
        }
        let Difference::EnforcedOption { key, wanted, found } = &conflict.difference else {
            continue;
        };
        let place = findings.at(conflict.pointer.as_str());
        let finding = report(place, key, wanted, found.as_deref());
        match found {
            Some(_)
                if is_option_given(
                    subject.resource,
                    subject.workload,
                    &subject.tenant.spec,
                    (key, wanted),
                ) =>
            {
                finding.advise(Advice::remove_option(key).then(": Flinkgate sets it"))
            }
            _ if is_sensitive(key) => finding.help(format!("set `{key}` to the tenant's value")),
            _ if public(wanted) == *wanted => {
                finding.advise(Advice::set_option(key, wanted).safe_if(found.is_none()))
            }
            _ => finding.help(format!("set `{key}: {}`", public(wanted))),
        };
    }
    let enforced = &subject.tenant.spec.flink.configuration.enforced;
    if !enforced.is_empty() && !is_completed(subject) {
        check_options(subject, enforced, findings);
        check_file(subject, enforced, findings);
    }
}

/// Checks the file that a workload's process reads from a ConfigMap. The ConfigMap is older than the
/// workload, or was written while Flinkgate did not answer. A stored workload may go on with a file
/// that it reads already.
fn check_file(subject: &Subject<'_>, enforced: &BTreeMap<String, Scalar>, findings: &mut Findings) {
    let ConfigurationSource::ConfigMap { name, place } = &subject.workload.source else { return };
    // Elsewhere a template was judged with its files.
    let is_first = !subject.tenant.spec.mutation.custom_resources
        && subject.resource.kind.kind == "Pod"
        && !subject.workload.declares_cluster;
    if !is_first && !is_started_by(subject) {
        return;
    }
    let goes_on = subject.resource.operation == Operation::Update && reads_the_same(subject, name);
    for (key, value) in enforced {
        let found = match effective(&subject.workload.config, key) {
            // What the object itself writes is reported above.
            Some(entry) if entry.pointer.is_some() => continue,
            Some(entry) if is_value(value, &entry.value) => continue,
            found => found.map(|entry| entry.value.as_str()),
        };
        if is_read_by_operator(key) {
            continue;
        }
        let wanted = value.text();
        let finding = report(findings.at(place.as_str()), key, &wanted, found);
        match is_sensitive(key) {
            true => finding
                .help(format!("set `{key}` to the tenant's value in ConfigMap `{}`", shown(name))),
            false => finding.help(format!(
                "set `{key}: {}` in ConfigMap `{}`",
                public(&wanted),
                shown(name)
            )),
        };
        if goes_on {
            finding.level(Level::Warning);
        }
    }
}

/// Whether the stored object reads all that the object reads of a ConfigMap.
fn reads_the_same(subject: &Subject<'_>, config_map: &str) -> bool {
    let Some(old) = &subject.resource.old_object else { return false };
    let sources = |object| {
        let mut found = BTreeSet::new();
        for (_, template) in pod_templates(object) {
            of_template(template, |source| {
                if source.config_map == config_map {
                    found.insert((source.key, source.file));
                }
            });
        }
        found
    };
    sources(subject.object).is_subset(&sources(old))
}

/// Whether the object starts the processes of its pods: not a pod that follows from a template, nor the
/// cluster of an operator, whose options mutation completes.
pub(super) fn is_started_by(subject: &Subject<'_>) -> bool {
    let workload = subject.workload;
    let is_derived =
        subject.resource.kind.kind == "Pod" && workload.pod_maker == PodMaker::Template;
    let is_flink = |role| matches!(role, Role::JobManager | Role::TaskManager);
    !is_derived && !workload.declares_cluster && workload.pods.iter().any(|set| is_flink(set.role))
}

/// The option that Flink reads, under any of its names.
pub(super) fn effective<'c>(config: &'c FlinkConfig, key: &str) -> Option<&'c Entry> {
    let other = || names_of(key).find_map(|name| config.exact(name));
    let mirrored = || mirrored_names(key).find_map(|name| config.exact(&name));
    config.exact(key).or_else(other).or_else(mirrored)
}

/// Whether a file has the tenant's value, as Flink reads it from lines too.
fn is_value(value: &Scalar, found: &str) -> bool {
    value.is(found) || TextForm::Lines.value(&value.text()) == found
}

/// Whether mutation writes the tenant's options into the object, and reports those that differ.
fn is_completed(subject: &Subject<'_>) -> bool {
    let is_cluster = subject.workload.declares_cluster && subject.workload.config_pointer.is_some();
    is_cluster || subject.is_for_operator()
}

/// Checks the options of other kinds, under all of their names.
fn check_options(
    subject: &Subject<'_>,
    enforced: &BTreeMap<String, Scalar>,
    findings: &mut Findings,
) {
    for (key, value) in enforced {
        let config = &subject.workload.config;
        if let Some((map, entry)) = hiding_map(config, key, |text| value.is(text))
            && !subject.tenant.gives_option(map, &entry.value)
        {
            report_hidden(findings.at(entry.pointer.as_deref().unwrap_or_default()), key, map);
        }
        check_name(subject, key, value, findings);
        names_of(key).for_each(|name| check_name(subject, name, value, findings));
        mirrored_names(key).for_each(|name| check_name(subject, &name, value, findings));
        check_fallbacks(subject, key, value, findings);
    }
}

/// Checks the options that Flink reads where this one is not set under any of its names.
fn check_fallbacks(subject: &Subject<'_>, key: &str, value: &Scalar, findings: &mut Findings) {
    let Workload { config, text_form, .. } = subject.workload;
    let is_set = |name: &str| config.exact(name).is_some();
    if is_set(key) || names_of(key).any(is_set) || is_derived(subject.workload, key) {
        return;
    }
    let others = names_of(key).flat_map(|name| &other_names(name).fallbacks);
    for fallback in other_names(key).fallbacks.iter().chain(others) {
        let is_other = |entry: &&Entry| entry.pointer.is_some() && !value.is(&entry.value);
        let Some(entry) = config.exact(fallback).filter(is_other) else { continue };
        let wanted = value.text();
        if entry.value != text_form.value(&wanted) {
            let place = entry.pointer.as_deref().unwrap_or_default();
            report(findings.at(place), key, &wanted, Some(&entry.value)).help(format!(
                "set `{key}` to the tenant's value: without it, Flink reads `{fallback}` instead"
            ));
        }
    }
}

/// Checks an option under one of its names.
fn check_name(subject: &Subject<'_>, name: &str, value: &Scalar, findings: &mut Findings) {
    let Workload { config, text_form, .. } = subject.workload;
    let is_other = |entry: &&Entry| {
        entry.pointer.is_some() && !value.is(&entry.value) && !is_derived(subject.workload, name)
    };
    let Some(entry) = config.exact(name).filter(is_other) else { return };
    let wanted = value.text();
    if entry.value != text_form.value(&wanted) {
        let place = entry.pointer.as_deref().unwrap_or_default();
        report(findings.at(place), name, &wanted, Some(&entry.value))
            .help(format!("remove `{name}`, or set it to the tenant's value"));
    }
}

/// Whether Flink derives the option and writes it into the arguments of its own pods.
fn is_derived(workload: &Workload, key: &str) -> bool {
    let is_role = |role| workload.pods.iter().any(|set| set.role == role);
    workload.engine == Engine::Native
        && (is_role(Role::TaskManager)
            || (is_role(Role::JobManager) && key.starts_with("jobmanager.memory.")))
}

fn report_hidden(finding: &mut Finding, key: &str, map: &str) {
    finding
        .key(map)
        .message(format!("Flink does not read `{key}`, which the tenant sets, if `{map}` is set"))
        .help(format!("write each entry of `{map}` as an option: `{map}.<name>: <value>`"));
}

fn report<'f>(
    finding: &'f mut Finding,
    key: &str,
    wanted: &str,
    found: Option<&str>,
) -> &'f mut Finding {
    finding.key(key);
    if is_sensitive(key) {
        return finding.message(format!("`{key}` does not have the value that the tenant sets"));
    }
    let wanted = public(wanted);
    let message = match found.map(public) {
        Some(found) => {
            finding.found(found.clone());
            format!("`{key}` is `{found}`, but the tenant sets `{wanted}`")
        }
        None => format!("`{key}` is missing, but the tenant sets `{wanted}`"),
    };
    finding.message(message).wanted(wanted)
}

/// A value without the password that it may hold, as messages show it.
fn public(value: &str) -> String {
    shown(&uri(value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::Workload;
    use crate::mutate::Conflict;
    use crate::resource::Resource;
    use crate::rules::check_conflicts;
    use crate::tenant::PreparedTenant;

    #[test]
    fn no_finding_shows_a_secret() {
        for (key, value) in [("s3.secret-key", "hush"), ("state.savepoints.dir", "s3://a:hush@b/c")]
        {
            let conflicts = [Some(value.into()), None].map(|found| Conflict {
                pointer: "/spec".into(),
                difference: Difference::EnforcedOption {
                    key: key.into(),
                    wanted: value.into(),
                    found,
                },
            });
            let (resource, workload) = (Resource::default(), Workload::default());
            let tenant = PreparedTenant::default();
            let mut subject = Subject::new(&resource, &resource.object, &workload, &tenant);
            subject.conflicts = &conflicts;
            let found = check_conflicts(&subject);
            assert_eq!(found.len(), 2);
            assert!(!serde_json::to_string(&found).unwrap().contains("hush"), "{found:?}");
        }
    }
}
