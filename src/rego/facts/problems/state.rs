//! Where state is written: that there is a place for it, that it is the tenant's, outlives its
//! pods, is one place for all of them, and on a volume that all of them can mount where they will
//! run.

use super::super::options::is_given;
use super::super::{as_text, get};
use super::{Found, Subject, shown, texts};
use crate::flink::claims::{CLAIMS_OPTION, Reach, blue_green_parent, is_claim_of, reach};
use crate::flink::map_options::map_entries;
use crate::flink::options::{CHECKPOINT_DIR, HIGH_AVAILABILITY_DIR, SAVEPOINT_DIR};
use crate::flink::state::{
    DEFAULT_MOUNT_PATH, Purpose, StateDirectory, directories, lies_within, name_for,
    with_default_scheme, without_password,
};
use crate::flink::state_mount::{Backing, Mount};
use crate::flink::{Engine, Role};
use crate::kubernetes::placement::{Placed, Separator};
use crate::resource::pointer;
use crate::rules::words::pods_of;
use crate::tenant::Spreading;
use regorus::Value;
use serde_json::Value as Json;
use std::collections::BTreeSet;

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let workload = subject.workload;
    if !workload.is_flink() {
        return;
    }
    let named = |names: &[&str]| workload.config.first(names).is_some();
    if !named(CHECKPOINT_DIR) {
        missing(subject, found);
        if !named(SAVEPOINT_DIR) && !named(HIGH_AVAILABILITY_DIR) {
            return;
        }
    }
    let places = places(subject.tenant);
    let mut told = BTreeSet::new();
    for directory in directories(workload, subject.root) {
        let place = subject.place(directory.key, directory.entry);
        let uri = shown(&without_password(&directory.entry.value).0);
        let named = format!("the directory {uri:?} of {}", directory.key);
        if let Some(option) = directory.read_instead {
            found.add(
                "stateDirectories",
                &place,
                format!("this Flink version ignores {}: set {option}", directory.key),
                None,
            );
            continue;
        }
        if let Some(problem) = directory.problem {
            found.add("stateDirectories", &place, format!("{named} {problem}"), None);
            continue;
        }
        if let Some(places) =
            places.as_ref().filter(|places| !is_allowed(subject, &directory, places))
        {
            found.add(
                "stateDirectories",
                &place,
                format!("{named} must lie in {}", places.join(" or ")),
                None,
            );
        }
        if directory.mounts.iter().any(|mount| mount.backing.is_ephemeral()) {
            ephemeral(subject, &directory, &named, &place, found);
        } else if !directory.mounts.is_empty() {
            unshared(subject, &directory, &named, &place, found);
            unmountable(subject, &directory, &named, &place, &mut told, found);
        }
    }
}

/// Where the tenant's state may live; `None` where it may live anywhere.
pub(super) fn places(tenant: &Value) -> Option<Vec<&str>> {
    let checkpoints = get(tenant, &["storage", "checkpoints"]);
    let locations = texts(&checkpoints["locations"]);
    let restricted = locations.is_some();
    let mut places = locations.unwrap_or_default();
    if matches!(checkpoints["volume"], Value::Object(_)) {
        places.push(
            as_text(get(checkpoints, &["volume", "mountPath"])).unwrap_or(DEFAULT_MOUNT_PATH),
        );
    }
    (restricted || !places.is_empty()).then_some(places)
}

/// A session job's cluster may name the directory for all of its jobs.
fn missing(subject: &Subject<'_>, found: &mut Found) {
    if !subject.workload.declares_cluster {
        return;
    }
    let by_mode = matches!(subject.upgrade_mode(), Some("savepoint" | "last-state"));
    let checkpoints = get(subject.tenant, &["storage", "checkpoints"]);
    let by_tenant = || {
        ["volume", "locations"]
            .iter()
            .any(|field| !matches!(checkpoints[*field], Value::Undefined | Value::Null))
    };
    if by_mode || (subject.workload.engine == Engine::Operator && by_tenant()) {
        let option = name_for(CHECKPOINT_DIR, subject.workload.version);
        let options =
            subject.workload.config_pointer.as_deref().unwrap_or("/spec/flinkConfiguration");
        found.add(
            "stateDirectories",
            &pointer::join(options, option),
            format!("option {option} must name a checkpoint directory"),
            None,
        );
    }
}

/// Whether a directory is the tenant's: in one of its places, or on its claim wherever that is
/// mounted. What the tenant itself sets is.
fn is_allowed(subject: &Subject<'_>, directory: &StateDirectory<'_>, places: &[&str]) -> bool {
    let uri = &directory.entry.value;
    let default_scheme = subject.workload.config.get("fs.default-scheme");
    let on_claim = || {
        let mounts = &directory.mounts;
        !mounts.is_empty()
            && mounts.iter().all(|mount| matches!(&mount.backing, Backing::Claim(claim) if tenants_claim(subject, claim).is_some()))
    };
    lies_within(&with_default_scheme(uri, default_scheme), places.iter().copied())
        || on_claim()
        || is_given(subject.tenant, directory.key, uri)
}

/// The tenant's volume, if this is its claim for the cluster.
fn tenants_claim<'t>(subject: &Subject<'t>, claim: &str) -> Option<&'t Value> {
    let volume = get(subject.tenant, &["storage", "checkpoints", "volume"]);
    let pattern = as_text(&volume["claimName"])?;
    let workload = subject.workload;
    let clusters = std::iter::once(&workload.cluster).chain(&workload.children);
    let mut names = clusters.map(String::as_str).chain(blue_green_parent(subject.root));
    names.any(|cluster| is_claim_of(pattern, cluster, claim)).then_some(volume)
}

fn ephemeral(
    subject: &Subject<'_>,
    directory: &StateDirectory<'_>,
    named: &str,
    place: &str,
    found: &mut Found,
) {
    let lost = directory.mounts.iter().filter(|mount| mount.backing.is_ephemeral());
    let places: BTreeSet<String> = lost.map(|mount| shown_backing(&mount.backing)).collect();
    let places: Vec<String> = places.into_iter().collect();
    let message = format!("{named} does not outlive its pods: it is on {}", places.join(" and "));
    let by_role = |role: Role| {
        directory.mounts.iter().find(|mount| mount.role == role).map(|mount| &mount.backing)
    };
    let only_in_task_managers = by_role(Role::JobManager) == Some(&Backing::Container)
        && matches!(by_role(Role::TaskManager), Some(Backing::Claim(_)))
        && !map_entries(&subject.workload.config, CLAIMS_OPTION).is_empty();
    let help = only_in_task_managers.then(|| {
        format!("mount the claim in the JobManager's pod template too: the operator makes that pod with a Flink that does not read {CLAIMS_OPTION}")
    });
    found.add("ephemeralState", place, message, help);
}

/// All pods must find the same files there, and be able to write them.
fn unshared(
    subject: &Subject<'_>,
    directory: &StateDirectory<'_>,
    named: &str,
    place: &str,
    found: &mut Found,
) {
    let mut tell =
        |message: String, help: &str| found.add("unsharedState", place, message, help.to_owned());
    let mounts = &directory.mounts;
    if let Some(mount) = mounts.iter().find(|mount| mount.read_only) {
        let volume = shown_backing(&mount.backing);
        return tell(
            format!(
                "{named} cannot be written: {volume} is mounted read-only in the {}",
                shown_role(mount.role)
            ),
            "mount it without readOnly",
        );
    }
    // The one JobManager of a StatefulSet finds again on its claim what high availability kept
    // there.
    let is_alone = |mount: &Mount<'_>| {
        let alone = subject.workload.pods.get(mount.pods).is_some_and(|set| set.replicas <= 1);
        alone && mount.role == Role::JobManager && directory.purpose == Purpose::HighAvailability
    };
    let of_one_pod = |mount: &&Mount<'_>| {
        mount.by_pod || (matches!(mount.backing, Backing::OwnClaim(_)) && !is_alone(mount))
    };
    if let Some(mount) = mounts.iter().find(of_one_pod) {
        let message = format!(
            "{named} is another one in every pod: each has its own folder or claim on {}",
            shown_backing(&mount.backing)
        );
        return tell(
            message,
            "mount one ReadWriteMany claim in JobManager and TaskManagers, or use an object store",
        );
    }
    let Some((first, others)) = mounts.split_first() else { return };
    let is_same = |other: &&Mount<'_>| {
        let missing = matches!(first.backing, Backing::Missing(_))
            || matches!(other.backing, Backing::Missing(_));
        missing || (first.backing.is_same(&other.backing) && first.within == other.within)
    };
    if let Some(other) = others.iter().find(|other| !is_same(other)) {
        let shown = |mount: &Mount<'_>| {
            format!(
                "/{} of {} in the {}",
                mount.within.join("/"),
                shown_backing(&mount.backing),
                shown_role(mount.role)
            )
        };
        let message = format!("{named} is not one directory: {}, {}", shown(first), shown(other));
        tell(message, "mount the same claim at the same path in JobManager and TaskManagers");
    }
}

/// A claim must be one that all pods can mount on the nodes where they will be.
fn unmountable(
    subject: &Subject<'_>,
    directory: &StateDirectory<'_>,
    named: &str,
    place: &str,
    told: &mut BTreeSet<String>,
    found: &mut Found,
) {
    for mount in &directory.mounts {
        let Backing::Claim(claim) = &mount.backing else { continue };
        if told.contains(&**claim) {
            continue;
        }
        let help = "use a ReadWriteMany claim or an object store".to_owned();
        let message = match claim_reach(subject, claim) {
            Some(Reach::OnePod) => format!(
                "{named} is on the claim {:?}, which only one pod can mount (ReadWriteOncePod)",
                shown(claim)
            ),
            Some(Reach::ReadOnly) => format!(
                "{named} is on the claim {:?}, which nobody can write to (ReadOnlyMany)",
                shown(claim)
            ),
            Some(Reach::OneNode) => {
                let sets: Vec<usize> = directory
                    .mounts
                    .iter()
                    .filter(|other| other.backing.is_same(&mount.backing))
                    .map(|other| other.pods)
                    .collect();
                let Some((apart, why)) = separation(subject, &sets) else { continue };
                told.insert(claim.to_string());
                let message = format!(
                    "{why}, and {named} is on the claim {:?}, which pods of one node only can mount (ReadWriteOnce)",
                    shown(claim)
                );
                let help = format!("{help}, or let these pods share a node");
                found.add("claimNodes", &apart, message, help);
                continue;
            }
            Some(Reach::AnyNode) | None => continue,
        };
        told.insert(claim.to_string());
        found.add("claimNodes", place, message, help);
    }
}

/// Where it is said that pods of these sets must not share a node, and in words what says so.
fn separation(subject: &Subject<'_>, sets: &[usize]) -> Option<(String, String)> {
    let wanted = &subject.tenant["scheduling"]["antiAffinity"];
    let required =
        |role: &str| (as_text(&wanted[role]) == Some("Required")).then_some(Spreading::Required);
    let placed = Placed {
        workload: subject.workload,
        object: subject.root,
        namespace: &subject.resource.namespace,
        job_manager: required("jobManager"),
        task_manager: required("taskManager"),
    };
    let found = placed.separation(sets)?;
    let what = match found.by {
        Separator::TopologySpread => "topology spread keeps",
        Separator::AntiAffinity => "required anti-affinity keeps",
        Separator::Tenant => "the tenant keeps",
    };
    Some((found.pointer, format!("{what} {} apart", pods_of(found.role))))
}

/// How a claim can be mounted: as it says itself, or as the tenant's template for it does.
fn claim_reach(subject: &Subject<'_>, claim: &str) -> Option<Reach> {
    let known = subject.workload.claims.as_ref().and_then(|claims| claims.get(claim).copied());
    known.or_else(|| {
        let modes = texts(&tenants_claim(subject, claim)?["accessModes"])?;
        reach(modes)
    })
}

fn shown_role(role: Role) -> &'static str {
    match role {
        Role::JobManager => "JobManager",
        Role::TaskManager => "TaskManagers",
        Role::Other => "pod",
    }
}

fn shown_backing(backing: &Backing<'_>) -> String {
    match backing {
        Backing::Container => "the container's own file system".into(),
        Backing::Claim(claim) => format!("the claim {:?}", shown(claim)),
        Backing::OwnClaim(name) | Backing::Missing(name) => format!("the volume {:?}", shown(name)),
        Backing::Volume { name, kind, .. } => {
            format!("the {} volume {:?}", shown(kind), shown(name))
        }
    }
}

impl Subject<'_> {
    /// How the operator's object wants its job upgraded; `None` without a job.
    pub(super) fn upgrade_mode(&self) -> Option<&str> {
        let job = pointer::at(self.root, &format!("{}/job", self.spec_place()))
            .filter(|job| job.is_object())?;
        Some(job.get("upgradeMode").and_then(Json::as_str).unwrap_or("stateless"))
    }

    /// Where the spec stands that the options are a field of.
    pub(super) fn spec_place(&self) -> &str {
        self.workload.config_pointer.as_deref().and_then(pointer::parent).unwrap_or("/spec")
    }
}
