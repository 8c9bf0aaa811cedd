//! Anti-affinity terms and topology spread constraints of a pod, and which of them separate the
//! pods of its set.
//!
//! A required constraint with a skew of one counts as a required term, a preferred one as a
//! preferred term. (A constraint is weaker: if there are more pods than domains, some domains get
//! two pods.)

use super::Spreading;
use super::colocation::colocation;
use super::labels::{Label, PodLabels};
use super::selector::{list, selects};
use crate::flink::{PodSet, Workload};
use serde_json::Value;

/// The only label that every namespace has and whose value is known from the namespace's name.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const ANTI_AFFINITY_REQUIRED: &str =
    "/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution";
const ANTI_AFFINITY_PREFERRED: &str =
    "/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution";
const CONSTRAINTS: &str = "/spec/topologySpreadConstraints";

/// One anti-affinity term or topology spread constraint of a pod.
#[derive(Clone, Copy, Debug)]
pub struct SpreadTerm<'v> {
    /// How strictly the scheduler applies it.
    pub strength: Spreading,
    /// Whether it excludes nodes with any such pod, and not only nodes with more pods than others.
    pub excludes: bool,
    /// The list that contains it, relative to the pod's `spec`.
    list: &'static str,
    index: usize,
    /// The weight of a preferred term; without a weight the term has no effect.
    weight: Option<i64>,
    value: &'v Value,
}

/// Why a term does not separate the pods of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermFault {
    /// It has no selector, so it selects nothing.
    SelectsNothing,
    /// It selects other pods.
    OtherPods,
    /// It applies to namespaces that are not, or may not be, the pods' namespace.
    OtherNamespaces,
    /// A preferred term without a weight of 1 or more.
    NoWeight,
    /// Its `matchLabelKeys` or `mismatchLabelKeys` exclude these pods.
    LabelKeys,
    /// A constraint that allows uneven numbers of pods.
    Skew,
}

/// All terms and constraints of a pod's spec.
pub fn spread_terms(spec: &Value) -> impl Iterator<Item = SpreadTerm<'_>> {
    let rules = spec.get("affinity").and_then(|affinity| affinity.get("podAntiAffinity"));
    let terms = |field: &str| list(rules.and_then(|rules| rules.get(field))).iter().enumerate();
    let required = terms(REQUIRED).map(|(index, value)| SpreadTerm {
        excludes: true,
        ..SpreadTerm::new(Spreading::Required, ANTI_AFFINITY_REQUIRED, index, value)
    });
    let preferred = terms(PREFERRED).filter_map(|(index, weighted)| {
        let weight = weighted.get("weight").and_then(Value::as_i64);
        Some(SpreadTerm {
            weight,
            ..SpreadTerm::new(
                Spreading::Preferred,
                ANTI_AFFINITY_PREFERRED,
                index,
                weighted.get("podAffinityTerm")?,
            )
        })
    });
    let constraints = list(spec.get("topologySpreadConstraints")).iter().enumerate().filter_map(
        |(index, value)| {
            let strength = match value.get("whenUnsatisfiable").and_then(Value::as_str)? {
                "DoNotSchedule" => Spreading::Required,
                "ScheduleAnyway" => Spreading::Preferred,
                _ => return None,
            };
            Some(SpreadTerm::new(strength, CONSTRAINTS, index, value))
        },
    );
    required.chain(preferred).chain(constraints)
}

impl<'v> SpreadTerm<'v> {
    /// A required term or a constraint, whose weight does not matter.
    pub(super) fn new(
        strength: Spreading,
        list: &'static str,
        index: usize,
        value: &'v Value,
    ) -> Self {
        Self { strength, excludes: false, list, index, weight: Some(1), value }
    }

    /// The node label that defines the domains.
    pub fn topology_key(&self) -> &str {
        self.value.get("topologyKey").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether it is a topology spread constraint.
    pub fn is_constraint(&self) -> bool {
        self.list == CONSTRAINTS
    }

    /// JSON Pointer within the template.
    pub fn place(&self) -> String {
        format!("{}/{}", self.list, self.index)
    }

    /// The `maxSkew` of a constraint.
    pub fn max_skew(&self) -> Option<u64> {
        self.value.get("maxSkew").and_then(Value::as_u64)
    }

    /// Whether it applies to these pods, in the same namespace.
    pub fn selects(&self, pods: &Siblings<'_>) -> bool {
        matches!(self.fault(pods), None | Some(TermFault::Skew))
    }

    /// Why it does not separate its pod from these pods in the same namespace; `None` if it does.
    pub fn fault(&self, pods: &Siblings<'_>) -> Option<TermFault> {
        let selector = self.value.get("labelSelector").filter(|selector| selector.is_object());
        let skewed = || self.strength == Spreading::Required && self.max_skew() != Some(1);
        if self.weight.is_none_or(|weight| weight < 1) {
            Some(TermFault::NoWeight)
        } else if selector.is_none() {
            Some(TermFault::SelectsNothing)
        } else if !self.is_constraint() && !in_namespace(self.value, pods.namespace) {
            Some(TermFault::OtherNamespaces)
        } else if !selects(selector, |key| pods.labels.of_set(key)) {
            Some(TermFault::OtherPods)
        } else if !by_keys(self.value, &pods.labels) {
            Some(TermFault::LabelKeys)
        } else {
            (self.is_constraint() && skewed()).then_some(TermFault::Skew)
        }
    }
}

/// The pods of one set, as the terms of its own pods see them.
#[derive(Debug)]
pub struct Siblings<'a> {
    labels: PodLabels<'a>,
    namespace: &'a str,
}

impl<'a> Siblings<'a> {
    /// The pods of a set with this template.
    pub fn of(
        set: &'a PodSet,
        template: &'a Value,
        workload: &'a Workload,
        namespace: &'a str,
    ) -> Self {
        Self { labels: PodLabels::of(set, template, workload), namespace }
    }

    /// The place in the spec that colocates these pods, so that nothing can separate them.
    pub fn colocation(&self, spec: &Value, topology_key: &str) -> Option<String> {
        colocation(spec, self, topology_key)
    }

    /// How strictly the spec separates these pods; `None` if it does not.
    pub fn spreading(&self, spec: &Value, topology_key: &str) -> Option<Spreading> {
        let over_key = spread_terms(spec).filter(|term| term.topology_key() == topology_key);
        let strongest =
            over_key.filter(|term| term.fault(self).is_none()).map(|term| term.strength).max();
        strongest.filter(|_| self.colocation(spec, topology_key).is_none())
    }
}

/// Whether a term applies to the pod's namespace, which is the default. If labels select
/// namespaces, only the namespace's name is known.
fn in_namespace(term: &Value, namespace: &str) -> bool {
    let named = list(term.get("namespaces"));
    let selector = term.get("namespaceSelector").filter(|selector| !selector.is_null());
    let label =
        |key: &str| if key == NAMESPACE_NAME { Label::Value(namespace) } else { Label::Later };
    (named.is_empty() && selector.is_none())
        || named.iter().any(|name| name.as_str() == Some(namespace))
        || selector.is_some_and(|selector| selects(Some(selector), label))
}

/// Whether `matchLabelKeys` and `mismatchLabelKeys` still select the pod's own set. Their values
/// come from the pod that has the term: a label with another value in each pod excludes all others.
/// A key that the pod lacks adds nothing.
fn by_keys(term: &Value, labels: &PodLabels<'_>) -> bool {
    let keys = |field: &str| list(term.get(field)).iter().filter_map(Value::as_str);
    keys("matchLabelKeys").all(|key| labels.is_shared(key))
        && keys("mismatchLabelKeys").all(|key| labels.get(key) == Label::Absent)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::{Engine, Role, Template};
    use crate::kubernetes::placement::{HOSTNAME, ZONE};
    use serde_json::json;

    /// How strictly TaskManagers of `etl` in `prod` are separated, and what is wrong with the
    /// terms.
    fn judged(spec: Value) -> (Option<Spreading>, Vec<TermFault>) {
        let template = Template::InObject("/spec/taskManager/podTemplate".into());
        let set = PodSet { role: Role::TaskManager, replicas: 2, template, main_container: None };
        let workload = Workload {
            engine: Engine::Operator,
            cluster: "etl".into(),
            declares_cluster: true,
            ..Workload::default()
        };
        let template = json!({"metadata": {"labels": {"team": "a"}}});
        let pods = Siblings::of(&set, &template, &workload, "prod");
        (
            pods.spreading(&spec, HOSTNAME),
            spread_terms(&spec).filter_map(|term| term.fault(&pods)).collect(),
        )
    }

    fn required(change: Value) -> Value {
        let own = json!({"matchLabels": {"app": "etl", "component": "taskmanager"}});
        let mut term = json!({"topologyKey": HOSTNAME, "labelSelector": own});
        json_patch::merge(&mut term, &change);
        json!({"affinity": {"podAntiAffinity": {REQUIRED: [term]}}})
    }

    #[test]
    fn terms_count_by_the_pods_they_select() {
        let selector = |selector: Value| json!({"labelSelector": selector});
        for (change, fault) in [
            (json!({}), None),
            (selector(json!({"matchLabels": {"app": "other"}})), Some(TermFault::OtherPods)),
            (
                selector(json!({"matchLabels": {"component": "jobmanager"}})),
                Some(TermFault::OtherPods),
            ),
            (selector(json!(null)), Some(TermFault::SelectsNothing)),
            (json!({"namespaces": ["other"]}), Some(TermFault::OtherNamespaces)),
            (json!({"namespaces": ["other", "prod"]}), None),
            (json!({"namespaces": []}), None),
            (json!({"namespaceSelector": {}}), None),
            (
                json!({"namespaceSelector": {"matchLabels": {"team": "a"}}}),
                Some(TermFault::OtherNamespaces),
            ),
            (json!({"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: "prod"}}}), None),
            (
                json!({"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: "dev"}}}),
                Some(TermFault::OtherNamespaces),
            ),
            (json!({"matchLabelKeys": ["pod-template-hash", "team", "none"]}), None),
            (
                json!({"matchLabelKeys": ["statefulset.kubernetes.io/pod-name"]}),
                Some(TermFault::LabelKeys),
            ),
            (json!({"mismatchLabelKeys": ["team"]}), Some(TermFault::LabelKeys)),
            (json!({"mismatchLabelKeys": ["none"]}), None),
        ] {
            let strength = fault.is_none().then_some(Spreading::Required);
            assert_eq!(
                judged(required(change.clone())),
                (strength, fault.into_iter().collect()),
                "{change}"
            );
        }
        assert_eq!(judged(required(json!({"topologyKey": ZONE}))), (None, vec![]));
    }

    #[test]
    fn preferred_terms_count_by_their_weight() {
        let own = json!({"topologyKey": HOSTNAME, "labelSelector": {"matchLabels": {"team": "a"}}});
        let spec =
            |weighted: Value| json!({"affinity": {"podAntiAffinity": {PREFERRED: [weighted]}}});
        assert_eq!(
            judged(spec(json!({"weight": 1, "podAffinityTerm": own}))),
            (Some(Spreading::Preferred), vec![])
        );
        assert_eq!(
            judged(spec(json!({"weight": 0, "podAffinityTerm": own}))),
            (None, vec![TermFault::NoWeight])
        );
        assert_eq!(
            judged(spec(json!({"podAffinityTerm": own}))),
            (None, vec![TermFault::NoWeight])
        );
        assert_eq!(judged(spec(own)), (None, vec![]));
    }

    #[test]
    fn colocation_takes_precedence_over_separation() {
        for (key, component, expected) in [
            (HOSTNAME, "taskmanager", None),
            (HOSTNAME, "jobmanager", Some(Spreading::Required)),
            (ZONE, "taskmanager", Some(Spreading::Required)),
        ] {
            let mut spec = required(json!({}));
            spec["affinity"]["podAffinity"] = json!({REQUIRED: [{"topologyKey": key, "labelSelector": {"matchLabels": {"component": component}}}]});
            assert_eq!(judged(spec).0, expected, "{key} {component}");
        }
    }

    #[test]
    fn constraints_count_by_their_skew() {
        let constraint = |change: Value| {
            let mut constraint = json!({"topologyKey": HOSTNAME, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"component": "taskmanager"}}});
            json_patch::merge(&mut constraint, &change);
            json!({"topologySpreadConstraints": [constraint]})
        };
        for (change, expected) in [
            (json!({}), (Some(Spreading::Required), vec![])),
            (json!({"maxSkew": 2}), (None, vec![TermFault::Skew])),
            (
                json!({"maxSkew": 2, "whenUnsatisfiable": "ScheduleAnyway"}),
                (Some(Spreading::Preferred), vec![]),
            ),
            (json!({"whenUnsatisfiable": "Sometimes"}), (None, vec![])),
            (json!({"labelSelector": null}), (None, vec![TermFault::SelectsNothing])),
            (
                json!({"labelSelector": {"matchLabels": {"app": "x"}}}),
                (None, vec![TermFault::OtherPods]),
            ),
            (
                json!({"matchLabelKeys": ["apps.kubernetes.io/pod-index"]}),
                (None, vec![TermFault::LabelKeys]),
            ),
            (json!({"topologyKey": ZONE}), (None, vec![])),
        ] {
            assert_eq!(judged(constraint(change.clone())), expected, "{change}");
        }
    }

    #[test]
    fn strongest_term_counts_and_invalid_ones_do_not() {
        let mut spec = required(json!({}));
        spec["affinity"]["podAntiAffinity"][PREFERRED] = json!([{"weight": 5, "podAffinityTerm": {"topologyKey": HOSTNAME, "labelSelector": {}}}]);
        assert_eq!(judged(spec).0, Some(Spreading::Required));
        for odd in [
            json!(null),
            json!({"affinity": 7, "topologySpreadConstraints": {}}),
            json!({"affinity": {"podAntiAffinity": {REQUIRED: {}}}, "topologySpreadConstraints": [7, null]}),
        ] {
            assert_eq!(judged(odd), (None, vec![]));
        }
    }
}
