//! `flink/metrics-reporter`

use crate::rules::words::{alternatives, matches_any};
use crate::rules::{Findings, Level, Rule, Subject};

/// Clusters without a metrics reporter that the tenant accepts.
pub static RULE: Rule = Rule {
    id: "flink/metrics-reporter",
    level: Level::Error,
    since: "0.1.0",
    title: "Required metrics reporter",
    tenant_fields: &["flink.metricsReporters"],
    as_is: false,
    page: include_str!("metrics_reporter.md"),
    check,
};

const REPORTERS: &str = "metrics.reporters";

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(accepted) = &subject.tenant.spec.flink.metrics_reporters else { return };
    // The options of a pod may be incomplete.
    if !subject.workload.declares_cluster {
        return;
    }
    let config = &subject.workload.config;
    let is_started = |name: &str| {
        // Without a list every reporter starts.
        let list = config.get(REPORTERS);
        list.is_none_or(|list| list.split(',').any(|started| started.trim() == name))
    };
    let is_accepted = |key: &str, class: &str| {
        let name = key.strip_prefix("metrics.reporter.").and_then(|rest| {
            rest.strip_suffix(".factory.class").or_else(|| rest.strip_suffix(".class"))
        });
        name.is_some_and(is_started) && matches_any(accepted, class.trim())
    };
    if config.under("metrics.reporter.").any(|(key, entry)| is_accepted(key, &entry.value)) {
        return;
    }
    let help = if accepted.is_empty() {
        "ask the platform team: the tenant accepts no metrics reporter".to_owned()
    } else {
        let classes = alternatives(accepted);
        format!("set `metrics.reporter.<name>.factory.class` to a class that matches {classes}")
    };
    findings
        .at(subject.place_of_option(&[REPORTERS]))
        .message("the cluster has no metrics reporter that the tenant accepts")
        .help(help);
}
