//! The direction of dependencies: which folder of `src/` may use which. ARCHITECTURE.md explains
//! the layers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The layers, lowest first. A folder uses folders of lower layers, and of its own layer where that
/// makes no cycle.
const LAYERS: [&[&str]; 7] = [
    &["causes", "printable", "spelling", "resource"],
    &["kubernetes", "flink", "kinds", "tenant"],
    &["quota", "mutate", "rules", "rego"],
    &["pipeline"],
    &["admission", "report", "telemetry"],
    &["cluster", "server"],
    &["cli"],
];

/// Crates that only one folder may use.
const CONFINED: [(&str, &[&str]); 2] = [("clap", &["cli"]), ("kube", &["cluster", "cli"])];

/// What `kube` offers besides its client: how custom resources are defined, and label selectors.
const KUBE_TYPES: [&str; 4] =
    ["use kube::CustomResource", "use kube::{CustomResource", "use kube::core::", "#[kube("];

fn rust_files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file without its unit tests and comments, and the folder or file of `src/` that it
/// belongs to.
fn sources() -> Vec<(String, String, String)> {
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    files
        .into_iter()
        .filter_map(|path| {
            let name = path.display().to_string();
            let inside = path.strip_prefix("src").unwrap();
            let top = inside.components().next().unwrap().as_os_str().to_str().unwrap();
            let top = top.trim_end_matches(".rs").to_owned();
            let is_tests = name.ends_with("tests.rs") || name.contains("/tests/");
            if top == "main" || top == "lib" || is_tests {
                return None;
            }
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let code = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            Some((top, name, code))
        })
        .collect()
}

/// The modules that a piece of code names by `crate::`, also within braces.
fn named_modules(code: &str) -> BTreeSet<String> {
    let word = |text: &str| -> String {
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    let mut found = BTreeSet::new();
    for part in code.split("crate::").skip(1) {
        match part.strip_prefix('{') {
            None => {
                found.insert(word(part));
            }
            Some(list) => {
                let mut depth = 0;
                let mut start = true;
                for (index, character) in list.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        c if start && !c.is_whitespace() => {
                            found.insert(word(&list[index..]));
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found
}

fn layer(module: &str) -> usize {
    let found = LAYERS.iter().position(|modules| modules.contains(&module));
    found.unwrap_or_else(|| panic!("src/{module} is in no layer: add it to tests/layers.rs"))
}

/// Folder → folders that it uses, each with one file as the witness.
fn uses() -> BTreeMap<String, BTreeMap<String, String>> {
    let mut uses: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (top, file, code) in sources() {
        let entry = uses.entry(top.clone()).or_default();
        for module in named_modules(&code) {
            if module != top && LAYERS.iter().any(|modules| modules.contains(&module.as_str())) {
                entry.entry(module).or_insert_with(|| file.clone());
            }
        }
    }
    uses
}

#[test]
fn no_folder_uses_a_higher_layer() {
    let mut wrong = Vec::new();
    for (folder, used) in uses() {
        for (other, file) in used {
            if layer(&other) > layer(&folder) {
                wrong.push(format!("{file}: {folder} uses {other}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn folders_have_no_cycles() {
    let uses = uses();
    let mut cycles = Vec::new();
    for start in uses.keys() {
        let (mut seen, mut pending) = (BTreeSet::new(), vec![start.clone()]);
        while let Some(folder) = pending.pop() {
            for (other, file) in uses.get(&folder).into_iter().flatten() {
                if other == start {
                    cycles.push(format!("{start} … {folder} → {start} ({file})"));
                } else if seen.insert(other.clone()) {
                    pending.push(other.clone());
                }
            }
        }
    }
    assert_eq!(cycles, Vec::<String>::new());
}

#[test]
fn clap_and_the_kubernetes_client_stay_in_their_folders() {
    let mut wrong = Vec::new();
    for (top, file, code) in sources() {
        for (name, allowed) in CONFINED {
            let lines = code.lines().filter(|line| {
                let names =
                    line.contains(&format!("{name}::")) || line.contains(&format!("{name}("));
                let crate_name = line.match_indices(name).any(|(at, _)| {
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c))
                });
                let is_type = name == "kube" && KUBE_TYPES.iter().any(|known| line.contains(known));
                names && crate_name && !is_type
            });
            if !allowed.contains(&top.as_str()) {
                wrong.extend(lines.map(|line| format!("{file}: {}", line.trim())));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
