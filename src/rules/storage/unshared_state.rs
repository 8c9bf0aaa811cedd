//! `storage/unshared-state`

use super::shared::{backing, directory, role};
use crate::flink::Role;
use crate::flink::claims::{mounted_by_flink, mounted_read_only};
use crate::flink::state::{Purpose, StateDirectory};
use crate::flink::state_mount::{Backing, Mount};
use crate::rules::{Findings, Level, Rule, Subject};

/// State directories that are not the same for all pods.
pub static RULE: Rule = Rule {
    id: "storage/unshared-state",
    level: Level::Error,
    since: "0.1.0",
    title: "Shared state directories",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("unshared_state.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for state in subject.state_directories() {
        if state.is_ephemeral() {
            continue;
        }
        if let Some((problem, help)) = problem(subject, state) {
            findings
                .at(subject.option_place(state.key, state.entry))
                .message(format!("{}, {problem}", directory(subject, state)))
                .help(help.to_owned())
                .key(state.key);
        }
    }
}

/// Why the pods do not all have the same files there, or cannot write them; and what to do.
fn problem(subject: &Subject<'_>, state: &StateDirectory<'_>) -> Option<(String, &'static str)> {
    let mounts = &state.mounts;
    if let Some(mount) = mounts.iter().find(|mount| mount.read_only) {
        let problem = format!(
            "but {} is mounted read-only in the {}",
            backing(&mount.backing),
            role(mount.role)
        );
        let by_flink = || mounted_by_flink(subject.workload, mount.role);
        let is_by_flink = matches!(&mount.backing, Backing::Claim(claim)
            if by_flink().iter().any(|(mounted, _)| mounted == claim));
        let help = if is_by_flink && mounted_read_only(subject.workload) {
            "remove `kubernetes.persistent-volume-claim-read-only`"
        } else {
            "remove `readOnly: true`"
        };
        return Some((problem, help));
    }
    // The one JobManager of a StatefulSet finds again on its claim what high availability kept
    // there.
    let is_alone = |mount: &Mount<'_>| {
        let alone = subject.workload.pods.get(mount.pods).is_some_and(|set| set.replicas <= 1);
        alone && mount.role == Role::JobManager && state.purpose == Purpose::HighAvailability
    };
    let is_of_one_pod = |mount: &&Mount<'_>| {
        mount.by_pod || (matches!(mount.backing, Backing::PerPodClaim(_)) && !is_alone(mount))
    };
    if let Some(mount) = mounts.iter().find(is_of_one_pod) {
        let problem = format!(
            "but every pod has a folder or claim of its own on {}",
            backing(&mount.backing)
        );
        let help = "mount one ReadWriteMany claim in the JobManager and the TaskManagers, without a \
             folder for each pod";
        return Some((problem, help));
    }
    let (first, others) = mounts.split_first()?;
    let is_same = |other: &&Mount<'_>| {
        let missing = matches!(first.backing, Backing::Missing(_))
            || matches!(other.backing, Backing::Missing(_));
        missing || (first.backing.is_same(&other.backing) && first.within == other.within)
    };
    let other = others.iter().find(|other| !is_same(other))?;
    let place = |mount: &Mount<'_>| {
        let folder = mount.within.path();
        format!("`/{folder}` of {} in the {}", backing(&mount.backing), role(mount.role))
    };
    let problem = format!(
        "but the pods have different directories there: {}, {}",
        place(first),
        place(other)
    );
    Some((problem, "mount the same claim at the same path in the JobManager and the TaskManagers"))
}
