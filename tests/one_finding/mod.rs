//! One mistake is one finding: no two rules report it at one place, and no rule reports it at two.

mod options;

use super::manifests::{document, files, read};
use super::rule_examples::{
    AMBIGUOUS, UNASSIGNED, UNREADABLE, built_in, gate, gate_for_bad, resource,
};
use flinkgate::flink::FlinkContext;
use flinkgate::pipeline::Gate;
use flinkgate::quota::Usage;
use flinkgate::resource::{Resource, yaml};
use flinkgate::rules::Finding;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Pairs of rules that may report one place, and why these are two mistakes: after one is corrected, the
/// other is still there.
const TWO_MISTAKES: [(&str, &str, &str); 2] = [
    (
        "security/image-registry",
        "security/image-tag",
        "the registry and the tag of an image are two parts of it",
    ),
    (
        "flink/invalid-value",
        "security/inline-credentials",
        "a credential in plain text is one in the right form too",
    ),
];

fn are_two_mistakes(one: &str, other: &str) -> bool {
    TWO_MISTAKES.iter().any(|(first, second, _)| {
        (*first, *second) == (one, other) || (*first, *second) == (other, one)
    })
}

fn judge(gate: &Gate, resource: &Resource, as_is: bool) -> Vec<Finding> {
    let case = gate.case(resource, as_is);
    case.map(|case| gate.judge(case, &Usage::default()).findings).unwrap_or_default()
}

/// What a finding is about. A text has many options at its place, and a mapping may lack many.
fn place(finding: &Finding) -> (String, Option<String>) {
    let texts = ["/data/", "/env/", "/volumeMounts/", "/args/", "/command/"];
    let is_text = finding.pointer.ends_with("/flinkConfiguration")
        || texts.iter().any(|part| finding.pointer.contains(part));
    (finding.pointer.clone(), finding.facts.key.clone().filter(|_| is_text))
}

/// Pairs of rules at one place that are not two mistakes.
fn pairs(findings: &[Finding], name: &str) -> Vec<String> {
    let mut places: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for finding in findings {
        places.entry(place(finding)).or_default().insert(&finding.rule);
    }
    let mut found = Vec::new();
    for ((pointer, _), rules) in places {
        let rules: Vec<&str> = rules.into_iter().collect();
        for (index, one) in rules.iter().enumerate() {
            for other in &rules[index + 1..] {
                if !are_two_mistakes(one, other) {
                    found.push(format!("{name}: {one} and {other} at {pointer}"));
                }
            }
        }
    }
    found
}

#[test]
fn no_two_rules_report_one_mistake_at_one_place() {
    let policies = built_in();
    let mut wrong = Vec::new();
    let mut count = 0;
    for rule in policies.catalog() {
        if [UNASSIGNED, AMBIGUOUS, UNREADABLE].contains(&rule.id.as_str()) {
            continue;
        }
        let gate = gate_for_bad(&policies, rule);
        for example in [&rule.bad, &rule.good] {
            let found = judge(&gate, &resource(example.as_deref()), rule.as_is);
            count += found.len();
            wrong.extend(pairs(&found, &rule.id));
        }
    }
    for file in files("tests/data/field", "yaml") {
        let folder = file.parent().unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        if ["case.yaml", "tenant.yaml", "empty-tenant.yaml"].contains(&name) {
            continue;
        }
        let tenant = folder.join("tenant.yaml");
        let spec = if tenant.exists() { read(tenant)["spec"].clone() } else { json!({}) };
        let gate = gate(&policies, spec);
        for document in yaml::parse(&std::fs::read_to_string(&file).unwrap()) {
            let resource = document.value.and_then(|value| Resource::from_manifest(value).ok());
            let Some(resource) = resource else { continue };
            let found = judge(&gate, &resource, false);
            count += found.len();
            wrong.extend(pairs(&found, folder.file_name().unwrap().to_str().unwrap()));
        }
    }
    assert!(count > 200, "{count} findings");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn manifest(text: &str) -> Resource {
    Resource::from_manifest(document(text, "a manifest")).unwrap()
}

/// The cluster has the ConfigMap, and the review of the workload reads it.
#[test]
fn options_of_a_config_map_elsewhere_point_at_its_mount() {
    let config_map = manifest(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: conf, namespace: x}, data: {config.yaml: \
         \"execution.checkpointing.dir: s3://other/a\\nhigh-availability.type: zookeeper\\nhigh-availability.storageDir: file:///tmp/ha\\n\"}}",
    );
    let workload = manifest(
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: jm, namespace: x}, spec: {selector: {matchLabels: {a: b}}, \
         template: {metadata: {labels: {a: b}}, spec: {volumes: [{name: c, configMap: {name: conf}}], containers: [{name: jobmanager, \
         image: 'registry.example.com/flink:2.1.0', args: [jobmanager], volumeMounts: [{name: c, mountPath: /opt/flink/conf}], \
         resources: {requests: {cpu: 1, memory: 2Gi}, limits: {memory: 2Gi}}}]}}}}",
    );
    let mut context = FlinkContext::default();
    context.configuration_mut().add_config_map("x", "conf", &config_map.object);
    let spec = json!({
        "storage": {"checkpoints": {"locations": ["s3://payments/"]}},
        "flink": {"configuration": {"enforced": {"rest.flamegraph.enabled": true}}},
    });
    let gate = gate(&built_in(), spec).with_context(Arc::new(context));
    let found = judge(&gate, &workload, false);
    let of_options: Vec<(&str, &str)> = found
        .iter()
        .filter(|finding| finding.facts.key.is_some())
        .map(|finding| (&*finding.rule, finding.pointer.as_str()))
        .collect();
    let mount = "/spec/template/spec/containers/0/volumeMounts/0";
    assert_eq!(
        of_options,
        [
            ("flink/enforced-option", mount),
            ("flink/high-availability", mount),
            ("storage/checkpoint-dir", mount),
            ("storage/checkpoint-dir", mount),
        ],
        "{found:#?}"
    );
}

#[test]
fn a_snapshot_learns_of_its_own_field() {
    let snapshot = |path: &str| {
        manifest(&format!(
            "{{apiVersion: flink.apache.org/v1beta1, kind: FlinkStateSnapshot, metadata: {{name: s, namespace: x}}, \
             spec: {{jobReference: {{kind: FlinkDeployment, name: etl}}, savepoint: {{path: \"{path}\"}}}}}}"
        ))
    };
    let spec = json!({"storage": {"checkpoints": {"locations": ["s3://payments/"]}}});
    let gate = gate(&built_in(), spec);
    for path in ["tmp/x", "s3://other/x", "file://tmp/x", "s3://key:secret@payments/x"] {
        let found = judge(&gate, &snapshot(path), false);
        let [finding] = &found[..] else { panic!("{path}: {found:#?}") };
        let help = finding.help.as_deref().unwrap();
        let text = format!("{} {help}", finding.message);
        assert!(finding.message.contains("`spec.savepoint.path`"), "{text}");
        assert!(!text.contains("execution.checkpointing"), "{text}");
    }
    assert_eq!(judge(&gate, &snapshot("s3://payments/x"), false), []);
}
