//! `flink/logging`

use crate::flink::Engine;
use crate::resource::pointer;
use crate::rules::{Findings, Level, Rule, Subject};
use serde_json::Value;

/// Clusters without the log configuration that the tenant requires.
pub static RULE: Rule = Rule {
    id: "flink/logging",
    level: Level::Error,
    since: "0.1.0",
    title: "Required log configuration",
    tenant_fields: &["flink.requireLogConfiguration"],
    as_is: false,
    page: include_str!("logging.md"),
    check,
};

/// Files from which Flink's containers read their log configuration.
pub(super) const FILES: [&str; 2] = ["log4j-console.properties", "logback-console.xml"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    // The options of a pod may be incomplete.
    if !subject.workload.declares_cluster || !subject.tenant.spec.flink.require_log_configuration {
        return;
    }
    let field = match subject.workload.engine {
        Engine::Operator => "logConfiguration",
        Engine::Spotify => "logConfig",
        // There is no field for it.
        _ => return,
    };
    let options = subject.workload.config_pointer.as_deref();
    let spec = options.and_then(pointer::parent).unwrap_or("/spec");
    let files = pointer::at(subject.object, spec).and_then(|spec| spec.get(field));
    let has_text = |file: &&str| {
        let text = files.and_then(|files| files.get(*file)).and_then(Value::as_str);
        text.is_some_and(|text| !text.trim().is_empty())
    };
    if !FILES.iter().any(has_text) {
        let [file, _] = FILES;
        findings
            .at(format!("{spec}/{field}"))
            .message("the cluster has no log configuration, which the tenant requires")
            .help(format!("add `{file}` to `{field}`"));
    }
}
