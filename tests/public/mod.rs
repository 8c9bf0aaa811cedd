//! Public examples have no error, or one that is right.

use super::{EMPTY_TENANT, manifests};
use assert_cmd::Command;
use rayon::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const FOLDER: &str = "tests/data/public";
const EXPLAINED: &str = "tests/data/public/explained.yaml";

/// File and rule.
type Errors = BTreeSet<(String, String)>;

fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = manifests::files(FOLDER, "yaml").into_iter();
    let files = files.map(|file| file.strip_prefix(root).unwrap().to_owned());
    files.filter(|file| file != Path::new(EXPLAINED)).collect()
}

fn errors(file: &Path) -> Errors {
    let output = Command::cargo_bin("flinkgate")
        .unwrap()
        .args(["lint", "--format", "json", "--tenants", EMPTY_TENANT])
        .arg(file)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["errors"], serde_json::json!([]), "{}", file.display());
    let findings = report["findings"].as_array().unwrap().iter();
    let name = file.strip_prefix(FOLDER).unwrap().to_str().unwrap().to_owned();
    findings
        .filter(|finding| finding["level"] == "error")
        .map(|finding| (name.clone(), finding["rule"].as_str().unwrap().to_owned()))
        .collect()
}

fn explained() -> Errors {
    let mut all = Errors::new();
    for entry in manifests::read(EXPLAINED).as_array().unwrap() {
        assert!(entry["why"].as_str().is_some_and(|why| why.len() > 40), "{entry}");
        for file in entry["files"].as_array().unwrap() {
            let row = (file.as_str().unwrap().into(), entry["rule"].as_str().unwrap().into());
            assert!(all.insert(row), "{file} is there twice");
        }
    }
    all
}

#[test]
fn public_examples_have_no_error_that_is_not_explained() {
    let examples = examples();
    assert!(examples.len() >= 65, "{}", examples.len());
    let found: Errors = examples.par_iter().flat_map_iter(|file| errors(file)).collect();
    let explained = explained();
    let unexplained: Vec<_> = found.difference(&explained).collect();
    let outdated: Vec<_> = explained.difference(&found).collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    assert!(outdated.is_empty(), "explained, but without an error: {outdated:#?}");
}
