//! Every rule about options for every kind that carries options: the kind is judged, or there is a
//! reason why the options cannot matter in it.

use crate::cases;
use crate::manifests::read;
use crate::option_carriers::{CARRIERS, Carrier, gate, validated};
use Carrier::*;
use flinkgate::rules;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const RULES: &str = "tests/data/bypasses/option-rules.yaml";

/// Custom resources of the Apache operator that make a cluster.
const OPERATORS: [Carrier; 2] = [Deployment, BlueGreen];
/// Custom resources of other operators.
const OTHER_OPERATORS: [Carrier; 2] = [FlinkCluster, FlinkApplication];
/// Pods of native clusters.
const NATIVE: [Carrier; 2] = [NativeArguments, Pod];
/// Plain manifests, and files.
const PLAIN: [Carrier; 3] = [StandaloneProperties, ConfigMapLines, ConfigMapYaml];
const JOB: [Carrier; 1] = [SessionJob];

/// Why the options of a rule cannot matter in kinds. Where other cases of the rule matter, the kind
/// is judged by these.
const REASONS: &[(&str, &[&[Carrier]], &str)] = &[
    (
        "flink/autoscaler",
        &[&OTHER_OPERATORS, &NATIVE, &PLAIN],
        "only the Apache operator has an autoscaler",
    ),
    ("flink/configuration-source", &[&JOB], "a job starts no process"),
    (
        "flink/configuration-source",
        &[&OTHER_OPERATORS, &PLAIN],
        "these do not read the option: they mount a ConfigMap at a fixed path",
    ),
    ("flink/configuration-source", &[&NATIVE], "the pods exist: the folder is what they mount"),
    (
        "flink/deprecated-option",
        &[&JOB, &OTHER_OPERATORS, &NATIVE, &PLAIN],
        "the version is unknown, or older than the deprecation",
    ),
    (
        "flink/elasticity",
        &[&OTHER_OPERATORS, &NATIVE, &PLAIN],
        "the parallelism has no upper bound of an autoscaler",
    ),
    (
        "flink/high-availability",
        &[&JOB, &OTHER_OPERATORS, &NATIVE, &PLAIN],
        "only the Apache operator rolls clusters back",
    ),
    (
        "flink/internal-option",
        &[&OTHER_OPERATORS, &NATIVE, &PLAIN],
        "no operator acts by them: in pods they are Flink's own",
    ),
    ("flink/invalid-pod", &[&JOB, &OTHER_OPERATORS, &PLAIN], "no pods are made from options"),
    ("flink/memory", &[&JOB], "a job has no processes"),
    (
        "flink/memory",
        &[&NATIVE, &PLAIN],
        "the rest of the memory options is in a file that is not known",
    ),
    (
        "flink/operator-files",
        &[&OTHER_OPERATORS, &NATIVE, &PLAIN],
        "they name files of the pods themselves",
    ),
    (
        "flink/operator-identity",
        &[&OTHER_OPERATORS, &NATIVE, &PLAIN],
        "pods act with their own service account",
    ),
    (
        "flink/operator-options",
        &[&JOB, &OTHER_OPERATORS, &NATIVE, &PLAIN],
        "only the Apache operator checks the health of clusters",
    ),
    ("flink/option-text", &[&NATIVE], "arguments are read as they are written"),
    (
        "flink/option-text",
        &[&[ConfigMapLines, ConfigMapYaml]],
        "the file is read as Flink reads it",
    ),
    ("flink/option-version", &[&JOB, &NATIVE, &PLAIN], "the version is unknown"),
    (
        "flink/overridden-option",
        &[&JOB, &OTHER_OPERATORS, &NATIVE, &PLAIN],
        "the Apache operator's fields override options",
    ),
    ("flink/pod-template", &[&JOB, &OTHER_OPERATORS, &PLAIN], "no pods are made from options"),
    (
        "flink/reserved-option",
        &[&OTHER_OPERATORS, &NATIVE, &PLAIN],
        "pods reach other namespaces only if their service account may; storage/foreign-data judges the cluster's id",
    ),
    ("flink/scheduler-mode", &[&JOB], "the cluster has the mode, and not its job"),
    (
        "flink/scheduler-mode",
        &[&OTHER_OPERATORS],
        "whether such a cluster runs one job is not known from its options",
    ),
    (
        "flink/scheduler-mode",
        &[&[Pod, ConfigMapLines, ConfigMapYaml]],
        "the pods exist, or are not known",
    ),
    (
        "flink/scheduler-mode",
        &[&[StandaloneProperties]],
        "a cluster with one job may have the mode",
    ),
    ("network/rest-exposure", &[&JOB], "a job makes no Service"),
    (
        "network/rest-exposure",
        &[&NATIVE, &PLAIN],
        "the Service is an object of its own, and judged",
    ),
    (
        "quota/per-cluster",
        &[&JOB, &OTHER_OPERATORS, &NATIVE, &PLAIN],
        "pods count with their own requests",
    ),
    (
        "scheduling/node-selector",
        &[&JOB, &OTHER_OPERATORS, &PLAIN],
        "no pods are made from options",
    ),
    ("security/config-maps", &[&JOB, &OTHER_OPERATORS, &PLAIN], "no pods are made from options"),
    ("security/entrypoint", &[&JOB, &OTHER_OPERATORS, &PLAIN], "no pods are made from options"),
    (
        "security/extended-resources",
        &[&JOB, &OTHER_OPERATORS, &PLAIN],
        "no pods are made from options",
    ),
    (
        "security/image-pull-policy",
        &[&JOB, &[ConfigMapLines, ConfigMapYaml]],
        "no pods are made from options",
    ),
    (
        "security/image-registry",
        &[&OPERATORS, &JOB, &OTHER_OPERATORS, &PLAIN],
        "a field or the pod names the image; tests/ways_round.rs has cases without",
    ),
    ("security/metadata", &[&JOB, &OTHER_OPERATORS, &PLAIN], "no pods are made from options"),
    ("security/secrets", &[&JOB, &OTHER_OPERATORS, &PLAIN], "no pods are made from options"),
    (
        "security/service-account",
        &[&JOB, &OTHER_OPERATORS, &PLAIN],
        "no pods are made from options",
    ),
    ("storage/high-availability-dir", &[&JOB], "a job has the cluster's high availability"),
    (
        "storage/high-availability-dir",
        &[&NATIVE, &PLAIN],
        "a missing option may be in another file",
    ),
    (
        "storage/savepoint-dir",
        &[&JOB, &OTHER_OPERATORS, &NATIVE, &PLAIN],
        "a missing option may be in another file, or in the cluster's options",
    ),
    ("tenancy/label", &[&JOB, &OTHER_OPERATORS, &PLAIN], "no pods are made from options"),
];

/// Rules that read no options, or that a field decides. A rule is here or has a probe.
const NOT_ABOUT_OPTIONS: &[&str] = &[
    "cost/",
    "network/host-port",
    "network/ingress-host",
    "quota/exceeded",
    "quota/growth",
    "quota/unbounded",
    "quota/undeclared",
    "scheduling/binding",
    "scheduling/capacity",
    "scheduling/disruption-budget",
    "scheduling/job-manager-anti-affinity",
    "scheduling/node-affinity",
    "scheduling/node-name",
    "scheduling/priority-class",
    "scheduling/scheduler-name",
    "scheduling/task-manager-anti-affinity",
    "scheduling/termination",
    "scheduling/zone-spread",
    "security/",
    "storage/",
    "tenancy/",
    // A read-only root decides: tests/data/field/read-only-root-unusable-dirs.
    "flink/read-only-directory",
    // A field or the version decides: the address of the JAR, the image, the template, Flink 2.
    "flink/artifacts-folder",
    "flink/file-system",
    "flink/jar",
    "flink/overlapping-option",
    "flink/allowed-version",
    "flink/duplicate-option",
    "flink/image",
    "flink/immutable",
    "flink/ingress-template",
    "flink/log-configuration",
    "flink/logging",
    "flink/metrics-reporter",
    "flink/name",
    "flink/resources",
    "flink/unset-option",
    "flink/schema",
    "flink/service-account",
    "flink/session-job",
    "flink/size",
    "flink/snapshot",
    "flink/dialect",
    "flink/unknown-field",
    "flink/version",
];

/// The rules with the options that each must report, and the spec of the tenant.
fn probes() -> BTreeMap<String, Vec<(Value, Value)>> {
    let mut probes: BTreeMap<String, Vec<(Value, Value)>> = BTreeMap::new();
    let round = cases::cases("tests/data/ways-round/cases").into_iter().map(|(_, case)| case);
    let own = read(RULES).as_array().unwrap().clone();
    for case in round.chain(own).filter(|case| case.get("patch").is_none()) {
        if let Some(options) = case.get("options") {
            let tenant = case.get("tenant").cloned().unwrap_or(json!({}));
            let rule = case["rule"].as_str().unwrap().to_owned();
            probes.entry(rule).or_default().push((tenant, options.clone()));
        }
    }
    probes
}

fn reason(rule: &str, carrier: Carrier) -> Option<&'static str> {
    let holds = |carriers: &[&[Carrier]]| carriers.iter().any(|list| list.contains(&carrier));
    let found = REASONS.iter().find(|(own, carriers, _)| *own == rule && holds(carriers));
    found.map(|(_, _, reason)| *reason)
}

#[test]
fn every_rule_about_options_holds_for_every_kind() {
    let mut wrong = Vec::new();
    for (rule, probes) in probes() {
        for carrier in CARRIERS {
            let is_found = |(tenant, options): &&(Value, Value)| {
                let findings = validated(&gate(tenant), &carrier.with(options));
                findings.iter().any(|finding| finding.rule == rule)
            };
            let found = probes.iter().filter(is_found).count();
            match reason(&rule, carrier) {
                None if found == 0 => wrong.push(format!("{rule}: {carrier:?} is not judged")),
                Some(reason) if found == probes.len() => {
                    wrong.push(format!("{rule}: {carrier:?} is judged, although {reason}"));
                }
                _ => {}
            }
        }
        let is_field = rule == "security/image-registry";
        let is_judged =
            is_field || OPERATORS.iter().all(|carrier| reason(&rule, *carrier).is_none());
        assert!(is_judged, "{rule}");
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn every_rule_has_a_probe_or_reads_no_options() {
    let probes: BTreeSet<String> = probes().into_keys().collect();
    let is_listed = |id: &str| {
        NOT_ABOUT_OPTIONS
            .iter()
            .any(|own| *own == id || (own.ends_with('/') && id.starts_with(own)))
    };
    let missing: Vec<_> = rules::all()
        .map(|rule| rule.id)
        .filter(|id| !probes.contains(*id) && !is_listed(id))
        .collect();
    assert_eq!(missing, [""; 0]);
}
