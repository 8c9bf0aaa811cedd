//! The mounts of a container that give it Flink's files.

use super::ConfigSource;
use super::paths::{below, is_file, may_reach, normal_path, relative};
use crate::flink::config_file::{CONFIG, FLINK_CONF};
use crate::resource::fields::{elements, text};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The folder of the configuration in Flink's images, unless `FLINK_CONF_DIR` or `FLINK_HOME`
/// changes it.
const FOLDER: &str = "/opt/flink/conf";
/// Longest path in bytes (Linux' `PATH_MAX`). Each mount is compared with the folder.
const LONGEST_PATH: usize = 4096;

/// Flink's files.
const FILES: [&str; 2] = [CONFIG, FLINK_CONF];

/// The mounts of a container that may give it Flink's files: by volume, and by the file's path within
/// the volume, which is unknown if a variable is part of it. One mount for each is enough, and keeps
/// the work linear.
pub(super) struct Mounts<'a>(
    pub(super) BTreeMap<&'a str, BTreeMap<Option<Cow<'a, str>>, FoundMounts>>,
);

/// For each of [`FILES`] the index of the mount.
type FoundMounts = [Option<usize>; FILES.len()];

impl<'a> Mounts<'a> {
    pub(super) fn of(container: &'a Value) -> Self {
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

    pub(super) fn visit(&self, volume: &'a Value, visit: &mut impl FnMut(ConfigSource<'a>)) {
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
