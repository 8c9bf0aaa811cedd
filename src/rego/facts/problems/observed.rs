//! What lets others see how a cluster does: metrics reporters and log configuration, where a tenant
//! demands them.

use super::{Found, Subject, is_any, texts};
use crate::flink::Engine;
use crate::resource::pointer;
use regorus::Value;
use serde_json::Value as Json;

/// Files from which Flink's containers take their log configuration.
const FILES: [&str; 2] = ["log4j-console.properties", "logback-console.xml"];

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    // Of pods not all options are known.
    if !subject.workload.declares_cluster {
        return;
    }
    let flink = &subject.tenant["flink"];
    if let Some(wanted) = texts(&flink["metricsReporters"]) {
        metrics(subject, &wanted, found);
    }
    if flink["requireLogConfiguration"] == Value::Bool(true) {
        logs(subject, found);
    }
}

fn metrics(subject: &Subject<'_>, wanted: &[&str], found: &mut Found) {
    let config = &subject.workload.config;
    let started = config
        .get("metrics.reporters")
        .map(|names| names.split(',').map(str::trim).collect::<Vec<_>>());
    let mut reporters = config.under("metrics.reporter.").filter_map(|(key, entry)| {
        let rest = key.strip_prefix("metrics.reporter.")?;
        let name = rest.strip_suffix(".factory.class").or_else(|| rest.strip_suffix(".class"))?;
        // Without a list every reporter starts.
        started.as_ref().is_none_or(|started| started.contains(&name)).then_some(entry.value.trim())
    });
    if reporters.any(|class| is_any(wanted, class)) {
        return;
    }
    let message =
        "the cluster has none of the metrics reporters that its tenant demands".to_owned();
    let help = match wanted.first() {
        Some(first) => format!("set metrics.reporter.<name>.factory.class to {first}"),
        None => "ask who keeps the tenant: its list of reporters is empty".into(),
    };
    found.add("metrics", &subject.place_of(&["metrics.reporters"]), message, help);
}

fn logs(subject: &Subject<'_>, found: &mut Found) {
    let field = match subject.workload.engine {
        Engine::Operator => "logConfiguration",
        Engine::Spotify => "logConfig",
        // There is no field for it.
        _ => return,
    };
    let spec =
        subject.workload.config_pointer.as_deref().and_then(pointer::parent).unwrap_or("/spec");
    let place = format!("{spec}/{field}");
    let written = pointer::at(subject.root, &place);
    let has = |file: &&str| {
        written
            .and_then(|files| files.get(*file))
            .and_then(Json::as_str)
            .is_some_and(|text| !text.trim().is_empty())
    };
    if !FILES.iter().any(has) {
        let message =
            "the cluster brings no log configuration of its own, which its tenant demands"
                .to_owned();
        found.add(
            "logging",
            &place,
            message,
            format!("write {} or {} into {field}", FILES[0], FILES[1]),
        );
    }
}
