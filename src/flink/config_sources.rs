//! Which keys of which ConfigMaps the containers of a pod read as Flink's configuration: as a
//! mounted file, whatever the key is called, or as `FLINK_PROPERTIES`.
//!
//! Not found, because the pod does not show it: files that a container copies, folders that a script
//! or a variable from elsewhere names, Secrets, and what is in the image.

use super::config_file::{CONFIG, FLINK_CONF};
use super::pods::CONTAINER_LISTS;
use crate::resource::fields::{elements, text};
use crate::resource::pointer;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The folder of the configuration in Flink's images, unless `FLINK_CONF_DIR` or `FLINK_HOME`
/// changes it.
const FOLDER: &str = "/opt/flink/conf";
/// Longest path in bytes (Linux' `PATH_MAX`). Each mount is compared with the folder.
const LONGEST_PATH: usize = 4096;
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

/// Whether a container gets its files of Flink from a volume of any type, or from another folder than that
/// of Flink's images.
pub fn replaces_files(container: &Value) -> bool {
    let mounts = || elements(container, "volumeMounts").iter();
    folder(container).is_none_or(|folder| {
        *folder != *FOLDER
            || mounts().any(|mount| may_reach(&folder, &normal_path(text(mount, "mountPath"))))
    })
}

/// The folder of the configuration, according to the container's variables; `None` if no system opens
/// a path of this length.
fn folder(container: &Value) -> Option<Cow<'_, str>> {
    let variable = |name: &str| {
        let variables = elements(container, "env").iter().rev();
        let value = variables.filter(|one| text(one, "name") == name).map(|one| text(one, "value"));
        value.into_iter().find(|value| !value.is_empty())
    };
    let folder = match (variable("FLINK_CONF_DIR"), variable("FLINK_HOME")) {
        (Some(folder), _) => normal_path(folder),
        (None, Some(home)) => normal_path(&format!("{home}/conf")).into_owned().into(),
        (None, None) => FOLDER.into(),
    };
    (folder.len() <= LONGEST_PATH).then_some(folder)
}

/// Flink's files.
const FILES: [&str; 2] = [CONFIG, FLINK_CONF];

/// The mounts of a container that may give it Flink's files: by volume, and by the file's path within
/// the volume, which is unknown if a variable is part of it. One mount for each is enough, and keeps
/// the work linear.
struct Mounts<'a>(BTreeMap<&'a str, BTreeMap<Option<Cow<'a, str>>, FoundMounts>>);

/// For each of [`FILES`] the index of the mount.
type FoundMounts = [Option<usize>; FILES.len()];

impl<'a> Mounts<'a> {
    fn of(container: &'a Value) -> Self {
        let mut found = Self(BTreeMap::new());
        let mounts = elements(container, "volumeMounts");
        if mounts.is_empty() {
            return found;
        }
        let Some(folder) = folder(container) else { return found };
        for (index, mount) in mounts.iter().enumerate() {
            let at = normal_path(text(mount, "mountPath"));
            let folder_below = below(&folder, &at);
            if folder_below.is_none() && !is_file(&folder, &at) {
                continue;
            }
            for (slot, file) in FILES.into_iter().enumerate() {
                let path = match folder_below {
                    Some(folder) => within_volume(mount, folder, file),
                    None if at.ends_with(file) => within_volume(mount, "", ""),
                    None => continue,
                };
                let files = found.0.entry(text(mount, "name")).or_default();
                if let Some(place) = files.entry(path).or_default().get_mut(slot) {
                    place.get_or_insert(index);
                }
            }
        }
        found
    }

    fn visit(&self, volume: &'a Value, visit: &mut impl FnMut(ConfigSource<'a>)) {
        let Some(paths) = self.0.get(text(volume, "name")) else { return };
        let mut visit_all =
            |config_map: &'a str, key: Option<&'a str>, path: &Option<Cow<'a, str>>| {
                let found = paths.get(path).into_iter().flatten();
                for (file, index) in FILES.into_iter().zip(found) {
                    let Some(index) = index else { continue };
                    let key = key.map(Cow::Borrowed).or_else(|| path.clone());
                    let place = format!("/volumeMounts/{index}");
                    visit(ConfigSource { config_map, key, file, place });
                }
            };
        let projected = volume.get("projected").map_or(&[][..], |all| elements(all, "sources"));
        let projected = projected.iter().filter_map(|source| source.get("configMap"));
        for source in volume.get("configMap").into_iter().chain(projected) {
            let (name, items) = (text(source, "name"), elements(source, "items"));
            visit_all(name, None, &None);
            if items.is_empty() {
                // Every key is a file.
                paths.keys().filter(|path| path.is_some()).for_each(|path| {
                    visit_all(name, None, path);
                });
            }
            for item in items {
                visit_all(name, Some(text(item, "key")), &Some(relative(text(item, "path"))));
            }
        }
    }
}

/// Whether a mount is one of Flink's files in a folder, the folder, or one that contains it.
fn may_reach(folder: &str, mount: &str) -> bool {
    below(folder, mount).is_some() || is_file(folder, mount)
}

/// The rest of a path below another one, which is empty or begins with a slash.
fn below<'p>(path: &'p str, parent: &str) -> Option<&'p str> {
    path.strip_prefix(parent).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a path is one of Flink's files in a folder.
fn is_file(folder: &str, path: &str) -> bool {
    let file = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
    file.is_some_and(|file| file == FLINK_CONF || file == CONFIG)
}

/// The path within the volume of a file in a folder below the mount; `None` if a variable is part of it.
fn within_volume(mount: &Value, folder: &str, file: &'static str) -> Option<Cow<'static, str>> {
    let expression = text(mount, "subPathExpr");
    let sub_path = if expression.is_empty() { text(mount, "subPath") } else { expression };
    if expression.contains("$(") {
        return None;
    }
    if sub_path.is_empty() && folder.is_empty() {
        return Some(file.into());
    }
    Some(relative(&format!("{sub_path}/{folder}/{file}")).into_owned().into())
}

/// Whether a path has two slashes in a row, or a name that begins with a dot.
fn has_needless_parts(path: &str) -> bool {
    let mut is_after_slash = false;
    path.bytes().any(|byte| {
        let is_needless = is_after_slash && matches!(byte, b'/' | b'.');
        is_after_slash = byte == b'/';
        is_needless
    })
}

/// [`normal`] without the first slash: a path within a volume.
fn relative(path: &str) -> Cow<'_, str> {
    let plain = path.trim_matches('/');
    if !plain.starts_with('.') && !has_needless_parts(plain) {
        return plain.into();
    }
    normal_path(path).trim_start_matches('/').to_owned().into()
}

/// A path with one slash before each name, without `.` and `..`; empty for the root.
pub fn normal_path(path: &str) -> Cow<'_, str> {
    let path = path.trim_end_matches('/');
    if path.is_empty() || path.starts_with('/') && !has_needless_parts(path) {
        return path.into();
    }
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    names.into_iter().fold(String::new(), |path, name| path + "/" + name).into()
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
