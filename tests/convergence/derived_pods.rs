//! An object and its pods get the same mutations.

use super::api_server::validated;
use super::objects::bases;
use super::{cases, is_refused, pods};
use flinkgate::flink::FlinkContext;
use flinkgate::kinds::lower_with_context;
use flinkgate::mutate::{patch, predict_pods};
use flinkgate::resource::Resource;
use flinkgate::rules::{Finding, Level};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn clusters_and_their_pods_get_equal_templates() {
    let (mut compared, mut admitted) = (0, 0);
    for case in cases(2500, 3) {
        let stored = case.with(case.gate.mutated(&case.resource));
        let kind = case.resource.kind.kind.as_str();
        if !matches!(kind, "FlinkDeployment" | "FlinkBlueGreenDeployment")
            || is_refused(&case.gate.mutate(&case.resource).findings)
        {
            continue;
        }
        // Options that contradict the tenant stay and are reported; the pods get the tenant's value
        // nevertheless.
        if !case.gate.mutate(&stored).findings.is_empty() {
            continue;
        }
        let workload = case.lower(&stored);
        let is_sound = |resource: &Resource| {
            case.lower(resource)
                .pods
                .iter()
                .all(|set| pods::is_sound(set.template(&resource.object)))
        };
        if !pods::is_deployed(&workload) || !is_sound(&case.resource) || !is_sound(&stored) {
            continue;
        }
        let admits = |resource: &Resource| !is_refused(&validated(&case.gate, resource));
        let cluster_admitted = admits(&stored);
        let cluster = if kind == "FlinkDeployment" {
            stored.clone()
        } else {
            let blue = pods::blue(&stored);
            let completed = Resource { object: case.gate.mutated(&blue), ..blue.clone() };
            // The terms that separate the pods of a colour contain its name.
            let (came, went) =
                (without_placement(&blue.object), without_placement(&completed.object));
            assert_eq!(came, went, "{}", case.name);
            completed
        };
        for pod in pods::of_flink_deployment(&cluster, &case.lower(&cluster)) {
            let completed = case.gate.mutated(&pod);
            let difference = serde_json::to_string_pretty(&patch(&pod.object, &completed)).unwrap();
            assert!(
                completed == pod.object,
                "the pod gets more than its cluster:\n{difference}\nof {}\n{}",
                pod.object,
                case.name
            );
            compared += 1;
            if cluster_admitted {
                let findings =
                    validated(&case.gate, &Resource { object: completed, ..pod.clone() });
                // A LimitRange may set a container's requests, so they are checked only when the
                // pod is created.
                let known = |finding: &&Finding| {
                    finding.level == Level::Error && finding.rule != "quota/undeclared"
                };
                let refusals: Vec<_> = findings.iter().filter(known).collect();
                assert!(
                    refusals.is_empty(),
                    "a pod of what was admitted is refused: {refusals:#?}\n{}\n{}",
                    pod.object,
                    case.name
                );
                admitted += 1;
            }
        }
    }
    assert!(
        compared > 200 && admitted > 50,
        "{compared} compared, {admitted} of admitted clusters"
    );
}

/// The value without anti-affinity and spread constraints, and without fields that are empty then.
fn without_placement(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, _)| {
                !["affinity", "topologySpreadConstraints"].contains(&key.as_str())
            });
            let kept = kept.map(|(key, value)| (key.clone(), without_placement(value)));
            kept.filter(|(_, value)| !value.is_null() && *value != json!({}))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        Value::Array(elements) => elements.iter().map(without_placement).collect(),
        other => other.clone(),
    }
}

#[test]
fn derived_pods_equal_recorded_pods() {
    let bases = bases();
    let lowered = |resource: &Resource| {
        lower_with_context(resource, &resource.object, &FlinkContext::default()).unwrap()
    };
    let names = |list: &Value| -> Vec<String> {
        let names = list
            .as_array()
            .into_iter()
            .flatten()
            .map(|element| element["name"].as_str().unwrap().to_owned());
        names.filter(|name| !name.starts_with("kube-api-access-")).collect()
    };
    let mut compared = 0;
    for (name, deployment) in
        bases.iter().filter(|(_, resource)| resource.kind.kind == "FlinkDeployment")
    {
        let workload = lowered(deployment);
        for derived in pods::of_flink_deployment(deployment, &workload) {
            let role = |pod: &Resource| lowered(pod).pods[0].role;
            let recorded = bases.iter().map(|(_, resource)| resource).find(|resource| {
                resource.kind.kind == "Pod"
                    && resource.object["metadata"]["labels"]["app"] == workload.cluster.as_str()
                    && role(resource) == role(&derived)
            });
            let Some(recorded) = recorded
                .filter(|_| name.starts_with("01-CREATE") && !workload.cluster.starts_with("etl"))
            else {
                continue;
            };
            let (ours, theirs) = (lowered(&derived), lowered(recorded));
            assert_eq!(
                (ours.engine, ours.mode, &ours.cluster),
                (theirs.engine, theirs.mode, &theirs.cluster),
                "{name}"
            );
            assert_eq!(ours.pods[0].main_container, theirs.pods[0].main_container, "{name}");
            assert_eq!(
                names(&derived.object["spec"]["containers"]),
                names(&recorded.object["spec"]["containers"]),
                "{name}"
            );
            assert_eq!(
                names(&derived.object["spec"]["initContainers"]),
                names(&recorded.object["spec"]["initContainers"]),
                "{name}"
            );
            let theirs = names(&recorded.object["spec"]["volumes"]);
            assert!(
                names(&derived.object["spec"]["volumes"])
                    .iter()
                    .all(|volume| theirs.contains(volume)),
                "{name}: {theirs:?}"
            );
            let owner =
                |pod: &Resource| pod.object["metadata"]["ownerReferences"][0]["kind"].clone();
            assert_eq!(owner(&derived), owner(recorded), "{name}");
            for (key, value) in recorded.object["metadata"]["labels"].as_object().unwrap() {
                assert!(
                    key == "pod-template-hash"
                        || derived.object["metadata"]["labels"][key] == *value,
                    "{name}: {key}"
                );
            }
            compared += 1;
        }
    }
    assert!(compared >= 6, "{compared} compared");
}

#[test]
fn controller_pods_match_the_prediction() {
    let mut compared = BTreeMap::new();
    for case in cases(2000, 4) {
        let kind = case.resource.kind.kind.clone();
        if !["Deployment", "StatefulSet", "Job", "CronJob", "FlinkCluster", "FlinkApplication"]
            .contains(&kind.as_str())
        {
            continue;
        }
        let workload = case.lower(&case.resource);
        let Some(predicted) =
            predict_pods(&case.resource, &case.resource.object, &workload, &case.spec)
        else {
            continue;
        };
        if flinkgate::flink::requester::claims_operators_owner(&case.resource.object) {
            continue;
        }
        let object = predicted.object.unwrap_or_else(|| case.resource.object.clone());
        for (set, before) in predicted.pods.iter().zip(&workload.pods) {
            let template = set.template(&object);
            let pod = pods::of_template(&case.resource, before.template(&case.resource.object));
            let completed = case.gate.mutated(&pod);
            assert_eq!(completed["spec"], template["spec"], "{}", case.name);
            for (key, value) in template["metadata"]["labels"].as_object().into_iter().flatten() {
                assert_eq!(completed["metadata"]["labels"][key], *value, "{}", case.name);
            }
            *compared.entry(kind.clone()).or_insert(0) += 1;
        }
    }
    assert!(compared.len() == 6 && compared.values().all(|count| *count >= 8), "{compared:?}");
}
