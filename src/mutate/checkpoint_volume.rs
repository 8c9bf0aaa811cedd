//! The claim that holds a cluster's checkpoints, savepoints and high-availability metadata, mounted into its
//! JobManagers and TaskManagers.

use super::Conflict;
use super::context::{Context, Pods, elements, text};
use super::edit::{Path, Wishes};
use crate::resource::{metadata_text, pointer};
use crate::tenant::CheckpointVolume;
use serde_json::{Value, json};

/// Name of the volume in every pod template.
pub const VOLUME_NAME: &str = "flinkgate-state";

const RULE: &str = "storage/checkpoint-volume";
const DEFAULT_MOUNT_PATH: &str = "/flink/state";
const CLUSTER: &str = "{cluster}";
/// Flink's own way to mount claims, since 2.3: `claim:/path,…`; it names the volume `<claim>-pvc`.
const FLINK_CLAIMS: &str = "kubernetes.persistent-volume-claims";

/// Whether these pods get the claim mounted.
pub(super) fn mounts(context: &Context<'_>, pods: &Pods<'_>) -> bool {
    pods.runs_flink() && wanted(context).is_some()
}

/// Where Flink sees the claim.
pub(super) fn mount_path(volume: &CheckpointVolume) -> &str {
    let path = volume.mount_path.as_deref().unwrap_or(DEFAULT_MOUNT_PATH);
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() { DEFAULT_MOUNT_PATH } else { trimmed }
}

/// Whether clusters share the claim, so that each needs a folder of its own.
pub(super) fn is_shared(volume: &CheckpointVolume) -> bool {
    !volume.claim_name.contains(CLUSTER)
}

/// Whether the main container of these pods sees the claim at the tenant's path.
pub(super) fn is_mounted(context: &Context<'_>, pods: &Pods<'_>) -> bool {
    let Some(volume) = wanted(context) else { return false };
    let path = mount_path(volume);
    let claims = Claims { pattern: &volume.claim_name, cluster: context.cluster };
    mounted_at(pods, path).is_some_and(|mount| claim_of(pods, text(mount, "name")).is_some_and(|claim| claims.accept(claim)))
        || flink_mounts(context, &claims).is_some_and(|mounted| mounted.trim_end_matches('/') == path)
}

/// The claim among these pods' volumes that is the cluster's own.
pub(super) fn mounted_claim(context: &Context<'_>, pods: &Pods<'_>) -> Option<String> {
    let volume = wanted(context).filter(|_| pods.runs_flink())?;
    let claims = Claims { pattern: &volume.claim_name, cluster: context.cluster };
    elements(pods.spec(), "volumes").iter().filter_map(claim).find(|claim| claims.accept(claim)).map(str::to_owned)
}

pub(super) fn inject(context: &Context<'_>, pods: &Pods<'_>, wishes: &mut Wishes) {
    let Some(volume) = wanted(context).filter(|_| pods.runs_flink()) else {
        wishes.conflicts.extend(nameless(context, pods));
        return;
    };
    let Some(main) = pods.main_container() else { return };
    let path = mount_path(volume);
    let claims = Claims { pattern: &volume.claim_name, cluster: context.cluster };
    if flink_mounts(context, &claims).is_some() {
        return;
    }
    let volumes = elements(pods.spec(), "volumes");
    if volumes
        .iter()
        .any(|volume| claim(volume).is_some_and(|claim| claims.accept(claim) && text(volume, "name").strip_suffix("-pvc") == Some(claim)))
    {
        return;
    }
    let mounts = Path::keys(&["spec", "containers"]).index(main).key("volumeMounts");
    if let Some(mount) = mounted_at(pods, path) {
        let name = text(mount, "name");
        match claim_of(pods, name) {
            Some(claim) if claims.accept(claim) => return,
            // The volume is missing, or is another: said below.
            _ if name == VOLUME_NAME => {}
            _ => {
                wishes.conflicts.push(Conflict {
                    rule: RULE,
                    message: format!("volume {name:?} is mounted at {path}, where this tenant's clusters have their state"),
                    pointer: pods.locate(&mounts),
                    help: Some(format!("mount it elsewhere: Flinkgate mounts the claim {:?} at {path}", claims.wanted())),
                });
                return;
            }
        }
    }
    match volumes.iter().position(|volume| text(volume, "name") == VOLUME_NAME) {
        Some(index) if volumes.get(index).and_then(claim).is_some_and(|claim| claims.accept(claim)) => {}
        Some(index) => {
            wishes.conflicts.push(Conflict {
                rule: RULE,
                message: format!("volume {VOLUME_NAME:?} is not the claim {:?} that holds this cluster's state", claims.wanted()),
                pointer: pods.locate(&Path::keys(&["spec", "volumes"]).index(index)),
                help: Some("rename the volume, or leave it out: Flinkgate adds it".into()),
            });
            return;
        }
        None => wishes.append(
            Path::keys(&["spec", "volumes"]),
            json!({"name": VOLUME_NAME, "persistentVolumeClaim": {"claimName": claims.wanted()}}),
        ),
    }
    if mounted_at(pods, path).is_none() {
        wishes.append(mounts, json!({"name": VOLUME_NAME, "mountPath": path}));
    }
}

/// The tenant's volume, where it has one and the name of this cluster's claim is known.
fn wanted<'a>(context: &Context<'a>) -> Option<&'a CheckpointVolume> {
    let volume = context.tenant.storage.checkpoints.volume.as_ref()?;
    (context.workload.is_flink() && (is_shared(volume) || !context.cluster.is_empty())).then_some(volume)
}

/// A cluster's name that the API server makes up is not known before the object is stored, and then nothing can be added.
fn nameless(context: &Context<'_>, pods: &Pods<'_>) -> Option<Conflict> {
    let volume = context.tenant.storage.checkpoints.volume.as_ref()?;
    let generated = !metadata_text(pods.object, "generateName").is_empty();
    (generated && context.workload.declares_cluster && context.cluster.is_empty()).then(|| Conflict {
        rule: RULE,
        message: format!("claim {:?} is named after the cluster, whose name is yet to be generated", volume.claim_name),
        pointer: "/metadata/generateName".into(),
        help: Some("give it a name (metadata.name) instead".into()),
    })
}

/// The names that this cluster's claim may have.
struct Claims<'a> {
    pattern: &'a str,
    cluster: &'a str,
}

impl Claims<'_> {
    fn wanted(&self) -> String {
        self.pattern.replace(CLUSTER, self.cluster)
    }

    /// A pod of a blue/green child names the child as its cluster, and mounts the claim of the parent.
    fn accept(&self, claim: &str) -> bool {
        let parent = ["-blue", "-green"].iter().find_map(|suffix| self.cluster.strip_suffix(suffix));
        [Some(self.cluster), parent].into_iter().flatten().any(|cluster| claim == self.pattern.replace(CLUSTER, cluster))
    }
}

/// The path at which Flink itself mounts the claim.
fn flink_mounts<'a>(context: &Context<'a>, claims: &Claims<'_>) -> Option<&'a str> {
    let value = context.workload.config.get(FLINK_CLAIMS)?;
    value.split(',').filter_map(|pair| pair.split_once(':')).find(|(claim, _)| claims.accept(claim.trim())).map(|(_, path)| path.trim())
}

fn mounted_at<'a>(pods: &Pods<'a>, path: &str) -> Option<&'a Value> {
    let main = pods.spec().get("containers")?.get(pods.main_container()?)?;
    elements(main, "volumeMounts").iter().find(|mount| {
        let found = text(mount, "mountPath");
        found.trim_end_matches('/') == path
    })
}

fn claim_of<'a>(pods: &Pods<'a>, volume: &str) -> Option<&'a str> {
    elements(pods.spec(), "volumes").iter().find(|candidate| text(candidate, "name") == volume).and_then(claim)
}

fn claim(volume: &Value) -> Option<&str> {
    pointer::at(volume, "/persistentVolumeClaim/claimName").and_then(Value::as_str)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use crate::flink;
    use crate::mutate::mutate;
    use crate::resource::Resource;
    use crate::tenant::FlinkTenantSpec;
    use serde_json::json;

    #[test]
    fn a_claim_named_after_a_cluster_whose_name_is_generated_is_a_conflict() {
        let spec = json!({"flinkVersion": "v1_20", "image": "flink:1.20", "job": {"parallelism": 1}});
        let named = json!({"name": "etl", "generateName": "etl-"});
        for (claim, metadata, conflicts) in [
            ("{cluster}-state", json!({"generateName": "etl-"}), 1),
            ("{cluster}-state", named, 0),
            ("shared-state", json!({"generateName": "etl-"}), 0),
        ] {
            let tenant: FlinkTenantSpec =
                serde_json::from_value(json!({"storage": {"checkpoints": {"volume": {"claimName": claim}}}})).unwrap();
            let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": metadata, "spec": spec});
            let resource = Resource::from_manifest(object.clone()).unwrap();
            let workload = flink::lower(&resource, &object).unwrap();
            let found = mutate(&resource, &object, &workload, &tenant).conflicts;
            assert_eq!(found.len(), conflicts, "{found:?}");
            assert!(found.iter().all(|conflict| conflict.pointer == "/metadata/generateName"), "{found:?}");
        }
    }
}
