//! Where a workload stores its state: the option that sets the directory, and the volume at this
//! directory in each role's pods.

use super::config::Entry;
use super::location::Location;
use super::options::{CHECKPOINT_DIR, HIGH_AVAILABILITY_DIR, Names, SAVEPOINT_DIR};
use super::redaction::has_password;
use super::state_mount::{Mount, mounts};
use super::version::FlinkVersion;
use super::workload::Workload;
use serde_json::Value;

pub use super::location::{is_within, with_default_scheme};

/// The default mount path of a tenant's claim.
pub const DEFAULT_MOUNT_PATH: &str = "/flink/state";

/// The first version that reads the options for checkpoints and savepoints under their current
/// names.
pub const RENAMED: FlinkVersion = FlinkVersion::new(1, 20);

/// The purpose of a state directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Checkpoints.
    Checkpoints,
    /// Savepoints.
    Savepoints,
    /// Metadata of high availability.
    HighAvailability,
}

const OPTIONS: [(Purpose, Names); 3] = [
    (Purpose::Checkpoints, CHECKPOINT_DIR),
    (Purpose::Savepoints, SAVEPOINT_DIR),
    (Purpose::HighAvailability, HIGH_AVAILABILITY_DIR),
];

/// Why Flink cannot use a state directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryProblem {
    /// This Flink version ignores the option and reads this one instead.
    IgnoredOption(&'static str),
    /// It is empty.
    Empty,
    /// `file://directory/…`: the first segment is a host.
    Host,
    /// A relative local path.
    Relative,
    /// The URI contains a password.
    Password,
}

/// One state directory of a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDirectory<'a> {
    /// Its purpose.
    pub purpose: Purpose,
    /// The option that sets it.
    pub key: &'a str,
    /// The directory as written, and its place.
    pub entry: &'a Entry,
    /// Why Flink cannot use it.
    pub problem: Option<DirectoryProblem>,
    /// The mounts at a usable local directory in each role's pods.
    pub mounts: Vec<Mount<'a>>,
}

impl StateDirectory<'_> {
    /// Whether its data is deleted with the pods of a role, or stays on one node.
    pub fn is_ephemeral(&self) -> bool {
        self.mounts.iter().any(|mount| mount.backing.is_ephemeral())
    }
}

/// The state directories in a workload's configuration.
pub fn directories<'a>(workload: &'a Workload, object: &'a Value) -> Vec<StateDirectory<'a>> {
    OPTIONS
        .iter()
        .filter_map(|(purpose, names)| directory(*purpose, names, workload, object))
        .collect()
}

/// Whether this version reads options under the names of [`RENAMED`].
pub fn is_renamed(purpose: Purpose, version: Option<FlinkVersion>) -> bool {
    purpose == Purpose::HighAvailability || version.is_none_or(|version| version >= RENAMED)
}

/// The name under which this version reads an option.
pub fn name_for(names: Names, version: Option<FlinkVersion>) -> &'static str {
    let old = usize::from(!is_renamed(Purpose::Checkpoints, version));
    names.get(old).or(names.first()).copied().unwrap_or_default()
}

fn directory<'a>(
    purpose: Purpose,
    names: Names,
    workload: &'a Workload,
    object: &'a Value,
) -> Option<StateDirectory<'a>> {
    let old = names.get(1..).unwrap_or_default();
    let read =
        workload.config.first(if is_renamed(purpose, workload.version) { names } else { old });
    let (key, entry) = read.or_else(|| workload.config.first(names))?;
    let default_scheme =
        workload.config.get("fs.default-scheme").and_then(|uri| uri.split(':').next());
    let location = Location::parse(&entry.value, default_scheme);
    let local = location.is_local();
    let problem = match entry.value.trim() {
        _ if read.is_none() => old.first().copied().map(DirectoryProblem::IgnoredOption),
        "" => Some(DirectoryProblem::Empty),
        _ if local && !location.authority.is_empty() => Some(DirectoryProblem::Host),
        _ if local && !location.path.starts_with('/') => Some(DirectoryProblem::Relative),
        uri if has_password(uri) => Some(DirectoryProblem::Password),
        _ => None,
    };
    let mounts = if local && problem.is_none() {
        mounts(workload, object, location.path)
    } else {
        Vec::new()
    };
    Some(StateDirectory { purpose, key, entry, problem, mounts })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::super::state_mount::Backing;
    use super::*;
    use crate::flink::config::FlinkConfig;
    use crate::flink::{Engine, PodSet, Role, Template};
    use serde_json::json;

    fn workload(version: FlinkVersion, options: &[(&str, &str)]) -> Workload {
        let mut config = FlinkConfig::default();
        for (key, value) in options {
            config.set(*key, *value, None);
        }
        let pods = |role, pointer: &str| PodSet {
            role,
            replicas: 1,
            template: Template::InObject(pointer.into()),
            main_container: Some(0),
        };
        Workload {
            engine: Engine::Operator,
            version: Some(version),
            pods: vec![pods(Role::JobManager, "/jm"), pods(Role::TaskManager, "/tm")],
            config,
            ..Workload::default()
        }
    }

    #[test]
    fn new_option_name_is_ignored_before_1_20() {
        let options = [("execution.checkpointing.dir", "s3://b/c")];
        let old = workload(FlinkVersion::new(1, 19), &options);
        let ignored = DirectoryProblem::IgnoredOption("state.checkpoints.dir");
        assert_eq!(directories(&old, &json!({}))[0].problem, Some(ignored));
        let new = workload(FlinkVersion::new(1, 20), &options);
        assert_eq!(directories(&new, &json!({}))[0].problem, None);
    }

    #[test]
    fn local_directories_resolve_to_each_roles_volume() {
        let object = json!({
            "jm": {"spec": {"volumes": [{"name": "state", "persistentVolumeClaim": {"claimName": "c"}}, {"name": "root", "emptyDir": {}}],
                "containers": [{"volumeMounts": [{"name": "root", "mountPath": "/flink"}, {"name": "state", "mountPath": "/flink/state/", "subPath": "a/b"}]}]}},
            "tm": {"spec": {"volumes": [{"name": "other", "emptyDir": {}}], "containers": [{"volumeMounts": [{"name": "other", "mountPath": "/flink/sta"}]}]}},
        });
        let workload = workload(
            FlinkVersion::new(2, 0),
            &[("state.checkpoints.dir", "FILE:///flink//state/./x/../checkpoints")],
        );
        let found = directories(&workload, &object);
        let mounts: Vec<_> = found[0]
            .mounts
            .iter()
            .map(|mount| (mount.role, mount.backing.clone(), mount.within.path()))
            .collect();
        assert_eq!(
            mounts,
            [
                (Role::JobManager, Backing::Claim("c".into()), "a/b/checkpoints".to_owned()),
                (Role::TaskManager, Backing::Container, "flink/state/checkpoints".to_owned())
            ]
        );
    }

    #[test]
    fn invalid_uris_are_reported() {
        for (uri, problem) in [
            ("file://flink/ha", Some(DirectoryProblem::Host)),
            ("flink/ha", Some(DirectoryProblem::Relative)),
            (" ", Some(DirectoryProblem::Empty)),
            ("s3://key:secret@b/ha", Some(DirectoryProblem::Password)),
            ("abfss://own@account/ha", None),
            ("s3://b/ha", None),
        ] {
            let workload =
                workload(FlinkVersion::new(2, 0), &[("high-availability.storageDir", uri)]);
            assert_eq!(directories(&workload, &Value::Null)[0].problem, problem, "{uri}");
        }
    }
}
