//! Nodes that may go away at any moment: JobManagers without high availability lose their jobs
//! there, TaskManagers only work that a checkpoint brings back.

use super::super::list;
use super::tolerations::is_covered;
use super::{Found, Subject, Weight};
use crate::flink::Role;
use crate::flink::map_options::{map_entries, map_list};
use crate::flink::options::high_availability;
use crate::flink::workload::PodSet;
use crate::resource::pointer;
use regorus::Value;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Required terms of a node affinity.
const TERMS: &str =
    "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let spot = &subject.tenant["cost"]["spot"];
    // Of pods alone it is not known whether their cluster is highly available.
    if !matches!(spot, Value::Object(_)) || !subject.workload.declares_cluster {
        return;
    }
    let wanted = labels(&spot["nodeSelector"]);
    let highly_available = high_availability(&subject.workload.config).is_some();
    for set in &subject.workload.pods {
        let selection = Selection::of(subject, set, &wanted);
        let tolerates = tolerates(subject, set, &spot["tolerations"]);
        let there = selection == Selection::Spot || (tolerates && selection == Selection::Any);
        match set.role {
            Role::JobManager if there && !highly_available => {
                let place = place(subject, set, selection == Selection::Spot);
                let message = "the JobManager may lose its node at any moment, and without high availability its jobs with it".to_owned();
                found.add(
                    "spot",
                    &place,
                    message,
                    "set high-availability.type: kubernetes, or keep it off these nodes".to_owned(),
                );
            }
            Role::TaskManager if !there && spot["taskManagers"] == Value::Bool(true) => {
                let help = match wanted.iter().next() {
                    Some((key, value)) => format!("select {key}: {value}"),
                    None => "tolerate the taint of these nodes".into(),
                };
                let message = "TaskManagers may lose their nodes, and do not use the cheaper ones that the tenant has".to_owned();
                found.weigh("spot", &place(subject, set, true), message, help, Weight::Warning);
            }
            _ => {}
        }
    }
}

/// Which nodes a set of pods may be put on, by their labels.
#[derive(Clone, Copy, PartialEq)]
enum Selection {
    /// Only such nodes.
    Spot,
    /// Never such a node.
    Others,
    /// Such nodes and others.
    Any,
}

impl Selection {
    fn of(subject: &Subject<'_>, set: &PodSet, wanted: &BTreeMap<&str, &str>) -> Self {
        let template = set.template(subject.root);
        let mut selected: BTreeMap<String, String> = BTreeMap::new();
        let written = pointer::at(template, "/spec/nodeSelector").and_then(Json::as_object);
        selected.extend(
            written
                .into_iter()
                .flat_map(Map::iter)
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))),
        );
        if let Some((_, component)) = subject.made_roles().find(|(role, _)| *role == set.role) {
            let option = format!("kubernetes.{component}.node-selector");
            selected.extend(
                map_entries(&subject.workload.config, &option)
                    .into_iter()
                    .map(|pair| (pair.key, pair.value)),
            );
        }
        if wanted.is_empty() {
            return Self::Any;
        }
        if wanted.iter().any(|(key, value)| {
            selected.get(*key).is_some_and(|own| own != value) || is_excluded(template, key, value)
        }) {
            return Self::Others;
        }
        let chosen = wanted.iter().all(|(key, value)| {
            selected.get(*key).is_some_and(|own| own == value) || is_required(template, key, value)
        });
        if chosen { Self::Spot } else { Self::Any }
    }
}

/// Whether all terms, of which one must hold, want exactly this label.
fn is_required(template: &Json, key: &str, value: &str) -> bool {
    let terms = terms(template);
    !terms.is_empty()
        && terms.iter().all(|term| {
            expressions(term, key)
                .any(|expression| operator(expression) == "In" && values(expression).eq([value]))
        })
}

/// Whether every term rules this label out.
fn is_excluded(template: &Json, key: &str, value: &str) -> bool {
    let excludes = |expression: &Json| match operator(expression) {
        "In" => values(expression).all(|own| own != value),
        "NotIn" => values(expression).any(|own| own == value),
        "DoesNotExist" => true,
        _ => false,
    };
    let terms = terms(template);
    !terms.is_empty() && terms.iter().all(|term| expressions(term, key).any(excludes))
}

fn terms(template: &Json) -> &[Json] {
    pointer::at(template, TERMS).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn expressions<'v>(term: &'v Json, key: &str) -> impl Iterator<Item = &'v Json> {
    let all = term.get("matchExpressions").and_then(Json::as_array).into_iter().flatten();
    all.filter(move |expression| expression.get("key").and_then(Json::as_str) == Some(key))
}

fn operator(expression: &Json) -> &str {
    expression.get("operator").and_then(Json::as_str).unwrap_or_default()
}

fn values(expression: &Json) -> impl Iterator<Item = &str> {
    expression.get("values").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
}

/// Whether the pods tolerate what keeps others off these nodes.
fn tolerates(subject: &Subject<'_>, set: &PodSet, taints: &Value) -> bool {
    let Some(taints) = list(taints) else { return false };
    let written =
        pointer::at(set.template(subject.root), "/spec/tolerations").and_then(Json::as_array);
    let mut own: Vec<Value> =
        written.into_iter().flatten().map(super::super::convert::convert).collect();
    if let Some((_, component)) = subject.made_roles().find(|(role, _)| *role == set.role)
        && let Some((_, maps)) =
            map_list(&subject.workload.config, &format!("kubernetes.{component}.tolerations"))
    {
        let fields = |pairs: Vec<(String, String)>| {
            pairs.into_iter().map(|(key, value)| (Value::from(key), Value::from(value)))
        };
        own.extend(
            maps.into_iter().map(|pairs| Value::from(fields(pairs).collect::<BTreeMap<_, _>>())),
        );
    }
    taints.iter().any(|taint| is_covered(taint, &own))
}

/// Where a role's pods are given their place.
fn place(subject: &Subject<'_>, set: &PodSet, by_selector: bool) -> String {
    if let Some((_, component)) = subject.made_roles().find(|(role, _)| *role == set.role) {
        let option = format!(
            "kubernetes.{component}.{}",
            if by_selector { "node-selector" } else { "tolerations" }
        );
        if let Some((key, entry)) = subject.workload.config.under(&option).next() {
            return subject.place(key, entry);
        }
    }
    format!("{}/spec/{}", set.path(), if by_selector { "nodeSelector" } else { "tolerations" })
}

fn labels(selector: &Value) -> BTreeMap<&str, &str> {
    let pairs = selector.as_object().ok().into_iter().flat_map(|labels| labels.iter());
    pairs
        .filter_map(|(key, value)| {
            Some((super::super::as_text(key)?, super::super::as_text(value)?))
        })
        .collect()
}
