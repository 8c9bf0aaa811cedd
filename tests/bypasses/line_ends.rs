//! `lint` ends lines where Kubernetes' own YAML reader does, so a line separator hides nothing.
//! `tests/data/yaml/line-ends/` has what sigs.k8s.io/yaml makes of each text.

use flinkgate::resource::yaml::parse;
use serde_json::Value;
use std::fs;

#[test]
fn lines_end_where_kubernetes_ends_them() {
    // More cases, such as random ones.
    let more = std::env::var("FLINKGATE_YAML_CASES");
    let file = more.as_deref().unwrap_or("tests/data/yaml/line-ends/cases.jsonl");
    let cases = fs::read_to_string(file).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = case["text"].as_str().unwrap();
        let found = parse(text).into_iter().next().and_then(|document| document.value);
        count += 1;
        // A text that Kubernetes refuses, or that is no object, is never applied.
        let is_missing = found.is_none() && more.is_ok();
        if case["json"].is_object() && !is_missing && found.as_ref() != Some(&case["json"]) {
            wrong.push(format!("{text:?}\n  {} is read as {found:?}", case["json"]));
        }
    }
    assert!(count > 1_800, "{count} cases");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
