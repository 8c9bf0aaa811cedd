//! Finds the volume behind a local directory in pods: a mounted volume, or the container's file
//! system.

use super::claims::{mounted_by_flink, mounted_read_only};
use super::location::{depth, depth_around, reversed_segments};
use super::workload::{MAIN_CONTAINER, PodSet, Role, Workload};
use crate::resource::pointer;
use serde_json::Value;
use std::borrow::Cow;

/// The volume type of a directory of the node.
const HOST_PATH: &str = "hostPath";
/// Volume types whose data is deleted with the pod or stays on one node.
const EPHEMERAL: [&str; 9] = [
    "emptyDir",
    HOST_PATH,
    "ephemeral",
    "configMap",
    "secret",
    "downwardAPI",
    "projected",
    "image",
    "gitRepo",
];
/// Fields whose values differ between all pods.
const OF_ONE_POD: [&str; 6] = [
    "metadata.name",
    "metadata.uid",
    "status.podIP",
    "status.podIPs",
    "spec.nodeName",
    "status.hostIP",
];

/// The volume behind a local directory in one pod set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount<'a> {
    /// The role of the pods.
    pub role: Role,
    /// Index of the set in the workload.
    pub pods: usize,
    /// The volume.
    pub backing: Backing<'a>,
    /// Where the directory is within it.
    pub within: Within<'a>,
    /// Whether nothing can be written there.
    pub read_only: bool,
    /// Whether every pod has a separate folder (`subPathExpr: $(POD_NAME)`).
    pub by_pod: bool,
}

/// A directory within what is mounted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Within<'a> {
    /// The folder that the mount chooses.
    folder: &'a str,
    /// The path in the container, of which the last `rest` segments are below the mount.
    directory: &'a str,
    rest: usize,
}

impl<'a> Within<'a> {
    /// Its segments, the last one first.
    fn reversed(self) -> impl Iterator<Item = &'a [u8]> {
        reversed_segments(self.directory).take(self.rest).chain(reversed_segments(self.folder))
    }

    /// Its path.
    pub fn path(self) -> String {
        let mut segments: Vec<_> = self.reversed().collect();
        segments.reverse();
        String::from_utf8_lossy(&segments.join(&b'/')).into_owned()
    }
}

impl PartialEq for Within<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.reversed().eq(other.reversed())
    }
}

impl Eq for Within<'_> {}

/// What may be mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backing<'a> {
    /// The container's file system.
    Container,
    /// A PersistentVolumeClaim with this name.
    Claim(Cow<'a, str>),
    /// A separate claim for each pod of a StatefulSet, with the volume's name.
    PerPodClaim(&'a str),
    /// Any other volume.
    Volume {
        /// Its name.
        name: &'a str,
        /// The field of its type, such as `emptyDir`.
        kind: &'a str,
        /// The value of that field.
        source: &'a Value,
    },
    /// A volume that the pod does not define.
    Missing(&'a str),
}

impl Backing<'_> {
    /// Whether its data is deleted with the pod or stays on one node.
    pub fn is_ephemeral(&self) -> bool {
        match self {
            Self::Container => true,
            Self::Volume { kind, .. } => EPHEMERAL.contains(kind),
            Self::Claim(_) | Self::PerPodClaim(_) | Self::Missing(_) => false,
        }
    }

    /// Whether it is a part of the node, whose other pods see it too.
    pub fn is_of_node(&self) -> bool {
        matches!(self, Self::Volume { kind, .. } if *kind == HOST_PATH)
    }

    /// Whether both are the same place, as far as known.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Claim(one), Self::Claim(other)) => one == other,
            (
                Self::Volume { kind, source, .. },
                Self::Volume { kind: other_kind, source: other, .. },
            ) => kind == other_kind && source == other,
            (Self::Missing(_), _) | (_, Self::Missing(_)) => true,
            _ => false,
        }
    }
}

/// What each role's pods have at a directory; nothing where its path climbs above the root.
pub(super) fn mounts<'a>(
    workload: &'a Workload,
    object: &'a Value,
    directory: &'a str,
) -> Vec<Mount<'a>> {
    let Some(length) = depth(directory) else { return Vec::new() };
    let flinks = workload.pods.iter().enumerate().filter(|(_, set)| set.role != Role::Other);
    flinks.map(|(pods, set)| mount(workload, object, (pods, set), (directory, length))).collect()
}

fn mount<'a>(
    workload: &'a Workload,
    object: &'a Value,
    (pods, set): (usize, &'a PodSet),
    (directory, length): (&'a str, usize),
) -> Mount<'a> {
    let template = set.template(object);
    let main = main_container(set, template);
    let by_template = main.and_then(|main| holding(main, directory));
    let deepest = by_template.as_ref().map_or(0, |(depth, _)| *depth);
    let by_flink = mounted_by_flink(workload, set.role)
        .into_iter()
        .filter_map(|(claim, path)| Some((depth_around(directory, &path)?, claim)))
        .filter(|(depth, _)| *depth > deepest)
        .max_by_key(|(depth, _)| *depth);
    let below = |depth: usize| Within { folder: "", directory, rest: length.saturating_sub(depth) };
    let found = Mount {
        role: set.role,
        pods,
        backing: Backing::Container,
        within: below(0),
        read_only: false,
        by_pod: false,
    };
    if let Some((depth, claim)) = by_flink {
        let read_only = mounted_read_only(workload);
        return Mount {
            backing: Backing::Claim(claim.into()),
            within: below(depth),
            read_only,
            ..found
        };
    }
    let Some((main, (depth, mount))) = main.zip(by_template) else { return found };
    let name = mount.get("name").and_then(Value::as_str).unwrap_or_default();
    let text =
        |field: &str| mount.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (backing, claim_is_read_only) = volume(set, template, object, name);
    let folder = text("subPath").or_else(|| text("subPathExpr")).unwrap_or_default();
    let folder = if self::depth(folder).is_some() { folder } else { "" };
    let within = Within { folder, ..below(depth) };
    let read_only =
        claim_is_read_only || mount.get("readOnly").and_then(Value::as_bool) == Some(true);
    let by_pod = text("subPathExpr").is_some_and(|folder| names_the_pod(folder, main));
    Mount { backing, within, read_only, by_pod, ..found }
}

fn main_container<'a>(set: &PodSet, template: &'a Value) -> Option<&'a Value> {
    let containers = pointer::at(template, "/spec/containers")?.as_array()?;
    let named = || {
        containers
            .iter()
            .find(|container| container.get("name").and_then(Value::as_str) == Some(MAIN_CONTAINER))
    };
    set.main_container.and_then(|index| containers.get(index)).or_else(named)
}

/// The mount whose path is the longest that holds the directory, with that path's depth.
fn holding<'a>(container: &'a Value, directory: &str) -> Option<(usize, &'a Value)> {
    let mounts = container.get("volumeMounts")?.as_array()?.iter();
    let holding = mounts.filter_map(|mount| {
        Some((depth_around(directory, mount.get("mountPath")?.as_str()?)?, mount))
    });
    holding.max_by_key(|(depth, _)| *depth)
}

/// A volume by its name, and whether its claim is mounted read-only.
fn volume<'a>(
    set: &PodSet,
    template: &'a Value,
    object: &'a Value,
    name: &'a str,
) -> (Backing<'a>, bool) {
    let is_named = |value: &&Value| value.get("name").and_then(Value::as_str) == Some(name);
    let volumes = pointer::at(template, "/spec/volumes").and_then(Value::as_array);
    if let Some(volume) =
        volumes.and_then(|volumes| volumes.iter().find(is_named)).and_then(Value::as_object)
    {
        // A volume without a type is an emptyDir.
        let (kind, source) = volume
            .iter()
            .find(|(key, value)| *key != "name" && !value.is_null())
            .map_or(("emptyDir", &Value::Null), |(key, source)| (key.as_str(), source));
        let claim = source
            .get("claimName")
            .and_then(Value::as_str)
            .filter(|_| kind == "persistentVolumeClaim");
        let read_only =
            claim.is_some() && source.get("readOnly").and_then(Value::as_bool) == Some(true);
        return (
            claim.map_or(Backing::Volume { name, kind, source }, |claim| {
                Backing::Claim(claim.into())
            }),
            read_only,
        );
    }
    // Templates of a StatefulSet, or of Spotify's operator, which creates one.
    let places =
        ["/spec/volumeClaimTemplates".to_owned(), format!("{}/volumeClaimTemplates", set.path())];
    let claims = places.iter().filter_map(|place| pointer::at(object, place)?.as_array()).flatten();
    let claimed =
        claims.filter_map(|claim| claim.get("metadata")).any(|metadata| is_named(&metadata));
    (if claimed { Backing::PerPodClaim(name) } else { Backing::Missing(name) }, false)
}

/// Whether a folder's name (`$(POD_NAME)`) is different for each pod.
fn names_the_pod(folder: &str, container: &Value) -> bool {
    let variables = container.get("env").and_then(Value::as_array);
    variables.into_iter().flatten().any(|variable| {
        let name = variable.get("name").and_then(Value::as_str).unwrap_or_default();
        let field = pointer::at(variable, "/valueFrom/fieldRef/fieldPath").and_then(Value::as_str);
        folder.contains(&format!("$({name})"))
            && field.is_some_and(|field| OF_ONE_POD.contains(&field))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::kinds::lower;
    use crate::resource::Resource;
    use serde_json::json;

    fn at(object: Value, directory: &str) -> Vec<String> {
        let resource = Resource::from_manifest(object).unwrap();
        let workload = lower(&resource, &resource.object).unwrap();
        let found = mounts(&workload, &resource.object, directory);
        let marks = |mount: &Mount<'_>| {
            [(mount.read_only, " read-only"), (mount.by_pod, " by pod")]
                .map(|(is, mark)| if is { mark } else { "" })
        };
        let shown = |mount: &Mount<'_>| match &mount.backing {
            Backing::Container => "container".to_owned(),
            Backing::Claim(claim) => format!("claim {claim}"),
            Backing::PerPodClaim(name) => format!("own claim {name}"),
            Backing::Volume { name, kind, .. } => format!("{kind} {name}"),
            Backing::Missing(name) => format!("missing {name}"),
        };
        found
            .iter()
            .map(|mount| {
                format!("{} /{}{}", shown(mount), mount.within.path(), marks(mount).concat())
            })
            .collect()
    }

    fn deployment(version: &str, options: Value, pods: Value) -> Value {
        json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"},
            "spec": {"flinkVersion": version, "flinkConfiguration": options, "podTemplate": {"spec": pods}}})
    }

    #[test]
    fn claims_of_flinks_option_reach_task_managers_only() {
        let options = json!({"kubernetes.persistent-volume-claims": "data:/data,state:/flink/state", "kubernetes.persistent-volume-claim-read-only": false});
        assert_eq!(
            at(deployment("v2_3", options.clone(), json!({})), "/flink/state/x"),
            ["container /flink/state/x", "claim state /x"]
        );
        assert_eq!(
            at(deployment("v2_2", options.clone(), json!({})), "/flink/state/x"),
            ["container /flink/state/x"; 2]
        );
        let mut standalone = deployment("v2_3", options, json!({}));
        standalone["spec"]["mode"] = json!("standalone");
        assert_eq!(at(standalone, "/flink/state/x"), ["container /flink/state/x"; 2]);
        let options = json!({"kubernetes.persistent-volume-claims.data": "/data", "kubernetes.persistent-volume-claim-read-only": true});
        let pods = json!({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}],
            "containers": [{"name": "flink-main-container", "volumeMounts": [{"name": "v", "mountPath": "/"}]}]});
        assert_eq!(
            at(deployment("v2_3", options, pods), "/data/x"),
            ["claim data /data/x", "claim data /x read-only"]
        );
    }

    #[test]
    fn mounts_describe_volume_and_access() {
        let pods = |mount: Value, volume: Value| {
            json!({"volumes": [volume], "containers": [{"name": "flink-main-container", "volumeMounts": [mount],
                "env": [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}, {"name": "TEAM", "value": "a"}]}]})
        };
        let claim = json!({"name": "v", "persistentVolumeClaim": {"claimName": "c"}});
        let nfs = json!({"name": "v", "nfs": {"server": "s", "path": "/p"}});
        for (mount, volume, expected) in [
            (
                json!({"name": "v", "mountPath": "/s", "readOnly": true}),
                claim.clone(),
                "claim c /x read-only",
            ),
            (
                json!({"name": "v", "mountPath": "/s", "subPathExpr": "a/$(POD)"}),
                claim.clone(),
                "claim c /a/$(POD)/x by pod",
            ),
            (
                json!({"name": "v", "mountPath": "/s", "subPathExpr": "$(TEAM)"}),
                claim.clone(),
                "claim c /$(TEAM)/x",
            ),
            (
                json!({"name": "v", "mountPath": "/s"}),
                json!({"name": "v", "persistentVolumeClaim": {"claimName": "c", "readOnly": true}}),
                "claim c /x read-only",
            ),
            (json!({"name": "v", "mountPath": "/s"}), json!({"name": "v"}), "emptyDir v /x"),
            (json!({"name": "w", "mountPath": "/s"}), claim, "missing w /x"),
            (json!({"name": "v", "mountPath": "/s"}), nfs, "nfs v /x"),
        ] {
            assert_eq!(
                at(deployment("v2_0", json!({}), pods(mount, volume)), "/s/x"),
                [expected; 2]
            );
        }
    }

    #[test]
    fn stateful_set_pods_have_separate_claims() {
        let container = json!({"name": "taskmanager", "args": ["taskmanager"], "volumeMounts": [{"name": "pv", "mountPath": "/pv"}]});
        let object = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "tm"},
            "spec": {"volumeClaimTemplates": [{"metadata": {"name": "pv"}}], "template": {"spec": {"containers": [container]}}}});
        assert_eq!(at(object, "/pv/checkpoints"), ["own claim pv /checkpoints"]);
    }
}
