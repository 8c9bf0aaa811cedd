//! `flink.state`: the state directories, and whether they are durable and the tenant's.

use super::options::option_path;
use super::{as_text, elements, extended, get, object, path, text};
use crate::flink::Workload;
use crate::flink::state::{DEFAULT_MOUNT_PATH, Mount, StateDirectory, checkpoint_option, directories, lies_within};
use regorus::Value;

/// Volume types that go with the pod, or stay behind on one node.
const EPHEMERAL: [&str; 9] = ["none", "emptyDir", "hostPath", "ephemeral", "configMap", "secret", "downwardAPI", "projected", "image"];

/// `{checkpointOption, directories: […]}`.
pub fn state(workload: &Workload, root: &serde_json::Value, tenant: &Value) -> Value {
    let checkpoints = get(tenant, &["storage", "checkpoints"]);
    let mut places: Vec<&str> = elements(&checkpoints["locations"]).iter().filter_map(as_text).collect();
    if matches!(checkpoints["volume"], Value::Object(_)) {
        places.push(as_text(get(checkpoints, &["volume", "mountPath"])).unwrap_or(DEFAULT_MOUNT_PATH));
    }
    let anywhere = places.is_empty() && !matches!(checkpoints["locations"], Value::Array(_));
    let describe = |directory: &StateDirectory<'_>| {
        let uri = &directory.entry.value;
        let ephemeral = directory.mounts.iter().filter(|mount| EPHEMERAL.contains(&mount.kind.as_str()));
        object([
            ("purpose", Value::from(directory.purpose)),
            ("key", Value::from(directory.key)),
            ("path", option_path(workload, directory.key)),
            ("uri", Value::from(uri.as_str())),
            ("scheme", Value::from(directory.scheme.as_str())),
            ("problem", text(directory.problem)),
            ("readInstead", text(directory.read_instead)),
            ("allowed", Value::Bool(anywhere || lies_within(uri, places.iter().copied()))),
            ("ephemeral", Value::from(ephemeral.map(|mount| describe_mount(mount, workload)).collect::<Vec<_>>())),
        ])
    };
    let found: Vec<Value> = directories(workload, root).iter().map(describe).collect();
    object([
        ("directories", Value::from(found)),
        ("checkpointOption", Value::from(checkpoint_option(workload.version))),
        ("places", Value::from(places.into_iter().map(Value::from).collect::<Vec<_>>())),
    ])
}

fn describe_mount(mount: &Mount, workload: &Workload) -> Value {
    let base = workload.pods.get(mount.pods).map(|set| path(set.path())).unwrap_or_default();
    object([
        ("role", Value::from(mount.role.as_str())),
        ("kind", Value::from(mount.kind.as_str())),
        ("volume", text(mount.volume.as_deref())),
        ("podPath", extended(&base, [])),
    ])
}
