//! Finds the ConfigMap that a container mounts for Flink's configuration file.

use crate::flink::config::FlinkConfig;
use crate::flink::config_file::{CONFIG, FLINK_CONF};
use crate::resource::fields::{ByName, elements, text};
use serde_json::Value;
use std::collections::BTreeSet;

/// The configuration folder of the image, unless `FLINK_CONF_DIR` changes it.
const CONF_DIR: &str = "/opt/flink/conf";

/// The configuration in the first mounted ConfigMap that is known and has one.
pub fn read<'c>(
    template: &Value,
    container: &Value,
    known: impl Fn(&str) -> Option<&'c FlinkConfig>,
) -> Option<&'c FlinkConfig> {
    let folder = elements(container, "env")
        .iter()
        .find(|variable| text(variable, "name") == "FLINK_CONF_DIR")
        .map(|variable| text(variable, "value"));
    let folder =
        folder.filter(|folder| !folder.is_empty()).unwrap_or(CONF_DIR).trim_end_matches('/');
    let is_config = |path: &str| {
        let file = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
        path.trim_end_matches('/') == folder
            || file.is_some_and(|file| file == FLINK_CONF || file == CONFIG)
    };
    let volumes = elements(container, "volumeMounts")
        .iter()
        .filter(|mount| is_config(text(mount, "mountPath")))
        .map(|mount| text(mount, "name"));
    let spec = template.get("spec").unwrap_or(&Value::Null);
    // Each volume once, however often it is mounted.
    let mut seen = BTreeSet::new();
    let by_name = ByName::new(elements(spec, "volumes"));
    volumes
        .filter(|name| seen.insert(*name))
        .filter_map(|name| by_name.find(name))
        .flat_map(|volume| {
            let own = volume.get("configMap").into_iter();
            let projected = volume
                .get("projected")
                .into_iter()
                .flat_map(|projected| elements(projected, "sources"));
            own.chain(projected.filter_map(|source| source.get("configMap")))
                .map(|config_map| text(config_map, "name"))
        })
        .find_map(known)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn mounted_config_map_is_found_in_flinks_folder() {
        let mut config = FlinkConfig::default();
        config.set("a", "b", None);
        let template = json!({"spec": {"volumes": [
            {"name": "conf", "configMap": {"name": "flink-config"}},
            {"name": "both", "projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "flink-config"}}]}},
            {"name": "other", "configMap": {"name": "log-config"}}]}});
        let found = |mount: Value, env: Value| {
            let container = json!({"volumeMounts": [{"name": "other", "mountPath": "/opt/flink/conf/log4j.properties"}, mount], "env": env});
            read(&template, &container, |name| (name == "flink-config").then_some(&config))
                .is_some()
        };
        assert!(found(json!({"name": "conf", "mountPath": "/opt/flink/conf"}), json!([])));
        assert!(found(json!({"name": "both", "mountPath": "/opt/flink/conf/"}), json!([])));
        assert!(found(
            json!({"name": "conf", "mountPath": "/opt/flink/conf/config.yaml", "subPath": "config.yaml"}),
            json!(null)
        ));
        assert!(found(
            json!({"name": "conf", "mountPath": "/conf"}),
            json!([{"name": "FLINK_CONF_DIR", "value": "/conf/"}])
        ));
        assert!(!found(json!({"name": "conf", "mountPath": "/conf"}), json!([])));
        assert!(!found(json!({"name": "conf", "mountPath": "/opt/flink/config"}), json!([])));
        assert!(!found(json!({"name": "other", "mountPath": "/opt/flink/conf"}), json!([])));
    }
}
