//! How long Flink's pods may take to end.

use super::{Found, Placement, noun};
use crate::flink::Role;
use crate::flink::values::parse_duration;
use crate::flink::version::FlinkVersion;

/// A node that is to be emptied waits as long for its pods, and a stopped pod counts as long
/// against the quota.
const LONG: i64 = 3600;
/// How long Flink gives its own services to end.
const SHUTDOWN_TIMEOUT: &str = "cluster.services.shutdown-timeout";
const SECOND: i128 = 1_000_000_000;

pub(super) fn judge(placement: &Placement<'_>, found: &mut Found) {
    let subject = placement.subject;
    for set in subject.workload.pods.iter().filter(|set| set.role != Role::Other) {
        let grace = set
            .template(subject.root)
            .get("spec")
            .and_then(|spec| spec.get("terminationGracePeriodSeconds")?.as_i64());
        let Some(grace) = grace else { continue };
        let who = noun(set.role);
        let (message, help) = if grace < 1 {
            let message = format!("{who} are killed at once, without time to end");
            (message, "leave it out (30 s), or write as many seconds as Flink may take")
        } else if grace > LONG {
            let message = format!(
                "{who} may take {grace} s to end: a node cannot be emptied and an upgrade waits as long"
            );
            (
                message,
                "write some minutes at most: a savepoint is taken before pods are stopped, not while they end",
            )
        } else if let Some(timeout) =
            shutdown_timeout(placement).filter(|timeout| i128::from(grace) * SECOND < *timeout)
        {
            let message = format!(
                "{who} are killed after {grace} s, and {SHUTDOWN_TIMEOUT} gives Flink's services {} s to end",
                timeout / SECOND
            );
            (message, "write more seconds here than there")
        } else {
            continue;
        };
        found.add(
            "termination",
            &format!("{}/spec/terminationGracePeriodSeconds", set.path()),
            message,
            help.to_owned(),
        );
    }
}

/// What the object says of it: Flink's own default is as long as Kubernetes'.
fn shutdown_timeout(placement: &Placement<'_>) -> Option<i128> {
    let workload = placement.subject.workload;
    parse_duration(
        workload.config.get(SHUTDOWN_TIMEOUT)?,
        workload.version.unwrap_or(FlinkVersion::new(1, 20)),
    )
}
