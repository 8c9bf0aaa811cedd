//! `flink/high-availability`

use crate::flink::options::{
    HIGH_AVAILABILITY, JOB_MANAGER_REPLICAS, Names, canonical, high_availability,
};
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};

/// Standby JobManagers and rollback without high availability, and ZooKeeper without servers.
pub static RULE: Rule = Rule {
    id: "flink/high-availability",
    level: Level::Error,
    since: "0.1.0",
    title: "Required high availability",
    tenant_fields: &["storage.checkpoints.locations"],
    as_is: false,
    page: include_str!("high_availability.md"),
    check,
};

const ROLLBACK: Names = &["kubernetes.operator.deployment.rollback.enabled"];

/// The servers of ZooKeeper, without which `ZooKeeperUtils.startCuratorFramework` throws (Flink 1.18.1
/// to 2.3.0).
const QUORUM: Names = &["high-availability.zookeeper.quorum", "recovery.zookeeper.quorum"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    quorum(subject, findings);
    let Some(cluster) = subject.operators_cluster() else { return };
    if high_availability(&subject.workload.config).is_some() {
        return;
    }
    if let Some((key, entry)) = cluster.option(JOB_MANAGER_REPLICAS)
        && entry.value.parse::<i64>().is_ok_and(|count| count > 1)
    {
        findings
            .at(cluster.place_of(key, Some(entry)))
            .message(format!(
                "{} JobManagers need high availability, which is off: each would run the job",
                shown(&entry.value)
            ))
            .help(format!("{}, or run one JobManager", help(subject)))
            .key(key)
            .found(entry.value.as_str());
    }
    if cluster.is_true(ROLLBACK)
        && let Some((key, entry)) = cluster.option(ROLLBACK)
    {
        findings
            .at(cluster.place_of(key, Some(entry)))
            .message(format!("`{key}` needs high availability, which is off"))
            .help(help(subject))
            .key(key);
    }
}

/// High availability with ZooKeeper needs its servers.
fn quorum(subject: &Subject<'_>, findings: &mut Findings) {
    let config = &subject.workload.config;
    let is_zookeeper = high_availability(config)
        .is_some_and(|services| services.trim().eq_ignore_ascii_case("zookeeper"));
    let is_blank = || config.first(QUORUM).is_none_or(|(_, entry)| entry.value.trim().is_empty());
    if is_zookeeper && subject.knows_configuration() && is_blank() {
        let key = canonical(QUORUM);
        findings
            .at(subject.place_of_option(HIGH_AVAILABILITY))
            .message(format!("high availability uses ZooKeeper, but `{key}` is not set"))
            .help(format!(
                "set `{key}` to the servers, such as `zookeeper-0:2181,zookeeper-1:2181`"
            ))
            .key(key);
    }
}

fn help(subject: &Subject<'_>) -> String {
    let locations = subject.tenant.spec.storage.checkpoints.locations.iter().flatten().next();
    let directory = match locations {
        Some(location) => format!("a directory under `{location}`"),
        None => "a durable directory".into(),
    };
    format!(
        "set `high-availability.type` to `kubernetes` and `high-availability.storageDir` to {directory}"
    )
}
