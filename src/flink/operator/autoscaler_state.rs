//! The ConfigMap in which the operator keeps the state of its autoscaler: `autoscaler-<name>`, in the
//! namespace of the custom resource.
//!
//! The operator puts the options of this state over those of the custom resource, after it has
//! validated them and before it deploys. It reads `configOverrides` as YAML and
//! `parallelismOverrides` as Flink's text of a map. The other keys, some of them compressed, hold
//! metrics and no options.

use crate::flink::config::FlinkConfig;
use crate::resource::{Resource, limits, metadata_text, pointer, yaml};
use serde_json::Value;

/// The name prefix of these ConfigMaps.
pub const PREFIX: &str = "autoscaler-";
/// JSON Pointer of the keys.
pub const OPTIONS_PLACE: &str = "/data";
/// The key with the options.
const CONFIG_OVERRIDES: &str = "configOverrides";
/// The key with the parallelism of vertices.
const PARALLELISM_OVERRIDES: &str = "parallelismOverrides";
/// Every key that the operator reads.
pub const KEYS: [&str; 6] = [
    CONFIG_OVERRIDES,
    PARALLELISM_OVERRIDES,
    "collectedMetrics",
    "delayedScaleDown",
    "scalingHistory",
    "scalingTracking",
];
/// The option that the operator sets from `parallelismOverrides`.
const PARALLELISM_OPTION: &str = "pipeline.jobvertex-parallelism-overrides";

/// The state in a ConfigMap.
#[derive(Debug)]
pub struct AutoscalerState {
    /// The options that the operator takes from it.
    pub config: FlinkConfig,
    /// The first of the keys that the operator reads.
    pub key: &'static str,
}

impl AutoscalerState {
    /// The state in an object; `None` for another object, and for one of this name without a key
    /// that the operator reads.
    pub fn of(resource: &Resource, object: &Value) -> Option<Self> {
        let is_config_map = resource.kind.group.is_empty() && resource.kind.kind == "ConfigMap";
        if !is_config_map || !is_named_so(resource, object) {
            return None;
        }
        let key = KEYS.into_iter().find(|key| value(object, key).is_some())?;
        Some(Self { config: options(object), key })
    }
}

/// Whether an object has such a name, or will get one: the API server adds letters to
/// `generateName`.
fn is_named_so(resource: &Resource, object: &Value) -> bool {
    match resource.name_in(object) {
        "" => metadata_text(object, "generateName").starts_with(PREFIX),
        name => name.starts_with(PREFIX),
    }
}

fn value<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get("data")?.get(key)?.as_str()
}

fn options(object: &Value) -> FlinkConfig {
    let mut config = FlinkConfig::default();
    let place = |key: &str| Some(pointer::join(OPTIONS_PLACE, key));
    let overrides = value(object, CONFIG_OVERRIDES);
    if let Some(limit) = overrides.and_then(limits::yaml_excess) {
        config.exceed(pointer::join(OPTIONS_PLACE, CONFIG_OVERRIDES), limit);
    } else if let Some(text) = overrides {
        for document in yaml::parse(text) {
            let value = document.value.unwrap_or_default();
            let overrides = value.get("overrides").unwrap_or(&Value::Null);
            let read = FlinkConfig::from_object(overrides, "");
            for (key, entry) in read.iter() {
                config.set(key, entry.value.clone(), place(CONFIG_OVERRIDES));
            }
            if let Some(excess) = read.excess() {
                config.exceed(pointer::join(OPTIONS_PLACE, CONFIG_OVERRIDES), excess.limit);
            }
        }
    }
    if let Some(text) = value(object, PARALLELISM_OVERRIDES) {
        config.set(PARALLELISM_OPTION, text, place(PARALLELISM_OVERRIDES));
    }
    config
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn state(metadata: Value, data: Value) -> Option<AutoscalerState> {
        let object =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
        let resource = Resource::from_manifest(object).unwrap();
        AutoscalerState::of(&resource, &resource.object)
    }

    #[test]
    fn options_are_read_as_the_operator_reads_them() {
        let overrides = "removals: [a]\noverrides:\n  security.kerberos.login.keytab: /token\n";
        let data = json!({"configOverrides": overrides, "parallelismOverrides": "a:2,b:4", "scalingHistory": "H4sI"});
        let AutoscalerState { config, key } =
            state(json!({"name": "autoscaler-etl"}), data).unwrap();
        let options: Vec<_> =
            config.iter().map(|(key, entry)| (key, entry.value.as_str())).collect();
        assert_eq!(
            options,
            [(PARALLELISM_OPTION, "a:2,b:4"), ("security.kerberos.login.keytab", "/token")]
        );
        assert_eq!(key, CONFIG_OVERRIDES);
        let entry = config.entry(PARALLELISM_OPTION).unwrap();
        assert_eq!(entry.pointer.as_deref(), Some("/data/parallelismOverrides"));
    }

    #[test]
    fn name_and_key_make_a_state() {
        let history = json!({"scalingHistory": "x"});
        assert!(state(json!({"generateName": "autoscaler-"}), history.clone()).is_some());
        assert!(state(json!({"name": "autoscaler"}), history.clone()).is_none());
        assert!(state(json!({"name": "my-autoscaler-etl"}), history).is_none());
        assert!(state(json!({"name": "autoscaler-settings"}), json!({"a": "b"})).is_none());
    }
}
