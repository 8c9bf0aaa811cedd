//! `flink/autoscaler-state`

use crate::flink::operator::autoscaler_state::{AutoscalerState, OPTIONS_PLACE, PREFIX};
use crate::resource::pointer;
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};

/// State of the operator's autoscaler that another user writes.
///
/// The operator's own requests are exempt from all rules.
pub static RULE: Rule = Rule {
    id: "flink/autoscaler-state",
    level: Level::Error,
    since: "0.1.0",
    title: "State of the autoscaler",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("autoscaler_state.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    // One of several configurations in the object is the state.
    if subject.workload.config_pointer.as_deref() != Some(OPTIONS_PLACE) {
        return;
    }
    let Some(state) = AutoscalerState::of(subject.resource, subject.object) else { return };
    let name = subject.resource.name_in(subject.object);
    let help = match name.strip_prefix(PREFIX) {
        Some(cluster) if !cluster.is_empty() => format!(
            "remove this ConfigMap, and set options in `flinkConfiguration` of `{}`",
            shown(cluster)
        ),
        _ => "choose another name".to_owned(),
    };
    findings
        .at(pointer::join(OPTIONS_PLACE, state.key))
        .message(format!(
            "`{}` is state of the operator's autoscaler, which only the operator may write",
            state.key
        ))
        .help(help)
        .key(state.key);
}
