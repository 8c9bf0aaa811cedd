//! PodDisruptionBudgets: how many pods may be evicted at once, for example when nodes are drained.
//!
//! A budget depends on the pods that it selects. Offline, [`NamespaceObjects`] holds the budgets
//! and workloads of the whole input. In a cluster they are unknown, so nothing that depends on them
//! is reported.

use super::Workload;
use super::pod_index::PodIndex;
use crate::resource::{Resource, pointer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A PodDisruptionBudget, or the fields from which an operator creates one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Budget {
    /// The budget's name; empty if an operator creates it.
    pub name: String,
    /// JSON Pointer of its fields.
    pub place: String,
    /// The selector of its pods; `None` selects no pods.
    pub selector: Option<Value>,
    /// The number of pods that may be evicted, if it is readable.
    pub limit: Option<Limit>,
}

/// The number of pods that a budget releases or keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// `minAvailable`.
    Available(Amount),
    /// `maxUnavailable`.
    Unavailable(Amount),
}

/// A number of pods, or a share of the expected pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// A number of pods.
    Pods(u64),
    /// Per cent of the expected pods; Kubernetes rounds up.
    Percent(u64),
}

impl Amount {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => text.strip_suffix('%')?.parse().ok().map(Self::Percent),
            number => number.as_u64().map(Self::Pods),
        }
    }
}

impl Limit {
    /// The field of the limit.
    pub fn field(self) -> &'static str {
        match self {
            Self::Available(_) => "minAvailable",
            Self::Unavailable(_) => "maxUnavailable",
        }
    }

    /// Whether the limit does not depend on the expected number of pods.
    pub fn is_count(self) -> bool {
        matches!(self, Self::Available(Amount::Pods(_)))
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Available(Amount::Pods(count)) | Self::Unavailable(Amount::Pods(count)) => {
                write!(to, "{}: {count}", self.field())
            }
            Self::Available(Amount::Percent(part)) | Self::Unavailable(Amount::Percent(part)) => {
                write!(to, "{}: {part}%", self.field())
            }
        }
    }
}

impl Budget {
    /// Reads the budget whose fields are at `place`.
    pub fn read(object: &Value, place: &str) -> Self {
        let field = |name: &str| {
            pointer::at(object, place)
                .and_then(|spec| spec.get(name))
                .filter(|value| !value.is_null())
        };
        let amount = |name: &str| field(name).and_then(Amount::of);
        let available = || amount("minAvailable").map(Limit::Available);
        Self {
            name: crate::resource::metadata_text(object, "name").to_owned(),
            place: place.to_owned(),
            selector: field("selector").cloned(),
            limit: amount("maxUnavailable").map(Limit::Unavailable).or_else(available),
        }
    }
}

/// An object that runs pods in the same namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkloadObject {
    /// The object.
    pub object: Value,
    /// Its workload.
    pub workload: Workload,
}

/// The budgets and workloads of a namespace whose objects are all known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamespaceObjects {
    /// All its PodDisruptionBudgets.
    pub budgets: Vec<Budget>,
    /// The objects that run pods; empty if the namespace has no budgets.
    pub workloads: Vec<WorkloadObject>,
    /// Which budgets cover which pods. It is looked up once for all objects.
    pub coverage: OnceLock<BudgetCoverage>,
}

/// Which budgets of a namespace cover which pods.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BudgetCoverage {
    /// The sets of pods by their labels.
    pub pods: PodIndex,
    /// What selectors cover, by their JSON; `None` if too many pods had to be compared.
    pub covered: BTreeMap<String, Option<CoveredPods>>,
    /// The different selectors by a label that they require, with its value if only one is allowed.
    pub by_label: BTreeMap<String, BTreeMap<Option<String>, Vec<Value>>>,
    /// Those that require no label.
    pub by_no_label: Vec<Value>,
    /// Numbers of budgets that cover a set, by its number: the first two with different names.
    pub budgets_of_pods: BTreeMap<usize, Vec<usize>>,
}

/// What is known of the pods that a budget covers.
#[derive(Clone, Debug, PartialEq)]
pub struct CoveredPods {
    /// Whether some run Flink.
    pub are_flink: bool,
    /// Whether a JobManager creates some of them, so that no controller counts them.
    pub are_native: bool,
    /// Whether a Job or CronJob creates some of them.
    pub are_of_job: bool,
    /// The maximum number of pods; `None` if it is not known.
    pub most: Option<u64>,
    /// Numbers of budgets that cover some of them: the first two with different names.
    pub budgets: Vec<usize>,
}

impl Default for CoveredPods {
    /// No pods.
    fn default() -> Self {
        let (are_flink, are_native, are_of_job) = (false, false, false);
        Self { are_flink, are_native, are_of_job, most: Some(0), budgets: Vec::new() }
    }
}

impl CoveredPods {
    /// Adds what is known of other pods.
    pub fn add(&mut self, more: &Self) {
        self.are_flink |= more.are_flink;
        self.are_native |= more.are_native;
        self.are_of_job |= more.are_of_job;
        let most = self.most.zip(more.most);
        self.most = most.map(|(own, more)| own.saturating_add(more));
        self.budgets.extend(&more.budgets);
    }

    /// Adds a budget that covers some of the pods.
    pub fn add_budget(&mut self, number: usize, all: &[Budget]) {
        note_budget(&mut self.budgets, number, all);
    }
}

/// Keeps the first two of the budgets that have different names.
pub fn note_budget(noted: &mut Vec<usize>, number: usize, all: &[Budget]) {
    let name = |number: usize| all.get(number).map(|budget| &budget.name);
    match noted.iter_mut().find(|noted| name(**noted) == name(number)) {
        Some(same) => *same = number.min(*same),
        None => noted.push(number),
    }
    noted.sort_unstable();
    noted.truncate(2);
}

impl NamespaceObjects {
    /// Collects the objects of a whole input by namespace.
    pub fn of_input<'a>(
        resources: impl Iterator<Item = &'a Resource> + Clone,
        lower: impl Fn(&Resource) -> Option<Workload>,
    ) -> BTreeMap<String, Arc<Self>> {
        let mut all: BTreeMap<String, Self> = BTreeMap::new();
        for resource in resources.clone().filter(|resource| is_budget(resource)) {
            if let Some(workload) = lower(resource) {
                all.entry(resource.namespace.clone()).or_default().budgets.extend(workload.budgets);
            }
        }
        for resource in resources.filter(|resource| !is_budget(resource)) {
            if let Some(namespace) = all.get_mut(&resource.namespace)
                && let Some(workload) = lower(resource).filter(|workload| !workload.pods.is_empty())
            {
                namespace
                    .workloads
                    .push(WorkloadObject { object: resource.object.clone(), workload });
            }
        }
        all.into_iter().map(|(namespace, known)| (namespace, Arc::new(known))).collect()
    }
}

fn is_budget(resource: &Resource) -> bool {
    resource.kind.group == "policy" && resource.kind.kind == "PodDisruptionBudget"
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::kinds;
    use serde_json::json;

    #[test]
    fn limits_are_read_as_in_kubernetes() {
        for (spec, expected) in [
            (json!({"minAvailable": 2}), Some("minAvailable: 2")),
            (json!({"minAvailable": "50%"}), Some("minAvailable: 50%")),
            (json!({"maxUnavailable": 0}), Some("maxUnavailable: 0")),
            (json!({"maxUnavailable": null, "minAvailable": "100%"}), Some("minAvailable: 100%")),
            (json!({"maxUnavailable": "1%", "minAvailable": 1}), Some("maxUnavailable: 1%")),
            (json!({"minAvailable": "2"}), None),
            (json!({"minAvailable": -1}), None),
            (json!({"minAvailable": "-1%"}), None),
            (json!({}), None),
            (json!("text"), None),
        ] {
            let budget = Budget::read(&json!({"spec": spec}), "/spec");
            assert_eq!(budget.limit.map(|limit| limit.to_string()).as_deref(), expected, "{spec}");
        }
    }

    #[test]
    fn workloads_are_kept_only_with_budgets() {
        let manifest = |version: &str, kind: &str, namespace: &str, spec: Value| {
            let meta = json!({"name": "x", "namespace": namespace});
            Resource::from_manifest(
                json!({"apiVersion": version, "kind": kind, "metadata": meta, "spec": spec}),
            )
            .unwrap()
        };
        let pods = json!({"replicas": 2, "template": {"spec": {"containers": [{"name": "a", "image": "x:1"}]}}});
        let input = [
            manifest("apps/v1", "Deployment", "a", pods.clone()),
            manifest("apps/v1", "Deployment", "b", pods),
            manifest(
                "policy/v1",
                "PodDisruptionBudget",
                "a",
                json!({"minAvailable": 1, "selector": {}}),
            ),
        ];
        let known = NamespaceObjects::of_input(input.iter(), |one| kinds::lower(one, &one.object));
        let counts: Vec<_> = known
            .iter()
            .map(|(name, all)| (name.as_str(), all.budgets.len(), all.workloads.len()))
            .collect();
        assert_eq!(counts, [("a", 1, 1)]);
    }
}
