//! `flink.state`: the state directories, and whether they are durable and the tenant's.

use super::options::option_path;
use super::{as_text, extended, get, object, path, text};
use crate::flink::Workload;
use crate::flink::state::{DEFAULT_MOUNT_PATH, Mount, StateDirectory, checkpoint_option, directories, lies_within, with_default_scheme};
use regorus::Value;

/// Volume types that go with the pod, or stay behind on one node.
const EPHEMERAL: [&str; 9] = ["none", "emptyDir", "hostPath", "ephemeral", "configMap", "secret", "downwardAPI", "projected", "image"];

/// `{checkpointOption, directories: […]}`.
pub fn state(workload: &Workload, root: &serde_json::Value, tenant: &Value) -> Value {
    let places = places(tenant);
    let default_scheme = workload.config.get("fs.default-scheme");
    let allowed =
        |uri: &str| places.as_ref().is_none_or(|places| lies_within(&with_default_scheme(uri, default_scheme), places.iter().copied()));
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
            ("allowed", Value::Bool(allowed(uri))),
            ("ephemeral", Value::from(ephemeral.map(|mount| describe_mount(mount, workload)).collect::<Vec<_>>())),
        ])
    };
    let found: Vec<Value> = directories(workload, root).iter().map(describe).collect();
    object([
        ("directories", Value::from(found)),
        ("checkpointOption", Value::from(checkpoint_option(workload.version))),
        ("places", Value::from(places.into_iter().flatten().map(Value::from).collect::<Vec<_>>())),
    ])
}

/// Where the tenant's state may live; `None` where it may live anywhere.
pub fn places(tenant: &Value) -> Option<Vec<&str>> {
    let checkpoints = get(tenant, &["storage", "checkpoints"]);
    let locations = checkpoints["locations"].as_array().ok();
    let mut places: Vec<&str> = locations.into_iter().flat_map(|locations| locations.iter()).filter_map(as_text).collect();
    if matches!(checkpoints["volume"], Value::Object(_)) {
        places.push(as_text(get(checkpoints, &["volume", "mountPath"])).unwrap_or(DEFAULT_MOUNT_PATH));
    }
    (locations.is_some() || !places.is_empty()).then_some(places)
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
