//! `storage/high-availability-dir`

use super::shared::allowed_directory;
use crate::flink::options::{
    HIGH_AVAILABILITY, HIGH_AVAILABILITY_DIR, canonical, high_availability,
};
use crate::rules::{Findings, Level, Rule, Subject};

/// High availability without a directory for its data.
pub static RULE: Rule = Rule {
    id: "storage/high-availability-dir",
    level: Level::Error,
    since: "0.1.0",
    title: "Directory for high availability",
    tenant_fields: &["storage.checkpoints.locations", "storage.checkpoints.volume"],
    as_is: true,
    page: include_str!("high_availability_dir.md"),
    check,
};

/// Services that keep their data in a directory; a factory of the user's own may do otherwise.
const KEEP_DATA: [&str; 3] = [
    "kubernetes",
    "zookeeper",
    "org.apache.flink.kubernetes.highavailability.KubernetesHaServicesFactory",
];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let config = &subject.workload.config;
    if !subject.knows_configuration() || subject.spec().is_none() {
        return;
    }
    let Some(mode) = high_availability(config).map(str::trim) else { return };
    if config.first(HIGH_AVAILABILITY_DIR).is_none()
        && KEEP_DATA.iter().any(|keeps| keeps.eq_ignore_ascii_case(mode))
    {
        let option = canonical(HIGH_AVAILABILITY_DIR);
        findings
            .at(subject.place_of_option(HIGH_AVAILABILITY))
            .message(format!("high availability is on, but `{option}` is not set"))
            .help(format!("set `{option}` to {}", allowed_directory(subject)))
            .key(option);
    }
}
