//! Where a workload keeps its state: which option says so, and what stands behind the directory.

use super::config::{Entry, FlinkConfig};
use super::location::{Location, segments};
use super::version::FlinkVersion;
use super::workload::{MAIN_CONTAINER, Mode, PodSet, Role, Workload};
use crate::resource::pointer;
use serde_json::Value;

pub use super::location::{lies_within, with_default_scheme};

/// Where the claim of a tenant is mounted unless the tenant says otherwise.
pub const DEFAULT_MOUNT_PATH: &str = "/flink/state";

/// An option that names a state directory: its current name first, then the names it had before.
struct DirectoryOption {
    purpose: &'static str,
    keys: [&'static str; 3],
    /// First version that knows the first name; older ones read only the others.
    since: FlinkVersion,
}

const OPTIONS: [DirectoryOption; 3] = [
    DirectoryOption {
        purpose: "checkpoints",
        keys: ["execution.checkpointing.dir", "state.checkpoints.dir", "state.backend.fs.checkpointdir"],
        since: FlinkVersion::new(1, 20),
    },
    DirectoryOption {
        purpose: "savepoints",
        keys: ["execution.checkpointing.savepoint-dir", "state.savepoints.dir", "savepoints.state.backend.fs.dir"],
        since: FlinkVersion::new(1, 20),
    },
    DirectoryOption {
        purpose: "highAvailability",
        keys: ["high-availability.storageDir", "high-availability.zookeeper.storageDir", "recovery.zookeeper.storageDir"],
        since: FlinkVersion::new(0, 0),
    },
];

/// One state directory of a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDirectory<'a> {
    /// `checkpoints`, `savepoints` or `highAvailability`.
    pub purpose: &'static str,
    /// The option that names it.
    pub key: &'a str,
    /// The directory as written, and where.
    pub entry: &'a Entry,
    /// The option that this Flink version reads instead, where it ignores `key`.
    pub read_instead: Option<&'static str>,
    /// URI scheme in lower case; `file` for a plain path.
    pub scheme: String,
    /// What is wrong with the URI itself.
    pub problem: Option<&'static str>,
    /// For a local directory: what each role's pods have there.
    pub mounts: Vec<Mount>,
}

/// What stands behind a local directory in one set of pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Whose pods.
    pub role: Role,
    /// Index of the set in the workload.
    pub pods: usize,
    /// Name of the volume; `None` for the container's own file system.
    pub volume: Option<String>,
    /// Field of the volume that says its type, such as `persistentVolumeClaim`; `none` for the container's own file system.
    pub kind: String,
}

/// The state directories that a workload's configuration names.
pub fn directories<'a>(workload: &'a Workload, object: &Value) -> Vec<StateDirectory<'a>> {
    OPTIONS.iter().filter_map(|option| directory(option, workload, object)).collect()
}

/// The option that this version reads for checkpoints.
pub fn checkpoint_option(version: Option<FlinkVersion>) -> &'static str {
    if version.is_some_and(|version| version < FlinkVersion::new(1, 20)) { "state.checkpoints.dir" } else { "execution.checkpointing.dir" }
}

fn directory<'a>(option: &DirectoryOption, workload: &'a Workload, object: &Value) -> Option<StateDirectory<'a>> {
    let [new, old, older] = option.keys;
    let ignores_new = workload.version.is_some_and(|version| version < option.since);
    let read = if ignores_new { set(&workload.config, &[old, older]) } else { set(&workload.config, &option.keys) };
    let (found, read_instead) = match read {
        Some(found) => (found, None),
        None => (set(&workload.config, &[new])?, Some(old)),
    };
    let (key, entry) = found;
    let default_scheme = workload.config.get("fs.default-scheme").and_then(|uri| uri.split(':').next());
    let location = Location::parse(&entry.value, default_scheme);
    let local = location.scheme == "file";
    let problem = match (&location, entry.value.trim()) {
        (_, "") => Some("is empty"),
        (Location { authority, .. }, _) if local && !authority.is_empty() => {
            Some("lacks a slash: a local directory is written file:///directory")
        }
        (Location { path, .. }, _) if local && !path.starts_with('/') => Some("is not an absolute path"),
        _ => None,
    };
    let mounts = if local && problem.is_none() { mounts(workload, object, &location) } else { Vec::new() };
    Some(StateDirectory { purpose: option.purpose, key, entry, read_instead, scheme: location.scheme, problem, mounts })
}

fn set<'a>(config: &'a FlinkConfig, keys: &[&str]) -> Option<(&'a str, &'a Entry)> {
    config.first(keys)
}

fn mounts(workload: &Workload, object: &Value, location: &Location) -> Vec<Mount> {
    let Some(directory) = segments(&location.path) else { return Vec::new() };
    let pods = workload.pods.iter().enumerate().filter(|(_, set)| set.role != Role::Other);
    pods.map(|(pods, set)| {
        let template = set.template(object);
        let (volume, kind) = match mounted_volume(set, template, &directory) {
            Some(name) => (Some(name), volume_kind(template, object, name)),
            None if claimed_by_option(workload, &directory) => (None, "persistentVolumeClaim"),
            None => (None, "none"),
        };
        Mount { role: set.role, pods, volume: volume.map(str::to_owned), kind: kind.to_owned() }
    })
    .collect()
}

/// The volume whose mount path in the main container is the longest that holds the directory.
fn mounted_volume<'a>(set: &PodSet, template: &'a Value, directory: &[String]) -> Option<&'a str> {
    let containers = pointer::at(template, "/spec/containers")?.as_array()?;
    let named = || containers.iter().find(|container| container.get("name").and_then(Value::as_str) == Some(MAIN_CONTAINER));
    let main = set.main_container.and_then(|index| containers.get(index)).or_else(named)?;
    let mounts = main.get("volumeMounts")?.as_array()?.iter();
    let holding = mounts.filter_map(|mount| {
        let path = segments(mount.get("mountPath")?.as_str()?)?;
        directory.starts_with(&path).then_some((path.len(), mount.get("name")?.as_str()?))
    });
    holding.max_by_key(|(length, _)| *length).map(|(_, name)| name)
}

fn volume_kind<'a>(template: &'a Value, object: &Value, name: &str) -> &'a str {
    let is_named = |value: &&Value| value.get("name").and_then(Value::as_str) == Some(name);
    let volumes = pointer::at(template, "/spec/volumes").and_then(Value::as_array);
    if let Some(volume) = volumes.and_then(|volumes| volumes.iter().find(is_named)).and_then(Value::as_object) {
        return volume.iter().find(|(key, value)| *key != "name" && !value.is_null()).map_or("emptyDir", |(key, _)| key);
    }
    let claims = pointer::at(object, "/spec/volumeClaimTemplates").and_then(Value::as_array);
    let claimed = claims.is_some_and(|claims| claims.iter().filter_map(|claim| claim.get("metadata")).any(|metadata| is_named(&metadata)));
    if claimed { "persistentVolumeClaim" } else { "unknown" }
}

/// Flink 2.3 mounts claims itself: `kubernetes.persistent-volume-claims: claim:/path,…`.
fn claimed_by_option(workload: &Workload, directory: &[String]) -> bool {
    let claims = workload
        .config
        .get("kubernetes.persistent-volume-claims")
        .filter(|_| workload.declares_cluster && workload.mode == Some(Mode::Native));
    claims.is_some_and(|claims| {
        let mut paths = claims.split(',').filter_map(|claim| segments(claim.split_once(':')?.1.trim()));
        paths.any(|path| directory.starts_with(&path))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::{Engine, Template};
    use serde_json::json;

    fn workload(version: FlinkVersion, options: &[(&str, &str)]) -> Workload {
        let mut config = FlinkConfig::default();
        for (key, value) in options {
            config.set(*key, *value, None);
        }
        let pods =
            |role, pointer: &str| PodSet { role, replicas: 1, template: Template::InObject(pointer.into()), main_container: Some(0) };
        Workload {
            engine: Engine::Operator,
            version: Some(version),
            pods: vec![pods(Role::JobManager, "/jm"), pods(Role::TaskManager, "/tm")],
            config,
            ..Workload::default()
        }
    }

    #[test]
    fn the_new_name_is_ignored_before_1_20() {
        let options = [("execution.checkpointing.dir", "s3://b/c")];
        let old = workload(FlinkVersion::new(1, 19), &options);
        assert_eq!(directories(&old, &json!({}))[0].read_instead, Some("state.checkpoints.dir"));
        let new = workload(FlinkVersion::new(1, 20), &options);
        assert_eq!(directories(&new, &json!({}))[0].read_instead, None);
    }

    #[test]
    fn a_local_directory_is_traced_to_the_volume_of_each_role() {
        let object = json!({
            "jm": {"spec": {"volumes": [{"name": "state", "persistentVolumeClaim": {"claimName": "c"}}, {"name": "root", "emptyDir": {}}],
                "containers": [{"volumeMounts": [{"name": "root", "mountPath": "/flink"}, {"name": "state", "mountPath": "/flink/state/"}]}]}},
            "tm": {"spec": {"volumes": [{"name": "other", "emptyDir": {}}], "containers": [{"volumeMounts": [{"name": "other", "mountPath": "/flink/sta"}]}]}},
        });
        let workload = workload(FlinkVersion::new(2, 0), &[("state.checkpoints.dir", "FILE:///flink//state/./x/../checkpoints")]);
        let found = directories(&workload, &object);
        let mounts: Vec<_> = found[0].mounts.iter().map(|mount| (mount.role, mount.volume.as_deref(), mount.kind.as_str())).collect();
        assert_eq!(mounts, [(Role::JobManager, Some("state"), "persistentVolumeClaim"), (Role::TaskManager, None, "none")]);
    }

    #[test]
    fn a_local_uri_with_two_slashes_is_a_mistake() {
        let workload = workload(FlinkVersion::new(2, 0), &[("high-availability.storageDir", "file://flink/ha")]);
        assert!(directories(&workload, &json!({}))[0].problem.is_some());
    }
}
