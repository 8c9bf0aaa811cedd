//! Finds the configuration files that containers mount from ConfigMaps, as far as they are known.

use crate::flink::FlinkContext;
use crate::flink::config::FlinkConfig;
use crate::flink::config_file::FLINK_CONF;
use crate::flink::config_sources::{self, ConfigSource};
use serde_json::Value;

/// The configuration file of a container. Of two files Flink reads the older one first.
pub fn read<'c>(
    template: &Value,
    container: &Value,
    namespace: &str,
    context: &'c FlinkContext,
) -> Option<&'c FlinkConfig> {
    let mut found: Option<(ConfigSource<'_>, &FlinkConfig)> = None;
    config_sources::of_container(template, container, |source| {
        // Variables are added to a file.
        let is_better = source.place.starts_with("/volumeMounts/")
            && found
                .as_ref()
                .is_none_or(|(known, _)| known.file != FLINK_CONF && source.file == FLINK_CONF);
        let config = context.configuration().read_by(namespace, &source).into_iter().next();
        if let Some(config) = config.filter(|_| is_better) {
            found = Some((source, config));
        }
    });
    found.map(|(_, config)| config)
}

/// Every configuration whose key only the pods make Flink's configuration, in any container: the
/// review of the ConfigMap may have ignored it. Each option has the place of the mount.
pub fn unchecked(
    template: &Value,
    place: &str,
    namespace: &str,
    context: &FlinkContext,
) -> Vec<FlinkConfig> {
    let mut found = Vec::new();
    if context.configuration().is_empty() {
        return found;
    }
    config_sources::of_template(template, |source| {
        if source.is_evident() {
            return;
        }
        for config in context.configuration().read_by(namespace, &source) {
            let mut config = config.clone();
            config.move_to(&format!("{place}{}", source.place));
            found.push(config);
        }
    });
    found
}
