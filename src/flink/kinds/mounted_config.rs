//! Finds the configuration files that containers mount from ConfigMaps, as far as they are known.

use crate::flink::FlinkContext;
use crate::flink::config::FlinkConfig;
use crate::flink::config_file::FLINK_CONF;
use crate::flink::config_sources::{self, ConfigSource};
use crate::flink::workload::{ConfigurationSource, UnjudgedSource};
use serde_json::Value;

/// What a container reads apart from what is written in it.
pub struct Mounted<'c> {
    /// Where its file comes from.
    pub source: ConfigurationSource,
    /// The file, if a ConfigMap has it. Of two files Flink reads the older one first.
    pub file: Option<&'c FlinkConfig>,
    /// The options of its variables that ConfigMaps have.
    pub variables: Option<&'c FlinkConfig>,
}

/// What a container reads; `place` is its pointer.
pub fn read<'c>(
    template: &Value,
    container: &Value,
    (place, namespace): (&str, &str),
    context: &'c FlinkContext,
) -> Mounted<'c> {
    let mut file: Option<(ConfigSource<'_>, &FlinkConfig)> = None;
    let mut variables = None;
    let mut is_unknown = false;
    config_sources::of_container(template, container, |source| {
        let config = context.configuration().read_by(namespace, &source).into_iter().next();
        let is_variable = !source.place.starts_with("/volumeMounts/");
        if is_variable {
            // A variable of this name refers to the ConfigMap; all of a ConfigMap may lack it.
            is_unknown |= config.is_none() && source.place.starts_with("/env/");
            variables = variables.or(config);
            return;
        }
        is_unknown |= config.is_none();
        let is_better = file
            .as_ref()
            .is_none_or(|(known, _)| known.file != FLINK_CONF && source.file == FLINK_CONF);
        if let Some(config) = config.filter(|_| is_better) {
            file = Some((source, config));
        }
    });
    let source = match &file {
        Some((mount, _)) => ConfigurationSource::ConfigMap {
            name: mount.config_map.to_owned(),
            place: format!("{place}{}", mount.place),
        },
        None if is_unknown => ConfigurationSource::Unknown,
        None if config_sources::replaces_files(container) => ConfigurationSource::Hidden,
        None => ConfigurationSource::Image,
    };
    Mounted { source, file: file.map(|(_, config)| config), variables }
}

/// The places of sources whose text nothing judges before pods read it: a key of high availability,
/// or one that only the running pod knows.
pub fn unjudged(template: &Value, place: &str) -> Vec<UnjudgedSource> {
    let mut found = Vec::new();
    config_sources::unjudged(template, |own, key| {
        let place = format!("{place}{own}");
        found.push(UnjudgedSource { place, key: key.map(str::to_owned) });
    });
    found
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
