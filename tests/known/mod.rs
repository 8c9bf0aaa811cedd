//! The table of `docs/what-flinkgate-knows.md`: each rule exists, and each example has its finding.

use super::manifests::document;
use super::rule_examples::{built_in, gate};
use flinkgate::quota::Usage;
use flinkgate::resource::Resource;
use serde_json::{Value, json};

const PAGE: &str = "docs/what-flinkgate-knows.md";

/// What the examples change. It has no finding.
const COMPLETE: &str = r#"
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: etl, namespace: payments-prod}
spec:
  image: registry.example.com/etl:1.4.0
  flinkVersion: v2_1
  serviceAccount: flink
  flinkConfiguration: {taskmanager.numberOfTaskSlots: "2"}
  jobManager: {resource: {cpu: 1, memory: 2048m}}
  taskManager: {resource: {cpu: 1, memory: 2048m}}
  job: {jarURI: "local:///opt/flink/usrlib/job.jar", parallelism: 2, upgradeMode: stateless}
"#;

/// Example and rule of each row.
fn rows() -> Vec<(String, String)> {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    rows.map(|row| {
        let code: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        let [example, rule] = code[..] else { panic!("{row}") };
        (example.to_owned(), rule.to_owned())
    })
    .collect()
}

/// Merges a change into a value; a field with dots is a path, except below the options.
fn merge(at: &mut Value, change: Value, has_paths: bool) {
    let Value::Object(fields) = change else {
        *at = change;
        return;
    };
    for (name, change) in fields {
        let path: Vec<&str> =
            if has_paths { name.split('.').collect() } else { vec![name.as_str()] };
        let mut field = &mut *at;
        for token in &path {
            if !field.is_object() {
                *field = json!({});
            }
            field = &mut field[*token];
        }
        let below =
            has_paths && !["flinkConfiguration", "logConfiguration"].contains(path.last().unwrap());
        merge(field, change, below);
    }
}

fn findings(gate: &flinkgate::pipeline::Gate, object: Value) -> Vec<String> {
    let resource = Resource::from_manifest(object).unwrap();
    let case = gate.case(&resource, false).unwrap();
    let found = gate.judge(case, &Usage::default()).findings;
    found.into_iter().map(|finding| finding.rule.into_owned()).collect()
}

#[test]
fn every_row_of_the_page_has_its_finding() {
    let policies = built_in();
    let gate = gate(&policies, json!({}));
    let complete = document(COMPLETE, "the complete object");
    assert_eq!(findings(&gate, complete.clone()), [""; 0]);
    let rows = rows();
    assert!(rows.len() >= 30, "{}", rows.len());
    let mut wrong = Vec::new();
    for (example, rule) in rows {
        assert!(policies.catalog().iter().any(|known| known.id == rule), "{rule} is no rule");
        let mut object = complete.clone();
        merge(&mut object, document(&example, &example), true);
        let found = findings(&gate, object);
        if !found.contains(&rule) {
            wrong.push(format!("{example}: {found:?}, not {rule}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_readme_leads_to_the_page() {
    assert!(std::fs::read_to_string("README.md").unwrap().contains(PAGE));
}
