//! What needs high availability.

use super::{Declared, Found, Subject, shown};
use crate::flink::options::{JOB_MANAGER_REPLICAS, Names, canonical, high_availability};

const ROLLBACK: Names = &["kubernetes.operator.deployment.rollback.enabled"];

const HELP: &str = "set high-availability.type to kubernetes and high-availability.storageDir to a durable directory";

/// Standby JobManagers take over, and a rollback restores, from what high availability keeps.
pub(super) fn needed(declared: &Declared<'_>, found: &mut Found) {
    let standby = declared
        .option(JOB_MANAGER_REPLICAS)
        .filter(|(_, entry)| entry.value.parse::<i64>().is_ok_and(|count| count > 1));
    let rollback = declared.is_true(ROLLBACK);
    if (standby.is_none() && !rollback) || high_availability(&declared.workload.config).is_some() {
        return;
    }
    if let Some((key, entry)) = standby {
        let message = format!(
            "{} JobManagers need high availability, which is off: without it each would run the job",
            shown(&entry.value)
        );
        found.tell_with_help(
            Subject::HighAvailability,
            declared.place_of(key, Some(entry)),
            message,
            format!("{HELP}, or have one"),
        );
    }
    if rollback {
        let key = canonical(ROLLBACK);
        let message = format!("{key} needs high availability, which is off");
        let place = declared.place_of(key, declared.workload.config.entry(key));
        found.tell_with_help(Subject::HighAvailability, place, message, HELP);
    }
}
