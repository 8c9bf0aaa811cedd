//! `flink/log-configuration`

use super::logging::FILES;
use crate::resource::pointer;
use crate::rules::words::{shown, use_one_of};
use crate::rules::{Findings, Level, Rule, Subject};
use serde_json::Value;

/// Log configurations that the operator refuses.
pub static RULE: Rule = Rule {
    id: "flink/log-configuration",
    level: Level::Error,
    since: "0.1.0",
    title: "Files of the log configuration",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("log_configuration.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(cluster) = subject.operators_cluster() else { return };
    let files = cluster.field("/logConfiguration").and_then(Value::as_object);
    for name in files.into_iter().flat_map(serde_json::Map::keys) {
        if !FILES.contains(&name.as_str()) {
            findings
                .at(pointer::join(&cluster.at("/logConfiguration"), name))
                .message(format!("the operator does not accept the log file `{}`", shown(name)))
                .help(use_one_of(&FILES))
                .key(name)
                .at_key();
        }
    }
}
