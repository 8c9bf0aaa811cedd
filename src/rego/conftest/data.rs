//! `data` of conftest's policies: YAML and JSON files.
//!
//! A file's content is at the top of `data`; in a folder below a path that was given, it is below
//! the folder's name, as conftest has it.

use crate::rego::error::PolicyProblem;
use crate::rego::input::convert;
use crate::resource::files::{FilesError, list_files};
use crate::resource::yaml;
use regorus::Value;
use serde_json::Map;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The data files' names that are read without being named, next to policies.
const NEXT_TO_POLICIES: [&str; 3] = ["data.yaml", "data.yml", "data.json"];

/// What the data files hold.
#[derive(Clone, Debug)]
pub struct Data {
    value: Value,
}

impl Default for Data {
    fn default() -> Self {
        Self { value: Value::new_object() }
    }
}

/// Why data files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A path does not exist or cannot be read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A file cannot be read as text.
    #[error("failed to read the data file {}, which must be readable UTF-8", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is no YAML, or no mapping.
    #[error("{0}")]
    Content(PolicyProblem),
    /// Two files have the same key.
    #[error("{}: `{key}` is in another data file too: merge them", file.display())]
    Twice {
        /// The second file.
        file: PathBuf,
        /// The key, with dots.
        key: String,
    },
}

impl Data {
    /// Reads the files under `paths`, and those next to the policies under `policies`: files named
    /// `data.yaml`, `data.yml` or `data.json`, and all files in folders named `data`.
    ///
    /// # Errors
    /// When a file cannot be read, or two have the same key.
    pub fn read(paths: &[PathBuf], policies: &[PathBuf]) -> Result<Self, DataError> {
        let mut all = Map::new();
        let mut seen = Vec::new();
        for root in paths {
            for file in list_files(std::slice::from_ref(root), &["yaml", "yml", "json"])? {
                add(&mut all, root, &file)?;
                seen.push(file);
            }
        }
        for root in policies.iter().filter(|root| root.is_dir()) {
            for file in list_files(std::slice::from_ref(root), &["yaml", "yml", "json"])? {
                let inside = file.strip_prefix(root).unwrap_or(&file);
                let folder = inside.parent().into_iter().flat_map(Path::ancestors);
                let data = folder.filter(|it| it.file_name().is_some_and(|name| name == "data"));
                let root = match data.last() {
                    Some(folder) => root.join(folder),
                    None if is_next_to_policies(&file) => root.clone(),
                    None => continue,
                };
                if !seen.contains(&file) {
                    add(&mut all, &root, &file)?;
                }
            }
        }
        Ok(Self { value: convert(&serde_json::Value::Object(all)) })
    }

    /// The data for a policy that judges this file.
    pub(super) fn of_file(&self, file: &str) -> Value {
        let (name, dir) = super::file_info(file);
        let object = |fields: Vec<(&str, Value)>| {
            let fields = fields.into_iter().map(|(key, value)| (Value::from(key), value));
            Value::from(fields.collect::<BTreeMap<_, _>>())
        };
        let file = object(vec![("name", Value::from(name)), ("dir", Value::from(dir))]);
        let Value::Object(fields) = &self.value else { return self.value.clone() };
        let mut fields: BTreeMap<Value, Value> =
            fields.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        fields.insert(Value::from("conftest"), object(vec![("file", file)]));
        Value::from(fields)
    }

    /// The data alone.
    pub fn value(&self) -> &Value {
        &self.value
    }
}

fn is_next_to_policies(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| NEXT_TO_POLICIES.contains(&name))
}

fn add(
    all: &mut Map<String, serde_json::Value>,
    root: &Path,
    file: &Path,
) -> Result<(), DataError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| DataError::Read { path: file.into(), source })?;
    let shown = file.display().to_string();
    let content = |message: String, line, column| {
        DataError::Content(PolicyProblem { file: shown.clone(), line, column, message })
    };
    for document in yaml::parse(&text) {
        if let Some(problem) = document.problems.into_iter().find(|problem| !problem.usable) {
            return Err(content(problem.message, problem.span.line, problem.span.column));
        }
        let value = match document.value {
            Some(serde_json::Value::Object(fields)) => fields,
            None | Some(serde_json::Value::Null) => continue,
            Some(_) => return Err(content("a data file holds a mapping".into(), 1, 1)),
        };
        let inside = file.strip_prefix(root).unwrap_or(Path::new(""));
        let folders: Vec<String> = inside
            .parent()
            .into_iter()
            .flat_map(Path::components)
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        let nested = folders.iter().rev().fold(value, |below, folder| {
            Map::from_iter([(folder.clone(), serde_json::Value::Object(below))])
        });
        merge(all, nested, &mut Vec::new())
            .map_err(|key| DataError::Twice { file: file.into(), key })?;
    }
    Ok(())
}

/// Merges mappings, as deep as both have them; the key that both give a value, if any.
fn merge(
    all: &mut Map<String, serde_json::Value>,
    more: Map<String, serde_json::Value>,
    path: &mut Vec<String>,
) -> Result<(), String> {
    for (key, value) in more {
        path.push(key.clone());
        match (all.get_mut(&key), value) {
            (Some(serde_json::Value::Object(below)), serde_json::Value::Object(value)) => {
                merge(below, value, path)?;
            }
            (Some(_), _) => return Err(path.join(".")),
            (None, value) => {
                all.insert(key, value);
            }
        }
        path.pop();
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn files_are_merged_below_their_folders() {
        let root = folder(&[
            ("exclusions/services.yaml", "services: {ports: [22]}\n"),
            ("exclusions/team/more.json", "{\"owner\": \"a\"}"),
            ("policy/data.yaml", "allowed: [x]\n"),
            ("policy/data/list.yaml", "kinds: {a: 1}\n"),
            ("policy/manifest.yaml", "kinds: {b: 1}\n"),
        ]);
        let path = |name: &str| root.path().join(name);
        let data = Data::read(&[path("exclusions")], &[path("policy")]).unwrap();
        let expected = serde_json::json!({"services": {"ports": [22]}, "team": {"owner": "a"},
            "allowed": ["x"], "kinds": {"a": 1}});
        assert_eq!(data.value, convert(&expected));
    }

    #[test]
    fn a_key_of_two_files_is_refused() {
        let root = folder(&[("a.yaml", "a: {b: 1}\n"), ("b.yaml", "a: {b: 2}\n")]);
        let error = Data::read(&[root.path().into()], &[]).unwrap_err().to_string();
        assert!(error.contains("`a.b` is in another data file too"), "{error}");
        let root = folder(&[("a.yaml", "- a\n")]);
        let error = Data::read(&[root.path().into()], &[]).unwrap_err().to_string();
        assert!(error.ends_with("a.yaml:1:1: a data file holds a mapping"), "{error}");
    }
}
