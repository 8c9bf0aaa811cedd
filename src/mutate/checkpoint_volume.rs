//! Mounts the claim for checkpoints, savepoints and high-availability metadata into a cluster's
//! JobManagers and TaskManagers.
//!
//! The claim is mounted once. If some pods already mount it, through the user's volume or Flink's
//! option, the others get it at the same path. A claim that clusters share is mounted with one
//! folder for each cluster.

use super::context::{Context, Pods};
use super::edit::{Path, PodChanges};
use super::{Conflict, Difference, VolumeDifference};
use crate::flink::Workload;
use crate::flink::claims::{CLAIMS_OPTION, claim_for, is_claim_of, is_shared, mounted_by_flink};
use crate::flink::map_options::map_entries;
use crate::flink::state::DEFAULT_MOUNT_PATH;
use crate::kinds::{self, Completed};
use crate::resource::fields::{ByName, elements, text};
use crate::resource::{Resource, metadata_text};
use crate::tenant::{CheckpointVolume, FlinkTenantSpec};
use serde_json::{Value, json};

/// Name of the volume in every pod template.
pub const VOLUME_NAME: &str = "flinkgate-state";

/// Fields of a mount that choose a folder of the volume.
const FOLDERS: [&str; 2] = ["subPath", "subPathExpr"];

/// Whether these pods get the claim.
pub(super) fn mounts(context: &Context<'_>, pods: &Pods<'_>) -> bool {
    pods.runs_flink() && wanted(context).is_some()
}

/// Whether an object is a pod of Flink without the volume that tenants give: it gets one when it is
/// created.
pub fn lacks_volume(resource: &Resource, workload: &Workload) -> bool {
    let is_completed =
        kinds::of(&resource.kind).is_some_and(|row| row.completed == Completed::OnCreate);
    is_completed
        && workload
            .pods
            .iter()
            .map(|set| Pods::new(set, &resource.object))
            .any(|pods| pods.runs_flink() && volume_of(&pods, VOLUME_NAME).is_none())
}

/// The cluster's folder in a shared claim.
fn own_folder(context: &Context<'_>) -> String {
    format!("{}/{}", context.resource.namespace, context.cluster)
}

/// The directory for the cluster's state if all of its pods see the claim at the same path.
pub(super) fn state_root<'p>(
    context: &Context<'_>,
    mut pods: impl Iterator<Item = Pods<'p>>,
) -> Option<String> {
    let volume = wanted(context)?;
    let mut seen = None;
    let one_place =
        pods.by_ref().filter(Pods::runs_flink).all(|pods| match seen_by(context, volume, &pods) {
            Some(own) => *seen.get_or_insert_with(|| own.clone()) == own,
            None => false,
        });
    let ClaimMount { path, folder } = seen.filter(|_| one_place)?;
    // A mount of a whole shared claim shows the state of all clusters.
    let within = if is_shared(&volume.claim_name) && folder.is_none() {
        format!("/{}", own_folder(context))
    } else {
        String::new()
    };
    Some(format!("file://{path}{within}"))
}

/// The directory for the state of a cluster whose configuration is a file: nothing shows its pods, which
/// get the claim at the tenant's path. `None` if Flink's option mounts the claim elsewhere.
pub(super) fn root_of_files(tenant: &FlinkTenantSpec, workload: &Workload) -> Option<String> {
    let volume = tenant.storage.checkpoints.volume.as_ref()?;
    let claims = map_entries(&workload.config, CLAIMS_OPTION);
    let is_own = |claim: &str| is_claim_of(&volume.claim_name, &workload.cluster, claim.trim());
    let is_elsewhere = claims.iter().any(|pair| is_own(&pair.key));
    (!is_elsewhere).then(|| format!("file://{}", mount_path(volume)))
}

/// Where pods see the claim.
#[derive(Clone, Debug, PartialEq)]
struct ClaimMount {
    path: String,
    /// The field of the mount that chooses a folder of the claim, and its value.
    folder: Option<(&'static str, String)>,
}

pub(super) fn mount_path(volume: &CheckpointVolume) -> &str {
    let path = volume.mount_path.as_deref().unwrap_or(DEFAULT_MOUNT_PATH);
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() { DEFAULT_MOUNT_PATH } else { trimmed }
}

/// The cluster's claim among these pods' volumes.
pub(super) fn mounted_claim(context: &Context<'_>, pods: &Pods<'_>) -> Option<String> {
    let volume = wanted(context).filter(|_| pods.runs_flink())?;
    let is_own = |claim: &&str| is_claim_of(&volume.claim_name, context.cluster, claim);
    elements(pods.spec(), "volumes").iter().filter_map(claim).find(is_own).map(str::to_owned)
}

pub(super) fn inject(context: &Context<'_>, pods: &Pods<'_>, changes: &mut PodChanges) {
    let Some(volume) = wanted(context).filter(|_| pods.runs_flink()) else {
        changes.conflicts.extend(nameless(context, pods));
        return;
    };
    let Some(main) = pods.main_container() else { return };
    let (place, is_seen) = place(context, volume, pods);
    let is_own = |claim: &str| is_claim_of(&volume.claim_name, context.cluster, claim);
    let claim_name = || claim_for(&volume.claim_name, context.cluster);
    let volumes = elements(pods.spec(), "volumes");
    let path = place.path.as_str();
    if let Some(conflict) = taken_by_flink(context, pods, path, is_own) {
        changes.conflicts.push(conflict);
        return;
    }
    let mounted = mounted_at(pods, path);
    let lacks_volume = mounted.is_some_and(|mount| {
        text(mount, "name") == VOLUME_NAME && volume_of(pods, VOLUME_NAME).is_none()
    });
    if !lacks_volume && is_seen {
        return;
    }
    // Flink mounts the claim through its own option and gives the volume this name.
    if volumes.iter().any(|volume| {
        claim(volume).is_some_and(|claim| {
            is_own(claim) && text(volume, "name").strip_suffix("-pvc") == Some(claim)
        })
    }) {
        return;
    }
    let mounts = Path::keys(&["spec", "containers"]).index(main).key("volumeMounts");
    let missing = || {
        let folder = place.folder.as_ref().map(|(_, folder)| folder.clone());
        let difference =
            VolumeDifference::Missing { claim: claim_name(), path: path.into(), folder };
        conflict(pods.locate(&mounts), difference)
    };
    if let Some(mount) = mounted {
        let name = text(mount, "name");
        match volume_of(pods, name).and_then(claim) {
            Some(claim) if is_own(claim) => return,
            // The volume is missing or is a different one: see below.
            _ if name == VOLUME_NAME => {}
            _ => {
                let difference = VolumeDifference::Mount { volume: name.into(), path: path.into() };
                changes.conflicts.push(conflict(pods.locate(&mounts), difference));
                return;
            }
        }
    }
    let container = pods.spec().get("containers").and_then(|containers| containers.get(main));
    let present =
        container.map(|container| elements(container, "volumeMounts")).unwrap_or_default();
    let is_mounted = |name: &str| present.iter().any(|mount| text(mount, "name") == name);
    let name = match volumes.iter().position(|volume| text(volume, "name") == VOLUME_NAME) {
        Some(index) if volumes.get(index).and_then(writable_claim).is_some_and(is_own) => {
            VOLUME_NAME
        }
        Some(index) => {
            let pointer = pods.locate(&Path::keys(&["spec", "volumes"]).index(index));
            let difference = VolumeDifference::Name { claim: claim_name() };
            changes.conflicts.push(conflict(pointer, difference));
            return;
        }
        // An existing volume that this container does not mount yet is not added again. If the
        // container mounts it elsewhere, it cannot be mounted twice where mounts merge by name.
        None => match volumes.iter().find(|volume| {
            writable_claim(volume).is_some_and(is_own) && !is_mounted(text(volume, "name"))
        }) {
            Some(volume) if mounted.is_none() => text(volume, "name"),
            _ => {
                changes.append(
                    Path::keys(&["spec", "volumes"]),
                    json!({"name": VOLUME_NAME, "persistentVolumeClaim": {"claimName": claim_name()}}),
                );
                VOLUME_NAME
            }
        },
    };
    changes.omission(missing);
    if mounted.is_none() {
        let mut mount = json!({"name": name, "mountPath": path});
        if let (Some((field, folder)), Some(fields)) = (&place.folder, mount.as_object_mut()) {
            fields.insert((*field).into(), folder.as_str().into());
        }
        changes.append(mounts, mount);
    }
}

fn conflict(pointer: impl Into<String>, difference: VolumeDifference) -> Conflict {
    Conflict { pointer: pointer.into(), difference: Difference::CheckpointVolume(difference) }
}

/// Where the claim must be visible, and whether these pods see it there. This is the path at which
/// some pods already see it, if it is free in all other pods; otherwise it is the tenant's path.
fn place(context: &Context<'_>, volume: &CheckpointVolume, pods: &Pods<'_>) -> (ClaimMount, bool) {
    let sets = context.workload.pods.iter().map(|set| Pods::new(set, pods.object));
    let sets = sets.filter(Pods::runs_flink);
    let seen: Vec<_> = sets.map(|pods| (seen_by(context, volume, &pods), pods)).collect();
    let common = seen.iter().find_map(|(seen, _)| seen.as_ref()).filter(|first| {
        seen.iter().all(|(seen, pods)| match seen {
            Some(seen) => seen.path == first.path,
            None => mounted_at(pods, &first.path).is_none(),
        })
    });
    let place = common.cloned().unwrap_or_else(|| {
        let folder = is_shared(&volume.claim_name).then(|| ("subPath", own_folder(context)));
        ClaimMount { path: mount_path(volume).into(), folder }
    });
    // Pods that nothing has changed yet are among those that were looked at.
    let is_seen = match seen.iter().find(|(_, other)| std::ptr::eq(other.set, pods.set)) {
        Some((seen, _)) => seen.as_ref().is_some_and(|seen| seen.path == place.path),
        None => seen_by(context, volume, pods).is_some_and(|seen| seen.path == place.path),
    };
    (place, is_seen)
}

/// Where the main container sees the claim with write access. The tenant's path is preferred.
fn seen_by(
    context: &Context<'_>,
    volume: &CheckpointVolume,
    pods: &Pods<'_>,
) -> Option<ClaimMount> {
    let is_own = |claim: &str| is_claim_of(&volume.claim_name, context.cluster, claim);
    let wanted = mount_path(volume);
    let main = pods.main_container().and_then(|main| pods.spec().get("containers")?.get(main));
    let volumes = ByName::new(elements(pods.spec(), "volumes"));
    let mut found: Option<ClaimMount> = None;
    for mount in main.map(|main| elements(main, "volumeMounts")).unwrap_or_default() {
        let path = text(mount, "mountPath").trim_end_matches('/');
        let is_better = !path.is_empty() && (found.is_none() || path == wanted);
        let is_writable = || mount.get("readOnly").and_then(Value::as_bool) != Some(true);
        // A missing volume with Flinkgate's name will be added.
        let name = text(mount, "name");
        let is_claim = || {
            volumes
                .find(name)
                .map_or(name == VOLUME_NAME, |volume| writable_claim(volume).is_some_and(is_own))
        };
        if is_better && is_writable() && is_claim() {
            let folder = FOLDERS.iter().find_map(|field| {
                Some((
                    *field,
                    mount.get(*field)?.as_str().filter(|text| !text.is_empty())?.to_owned(),
                ))
            });
            found = Some(ClaimMount { path: path.into(), folder });
        }
    }
    found.or_else(|| {
        let mut claims = mounted_by_flink(context.workload, pods.set.role).into_iter();
        let (_, path) = claims.find(|(claim, _)| is_own(claim))?;
        Some(ClaimMount { path: path.trim_end_matches('/').into(), folder: None })
            .filter(|seen| !seen.path.is_empty())
    })
}

/// The tenant's volume; `None` if there is none or the cluster's name is unknown.
fn wanted<'a>(context: &Context<'a>) -> Option<&'a CheckpointVolume> {
    let volume = context.tenant.storage.checkpoints.volume.as_ref()?;
    (context.workload.is_flink() && !context.cluster.is_empty()).then_some(volume)
}

/// The conflict for a generated cluster name: it is unknown until the object is stored, so nothing
/// can be added.
fn nameless(context: &Context<'_>, pods: &Pods<'_>) -> Option<Conflict> {
    let volume = context.tenant.storage.checkpoints.volume.as_ref()?;
    let generated = !metadata_text(pods.object, "generateName").is_empty();
    (generated && context.workload.declares_cluster && context.cluster.is_empty()).then(|| {
        let difference = VolumeDifference::GeneratedName { claim: volume.claim_name.clone() };
        conflict("/metadata/generateName", difference)
    })
}

/// The conflict for another claim that Flink's option mounts at this path. The API server refuses
/// two mounts at one path.
fn taken_by_flink(
    context: &Context<'_>,
    pods: &Pods<'_>,
    path: &str,
    is_own: impl Fn(&str) -> bool,
) -> Option<Conflict> {
    let mut claims = mounted_by_flink(context.workload, pods.set.role).into_iter();
    let (claim, _) =
        claims.find(|(claim, other)| other.trim_end_matches('/') == path && !is_own(claim))?;
    let written =
        context.workload.config.under(CLAIMS_OPTION).find_map(|(_, entry)| entry.pointer.clone());
    let pointer = written.unwrap_or_else(|| "/spec/flinkConfiguration".into());
    Some(conflict(pointer, VolumeDifference::Option { claim, path: path.into() }))
}

fn mounted_at<'a>(pods: &Pods<'a>, path: &str) -> Option<&'a Value> {
    let main = pods.spec().get("containers")?.get(pods.main_container()?)?;
    elements(main, "volumeMounts").iter().find(|mount| {
        let found = text(mount, "mountPath");
        found.trim_end_matches('/') == path
    })
}

fn volume_of<'a>(pods: &Pods<'a>, name: &str) -> Option<&'a Value> {
    elements(pods.spec(), "volumes").iter().find(|volume| text(volume, "name") == name)
}

/// The claim of a volume. A merged volume with two types has none: the API server refuses it.
fn claim(volume: &Value) -> Option<&str> {
    let name = volume.get("persistentVolumeClaim")?.get("claimName")?.as_str()?;
    let fields = volume.as_object()?.iter();
    let types = fields.filter(|(field, value)| *field != "name" && !value.is_null());
    (types.count() == 1).then_some(name)
}

fn writable_claim(volume: &Value) -> Option<&str> {
    let name = claim(volume)?;
    let read_only = volume.get("persistentVolumeClaim").and_then(|source| source.get("readOnly"));
    (read_only.and_then(Value::as_bool) != Some(true)).then_some(name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use crate::kinds;
    use crate::mutate::mutate;
    use crate::resource::Resource;
    use crate::tenant::FlinkTenantSpec;
    use serde_json::json;

    #[test]
    fn generated_cluster_name_conflicts_with_its_claim() {
        let spec =
            json!({"flinkVersion": "v1_20", "image": "flink:1.20", "job": {"parallelism": 1}});
        let named = json!({"name": "etl", "generateName": "etl-"});
        for (claim, metadata, conflicts) in [
            ("{cluster}-state", json!({"generateName": "etl-"}), 1),
            ("{cluster}-state", named, 0),
            ("shared-state", json!({"generateName": "etl-"}), 1),
            ("shared-state", json!({"name": "etl"}), 0),
        ] {
            let tenant: FlinkTenantSpec = serde_json::from_value(
                json!({"storage": {"checkpoints": {"volume": {"claimName": claim}}}}),
            )
            .unwrap();
            let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": metadata, "spec": spec});
            let resource = Resource::from_manifest(object.clone()).unwrap();
            let workload = kinds::lower(&resource, &object).unwrap();
            let found = mutate(&resource, &object, &workload, &tenant).conflicts;
            assert_eq!(found.len(), conflicts, "{found:?}");
            assert!(
                found.iter().all(|conflict| conflict.pointer == "/metadata/generateName"),
                "{found:?}"
            );
        }
    }
}
