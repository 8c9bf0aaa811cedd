//! What several storage rules need of a subject, and parts of their messages.

use crate::flink::Role;
use crate::flink::claim_requests::{ClaimRequest, claim_requests};
use crate::flink::claims::{blue_green_parent, is_claim_of};
use crate::flink::pods::Pods;
use crate::flink::redaction;
use crate::flink::state::StateDirectory;
use crate::flink::state_mount::Backing;
use crate::resource::fields::elements;
use crate::resource::{pointer, steps};
use crate::rules::Subject;
use crate::rules::words::{alternatives, shown};
use crate::tenant::CheckpointVolume;
use std::borrow::Cow;

/// The claims that the object requests, each with the tenant's checkpoint volume if it has the name
/// of such a claim.
pub(super) fn requests<'a>(
    subject: &Subject<'a>,
) -> impl Iterator<Item = (ClaimRequest<'a>, Option<&'a CheckpointVolume>)> {
    let tenant = subject.tenant;
    let requests = claim_requests(subject.resource, subject.object, subject.workload);
    requests.map(move |request| {
        let is_state = request.name().is_some_and(|name| tenant.is_state_claim(name));
        let volume = tenant.spec.storage.checkpoints.volume.as_ref().filter(|_| is_state);
        (request, volume)
    })
}

/// A claim that a volume of pods names.
pub(super) struct ClaimVolume<'s> {
    /// The claim's name.
    pub(super) claim: &'s str,
    /// The pods.
    pub(super) pods: &'s Pods<'s>,
    index: usize,
}

impl ClaimVolume<'_> {
    /// The place of the claim's name.
    pub(super) fn place(&self) -> String {
        self.pods.place(format!("/spec/volumes/{}{CLAIM_NAME}", self.index))
    }
}

const CLAIM_NAME: &str = "/persistentVolumeClaim/claimName";

/// The claims that the volumes of all pods name.
pub(super) fn claim_volumes<'s>(subject: &'s Subject<'_>) -> impl Iterator<Item = ClaimVolume<'s>> {
    subject.pods.iter().flat_map(|pods| {
        let volumes = elements(pods.spec(), "volumes").iter().enumerate();
        volumes.filter_map(move |(index, volume)| {
            steps::step();
            let claim = pointer::at(volume, CLAIM_NAME)?.as_str()?;
            Some(ClaimVolume { claim, pods, index })
        })
    })
}

/// What the tenant allows all claims and this one, each once.
pub(super) fn distinct<'a>(allowed: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    allowed.fold(Vec::new(), |mut distinct, value| {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
        distinct
    })
}

/// The tenant's checkpoint volume, if this is its claim for the cluster.
pub(super) fn checkpoint_volume<'a>(
    subject: &Subject<'a>,
    claim: &str,
) -> Option<&'a CheckpointVolume> {
    let volume = subject.tenant.spec.storage.checkpoints.volume.as_ref()?;
    let is_of = |cluster: &str| is_claim_of(&volume.claim_name, cluster, claim);
    let mut clusters = std::iter::once(&subject.workload.cluster).chain(&subject.workload.children);
    let is_own = clusters.any(|cluster| is_of(cluster))
        || blue_green_parent(subject.object).is_some_and(is_of);
    is_own.then_some(volume)
}

/// A state directory without its password: `` `key` is `uri` ``.
pub(super) fn directory(subject: &Subject<'_>, directory: &StateDirectory<'_>) -> String {
    format!("`{}` is `{}`", name(subject, directory), uri(&directory.entry.value))
}

/// The option or the field that sets a state directory.
pub(super) fn name<'d>(subject: &Subject<'_>, directory: &StateDirectory<'d>) -> Cow<'d, str> {
    subject.name_of(directory.key, directory.entry)
}

/// A URI for a message, without its secrets.
pub(super) fn uri(uri: &str) -> String {
    shown(&redaction::uri(uri.trim()))
}

/// A directory that the tenant allows for state.
pub(super) fn allowed_directory(subject: &Subject<'_>) -> String {
    match subject.tenant.state_locations.as_deref() {
        None | Some([]) => "a durable directory, such as `s3://bucket/directory`".into(),
        Some(locations) => format!("a directory under {}", alternatives(locations)),
    }
}

/// The advice to set an option to a directory that the tenant allows.
pub(super) fn set_allowed_directory(subject: &Subject<'_>, key: &str) -> String {
    match subject.tenant.state_locations.as_deref() {
        Some([]) => format!("remove `{key}`: the tenant allows no location"),
        _ => format!("set `{key}` to {}", allowed_directory(subject)),
    }
}

/// The advice to use a directory that the tenant allows.
pub(super) fn use_allowed_directory(subject: &Subject<'_>) -> String {
    match subject.tenant.state_locations.as_deref() {
        Some([]) => "remove it: the tenant allows no location".into(),
        _ => format!("use {}", allowed_directory(subject)),
    }
}

/// The pods of a role.
pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::JobManager => "JobManager",
        Role::TaskManager => "TaskManagers",
        Role::Other => "pod",
    }
}

/// What is mounted at a directory.
pub(super) fn backing(backing: &Backing<'_>) -> String {
    match backing {
        Backing::Container => "the container's own file system".into(),
        Backing::Claim(claim) => format!("claim `{}`", shown(claim)),
        Backing::PerPodClaim(name) | Backing::Missing(name) => format!("volume `{}`", shown(name)),
        Backing::Volume { name, kind, .. } => format!("{} volume `{}`", shown(kind), shown(name)),
    }
}
