//! The files that a kustomization names as parts of its build: patches, values, settings. They look like
//! objects and are none.
//!
//! The fields are those of kustomize's `types.Kustomization` (release 5.7).

use crate::cli::settings::absolute;
use crate::resource::yaml;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The names of a kustomization, in the order in which kustomize looks for them.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// How far above a file a kustomization that names it is looked for.
const LEVELS: usize = 6;
/// A larger file is no kustomization.
const LARGEST: u64 = 1 << 20;

/// What the kustomizations around some files name.
#[derive(Debug, Default)]
pub(super) struct Kustomizations {
    folders: BTreeSet<PathBuf>,
    objects: BTreeSet<PathBuf>,
    parts: BTreeSet<PathBuf>,
}

impl Kustomizations {
    /// Reads the kustomizations in the folders of these files and in those above them.
    pub(super) fn around<'p>(files: impl IntoIterator<Item = &'p Path>) -> Self {
        let mut found = Self::default();
        for file in files {
            for folder in absolute(file).ancestors().skip(1).take(LEVELS) {
                if !found.folders.insert(folder.to_owned()) {
                    break;
                }
                found.read(folder);
            }
        }
        found
    }

    /// Whether a file is a part of a build and no object of its own.
    pub(super) fn is_part(&self, file: &Path) -> bool {
        if self.parts.is_empty() {
            return false;
        }
        let file = absolute(file);
        self.parts.contains(&file) && !self.objects.contains(&file)
    }

    fn read(&mut self, folder: &Path) {
        let files = NAMES.iter().map(|name| folder.join(name));
        let Some(file) = files.into_iter().find(|file| file.is_file()) else { return };
        if file.metadata().is_ok_and(|file| file.len() > LARGEST) {
            return;
        }
        let Ok(text) = std::fs::read_to_string(&file) else { return };
        for kustomization in yaml::parse(&text).into_iter().filter_map(|document| document.value) {
            let named = |name: &str| absolute(&folder.join(name));
            self.objects.extend(objects(&kustomization).map(named));
            self.parts.extend(parts(&kustomization).map(named));
        }
    }
}

/// The files that a build reads as objects.
fn objects(kustomization: &Value) -> impl Iterator<Item = &str> {
    let fields = ["resources", "bases", "components"];
    fields.into_iter().flat_map(|field| list(kustomization, field)).filter_map(Value::as_str)
}

/// The files that a build reads as something else.
fn parts(kustomization: &Value) -> impl Iterator<Item = &str> {
    let by_name = ["patchesStrategicMerge", "configurations", "crds"];
    let by_name = by_name.into_iter().flat_map(|field| list(kustomization, field));
    let by_path = ["patches", "patchesJson6902", "replacements"];
    let by_path = by_path.into_iter().flat_map(|field| list(kustomization, field));
    let generated = ["configMapGenerator", "secretGenerator"]
        .into_iter()
        .flat_map(|field| list(kustomization, field))
        .flat_map(|generator| list(generator, "files").iter().chain(list(generator, "envs")));
    let charts = list(kustomization, "helmCharts").iter().flat_map(|chart| {
        chart.get("valuesFile").into_iter().chain(list(chart, "additionalValuesFiles"))
    });
    by_name
        .chain(charts)
        .chain(by_path.filter_map(|patch| patch.get("path")))
        .chain(kustomization.get("openapi").and_then(|openapi| openapi.get("path")))
        .filter_map(Value::as_str)
        // `name=file` gives the file another name.
        .chain(generated.filter_map(|file| {
            let file = file.as_str()?;
            Some(file.split_once('=').map_or(file, |(_, file)| file))
        }))
}

fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_build_are_parts_unless_they_are_objects_too() {
        let root = tempfile::tempdir().unwrap();
        let prod = root.path().join("prod");
        std::fs::create_dir_all(prod.join("patches")).unwrap();
        let text = "
resources: [../base, own.yaml, both.yaml]
patches: [{path: ./patches/a.yaml}, {patch: 'a: b'}, {path: both.yaml}]
patchesStrategicMerge: [b.yaml, 'kind: Pod']
patchesJson6902: [{target: {kind: Pod}, path: c.json}]
configMapGenerator: [{name: flink, files: [config.yaml=conf/d.yaml, e.yaml]}]
helmCharts: [{name: x, valuesFile: values.yaml, additionalValuesFiles: [more.yaml]}]
openapi: {path: schema.json}
";
        std::fs::write(prod.join("kustomization.yaml"), text).unwrap();
        let files = [
            "patches/a.yaml",
            "b.yaml",
            "c.json",
            "conf/d.yaml",
            "e.yaml",
            "values.yaml",
            "more.yaml",
            "schema.json",
        ];
        let files = files.map(|file| prod.join(file));
        let found = Kustomizations::around(files.iter().map(PathBuf::as_path));
        for file in &files {
            assert!(found.is_part(file), "{}", file.display());
        }
        for file in ["own.yaml", "both.yaml", "a.yaml", "kustomization.yaml", "../base/app.yaml"] {
            assert!(!found.is_part(&prod.join(file)), "{file}");
        }
    }

    #[test]
    fn folders_without_a_kustomization_have_no_parts() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("a.yaml");
        assert!(!Kustomizations::around([file.as_path()]).is_part(&file));
    }
}
