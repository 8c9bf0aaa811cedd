//! Repositories of many shapes: each folder of `tests/data/repositories/` is linted as a whole.
//!
//! `dot-NAME` is `.NAME` in the repository, so that git and editors leave ours alone. `expected.txt`
//! has the exit status, `FILE:LINE LEVEL RULE` of each finding, what is suppressed, and the notes;
//! `arguments.txt`, if there is one, the arguments of `lint`.
//!
//! `UPDATE_REPOSITORIES=1 cargo test --test lint_settings` writes what is expected.

use crate::folder::{Folder, lines};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const FOLDER: &str = "tests/data/repositories";

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

fn report(source: &Path) -> String {
    let repository = Folder::new(&[]);
    let (mut found, mut arguments) = (Vec::new(), String::new());
    files(source, &mut found);
    for file in found {
        let name = file.strip_prefix(source).unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        match name.as_str() {
            "expected.txt" => {}
            "arguments.txt" => arguments = text,
            name => {
                let parts: Vec<_> =
                    name.split('/').map(|part| part.replacen("dot-", ".", 1)).collect();
                repository.write(&parts.join("/"), &text);
            }
        }
    }
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let run = repository.run(&[&["lint", "--format", "json"], &arguments[..]].concat());
    let json: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{}", run.err));
    let mut out = format!("exit {}, {} objects\n", run.status, json["objects"]);
    for line in lines(&json["findings"]) {
        let _ = writeln!(out, "{line}");
    }
    for line in lines(&json["suppressed"]) {
        let _ = writeln!(out, "suppressed {line}");
    }
    for error in json["errors"].as_array().unwrap() {
        let _ = writeln!(out, "unreadable {}:{}", error["file"].as_str().unwrap(), error["line"]);
    }
    for note in run.err.lines().filter(|line| line.starts_with("note:")) {
        let _ = writeln!(out, "{note}");
    }
    out
}

#[test]
fn repositories_have_the_expected_reports() {
    let mut wrong = Vec::new();
    let mut folders: Vec<_> =
        std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    assert!(folders.len() >= 6);
    for folder in folders {
        let (report, expected) = (report(&folder), folder.join("expected.txt"));
        if std::env::var_os("UPDATE_REPOSITORIES").is_some() {
            std::fs::write(&expected, &report).unwrap();
        }
        if std::fs::read_to_string(&expected).unwrap_or_default() != report {
            wrong.push(format!("{}:\n{report}", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
