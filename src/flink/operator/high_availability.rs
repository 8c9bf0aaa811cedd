//! What high availability needs.

use super::{Declared, Found, Subject};
use crate::flink::options::{
    HIGH_AVAILABILITY, HIGH_AVAILABILITY_DIR, canonical, high_availability,
};

/// Services that keep their data in a directory; a factory of the user's own may do otherwise.
const KEEP_DATA: [&str; 3] = [
    "kubernetes",
    "zookeeper",
    "org.apache.flink.kubernetes.highavailability.KubernetesHaServicesFactory",
];

/// Flink does not start without a directory for the data.
pub(super) fn directory(declared: &Declared<'_>, found: &mut Found) {
    let Some(mode) = high_availability(&declared.workload.config) else { return };
    if declared.option(HIGH_AVAILABILITY_DIR).is_none()
        && KEEP_DATA.iter().any(|keeps| keeps.eq_ignore_ascii_case(mode.trim()))
    {
        let (key, entry) = declared.option(HIGH_AVAILABILITY).unzip();
        let option = canonical(HIGH_AVAILABILITY_DIR);
        let message =
            format!("high availability is on, and option {option} names no directory for its data");
        found.tell(
            Subject::HighAvailabilityDir,
            declared.place_of(key.unwrap_or(option), entry),
            message,
        );
    }
}
