//! Options that are the operator's to set, and options of the operator that need others.

use super::{Declared, Found, Subject};
use crate::flink::options::Names;

/// The operator sets these from the object's name and namespace. It refuses the first three; the
/// others are older names of the third, by which a cluster could take another one's
/// high-availability data.
const RESERVED: [&str; 5] = [
    "kubernetes.namespace",
    "kubernetes.cluster-id",
    "high-availability.cluster-id",
    "high-availability.zookeeper.path.namespace",
    "recovery.zookeeper.path.namespace",
];

const HEALTH_CHECK: Names = &["kubernetes.operator.cluster.health-check.enabled"];
const RECOVERY: Names = &[
    "kubernetes.operator.jm-deployment-recovery.enabled",
    "kubernetes.operator.reconciler.jm-deployment-recovery.enabled",
];

/// Options that nobody may write.
pub(super) fn reserved(declared: &Declared<'_>, found: &mut Found) {
    for key in RESERVED {
        if let Some(entry) =
            declared.workload.config.entry(key).filter(|entry| declared.is_written(entry))
        {
            let message = format!(
                "option {key} is the operator's to set, from the object's name and namespace"
            );
            found.tell(Subject::Reserved, declared.place_of(key, Some(entry)), message);
        }
    }
}

/// An unhealthy cluster is recovered, so that must be possible.
pub(super) fn health_check(declared: &Declared<'_>, found: &mut Found) {
    if !declared.is_true(HEALTH_CHECK) {
        return;
    }
    if let Some((key, entry)) =
        declared.option(RECOVERY).filter(|(_, entry)| entry.value.eq_ignore_ascii_case("false"))
    {
        let message = format!("{} needs recovery, which {key} turns off", HEALTH_CHECK.concat());
        let help = format!("leave {key} out, or turn the health check off");
        found.tell_with_help(
            Subject::OperatorOptions,
            declared.place_of(key, Some(entry)),
            message,
            help,
        );
    }
}
