//! Whether a PodDisruptionBudget is over a cluster's pods where the tenant wants one, and whether a
//! budget does what it says.
//!
//! A number of available pods always holds. For all else Kubernetes asks the pods' owners how many
//! there should be: a native TaskManager's owner is the JobManager's Deployment, and a Job does not
//! say.

use super::super::{Found, Subject, shown};
use super::{is_nameless, noun};
use crate::flink::budgets::{Amount, Budget, Limit, Neighbours};
use crate::flink::{Mode, PodSet, Role, Template, Workload};
use crate::kubernetes::placement::{Label, PodLabels, by_role, identity, selects};
use crate::resource::pointer;
use regorus::Value;
use serde_json::Value as Json;

const LIST: &str = "disruptionBudgets";
/// Labels by which Flink, its operators and charts tell roles.
const COMPONENT_LABELS: [&str; 3] =
    ["component", "app.kubernetes.io/component", "flink-deployment-type"];

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    for budget in &subject.workload.budgets {
        does_what_it_says(subject, budget, found);
    }
    if let Some(neighbours) = &subject.workload.neighbours {
        is_there(subject, neighbours, found);
    }
}

/// Some pods that a budget may be over.
#[derive(Clone, Copy)]
struct Pods<'a> {
    set: &'a PodSet,
    object: &'a Json,
    workload: &'a Workload,
}

impl<'a> Pods<'a> {
    fn of(object: &'a Json, workload: &'a Workload) -> impl Iterator<Item = Self> {
        workload.pods.iter().map(move |set| Self { set, object, workload })
    }

    fn template(self) -> &'a Json {
        self.set.template(self.object)
    }

    fn are_under(self, budget: &Budget) -> bool {
        let labels = PodLabels::of(self.set, self.template(), self.workload);
        budget.selector.is_some() && selects(budget.selector.as_ref(), |key| labels.get(key))
    }

    /// Whether a JobManager makes them, which have no controller of their own then.
    fn are_native(self) -> bool {
        self.set.role == Role::TaskManager
            && self.workload.declares_cluster
            && self.workload.mode == Some(Mode::Native)
    }

    fn are_of_a_job(self) -> bool {
        let kind = self.object.get("kind").and_then(Json::as_str);
        matches!(kind, Some("Job" | "CronJob")) && !self.workload.declares_cluster
    }

    /// How many there are as far as the object says; `None` where they grow by themselves.
    fn most(self) -> Option<u64> {
        let Workload { declares_cluster, children, size, .. } = self.workload;
        if !declares_cluster {
            // An autoscaler writes the number itself.
            return pointer::at(self.object, "/spec/replicas").map(|_| self.set.replicas);
        }
        let replicas = Some(self.set.replicas).filter(|_| children.is_empty());
        match &size.bounds {
            Some(bounds) if self.set.role == Role::TaskManager && bounds.open.is_some() => None,
            // Without a limit user code might ask for more, which hardly any does.
            Some(bounds) if self.set.role == Role::TaskManager => {
                replicas.map(|replicas| bounds.most.unwrap_or(replicas))
            }
            _ => replicas,
        }
    }
}

/// Whether a budget is over the pods of each role of which the tenant wants it. Over a single pod
/// there is none that would both keep it and let its node be drained.
fn is_there(subject: &Subject<'_>, neighbours: &Neighbours, found: &mut Found) {
    let workload = subject.workload;
    let wanted = &subject.tenant["scheduling"][LIST];
    let lasts = || {
        workload.makes_flink_pods()
            && matches!(subject.resource.kind.kind.as_str(), "Deployment" | "StatefulSet")
    };
    if !matches!(wanted, Value::Object(_))
        || !(workload.declares_cluster || lasts())
        || is_nameless(subject)
    {
        return;
    }
    for pods in Pods::of(subject.root, workload) {
        let Some(role) = by_role(pods.set.role, "jobManager", "taskManager") else { continue };
        if wanted[role] != Value::Bool(true)
            || pods.most().unwrap_or(u64::MAX).max(pods.set.replicas) < 2
        {
            continue;
        }
        if workload.budgets.iter().chain(&neighbours.budgets).any(|budget| pods.are_under(budget)) {
            continue;
        }
        let roles = noun(pods.set.role);
        let message = format!(
            "no PodDisruptionBudget of this input is over these {roles}: nodes that are drained may take all of them at once"
        );
        let limit = match pods.set.replicas.saturating_sub(1) {
            _ if !pods.are_native() => "maxUnavailable: 1".to_owned(),
            0 => "minAvailable as a number".to_owned(),
            rest => format!("minAvailable: {rest}"),
        };
        let labels = identity(pods.set, pods.template(), workload).unwrap_or_default();
        let labels: Vec<String> =
            labels.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let which = if labels.is_empty() {
            "selects them by labels of their own".into()
        } else {
            format!("selects {}", labels.join(", "))
        };
        // The template itself may not be there.
        let place = match &pods.set.template {
            Template::Merged(merged) => pointer::parent(&merged.role).unwrap_or_default(),
            _ => pods.set.path(),
        };
        found.add(LIST, place, message, format!("add one with {limit} that {}", shown(&which)));
    }
}

fn does_what_it_says(subject: &Subject<'_>, budget: &Budget, found: &mut Found) {
    let Some(limit) = budget.limit else { return };
    let neighbours = subject.workload.neighbours.as_deref();
    let beside = neighbours
        .into_iter()
        .flat_map(|all| &all.workloads)
        .flat_map(|one| Pods::of(&one.object, &one.workload));
    let under: Vec<Pods<'_>> = Pods::of(subject.root, subject.workload)
        .chain(beside)
        .filter(|pods| pods.are_under(budget))
        .collect();
    let is_flink = under.iter().any(|pods| pods.workload.is_flink()) || asks_for_flink(budget);
    if !is_flink {
        return;
    }
    let place = format!("{}/{}", budget.place, limit.field());
    if let Some(other) = neighbours.and_then(|all| other_over(budget, &all.budgets, &under)) {
        let message = format!(
            "these pods are under {:?} too, and Kubernetes evicts no pod with two budgets",
            shown(&other.name)
        );
        found.add(
            LIST,
            &format!("{}/selector", budget.place),
            message,
            "keep one of the two".to_owned(),
        );
    }
    let most: Option<u64> = under
        .iter()
        .map(|pods| pods.most())
        .try_fold(0_u64, |sum, most| Some(sum.saturating_add(most?)));
    let most = most.filter(|most| *most > 0);
    let native = under.iter().any(|pods| pods.are_native()) || asks_for_native(budget);
    if !limit.is_count() && (native || under.iter().any(|pods| pods.are_of_a_job())) {
        let message = if native {
            format!(
                "{limit} does not hold for native TaskManagers: the JobManager's Deployment owns them, and Kubernetes takes its \
                replicas for their number"
            )
        } else {
            format!(
                "{limit} lets no pod of a Job be evicted: a Job has no scale, and Kubernetes cannot tell how many pods to expect"
            )
        };
        let such = most
            .filter(|most| *most > 1)
            .map(|most| format!(", such as {}", most.saturating_sub(1)))
            .unwrap_or_default();
        return found.add(LIST, &place, message, format!("write minAvailable as a number{such}"));
    }
    let of = most.map(|most| format!(" of {most}")).unwrap_or_default();
    if keeps_all(limit, most) {
        let of = if limit.is_count() { of } else { String::new() };
        let message = format!(
            "{limit}{of} lets no pod be evicted: a node that runs one can never be drained"
        );
        let help = match (most, limit) {
            (Some(1), _) => {
                "leave the budget out: a single pod cannot both stay and leave its node".to_owned()
            }
            (Some(most), Limit::Available(_)) => {
                format!("write minAvailable: {} or less", most.saturating_sub(1))
            }
            _ => "let one be evicted: maxUnavailable: 1".to_owned(),
        };
        found.add(LIST, &place, message, help);
    }
}

/// Whether a limit never lets one pod go, of so many at most.
fn keeps_all(limit: Limit, most: Option<u64>) -> bool {
    match limit {
        Limit::Unavailable(Amount::Pods(count) | Amount::Percent(count)) => count == 0,
        Limit::Available(Amount::Percent(part)) if part >= 100 => true,
        Limit::Available(Amount::Percent(part)) => {
            most.is_some_and(|most| most.saturating_mul(part).div_ceil(100) >= most)
        }
        Limit::Available(Amount::Pods(count)) => most.is_some_and(|most| count >= most),
    }
}

/// Another budget over some of these pods.
fn other_over<'a>(own: &Budget, all: &'a [Budget], under: &[Pods<'_>]) -> Option<&'a Budget> {
    let mut others = all.iter().filter(|other| !own.name.is_empty() && other.name != own.name);
    others.find(|other| under.iter().any(|pods| pods.are_under(other)))
}

/// The one value that a selector wants a label to have.
fn demanded<'a>(budget: &'a Budget, key: &str) -> Option<&'a str> {
    let selector = budget.selector.as_ref()?;
    let by_label = || selector.get("matchLabels")?.get(key)?.as_str();
    let by_expression = || {
        let mut expressions = selector.get("matchExpressions")?.as_array()?.iter();
        let expression = expressions
            .find(|expression| expression.get("key").and_then(Json::as_str) == Some(key))?;
        match expression.get("values")?.as_array()?.as_slice() {
            [only] if expression.get("operator")?.as_str() == Some("In") => only.as_str(),
            _ => None,
        }
    };
    by_label().or_else(by_expression)
}

/// Whether the labels that a selector wants are those of Flink's pods.
fn asks_for_flink(budget: &Budget) -> bool {
    let is_role = |label: &str| {
        ["jobmanager", "taskmanager"].iter().any(|role| role.eq_ignore_ascii_case(label))
    };
    COMPONENT_LABELS.iter().filter_map(|key| demanded(budget, key)).any(is_role)
        || demanded(budget, "type").is_some_and(|kind| kind.starts_with("flink-"))
}

/// Whether a selector selects native TaskManagers, and no others of their kind, whatever cluster is
/// theirs.
fn asks_for_native(budget: &Budget) -> bool {
    const NATIVE: &str = "flink-native-kubernetes";
    let label = |key: &str| match key {
        "component" => Label::Value("taskmanager"),
        other => demanded(budget, other).map_or(Label::Absent, Label::Value),
    };
    demanded(budget, "type") == Some(NATIVE) && selects(budget.selector.as_ref(), label)
}
