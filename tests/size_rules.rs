//! `flink/size`, `flink/memory` and `quota/unbounded` through the linter, every case of
//! tests/data/size-cases.yaml: what is said, of which place, with which help, and every mistake
//! once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod manifests;

use cases::flinkgate;
use manifests::read;
use serde_json::Value;
use std::collections::BTreeMap;

const RULES: [&str; 4] = ["flink/invalid-value", "flink/memory", "flink/size", "quota/unbounded"];

/// A tenant whose size is limited, by more than anybody asks for.
const TENANT: &str = "apiVersion: flinkgate.dev/v1alpha1
kind: FlinkTenant
metadata: {name: limited}
spec:
  namespaces: {names: ['*']}
  quota: {perCluster: {taskManagers: '4611686018427387904'}}
";

/// What lint finds in each of the files, as `level rule pointer: message => help`.
fn lint(folder: &std::path::Path, tenant: &std::path::Path) -> BTreeMap<String, Vec<String>> {
    let [folder, tenant] = [folder, tenant].map(|path| path.to_str().unwrap());
    let report =
        flinkgate(&["lint", folder, "--tenants", tenant, "--format", "json"], String::new());
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for finding in report["findings"].as_array().unwrap() {
        let text = |name: &str| finding[name].as_str().unwrap().to_owned();
        if RULES.contains(&finding["rule"].as_str().unwrap()) {
            assert!(
                finding["line"].as_u64().unwrap() > 0 && finding["column"].as_u64().unwrap() > 0
            );
            let line = format!(
                "{} {} {}: {} => {}",
                text("level"),
                text("rule"),
                text("pointer"),
                text("message"),
                text("help")
            );
            let file = std::path::Path::new(&text("file"))
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned();
            found.entry(file).or_default().push(line);
        }
    }
    found
}

/// How many TaskManagers `flinkgate size` gives each object, by its name.
fn size(folder: &std::path::Path) -> BTreeMap<String, Value> {
    let report = flinkgate(&["size", folder.to_str().unwrap(), "--format", "json"], String::new());
    let name = |cluster: &Value| cluster["object"]["name"].as_str().unwrap().to_owned();
    let clusters = report["clusters"].as_array().unwrap().iter();
    clusters.map(|cluster| (name(cluster), cluster["bounds"]["taskManagers"].clone())).collect()
}

#[test]
fn every_case_is_told_once_where_it_is_written() {
    let data = read("tests/data/size-cases.yaml");
    let folder = tempfile::tempdir().unwrap();
    let (tenant, manifests) = (folder.path().join("tenant.yaml"), folder.path().join("manifests"));
    std::fs::write(&tenant, TENANT).unwrap();
    std::fs::create_dir(&manifests).unwrap();
    let cases = data["cases"].as_array().unwrap();
    for (index, case) in cases.iter().enumerate() {
        let base = case["base"].as_str().unwrap();
        let mut object = match &data["bases"][base] {
            Value::Null => read(format!("tests/data/kinds/{base}.yaml")),
            own => own.clone(),
        };
        json_patch::merge(&mut object, &case["change"]);
        object["metadata"]["name"] = format!("case-{index}").into();
        std::fs::write(
            manifests.join(format!("{index}.json")),
            serde_json::to_string_pretty(&object).unwrap(),
        )
        .unwrap();
    }
    let mut found = lint(&manifests, &tenant);
    let bounds = size(&manifests);
    let mut wrong = String::new();
    for (index, case) in cases.iter().enumerate() {
        let found = found.remove(&index.to_string()).unwrap_or_default();
        let expected: Vec<_> =
            case["found"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        if found != expected {
            wrong += &format!("{}: found\n      - {}\n", case["name"], found.join("\n      - "));
        }
    }
    for (index, case) in cases.iter().enumerate().filter(|(_, case)| !case["bounds"].is_null()) {
        let found = &bounds[&format!("case-{index}")];
        if *found != case["bounds"] {
            wrong += &format!("{}: bounds {found}\n", case["name"]);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
