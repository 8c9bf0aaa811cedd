//! `flink/scheduler-mode`

use crate::flink::options::{SCHEDULER_MODE, canonical};
use crate::flink::{Engine, Mode, Role};
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Reactive mode in a cluster that cannot have it.
pub static RULE: Rule = Rule {
    id: "flink/scheduler-mode",
    level: Level::Error,
    since: "0.1.0",
    title: "Reactive mode",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("scheduler_mode.md"),
    check,
};

/// The folder over which the operator mounts an empty volume.
const HIDDEN: &str = "/opt/flink/usrlib/";

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some((key, entry)) = subject.workload.config.first(SCHEDULER_MODE) else { return };
    if !entry.value.eq_ignore_ascii_case("reactive") {
        return;
    }
    let Some((cluster, help)) = unsupported(subject) else { return };
    findings
        .at(match &entry.pointer {
            Some(place) => place.clone(),
            None => subject.place_of_option(SCHEDULER_MODE),
        })
        .message(format!("{cluster} does not start with `{key}: reactive`"))
        .advise(match help.starts_with("remove the option") {
            true => Advice::remove_option(key).in_words(help),
            false => help.into(),
        })
        .key(canonical(SCHEDULER_MODE))
        .found(entry.value.as_str());
}

/// Which cluster the object declares, and what to do, unless it supports reactive mode: a standalone
/// cluster that runs one job (`ClusterEntrypoint.supportsReactiveMode`, Flink 1.18.1 to 2.3.0).
fn unsupported(subject: &Subject<'_>) -> Option<(&'static str, &'static str)> {
    let workload = subject.workload;
    let remove = "remove the option";
    let is_known = workload.declares_cluster
        || workload.pods.iter().any(|set| set.role == Role::JobManager && !set.path().is_empty());
    match (workload.engine, workload.mode) {
        _ if !is_known => None,
        (Engine::Operator, Some(Mode::Native)) if workload.jobs > 0 => {
            let help = if is_hidden_when_standalone(subject) {
                "remove the option, and use the operator's autoscaler"
            } else {
                "set `spec.mode: standalone`, or remove the option and use the operator's autoscaler"
            };
            Some(("a native cluster", help))
        }
        (_, Some(Mode::Native)) => Some(("a native cluster", remove)),
        (Engine::Operator | Engine::Standalone, _) if workload.jobs == 0 => {
            Some(("a session cluster", remove))
        }
        _ => None,
    }
}

/// Whether the job's JAR is where the operator mounts an empty volume in standalone mode.
fn is_hidden_when_standalone(subject: &Subject<'_>) -> bool {
    let jar =
        subject.operators_cluster().and_then(|cluster| cluster.field("/job/jarURI")?.as_str());
    jar.is_some_and(|jar| jar.contains(HIDDEN))
}
