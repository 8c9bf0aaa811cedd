//! Manifests and recorded reviews of this repository, as tests read them.
#![allow(dead_code)]

use flinkgate::admission::review::Review;
use flinkgate::resource::{Operation, Resource, yaml};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The only document of a file.
pub fn read(file: impl AsRef<Path>) -> Value {
    let file = file.as_ref();
    document(&std::fs::read_to_string(file).unwrap(), &file.display().to_string())
}

/// The only document of a text, which is called so in a failure.
pub fn document(text: &str, name: &str) -> Value {
    let [document] = yaml::parse(text).try_into().expect("one document");
    assert_eq!(document.problems, [], "{name}");
    document.value.expect("a value")
}

/// The files of a folder and the folders in it, by their extension, in one order everywhere.
pub fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> =
        walkdir::WalkDir::new(root).into_iter().map(|entry| entry.unwrap().into_path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

/// What Flink, its operator and kubectl really asked to create, the examples, and the manifests of
/// every kind: each with its file.
pub fn created() -> Vec<(PathBuf, Resource)> {
    let mut found = Vec::new();
    for file in files("tests/data/recorded", "json") {
        let resource = Review::parse(&std::fs::read(&file).unwrap()).unwrap().resource().unwrap();
        if resource.operation == Operation::Create {
            found.push((file, resource));
        }
    }
    for file in
        files("examples/manifests", "yaml").into_iter().chain(files("tests/data/kinds", "yaml"))
    {
        for document in yaml::parse(&std::fs::read_to_string(&file).unwrap()) {
            let resource = document.value.and_then(|value| Resource::from_manifest(value).ok());
            found.extend(resource.map(|resource| (file.clone(), resource)));
        }
    }
    found
}
