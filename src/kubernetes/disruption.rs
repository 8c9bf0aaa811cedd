//! Which pods a PodDisruptionBudget covers, and whether it ever allows an eviction.
//!
//! `minAvailable` as a number needs no other input. For every other limit, Kubernetes asks the
//! owners of the pods for the expected count. The owner of a native TaskManager is the JobManager's
//! Deployment, and a Job reports no count.

use super::placement::{Label, PodLabels, selects};
use crate::flink::budgets::{Amount, Budget, CoveredPods, Limit};
use crate::flink::{Mode, PodSet, Role, Workload};
use crate::resource::pointer;
use serde_json::Value;

/// Labels by which Flink, its operators and charts distinguish roles.
const COMPONENT_LABELS: [&str; 3] =
    ["component", "app.kubernetes.io/component", "flink-deployment-type"];
/// Flink's value of the label `type` in native mode.
const NATIVE: &str = "flink-native-kubernetes";

/// A pod set that a budget may cover.
#[derive(Clone, Copy, Debug)]
pub struct EvictablePods<'a> {
    /// The pod set.
    pub set: &'a PodSet,
    /// The object that creates the pods.
    pub object: &'a Value,
    /// The object's workload.
    pub workload: &'a Workload,
}

impl<'a> EvictablePods<'a> {
    /// The pod sets of an object.
    pub fn of(object: &'a Value, workload: &'a Workload) -> impl Iterator<Item = Self> {
        workload.pods.iter().map(move |set| Self { set, object, workload })
    }

    /// The template of the pods.
    pub fn template(self) -> &'a Value {
        self.set.template(self.object)
    }

    /// Whether the budget selects these pods.
    pub fn are_covered_by(self, budget: &Budget) -> bool {
        let labels = PodLabels::of(self.set, self.template(), self.workload);
        budget.selector.is_some() && selects(budget.selector.as_ref(), |key| labels.get(key))
    }

    /// Whether a JobManager creates these pods, so that no controller counts them.
    pub fn are_native(self) -> bool {
        self.set.role == Role::TaskManager
            && self.workload.declares_cluster
            && self.workload.mode == Some(Mode::Native)
    }

    /// Whether a Job or CronJob creates them.
    pub fn are_of_job(self) -> bool {
        let kind = self.object.get("kind").and_then(Value::as_str);
        matches!(kind, Some("Job" | "CronJob")) && !self.workload.declares_cluster
    }

    /// What budgets that cover them need to know.
    pub fn known(self) -> CoveredPods {
        CoveredPods {
            are_flink: self.workload.is_flink(),
            are_native: self.are_native(),
            are_of_job: self.are_of_job(),
            most: self.most(),
            budgets: Vec::new(),
        }
    }

    /// The maximum number of pods; `None` if it can grow without a change of the object.
    pub fn most(self) -> Option<u64> {
        let Workload { declares_cluster, children, size, .. } = self.workload;
        if !declares_cluster {
            // If the field is missing, an autoscaler may set the number.
            return pointer::at(self.object, "/spec/replicas").map(|_| self.set.replicas);
        }
        let replicas = Some(self.set.replicas).filter(|_| children.is_empty());
        match &size.bounds {
            Some(bounds) if self.set.role == Role::TaskManager && bounds.open.is_some() => None,
            // Only user code that requests resources itself exceeds this number, which is rare.
            Some(bounds) if self.set.role == Role::TaskManager => {
                replicas.map(|replicas| bounds.most.unwrap_or(replicas))
            }
            _ => replicas,
        }
    }
}

/// Whether a limit never allows an eviction with at most `most` pods.
pub fn blocks_eviction(limit: Limit, most: Option<u64>) -> bool {
    match limit {
        Limit::Unavailable(Amount::Pods(count) | Amount::Percent(count)) => count == 0,
        Limit::Available(Amount::Percent(part)) if part >= 100 => true,
        Limit::Available(Amount::Percent(part)) => {
            most.is_some_and(|most| most.saturating_mul(part).div_ceil(100) >= most)
        }
        Limit::Available(Amount::Pods(count)) => most.is_some_and(|most| count >= most),
    }
}

/// The only value of a label that a budget's selector accepts.
fn required_label<'a>(budget: &'a Budget, key: &str) -> Option<&'a str> {
    let selector = budget.selector.as_ref()?;
    let by_label = || selector.get("matchLabels")?.get(key)?.as_str();
    let by_expression = || {
        let mut expressions = selector.get("matchExpressions")?.as_array()?.iter();
        let expression = expressions
            .find(|expression| expression.get("key").and_then(Value::as_str) == Some(key))?;
        match expression.get("values")?.as_array()?.as_slice() {
            [only] if expression.get("operator")?.as_str() == Some("In") => only.as_str(),
            _ => None,
        }
    };
    by_label().or_else(by_expression)
}

/// Whether a budget's selector requires labels of Flink's pods.
pub fn selects_flink(budget: &Budget) -> bool {
    let is_role = |label: &str| {
        ["jobmanager", "taskmanager"].iter().any(|role| role.eq_ignore_ascii_case(label))
    };
    COMPONENT_LABELS.iter().filter_map(|key| required_label(budget, key)).any(is_role)
        || required_label(budget, "type").is_some_and(|kind| kind.starts_with("flink-"))
}

/// Whether a budget's selector matches native TaskManagers of any cluster, and no other pods.
pub fn selects_native_task_managers(budget: &Budget) -> bool {
    let label = |key: &str| match key {
        "component" => Label::Value("taskmanager"),
        other => required_label(budget, other).map_or(Label::Absent, Label::Value),
    };
    required_label(budget, "type") == Some(NATIVE) && selects(budget.selector.as_ref(), label)
}
