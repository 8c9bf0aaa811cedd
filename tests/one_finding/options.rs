//! Every option with a value that is wrong, forbidden, or not the enforced one: one finding.

use super::{are_two_mistakes, built_in, gate, judge};
use flinkgate::pipeline::Gate;
use flinkgate::resource::Resource;
use flinkgate::rules::Finding;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Options whose other value brings a second finding, and why it is another mistake.
const CONSEQUENCES: [(&str, &str, &str); 0] = [];

/// The keys of the catalog, with a name where the user chooses one.
fn keys() -> BTreeSet<String> {
    let lines = include_str!("../../src/flink/catalog/options.tsv").lines().skip(1);
    let keys = lines.map(|line| line.split('\t').next().unwrap().replace("<name>", "abc"));
    keys.filter(|key| !key.ends_with('.')).collect()
}

fn cluster(version: &str, key: &str, value: &str) -> Resource {
    let mut options = json!({
        "execution.checkpointing.dir": "s3://b/c",
        "execution.checkpointing.savepoint-dir": "s3://b/s",
        "execution.checkpointing.interval": "60s",
    });
    if !key.is_empty() {
        options[key] = value.into();
    }
    Resource::from_manifest(json!({
        "apiVersion": "flink.apache.org/v1beta1",
        "kind": "FlinkDeployment",
        "metadata": {"name": "etl", "namespace": "x"},
        "spec": {
            "flinkVersion": version,
            "image": "registry.example.com/flink:1.20.1",
            "serviceAccount": "flink",
            "flinkConfiguration": options,
            "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}},
            "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}},
            "job": {"jarURI": "local:///opt/flink/jobs/job.jar", "parallelism": 2, "upgradeMode": "savepoint"},
        },
    }))
    .unwrap()
}

/// The findings that an option adds to those of the cluster without it.
fn added(gate: &Gate, version: &str, key: &str, value: &str) -> Vec<Finding> {
    let before = judge(gate, &cluster(version, "", ""), false);
    let mut after = judge(gate, &cluster(version, key, value), false);
    after.retain(|finding| !before.contains(finding));
    after
}

/// What is wrong with the findings of one mistake: more than one.
fn faults(found: &[Finding], what: &str) -> Option<String> {
    let rules: BTreeSet<&str> = found.iter().map(|finding| &*finding.rule).collect();
    let are_known = match rules.iter().collect::<Vec<_>>()[..] {
        [one, other] => {
            are_two_mistakes(one, other)
                || CONSEQUENCES.iter().any(|(first, second, _)| (first, second) == (one, other))
        }
        _ => false,
    };
    if found.len() < 2 || are_known {
        return None;
    }
    let lines: Vec<String> = found
        .iter()
        .map(|finding| format!("    {} at {}: {}", finding.rule, finding.pointer, finding.message))
        .collect();
    Some(format!("{what}\n{}", lines.join("\n")))
}

fn restricted() -> Value {
    json!({
        "security": {
            "podSecurity": {"level": "restricted"},
            "serviceAccounts": ["flink"],
            "images": {"allow": ["registry.example.com/*"]},
        },
        "storage": {"checkpoints": {"locations": ["s3://b/"]}},
        "network": {"serviceTypes": ["ClusterIP"]},
    })
}

#[test]
fn a_wrong_value_of_an_option_is_one_finding() {
    let gate = gate(&built_in(), restricted());
    let mut wrong = Vec::new();
    let mut count = 0;
    for key in keys() {
        for (version, value) in [("v1_20", "nope!"), ("v2_1", "tr\nue"), ("v2_1", "-1")] {
            let found = added(&gate, version, &key, value);
            count += found.len();
            wrong.extend(faults(&found, &format!("{version} {key}: {value:?}")));
        }
    }
    assert!(count > 2000, "{count} findings");
    assert!(wrong.is_empty(), "{} of {count}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_forbidden_option_is_one_finding() {
    let mut spec = restricted();
    let keys: Vec<String> =
        keys().into_iter().filter(|key| !key.starts_with("execution.checkpointing.")).collect();
    spec["flink"]["configuration"]["forbidden"] = json!(keys);
    let gate = gate(&built_in(), spec);
    let mut wrong = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let value = ["nope!", "true", "2", "file:///tmp/x"][index % 4];
        let found = added(&gate, "v2_1", key, value);
        assert!(!found.is_empty(), "{key}");
        wrong.extend(faults(&found, &format!("{key}: {value}")));
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

/// Options that several rules read, each with the value that a tenant enforces.
const ENFORCED: [(&str, &str, &str); 8] = [
    ("web.submit.enable", "false", "tr\nue"),
    ("execution.checkpointing.dir", "s3://b/e", "s3://o/x"),
    ("high-availability.storageDir", "s3://b/ha", "file:///tmp/x"),
    ("kubernetes.rest-service.exposed.type", "ClusterIP", "LoadBalancer"),
    ("restart-strategy.type", "none", "nope!"),
    ("taskmanager.numberOfTaskSlots", "2", "nope!"),
    ("kubernetes.jobmanager.service-account", "flink", "other"),
    ("kubernetes.jobmanager.annotations", "a:b", "nope!"),
];

#[test]
fn another_value_than_the_enforced_one_is_one_finding() {
    let mut wrong = Vec::new();
    for (key, value, other) in ENFORCED {
        let mut spec = restricted();
        spec["flink"]["configuration"]["enforced"] = json!({key: value});
        let gate = gate(&built_in(), spec);
        let found = added(&gate, "v2_1", key, other);
        assert!(
            found.iter().any(|finding| finding.rule == "flink/enforced-option"),
            "{key} {found:?}"
        );
        wrong.extend(faults(&found, key));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
