//! `storage/single-node-claim`

use super::shared::{checkpoint_volume, directory};
use crate::flink::Role;
use crate::flink::claims::{AccessScope, access_scope};
use crate::flink::state::StateDirectory;
use crate::flink::state_mount::{Backing, Mount};
use crate::kubernetes::placement::{PodPlacement, Separation, SeparationReason};
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};
use std::collections::BTreeSet;

/// Claims that not all pods can mount where they run.
pub static RULE: Rule = Rule {
    id: "storage/single-node-claim",
    level: Level::Error,
    since: "0.1.0",
    title: "Claims that only one node can mount",
    tenant_fields: &["storage.checkpoints.volume", "scheduling.antiAffinity"],
    as_is: false,
    page: include_str!("single_node_claim.md"),
    check,
};

const HELP: &str = "use a ReadWriteMany claim or an object store";

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let mut reported: BTreeSet<&str> = BTreeSet::new();
    for state in subject.state_directories() {
        if state.is_ephemeral() {
            continue;
        }
        for mount in &state.mounts {
            let Backing::Claim(claim) = &mount.backing else { continue };
            if reported.contains(&**claim) {
                continue;
            }
            let claimed = || format!("{} on claim `{}`", directory(state), shown(claim));
            let (pointer, message, help) = match claim_reach(subject, claim) {
                Some(AccessScope::OnePod) => (
                    subject.option_place(state.key, state.entry),
                    format!("{}, which only one pod can mount (`ReadWriteOncePod`)", claimed()),
                    HELP.to_owned(),
                ),
                Some(AccessScope::ReadOnly) => (
                    subject.option_place(state.key, state.entry),
                    format!("{}, which no pod can write to (`ReadOnlyMany`)", claimed()),
                    HELP.to_owned(),
                ),
                Some(AccessScope::OneNode) => {
                    let Some(separation) = separation(subject, state, mount) else { continue };
                    let message = format!(
                        "{}, which only pods of one node can mount (`ReadWriteOnce`), but {}",
                        claimed(),
                        words(&separation)
                    );
                    let help = format!("{HELP}, or let these pods share a node");
                    (separation.pointer, message, help)
                }
                Some(AccessScope::AnyNode) | None => continue,
            };
            reported.insert(claim);
            findings.at(pointer).message(message).help(help).key(state.key).found(shown(claim));
        }
    }
}

/// What keeps the pods that mount a claim on different nodes.
fn separation(
    subject: &Subject<'_>,
    state: &StateDirectory<'_>,
    mount: &Mount<'_>,
) -> Option<Separation> {
    let mounts = state.mounts.iter().filter(|other| other.backing.is_same(&mount.backing));
    let sets = mounts.filter_map(|other| subject.workload.pods.get(other.pods));
    let anti_affinity = &subject.tenant.spec.scheduling.anti_affinity;
    let placed = PodPlacement {
        workload: subject.workload,
        object: subject.object,
        namespace: &subject.resource.namespace,
        job_manager: anti_affinity.job_manager,
        task_manager: anti_affinity.task_manager,
    };
    placed.separation(sets)
}

fn words(separation: &Separation) -> String {
    let by = match separation.by {
        SeparationReason::TopologySpread => "topology spread",
        SeparationReason::AntiAffinity => "required anti-affinity",
        SeparationReason::Tenant => "the tenant",
    };
    let pods = match separation.role {
        Role::JobManager => "JobManagers",
        Role::TaskManager => "TaskManagers",
        Role::Other => "pods",
    };
    format!("{by} keeps {pods} on different nodes")
}

/// How a claim can be mounted: by its own access modes, or else by those of the tenant's template.
fn claim_reach(subject: &Subject<'_>, claim: &str) -> Option<AccessScope> {
    let known = subject.workload.claims.as_ref().and_then(|claims| claims.get(claim).copied());
    known.or_else(|| access_scope(checkpoint_volume(subject, claim)?.access_modes()))
}
