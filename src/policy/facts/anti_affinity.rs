//! `pods[].antiAffinity`: whether a pod's anti-affinity keeps pods of its own role and cluster apart.
//!
//! Judged by meaning, not by spelling: a term counts if its topology key is the tenant's and its selector matches
//! the labels that these very pods will carry.

use super::object;
use crate::flink::{Engine, Mode, PodSet, Workload};
use crate::resource::pointer;
use regorus::Value;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// `{required, preferred}` for a topology key.
pub fn anti_affinity(set: &PodSet, template: &Json, workload: &Workload, namespace: &str, topology_key: &str) -> Value {
    if !workload.children.is_empty() {
        // Each child's pods carry its own name: it is completed and judged when the operator makes it.
        return object([("required", Value::Bool(true)), ("preferred", Value::Bool(true))]);
    }
    let rules = pointer::at(template, "/spec/affinity/podAntiAffinity");
    let labels = rules.map(|_| pod_labels(set, template, workload)).unwrap_or_default();
    let list = |field: &str| rules.and_then(|rules| rules.get(field)).and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let keeps_apart = |term: &Json| {
        term.get("topologyKey").and_then(Json::as_str) == Some(topology_key) && in_namespace(term, namespace) && selects(term, &labels)
    };
    let required = list("requiredDuringSchedulingIgnoredDuringExecution").iter().any(keeps_apart);
    let weighted = |term: &Json| term.get("weight").and_then(Json::as_i64) != Some(0);
    let mut preferred = list("preferredDuringSchedulingIgnoredDuringExecution").iter().filter(|term| weighted(term));
    let preferred = preferred.any(|term| term.get("podAffinityTerm").is_some_and(keeps_apart));
    object([("required", Value::Bool(required)), ("preferred", Value::Bool(preferred))])
}

/// The template's labels under those that the operator and Flink put on every pod.
fn pod_labels<'a>(set: &PodSet, template: &'a Json, workload: &'a Workload) -> BTreeMap<&'a str, &'a str> {
    let own = pointer::at(template, "/metadata/labels").and_then(Json::as_object).into_iter().flatten();
    let mut labels: BTreeMap<_, _> = own.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect();
    if let (true, Engine::Operator, Some(component)) = (workload.declares_cluster, workload.engine, set.role.component()) {
        let kind = if workload.mode == Some(Mode::Standalone) { "flink-standalone-kubernetes" } else { "flink-native-kubernetes" };
        labels.extend([("app", workload.cluster.as_str()), ("component", component), ("type", kind)]);
    }
    labels
}

/// Whether a term looks at the pod's own namespace: without any namespaces it does.
fn in_namespace(term: &Json, namespace: &str) -> bool {
    let named = term.get("namespaces").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let selector = term.get("namespaceSelector").filter(|selector| !selector.is_null());
    let selects_all = selector.is_some_and(|selector| selector.as_object().is_some_and(|selector| selector.values().all(is_empty)));
    (named.is_empty() && selector.is_none()) || selects_all || named.iter().any(|name| name.as_str() == Some(namespace))
}

fn is_empty(value: &Json) -> bool {
    value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

/// A missing selector matches nothing, an empty one everything, as Kubernetes has it.
fn selects(term: &Json, labels: &BTreeMap<&str, &str>) -> bool {
    let Some(selector) = term.get("labelSelector").and_then(Json::as_object) else { return false };
    let exact = selector.get("matchLabels").and_then(Json::as_object).into_iter().flatten();
    let mut expressions = selector.get("matchExpressions").and_then(Json::as_array).into_iter().flatten();
    let mut mismatched = term.get("mismatchLabelKeys").and_then(Json::as_array).into_iter().flatten();
    exact.into_iter().all(|(key, value)| labels.get(key.as_str()).copied() == value.as_str())
        && expressions.all(|expression| holds(expression, labels))
        && !mismatched.any(|key| key.as_str().is_some_and(|key| labels.contains_key(key)))
}

fn holds(expression: &Json, labels: &BTreeMap<&str, &str>) -> bool {
    let Some(key) = expression.get("key").and_then(Json::as_str) else { return false };
    let mut values = expression.get("values").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    let own = labels.get(key);
    match expression.get("operator").and_then(Json::as_str) {
        Some("In") => own.is_some_and(|own| values.any(|value| value == *own)),
        Some("NotIn") => !own.is_some_and(|own| values.any(|value| value == *own)),
        Some("Exists") => own.is_some(),
        Some("DoesNotExist") => own.is_none(),
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::{Role, Template};
    use serde_json::json;

    fn required(term: Json) -> bool {
        let set = PodSet { role: Role::TaskManager, replicas: 2, template: Template::InObject(String::new()), main_container: None };
        let workload = Workload { engine: Engine::Operator, cluster: "etl".into(), declares_cluster: true, ..Workload::default() };
        let template = json!({"metadata": {"labels": {"team": "a"}},
            "spec": {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}});
        anti_affinity(&set, &template, &workload, "prod", "kubernetes.io/hostname")["required"] == Value::Bool(true)
    }

    #[test]
    fn a_term_counts_by_what_it_selects() {
        let term = |selector: Json| json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": selector});
        assert!(required(term(json!({"matchLabels": {"app": "etl", "component": "taskmanager"}}))));
        assert!(required(term(json!({"matchExpressions": [{"key": "component", "operator": "In", "values": ["taskmanager"]}]}))));
        assert!(required(term(json!({"matchLabels": {"team": "a"}}))));
        assert!(required(term(json!({}))));
        assert!(!required(term(json!({"matchLabels": {"app": "other", "component": "taskmanager"}}))));
        assert!(!required(term(json!({"matchLabels": {"component": "jobmanager"}}))));
        assert!(!required(term(json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["etl"]}]}))));
        assert!(!required(json!({"topologyKey": "kubernetes.io/hostname"})));
        assert!(!required(json!({"topologyKey": "topology.kubernetes.io/zone", "labelSelector": {}})));
        assert!(!required(json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {}, "namespaces": ["other"]})));
        assert!(required(json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {}, "namespaces": ["prod"]})));
    }
}
