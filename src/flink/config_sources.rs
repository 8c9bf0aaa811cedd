//! Which keys of which ConfigMaps the containers of a pod read as Flink's configuration: as a
//! mounted file, whatever the key is called, or as `FLINK_PROPERTIES`.
//!
//! Not found, because the pod does not show it: files that a container copies, folders that a script
//! or a variable from elsewhere names, Secrets, and what is in the image.

use super::config_file::FLINK_CONF;
use super::pods::CONTAINER_LISTS;
use crate::resource::fields::{elements, text};
use crate::resource::pointer;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;

mod mounts;
mod paths;
mod unjudged;

use mounts::Mounts;
pub use mounts::replaces_files;
pub use paths::normal_path;
pub use unjudged::unjudged;

/// The variable whose lines the image's entrypoint appends to the configuration file.
pub const PROPERTIES: &str = "FLINK_PROPERTIES";

/// The most ConfigMaps that a pod may read as Flink's configuration under other keys: the review of
/// a pod reads each of them.
pub const MOST_CONFIG_MAPS: usize = 32;

/// A key of a ConfigMap that a container reads as Flink's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigSource<'a> {
    /// The ConfigMap.
    pub config_map: &'a str,
    /// The key; `None` where it may be any.
    pub key: Option<Cow<'a, str>>,
    /// The file whose format it is read in.
    pub file: &'static str,
    /// JSON Pointer of the field that names it, in the pod template.
    pub place: String,
}

impl ConfigSource<'_> {
    /// Whether the key alone shows that it is Flink's configuration. The review of the ConfigMap
    /// checks those.
    pub fn is_evident(&self) -> bool {
        self.key.as_deref().is_some_and(|key| key == PROPERTIES || key == self.file)
    }
}

/// Whether Flink writes a key into ConfigMaps of its high availability. Those change every few
/// seconds, so the API server does not ask about them, and no pod may read one as Flink's
/// configuration.
pub fn is_key_of_high_availability(key: &str) -> bool {
    const KEYS: [&str; 3] = ["address", "sessionId", "counter"];
    const PREFIXES: [&str; 5] = [
        "jobGraph-",
        "executionPlan-",
        "runningJobsRegistry-",
        "checkpointID-",
        "org.apache.flink.k8s.leader.",
    ];
    KEYS.contains(&key) || PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

/// Visits the sources of all containers of a pod template.
pub fn of_template<'a>(template: &'a Value, mut visit: impl FnMut(ConfigSource<'a>)) {
    for list in CONTAINER_LISTS {
        for (index, container) in spec_list(template, list).iter().enumerate() {
            of_container(template, container, |mut source| {
                source.place.insert_str(0, &format!("/spec/{list}/{index}"));
                visit(source);
            });
        }
    }
}

/// The place of the source with which a template has more than [`MOST_CONFIG_MAPS`]. Containers after
/// that are not read.
pub fn excess(template: &Value) -> Option<String> {
    let mut names = BTreeSet::new();
    for list in CONTAINER_LISTS {
        for (index, container) in spec_list(template, list).iter().enumerate() {
            let mut place = None;
            of_container(template, container, |source| {
                if place.is_none()
                    && !source.is_evident()
                    && !source.config_map.is_empty()
                    && names.insert(source.config_map)
                    && names.len() > MOST_CONFIG_MAPS
                {
                    place = Some(format!("/spec/{list}/{index}{}", source.place));
                }
            });
            if place.is_some() {
                return place;
            }
        }
    }
    None
}

/// The pod templates of an object that runs pods, with their places.
pub fn pod_templates(object: &Value) -> impl Iterator<Item = (&'static str, &Value)> {
    const PLACES: [&str; 4] =
        ["", "/spec/template", "/spec/jobTemplate/spec/template", "/template"];
    PLACES.into_iter().filter_map(|place| {
        let template = pointer::at(object, place)?;
        (!spec_list(template, "containers").is_empty()).then_some((place, template))
    })
}

fn spec_list<'a>(template: &'a Value, list: &str) -> &'a [Value] {
    template.get("spec").map_or(&[], |spec| elements(spec, list))
}

/// Visits the sources of one container; places are within the container.
pub fn of_container<'a>(
    template: &'a Value,
    container: &'a Value,
    mut visit: impl FnMut(ConfigSource<'a>),
) {
    let mounts = Mounts::of(container);
    if !mounts.0.is_empty() {
        for volume in spec_list(template, "volumes") {
            mounts.visit(volume, &mut visit);
        }
    }
    of_variables(container, &mut visit);
}

/// Visits the sources of a container's variables.
fn of_variables<'a>(container: &'a Value, visit: &mut impl FnMut(ConfigSource<'a>)) {
    let file = FLINK_CONF;
    for (index, variable) in elements(container, "env").iter().enumerate() {
        let reference = variable.get("valueFrom").and_then(|from| from.get("configMapKeyRef"));
        if let Some(reference) = reference.filter(|_| text(variable, "name") == PROPERTIES) {
            let (config_map, key) = (text(reference, "name"), Some(text(reference, "key").into()));
            visit(ConfigSource { config_map, key, file, place: format!("/env/{index}") });
        }
    }
    for (index, from) in elements(container, "envFrom").iter().enumerate() {
        let key = PROPERTIES.strip_prefix(text(from, "prefix")).map(Cow::Borrowed);
        if let Some((reference, key)) = from.get("configMapRef").zip(key) {
            let (config_map, place) = (text(reference, "name"), format!("/envFrom/{index}"));
            visit(ConfigSource { config_map, key: Some(key), file, place });
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The sources of a container with these fields, whose volume `v` is of ConfigMap `m`.
    fn sources(container: Value, items: Value) -> Vec<String> {
        let source = json!({"name": "m", "items": items});
        let template = json!({"spec": {"containers": [container], "volumes": [
            {"name": "v", "configMap": source},
            {"name": "p", "projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": source}]}},
            {"name": "s", "secret": {"secretName": "s"}}]}});
        let mut found = Vec::new();
        of_template(&template, |source| {
            let key = source.key.as_deref().unwrap_or("*");
            found.push(format!("{}/{key} {} {}", source.config_map, source.file, source.place));
        });
        found
    }

    fn mount(volume: &str, path: &str, sub_path: &str) -> Value {
        json!({"volumeMounts": [{"name": volume, "mountPath": path, "subPath": sub_path}]})
    }

    #[test]
    fn mounted_keys_are_found_by_the_path_of_the_file() {
        let both = ["m/config.yaml config.yaml", "m/flink-conf.yaml flink-conf.yaml"]
            .map(|source| format!("{source} /spec/containers/0/volumeMounts/0"));
        for path in ["/opt/flink/conf", "/opt/flink/conf/", "//opt/./flink/x/../conf"] {
            assert_eq!(sources(mount("v", path, ""), json!([])), both, "{path}");
        }
        assert_eq!(sources(mount("p", "/opt/flink/conf", ""), json!([])), both);
        let odd = ["m/odd config.yaml /spec/containers/0/volumeMounts/0"];
        let items = |path: &str| json!([{"key": "odd", "path": path}, {"key": "x", "path": "x"}]);
        for (container, items) in [
            (mount("v", "/opt/flink/conf/config.yaml", "odd"), json!([])),
            (mount("v", "/opt/flink/conf", ""), items("config.yaml")),
            (mount("p", "/opt/flink", ""), items("conf/config.yaml")),
            (mount("v", "/", ""), items("opt/flink/conf/config.yaml")),
            (mount("v", "/opt/flink/conf/config.yaml", "a/b"), items("a/b")),
            (mount("v", "/opt/flink/conf", "deep"), items("deep/config.yaml")),
            (
                json!({"env": [{"name": "FLINK_CONF_DIR", "value": "/c"}], "volumeMounts": [{"name": "v", "mountPath": "/c"}]}),
                items("config.yaml"),
            ),
            (
                json!({"env": [{"name": "FLINK_HOME", "value": "/f/"}], "volumeMounts": [{"name": "v", "mountPath": "/f/conf"}]}),
                items("config.yaml"),
            ),
        ] {
            assert_eq!(sources(container.clone(), items), odd, "{container}");
        }
        let expression = json!({"volumeMounts": [{"name": "v", "mountPath": "/opt/flink/conf/config.yaml", "subPathExpr": "$(X)"}]});
        assert_eq!(
            sources(expression, json!([])),
            ["m/* config.yaml /spec/containers/0/volumeMounts/0"]
        );
        for (container, items) in [
            (mount("v", "/opt/flink/conf", ""), items("log4j-console.properties")),
            (mount("v", "/opt/flink/config", ""), json!([])),
            (mount("v", "/opt/flink/conf/log4j-console.properties", "odd"), json!([])),
            (mount("s", "/opt/flink/conf", ""), json!([])),
        ] {
            assert_eq!(sources(container.clone(), items), Vec::<String>::new(), "{container}");
        }
    }

    #[test]
    fn properties_come_from_variables() {
        let container = json!({
            "env": [
                {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}},
                {"name": "FLINK_PROPERTIES", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}}],
            "envFrom": [{"configMapRef": {"name": "n"}}, {"prefix": "FLINK_", "configMapRef": {"name": "o"}}, {"prefix": "X_", "configMapRef": {"name": "p"}}]});
        assert_eq!(
            sources(container, json!([])),
            [
                "m/k flink-conf.yaml /spec/containers/0/env/1",
                "n/FLINK_PROPERTIES flink-conf.yaml /spec/containers/0/envFrom/0",
                "o/PROPERTIES flink-conf.yaml /spec/containers/0/envFrom/1"
            ]
        );
    }
}
