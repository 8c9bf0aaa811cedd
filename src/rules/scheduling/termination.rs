//! `scheduling/termination`

use crate::flink::Role;
use crate::flink::values::parse_duration;
use crate::flink::version::FlinkVersion;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::Value;

/// Flink's pods that are killed too early, or may take too long to stop.
pub static RULE: Rule = Rule {
    id: "scheduling/termination",
    level: Level::Warning,
    since: "0.1.0",
    title: "Termination grace period",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("termination.md"),
    check,
};

/// Draining a node waits for its pods, and a pod that stops still counts against the quota.
const MOST_SECONDS: i64 = 3600;
/// How long Flink waits for its services to stop. Its default is the default grace period.
const SHUTDOWN_TIMEOUT: &str = "cluster.services.shutdown-timeout";
/// The field of the pod.
const FIELD: &str = "terminationGracePeriodSeconds";
const SECOND: i128 = 1_000_000_000;

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for pods in subject.pods.iter().filter(|pods| pods.set.role != Role::Other) {
        let grace = pods.spec().get("terminationGracePeriodSeconds").and_then(Value::as_i64);
        let Some(grace) = grace else { continue };
        let field = format_args!("`terminationGracePeriodSeconds: {grace}`");
        let (message, help) = if grace < 1 {
            let message = format!("{field} kills Flink before it can shut down");
            (message, Advice::remove_in_words("remove it: the default is 30 s"))
        } else if grace > MOST_SECONDS {
            let message = format!("{field} lets an upgrade or a node drain wait for over an hour");
            let help = Advice::set(FIELD, MOST_SECONDS).in_words(format!(
                "set it to {MOST_SECONDS} or less: savepoints are taken before pods are stopped"
            ));
            (message, help)
        } else if let Some((timeout, text)) =
            shutdown_timeout(subject).filter(|(timeout, _)| i128::from(grace) * SECOND < *timeout)
        {
            let text = shown(text);
            let message = format!("{field} is less than `{SHUTDOWN_TIMEOUT}: {text}`");
            let seconds = (timeout + SECOND - 1) / SECOND;
            let words = format!("set it to {seconds} or more");
            match i64::try_from(seconds) {
                Ok(seconds) => (message, Advice::set(FIELD, seconds).in_words(words)),
                Err(_) => (message, Advice::words(words)),
            }
        } else {
            continue;
        };
        findings
            .at(pods.place("/spec/terminationGracePeriodSeconds"))
            .message(message)
            .advise(help)
            .found(grace.to_string());
    }
}

/// The configured shutdown timeout in nanoseconds, and as it is written.
fn shutdown_timeout<'a>(subject: &Subject<'a>) -> Option<(i128, &'a str)> {
    let workload = subject.workload;
    let text = workload.config.get(SHUTDOWN_TIMEOUT)?;
    let version = workload.version.unwrap_or(FlinkVersion::new(1, 20));
    Some((parse_duration(text, version)?, text))
}
