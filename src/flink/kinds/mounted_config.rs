//! Finds the configuration file that a container mounts from a ConfigMap, if that is known.

use crate::flink::FlinkContext;
use crate::flink::config::FlinkConfig;
use crate::flink::config_file::FLINK_CONF;
use crate::flink::config_sources::{self, ConfigSource};
use serde_json::Value;

/// The mounted configuration file. Of two files Flink reads the older one first. The options of a
/// key that only the mount makes Flink's configuration are placed at the mount, in the container:
/// the review of the ConfigMap may have ignored it.
pub fn read(
    template: &Value,
    container: &Value,
    namespace: &str,
    context: &FlinkContext,
) -> Option<FlinkConfig> {
    let mut found: Option<(ConfigSource<'_>, &FlinkConfig)> = None;
    config_sources::of_container(template, container, |source| {
        // Variables are added to the file: they are not one.
        if !source.place.starts_with("/volumeMounts/") {
            return;
        }
        let is_better = found
            .as_ref()
            .is_none_or(|(known, _)| known.file != FLINK_CONF && source.file == FLINK_CONF);
        if let Some(config) = context.config_of(namespace, &source).filter(|_| is_better) {
            found = Some((source, config));
        }
    });
    let (source, config) = found?;
    let mut config = config.clone();
    if !source.is_evident() {
        config.move_to(&source.place);
    }
    Some(config)
}
