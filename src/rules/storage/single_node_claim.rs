//! `storage/single-node-claim`

use super::shared::{checkpoint_volume, claim_volumes, directory};
use crate::flink::claims::{AccessScope, CLAIMS_OPTION, access_scope, mounted_by_flink};
use crate::flink::state::StateDirectory;
use crate::flink::state_mount::{Backing, Mount};
use crate::flink::{PodSet, Role};
use crate::kubernetes::placement::{PodPlacement, Separation, SeparationReason, binds_to_node};
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

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
const OR_SHARE: &str = ", or let these pods share a node";

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
            let claimed = || format!("{} on claim `{}`", directory(subject, state), shown(claim));
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
                    let help = format!("{HELP}{OR_SHARE}");
                    (separation.pointer, message, help)
                }
                Some(AccessScope::AnyNode) | None => continue,
            };
            reported.insert(claim);
            findings.at(pointer).message(message).help(help).key(state.key).found(shown(claim));
        }
    }
    if subject.workload.creates_flink_pods() || subject.workload.declares_cluster {
        check_mounts(subject, &reported, findings);
    }
}

/// Claims that several pods mount, whatever for.
fn check_mounts(subject: &Subject<'_>, reported: &BTreeSet<&str>, findings: &mut Findings) {
    let mut claims: BTreeMap<&str, (AccessScope, String, Vec<&PodSet>)> = BTreeMap::new();
    let needed = |claim: &str| {
        let scope = claim_reach(subject, claim).filter(|_| !reported.contains(claim))?;
        matches!(scope, AccessScope::OnePod | AccessScope::OneNode).then_some(scope)
    };
    let by_option = mounted_by_flink(subject.workload, Role::TaskManager);
    let mut add = |claim, set, place: &dyn Fn() -> String| {
        if let Some(scope) = needed(claim) {
            claims.entry(claim).or_insert_with(|| (scope, place(), Vec::new())).2.push(set);
        }
    };
    for volume in claim_volumes(subject) {
        add(volume.claim, volume.pods.set, &|| volume.place());
    }
    let task_managers = || subject.pods.iter().filter(|pods| pods.set.role == Role::TaskManager);
    for (claim, _) in &by_option {
        for pods in task_managers() {
            add(claim, pods.set, &|| subject.place_of_option(&[CLAIMS_OPTION]));
        }
    }
    for (claim, (scope, place, sets)) in claims {
        let (placement, pods) = (placement(subject), sets.iter().copied());
        let is_met = match scope {
            AccessScope::OnePod => !placement.are_several(pods),
            _ => !placement.may_be_apart(pods),
        };
        let name = shown(claim);
        let others = if is_met { first_other_user(subject, claim, &sets) } else { None };
        if let Some(other) = others {
            findings
                .at(place)
                .level(Level::Warning)
                .message(format!(
                    "`{}` mounts claim `{name}` too, but pods on other nodes than the first do not \
                     start (`{}`)",
                    shown(other),
                    if scope == AccessScope::OnePod { "ReadWriteOncePod" } else { "ReadWriteOnce" }
                ))
                .help(format!("{HELP}{OR_SHARE}"))
                .found(name);
            continue;
        }
        if is_met {
            continue;
        }
        let (level, reach) = if scope == AccessScope::OnePod {
            (Level::Error, "only one pod can mount it (`ReadWriteOncePod`)")
        } else {
            (Level::Warning, "pods on other nodes than the first do not start (`ReadWriteOnce`)")
        };
        let help = match (level, checkpoint_volume(subject, claim)) {
            (Level::Error, _) => HELP.to_owned(),
            (_, Some(_)) => format!("ask the platform team for a ReadWriteMany volume{OR_SHARE}"),
            (_, None) => format!("{HELP}{OR_SHARE}"),
        };
        findings
            .at(place)
            .level(level)
            .message(format!("several pods mount claim `{name}`, but {reach}"))
            .help(help)
            .found(name);
    }
}

/// Another object of the input whose pods mount the claim, wherever they run: in plain manifests the
/// JobManager and the TaskManagers are objects of their own. All objects but the first report it.
fn first_other_user<'a>(subject: &Subject<'a>, claim: &str, sets: &[&PodSet]) -> Option<&'a str> {
    let users =
        subject.workload.claim_users.as_ref()?.get(claim).filter(|users| users.len() > 1)?;
    let is_own = |user: &str| {
        let (kind, name) = user.split_once('/').unwrap_or_default();
        kind == subject.resource.kind.kind && name == subject.resource.name
    };
    let is_bound = |set: &&PodSet| {
        binds_to_node(set.template(subject.object).get("spec").unwrap_or(&Value::Null))
    };
    let binds = sets.iter().all(is_bound);
    let first = users.iter().next().filter(|first| !is_own(first))?;
    (!binds && users.iter().any(|user| is_own(user))).then_some(first)
}

/// What keeps the pods that mount a claim on different nodes.
fn separation(
    subject: &Subject<'_>,
    state: &StateDirectory<'_>,
    mount: &Mount<'_>,
) -> Option<Separation> {
    let mounts = state.mounts.iter().filter(|other| other.backing.is_same(&mount.backing));
    let sets = mounts.filter_map(|other| subject.workload.pods.get(other.pods));
    placement(subject).separation(sets)
}

fn placement<'a>(subject: &Subject<'a>) -> PodPlacement<'a> {
    let anti_affinity = &subject.tenant.spec.scheduling.anti_affinity;
    PodPlacement {
        workload: subject.workload,
        object: subject.object,
        namespace: &subject.resource.namespace,
        job_manager: anti_affinity.job_manager,
        task_manager: anti_affinity.task_manager,
    }
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
