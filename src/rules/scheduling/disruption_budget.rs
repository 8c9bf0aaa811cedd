//! `scheduling/disruption-budget`

use crate::flink::Template;
use crate::flink::budgets::{Budget, CoveredPods, Limit, NamespaceObjects};
use crate::kubernetes::coverage::{covered_by, is_covered, other_budget};
use crate::kubernetes::disruption::{
    EvictablePods, blocks_eviction, selects_flink, selects_native_task_managers,
};
use crate::kubernetes::placement::{by_role, has_unnamed_clusters, identity};
use crate::resource::pointer;
use crate::rules::words::{pods_of, shown};
use crate::rules::{Findings, Level, Rule, Subject};

/// Pods without a PodDisruptionBudget, and budgets that do not work.
pub static RULE: Rule = Rule {
    id: "scheduling/disruption-budget",
    level: Level::Warning,
    since: "0.1.0",
    title: "PodDisruptionBudgets",
    tenant_fields: &["scheduling.disruptionBudgets"],
    as_is: false,
    page: include_str!("disruption_budget.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for budget in &subject.workload.budgets {
        check_budget(subject, budget, findings);
    }
    if let Some(namespace_objects) = &subject.workload.namespace_objects {
        check_coverage(subject, namespace_objects, findings);
    }
}

/// Whether a budget covers the pods of each role for which the tenant requires one. For a single
/// pod no budget would both protect it and let its node be drained.
fn check_coverage(
    subject: &Subject<'_>,
    namespace_objects: &NamespaceObjects,
    findings: &mut Findings,
) {
    let workload = subject.workload;
    let wanted = subject.tenant.spec.scheduling.disruption_budgets;
    let is_long_running = || {
        workload.creates_flink_pods()
            && matches!(subject.resource.kind.kind.as_str(), "Deployment" | "StatefulSet")
    };
    if !(wanted.job_manager || wanted.task_manager)
        || !(workload.declares_cluster || is_long_running())
        || has_unnamed_clusters(workload, subject.object)
    {
        return;
    }
    for pods in EvictablePods::of(subject.object, workload) {
        let set = pods.set;
        if by_role(set.role, wanted.job_manager, wanted.task_manager) != Some(true)
            || pods.most().unwrap_or(u64::MAX).max(set.replicas) < 2
            || workload.budgets.iter().any(|budget| pods.are_covered_by(budget))
            || is_covered(namespace_objects, pods)
        {
            continue;
        }
        let limit = if pods.are_native() {
            format!("minAvailable: {}", set.replicas.saturating_sub(1).max(1))
        } else {
            "maxUnavailable: 1".to_owned()
        };
        let labels = identity(set, pods.template(), workload).unwrap_or_default();
        let labels: Vec<String> =
            labels.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let selector = if labels.is_empty() {
            "a selector for labels that only these pods have".to_owned()
        } else {
            format!("`selector: {{matchLabels: {{{}}}}}`", shown(&labels.join(", ")))
        };
        // The template itself may be missing.
        let place = match &set.template {
            Template::Merged(merged) => pointer::parent(&merged.role).unwrap_or_default(),
            _ => set.path(),
        };
        findings
            .at(place)
            .message(format!("no PodDisruptionBudget covers these {}", pods_of(set.role)))
            .help(format!("add a PodDisruptionBudget with `{limit}` and {selector}"))
            .wanted(limit);
    }
}

/// Reports a budget that has no effect or prevents every eviction.
fn check_budget(subject: &Subject<'_>, budget: &Budget, findings: &mut Findings) {
    let Some(limit) = budget.limit else { return };
    let namespace_objects = subject.workload.namespace_objects.as_deref();
    let mut covered = CoveredPods::default();
    for pods in EvictablePods::of(subject.object, subject.workload) {
        if pods.are_covered_by(budget) {
            covered.add(&pods.known());
        }
    }
    if let Some(others) = namespace_objects.and_then(|all| covered_by(all, budget)) {
        covered.add(&others);
    }
    if !covered.are_flink && !selects_flink(budget) {
        return;
    }
    if let Some(other) = namespace_objects.and_then(|all| other_budget(all, &covered, budget)) {
        let name = shown(&other.name);
        findings
            .at(format!("{}/selector", budget.place))
            .message(format!(
                "`{name}` covers the same pods, and Kubernetes evicts no pod with two budgets"
            ))
            .help("remove one of the two budgets".to_owned())
            .found(name);
    }
    let most = covered.most.filter(|most| *most > 0);
    let native = covered.are_native || selects_native_task_managers(budget);
    let (message, help) = if limit.is_count() || !(native || covered.are_of_job) {
        if !blocks_eviction(limit, most) {
            return;
        }
        blocked(limit, most)
    } else {
        uncountable(limit, most, native)
    };
    findings
        .at(format!("{}/{}", budget.place, limit.field()))
        .message(message)
        .help(help)
        .key(limit.field())
        .found(limit.to_string());
}

/// Message and help about a limit for which Kubernetes does not know the number of pods.
fn uncountable(limit: Limit, most: Option<u64>, native: bool) -> (String, String) {
    let message = if native {
        format!(
            "`{limit}` does not work for native TaskManagers: Kubernetes expects as many as the \
             JobManager's Deployment has replicas"
        )
    } else {
        format!(
            "`{limit}` allows no eviction of a Job's pods: Kubernetes cannot tell how many to \
             expect"
        )
    };
    let help = match most.filter(|most| *most > 1) {
        Some(most) => format!("set `minAvailable: {}` instead", most.saturating_sub(1)),
        None => "set `minAvailable` to a number of pods instead".to_owned(),
    };
    (message, help)
}

/// Message and help about a limit that never allows an eviction.
fn blocked(limit: Limit, most: Option<u64>) -> (String, String) {
    let pods = match most {
        Some(1) if limit.is_count() => " for 1 pod".to_owned(),
        Some(most) if limit.is_count() => format!(" for {most} pods"),
        _ => String::new(),
    };
    let message = format!("`{limit}`{pods} allows no eviction, so the nodes cannot be drained");
    let help = match (most, limit) {
        (Some(1), _) => {
            "remove the budget: a single pod must be evicted to drain its node".to_owned()
        }
        (Some(most), Limit::Available(_)) => {
            format!("set `minAvailable: {}` or less", most.saturating_sub(1))
        }
        _ => "set `maxUnavailable: 1`".to_owned(),
    };
    (message, help)
}
