//! The sources whose text nothing judges before pods read it.

use super::mounts::Mounts;
use super::paths::relative;
use super::{ConfigSource, is_key_of_high_availability, of_variables, spec_list};
use crate::flink::pods::CONTAINER_LISTS;
use crate::resource::fields::{elements, text};
use crate::resource::steps;
use serde_json::Value;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// What a volume has of ConfigMaps.
#[derive(Default)]
struct Volume<'a> {
    /// Whether it has a ConfigMap with all keys, each in a file of its name.
    has_all_keys: bool,
    /// The keys of high availability that it has under other names, by path.
    renamed: BTreeMap<Cow<'a, str>, &'a str>,
}

impl<'a> Volume<'a> {
    fn add(&mut self, config_map: &'a Value) {
        let items = elements(config_map, "items");
        self.has_all_keys |= items.is_empty();
        for item in items {
            steps::step();
            let key = text(item, "key");
            if is_key_of_high_availability(key) {
                self.renamed.entry(relative(text(item, "path"))).or_insert(key);
            }
        }
    }

    /// The key that nothing judges, in the file at a path; the inner `None` is one that only the running
    /// pod knows.
    fn unjudged<'k>(&'k self, path: Option<&'k str>) -> Option<Option<&'k str>> {
        let Some(path) = path else { return Some(None) };
        let own = || (self.has_all_keys && is_key_of_high_availability(path)).then_some(path);
        self.renamed.get(path).copied().or_else(own).map(Some)
    }
}

/// The volumes of a pod that have ConfigMaps, by name. Containers look them up: a visit of each
/// source for each container would be quadratic.
fn volumes(template: &Value) -> BTreeMap<&str, Volume<'_>> {
    let mut found = BTreeMap::<&str, Volume<'_>>::new();
    for volume in spec_list(template, "volumes") {
        let projected = volume.get("projected").map_or(&[][..], |all| elements(all, "sources"));
        let projected = projected.iter().filter_map(|source| source.get("configMap"));
        for config_map in volume.get("configMap").into_iter().chain(projected) {
            steps::step();
            found.entry(text(volume, "name")).or_default().add(config_map);
        }
    }
    found
}

/// Visits the places in a pod template that give a container a key of high availability as Flink's
/// configuration, or one that only the running pod knows (`None`): each place once.
pub fn unjudged(template: &Value, mut visit: impl FnMut(String, Option<&str>)) {
    let known = OnceCell::new();
    for list in CONTAINER_LISTS {
        for (index, container) in spec_list(template, list).iter().enumerate() {
            let mounts = Mounts::of(container);
            for (name, paths) in &mounts.0 {
                let volumes = known.get_or_init(|| volumes(template));
                let Some(volume) = volumes.get(name) else { continue };
                for (path, found) in paths {
                    let Some(key) = volume.unjudged(path.as_deref()) else { continue };
                    let mut last = None;
                    for mount in found
                        .iter()
                        .flatten()
                        .filter(|mount| last.replace(**mount) != Some(**mount))
                    {
                        visit(format!("/spec/{list}/{index}/volumeMounts/{mount}"), key);
                    }
                }
            }
            of_variables(container, &mut |ConfigSource { key, place: own, .. }| {
                if key.as_deref().is_none_or(is_key_of_high_availability) {
                    visit(format!("/spec/{list}/{index}{own}"), key.as_deref());
                }
            });
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::super::of_template;
    use super::*;
    use serde_json::json;
    use std::collections::BTreeSet;

    /// What a visit of every source finds.
    fn by_visits(template: &Value) -> BTreeSet<(String, Option<String>)> {
        let mut found = BTreeSet::new();
        of_template(template, |source| {
            if source.key.as_deref().is_none_or(is_key_of_high_availability) {
                found.insert((source.place, source.key.map(Cow::into_owned)));
            }
        });
        found
    }

    #[test]
    fn indexed_volumes_give_what_visits_give() {
        let item = |key: &str, path: &str| json!({"key": key, "path": path});
        let sources = [
            json!({"name": "m"}),
            json!({"name": "m", "items": [item("address", "config.yaml")]}),
            json!({"name": "m", "items": [item("odd", "config.yaml"), item("jobGraph-1", "./x//y")]}),
            json!({"name": "m", "items": [item("address", "deep/config.yaml")]}),
        ];
        let mounts = [
            json!({"mountPath": "/opt/flink/conf"}),
            json!({"mountPath": "/opt/flink/conf/config.yaml", "subPath": "address"}),
            json!({"mountPath": "/opt/flink/conf/config.yaml", "subPath": "x/y"}),
            json!({"mountPath": "/opt/flink/conf", "subPath": "deep"}),
            json!({"mountPath": "/opt/flink/conf/flink-conf.yaml", "subPathExpr": "$(X)"}),
            json!({"mountPath": "/opt/flink/conf", "subPathExpr": "$(X)"}),
            json!({"mountPath": "/data", "subPath": "address"}),
        ];
        let mut count = 0;
        for source in &sources {
            for volume in [
                json!({"name": "v", "configMap": source}),
                json!({"name": "v", "projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": source}]}}),
                json!({"name": "v", "secret": {"secretName": "s"}}),
                json!({"name": "other", "configMap": source}),
            ] {
                for mount in &mounts {
                    let mut mount = mount.clone();
                    mount["name"] = "v".into();
                    let reference = |key: &str| json!({"name": "FLINK_PROPERTIES", "valueFrom": {"configMapKeyRef": {"name": "m", "key": key}}});
                    let containers = json!([{"name": "a"},
                        {"name": "b", "volumeMounts": [mount], "env": [reference("counter"), reference("k")]}]);
                    let template = json!({"spec": {"initContainers": containers, "containers": containers, "volumes": [volume]}});
                    let mut found = Vec::new();
                    unjudged(&template, |place, key| found.push((place, key.map(str::to_owned))));
                    let places: BTreeSet<_> = found.iter().cloned().collect();
                    assert_eq!(places.len(), found.len(), "{template}");
                    assert_eq!(places, by_visits(&template), "{template}");
                    count += found.len() - 2;
                }
            }
        }
        assert!(count > 20, "{count}");
    }
}
