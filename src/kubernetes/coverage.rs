//! Which PodDisruptionBudgets of a namespace cover which pods, looked up together: a namespace may
//! have as many budgets as objects that run pods.

use super::disruption::EvictablePods;
use super::placement::{PodLabels, indexed_label, selects};
use crate::flink::budgets::{
    Budget, BudgetCoverage, CoveredPods, NamespaceObjects, WorkloadObject, note_budget,
};
use crate::flink::pod_index::{IndexedPods, PodIndex, SelectorWork};
use crate::resource::steps;
use serde_json::Value;
use std::collections::BTreeMap;

/// Budgets that are compared with the pods of one object: an honest object has a few.
const BUDGETS_PER_OBJECT: usize = 128;

/// The pods that a budget covers; `None` if that is not known.
pub fn covered_by(namespace: &NamespaceObjects, budget: &Budget) -> Option<CoveredPods> {
    let selector = budget.selector.as_ref()?;
    let coverage = coverage(namespace);
    match coverage.covered.get(&selector.to_string()) {
        Some(known) => known.clone(),
        // An operator creates it, so it is in no file.
        None => {
            let covered = search(coverage, selector, &mut SelectorWork::for_objects(1))?;
            Some(covered_pods(namespace, coverage, &covered))
        }
    }
}

/// Another budget that covers some of these pods.
pub fn other_budget<'a>(
    namespace: &'a NamespaceObjects,
    covered: &CoveredPods,
    own: &Budget,
) -> Option<&'a Budget> {
    let mut all = covered.budgets.iter().filter_map(|number| namespace.budgets.get(*number));
    all.find(|other| !own.name.is_empty() && other.name != own.name)
}

/// Whether a budget of the namespace covers these pods. So it is if too many would have to be
/// compared.
pub fn is_covered(namespace: &NamespaceObjects, pods: EvictablePods<'_>) -> bool {
    let coverage = coverage(namespace);
    let labels = PodLabels::of(pods.set, pods.template(), pods.workload);
    let own = labels.indexed();
    let by_label = own.labels.iter().flat_map(|(key, value)| {
        let of_key = coverage.by_label.get(key);
        let of_value = value.as_ref().and_then(|value| of_key?.get(&Some(value.clone())));
        let of_any = of_key.and_then(|of_key| of_key.get(&None));
        of_value.into_iter().chain(of_any).flatten()
    });
    let mut compared = 0_usize;
    by_label.chain(&coverage.by_no_label).any(|selector| {
        steps::step();
        compared = compared.saturating_add(1);
        compared > BUDGETS_PER_OBJECT || selects(Some(selector), |key| labels.get(key))
    })
}

fn coverage(namespace: &NamespaceObjects) -> &BudgetCoverage {
    namespace.coverage.get_or_init(|| {
        let mut found =
            BudgetCoverage { pods: pods_of(&namespace.workloads), ..BudgetCoverage::default() };
        let objects = namespace.budgets.len().saturating_add(found.pods.len());
        let mut work = SelectorWork::for_objects(objects);
        let mut sets: BTreeMap<String, Selected> = BTreeMap::new();
        for (number, budget) in namespace.budgets.iter().enumerate() {
            steps::step();
            let Some(selector) = &budget.selector else { continue };
            let selected = sets.entry(selector.to_string()).or_insert_with(|| {
                add_selector(&mut found, selector);
                let pods = search(&found, selector, &mut work);
                Selected { pods, budgets: Vec::new() }
            });
            note_budget(&mut selected.budgets, number, &namespace.budgets);
        }
        for Selected { pods, budgets } in sets.values() {
            for pods in pods.iter().flatten() {
                let known = found.budgets_of_pods.entry(*pods).or_default();
                for number in budgets {
                    steps::step();
                    note_budget(known, *number, &namespace.budgets);
                }
            }
        }
        for (selector, Selected { pods, .. }) in sets {
            let covered = pods.map(|pods| covered_pods(namespace, &found, &pods));
            found.covered.insert(selector, covered);
        }
        found
    })
}

/// What one selector selects.
struct Selected {
    /// The numbers of the sets; `None` if that took too much work.
    pods: Option<Vec<usize>>,
    /// The first two budgets with it.
    budgets: Vec<usize>,
}

fn pods_of(workloads: &[WorkloadObject]) -> PodIndex {
    let mut index = PodIndex::default();
    for (object, one) in workloads.iter().enumerate() {
        for (set, pods) in EvictablePods::of(&one.object, &one.workload).enumerate() {
            let labels = PodLabels::of(pods.set, pods.template(), &one.workload);
            index.add(IndexedPods { object, set, ..labels.indexed() });
        }
    }
    index
}

/// Notes a selector under the label that the fewest pods have, of those that it requires.
fn add_selector(found: &mut BudgetCoverage, selector: &Value) {
    let rarest = required(selector)
        .min_by_key(|(key, value)| found.pods.candidates(std::iter::once((*key, *value))).len());
    match rarest {
        Some((key, value)) => {
            let of_key = found.by_label.entry(key.to_owned()).or_default();
            of_key.entry(value.map(str::to_owned)).or_default().push(selector.clone());
        }
        None => found.by_no_label.push(selector.clone()),
    }
}

/// The numbers of the sets that a selector selects; `None` if that takes too much work.
fn search(
    coverage: &BudgetCoverage,
    selector: &Value,
    work: &mut SelectorWork,
) -> Option<Vec<usize>> {
    let mut found = Vec::new();
    for number in coverage.pods.candidates(required(selector)).iter() {
        if !work.take(1) {
            return None;
        }
        let Some(pods) = coverage.pods.get(number) else { continue };
        if selects(Some(selector), |key| indexed_label(pods, key)) {
            found.push(number);
        }
    }
    Some(found)
}

/// The labels without which no pods are selected, with the value if there is only one.
fn required(selector: &Value) -> impl Iterator<Item = (&str, Option<&str>)> {
    let labels = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let labels = labels.map(|(key, value)| (key.as_str(), value.as_str()));
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    let expressions = expressions.into_iter().flatten().filter_map(|expression| {
        let key = expression.get("key")?.as_str()?;
        match expression.get("operator")?.as_str()? {
            "Exists" => Some((key, None)),
            "In" => match expression.get("values")?.as_array()?.as_slice() {
                [only] => Some((key, only.as_str())),
                _ => Some((key, None)),
            },
            _ => None,
        }
    });
    labels.chain(expressions)
}

/// What is known of sets by their numbers.
fn covered_pods(
    namespace: &NamespaceObjects,
    coverage: &BudgetCoverage,
    numbers: &[usize],
) -> CoveredPods {
    let mut covered = CoveredPods::default();
    for number in numbers {
        steps::step();
        let Some(pods) = coverage.pods.get(*number) else { continue };
        let Some(one) = namespace.workloads.get(pods.object) else { continue };
        let Some(set) = one.workload.pods.get(pods.set) else { continue };
        let pods = EvictablePods { set, object: &one.object, workload: &one.workload };
        covered.add(&pods.known());
        for budget in coverage.budgets_of_pods.get(number).into_iter().flatten() {
            covered.add_budget(*budget, &namespace.budgets);
        }
    }
    covered
}
