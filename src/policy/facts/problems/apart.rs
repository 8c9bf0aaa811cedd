//! Whether pods must stand on different nodes: required anti-affinity or topology spread that holds among them.
//!
//! It matters where they share a volume that one node only can mount; only then is this asked.

use super::super::{as_text, get};
use super::Subject;
use crate::flink::{Engine, Mode, PodSet, Role};
use crate::resource::pointer;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt};
use serde_json::Value as Json;
use std::collections::BTreeMap;

const HOST_NAME: &str = "kubernetes.io/hostname";
const TERMS: &str = "/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution";
const SPREAD: &str = "/spec/topologySpreadConstraints";

/// Where it is said that pods of these sets must not share a node, and in words what says so.
pub(super) fn kept_apart(subject: &Subject<'_>, sets: &[usize]) -> Option<(String, String)> {
    let pods: Vec<&PodSet> = sets.iter().filter_map(|index| subject.workload.pods.get(*index)).collect();
    pods.iter().find_map(|set| {
        let template = set.template(subject.root);
        let found = by_terms(subject, set, template, &pods).or_else(|| by_spread(subject, template, &pods));
        let found = found.or_else(|| by_tenant(subject, set).then(|| (String::new(), "the tenant keeps")));
        found.map(|(within, what)| {
            let place = if within.is_empty() { set.path().to_owned() } else { set.locate(subject.root, &within) };
            (place, format!("{what} {} apart", words(set.role)))
        })
    })
}

fn by_terms(subject: &Subject<'_>, set: &PodSet, template: &Json, pods: &[&PodSet]) -> Option<(String, &'static str)> {
    let terms = pointer::at(template, TERMS)?.as_array()?;
    let separates = |term: &Json| {
        in_own_namespace(subject, term)
            && pods.iter().any(|other| {
                let another = !std::ptr::eq(*other, set) || is_many(subject, other);
                another && selects(term.get("labelSelector"), &labels(subject, other))
            })
    };
    let index = terms.iter().position(separates)?;
    Some((format!("{TERMS}/{index}"), "required anti-affinity keeps"))
}

fn by_spread(subject: &Subject<'_>, template: &Json, pods: &[&PodSet]) -> Option<(String, &'static str)> {
    let constraints = pointer::at(template, SPREAD)?.as_array()?;
    let spreads = |constraint: &Json| {
        let field = |name: &str| constraint.get(name).and_then(Json::as_str);
        let skew = constraint.get("maxSkew").and_then(Json::as_u64).unwrap_or(1);
        let selected = pods.iter().filter(|set| selects(constraint.get("labelSelector"), &labels(subject, set)));
        let count = selected.fold(0_u64, |count, set| count.saturating_add(if is_many(subject, set) { set.replicas.max(2) } else { 1 }));
        field("whenUnsatisfiable") != Some("ScheduleAnyway") && field("topologyKey") == Some(HOST_NAME) && count > skew
    };
    let index = constraints.iter().position(spreads)?;
    Some((format!("{SPREAD}/{index}"), "topology spread keeps"))
}

/// Blue and green get their tenant's anti-affinity when they are made.
fn by_tenant(subject: &Subject<'_>, set: &PodSet) -> bool {
    let field = if set.role == Role::JobManager { "jobManager" } else { "taskManager" };
    let asked = as_text(get(subject.tenant, &["scheduling", "antiAffinity", field])) == Some("Required");
    asked && !subject.workload.children.is_empty() && is_many(subject, set)
}

/// Whether there may be more than one of these pods: a session cluster in native mode gets TaskManagers as jobs come.
fn is_many(subject: &Subject<'_>, set: &PodSet) -> bool {
    let clusters = subject.workload.clusters().max(1);
    set.replicas / clusters > 1 || (set.replicas == 0 && set.role == Role::TaskManager && subject.workload.mode == Some(Mode::Native))
}

/// The template's labels under those that the operator puts on every pod.
fn labels(subject: &Subject<'_>, set: &PodSet) -> BTreeMap<String, String> {
    let workload = subject.workload;
    let own = pointer::at(set.template(subject.root), "/metadata/labels").and_then(Json::as_object).into_iter().flatten();
    let mut labels: BTreeMap<String, String> = own.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
    if let (true, Engine::Operator, Some(component)) = (workload.declares_cluster, workload.engine, set.role.component()) {
        let kind = if workload.mode == Some(Mode::Standalone) { "flink-standalone-kubernetes" } else { "flink-native-kubernetes" };
        let cluster = workload.children.first().unwrap_or(&workload.cluster);
        labels.extend([("app", cluster.as_str()), ("component", component), ("type", kind)].map(|(key, value)| (key.into(), value.into())));
    }
    labels
}

/// Without any namespaces a term looks at the pod's own; an empty selector is for all.
fn in_own_namespace(subject: &Subject<'_>, term: &Json) -> bool {
    let named = term.get("namespaces").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let selector = term.get("namespaceSelector").filter(|selector| !selector.is_null());
    let is_empty = |selector: &Json| selector.as_object().is_some_and(serde_json::Map::is_empty);
    match selector {
        Some(selector) if is_empty(selector) => true,
        None if named.is_empty() => true,
        _ => named.iter().any(|name| name.as_str() == Some(subject.resource.namespace.as_str())),
    }
}

/// Whether a selector chooses these labels; none chooses nothing, an empty one everything.
fn selects(selector: Option<&Json>, labels: &BTreeMap<String, String>) -> bool {
    let selector = selector.and_then(|selector| serde_json::from_value::<LabelSelector>(selector.clone()).ok());
    selector.and_then(|selector| Selector::try_from(selector).ok()).is_some_and(|selector| selector.matches(labels))
}

fn words(role: Role) -> &'static str {
    match role {
        Role::JobManager => "JobManagers",
        Role::TaskManager => "TaskManagers",
        Role::Other => "pods",
    }
}
