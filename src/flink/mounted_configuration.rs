//! What is known of ConfigMaps with Flink's configuration: the files that they hold, and the keys that
//! pods read as such a file.

use super::config::FlinkConfig;
use super::config_file::{self, CONFIG, FLINK_CONF};
use super::config_sources::{self, ConfigSource, PROPERTIES};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Namespace and name of a ConfigMap.
type ConfigMapName = (String, String);

/// A key of a ConfigMap, or every key, and the file for which pods read it.
pub type ReadKey = (Option<String>, &'static str);

/// Files and readers of ConfigMaps. Nothing is known by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MountedConfiguration {
    files: BTreeMap<ConfigMapName, BTreeMap<(String, &'static str), FlinkConfig>>,
    keys: BTreeMap<ConfigMapName, BTreeSet<ReadKey>>,
}

impl MountedConfiguration {
    /// Adds Flink's configuration files of a ConfigMap, if they can be read: what cannot be is
    /// reported at the ConfigMap.
    pub fn add_config_map(&mut self, namespace: &str, name: &str, object: &Value) {
        for key in [FLINK_CONF, CONFIG, PROPERTIES] {
            let file = if key == CONFIG { CONFIG } else { FLINK_CONF };
            self.add_file(namespace, name, object, (key, file));
        }
    }

    /// Adds keys of a ConfigMap that pods read as Flink's files.
    pub fn add_keys(
        &mut self,
        namespace: &str,
        name: &str,
        object: &Value,
        keys: &BTreeSet<ReadKey>,
    ) {
        for (key, file) in keys {
            match key {
                Some(key) => self.add_file(namespace, name, object, (key, file)),
                None => {
                    for key in config_file::keys_of_config_map(object) {
                        self.add_file(namespace, name, object, (key, file));
                    }
                }
            }
        }
    }

    fn add_file(
        &mut self,
        namespace: &str,
        name: &str,
        object: &Value,
        (key, file): (&str, &'static str),
    ) {
        let text = config_file::text_in_config_map(object, key);
        let read = text.map(|(text, _)| config_file::parse(file, &text, None));
        if let Some(Ok(config)) = read {
            let files = self.files.entry((namespace.into(), name.into())).or_default();
            files.insert((key.into(), file), config);
        }
    }

    /// Changes each known file of a namespace's ConfigMaps.
    pub fn change_files(&mut self, mut change: impl FnMut(&str, &'static str, &mut FlinkConfig)) {
        for ((namespace, _), files) in &mut self.files {
            for ((_, file), config) in files {
                change(namespace, file, config);
            }
        }
    }

    /// Whether a file of a ConfigMap is known.
    pub fn has_config_map(&self, namespace: &str, name: &str) -> bool {
        !self.files.is_empty() && self.files.contains_key(&(namespace.into(), name.into()))
    }

    /// Whether no file is known.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Adds what the pods of a template read as Flink's configuration.
    pub fn add_readers(&mut self, namespace: &str, template: &Value) {
        config_sources::of_template(template, |source| {
            let config_map = (namespace.to_owned(), source.config_map.to_owned());
            let key = source.key.map(Cow::into_owned);
            self.keys.entry(config_map).or_default().insert((key, source.file));
        });
    }

    /// The files for which pods read a key of a ConfigMap.
    pub fn files_of_key(&self, namespace: &str, name: &str, key: &str) -> Vec<&'static str> {
        if self.keys.is_empty() {
            return Vec::new();
        }
        let Some(read) = self.keys.get(&(namespace.into(), name.into())) else {
            return Vec::new();
        };
        let is_read = |file: &&'static str| {
            read.contains(&(None, *file)) || read.contains(&(Some(key.to_owned()), *file))
        };
        [FLINK_CONF, CONFIG].into_iter().filter(is_read).collect()
    }

    /// The configurations that a pod may read from a ConfigMap: one, if the key is known.
    pub fn read_by(&self, namespace: &str, source: &ConfigSource<'_>) -> Vec<&FlinkConfig> {
        // Most often there are none, and then no key is made to look for one.
        if self.files.is_empty() {
            return Vec::new();
        }
        let Some(files) = self.files.get(&(namespace.into(), source.config_map.into())) else {
            return Vec::new();
        };
        match &source.key {
            Some(key) => files.get(&(key.as_ref().to_owned(), source.file)).into_iter().collect(),
            None => {
                let of_file = files.iter().filter(|((_, file), _)| *file == source.file);
                of_file.map(|(_, config)| config).collect()
            }
        }
    }
}
