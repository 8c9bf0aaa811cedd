//! `scheduling/capacity`

use crate::flink::pods::Pods;
use crate::kubernetes::placement::{HOSTNAME, Siblings, SpreadTerm, by_role, spread_terms};
use crate::rules::words::pods_of;
use crate::rules::{Findings, Level, Rule, Subject};
use crate::tenant::{Spread, Spreading};

/// Pods that must not share a node and need more nodes than the tenant has.
pub static RULE: Rule = Rule {
    id: "scheduling/capacity",
    level: Level::Warning,
    since: "0.1.0",
    title: "Nodes for required anti-affinity",
    tenant_fields: &["scheduling.nodes", "scheduling.antiAffinity", "scheduling.spread"],
    as_is: false,
    page: include_str!("capacity.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(nodes) = subject.tenant.spec.scheduling.nodes.map(u64::from) else { return };
    let demands = subject.pods.iter().rev().map(|pods| NodeDemand::of(subject, pods));
    let most = demands.max_by_key(|demand| demand.nodes);
    let Some(most) = most.filter(|most| most.nodes > nodes) else { return };
    let pods = most.pods;
    let mut names = pods_of(pods.set.role).to_owned();
    if let Some(other) = most.other.filter(|other| other.set.role != pods.set.role) {
        names = format!("{names} and {}", pods_of(other.set.role));
    }
    let place = term(subject, pods, pods).map(|term| term.place());
    findings
        .at(pods.place(place.as_deref().unwrap_or("/spec/affinity/podAntiAffinity")))
        .message(format!(
            "required anti-affinity needs {} nodes for {names}, but the tenant has {nodes}",
            most.nodes
        ))
        .help(format!("run at most {nodes} of these pods, or ask the platform team for more nodes"))
        .wanted(nodes.to_string())
        .found(most.nodes.to_string());
}

/// How many nodes a set of pods needs at least, with the pods that it is kept spread_terms from.
struct NodeDemand<'a> {
    nodes: u64,
    pods: &'a Pods<'a>,
    /// The largest other set that must not share nodes with this one.
    other: Option<&'a Pods<'a>>,
}

impl<'a> NodeDemand<'a> {
    fn of(subject: &'a Subject<'_>, pods: &'a Pods<'a>) -> Self {
        let others = subject.pods.iter().filter(|other| {
            !std::ptr::eq(*other, pods)
                && (term(subject, pods, other).is_some() || term(subject, other, pods).is_some())
        });
        let largest = others
            .map(|other| (own_nodes(subject, other), other))
            .filter(|(nodes, _)| *nodes > 0)
            .max_by_key(|(nodes, _)| *nodes);
        let (nodes, other) = largest.unzip();
        let nodes = own_nodes(subject, pods).saturating_add(nodes.unwrap_or(0));
        Self { nodes, pods, other }
    }
}

/// How many nodes a set of pods needs at least. Blue and green have the same pods, which are kept
/// from those of their own cluster only.
fn own_nodes(subject: &Subject<'_>, pods: &Pods<'_>) -> u64 {
    let workload = subject.workload;
    let clusters = if workload.children.is_empty() { 1 } else { workload.clusters().max(1) };
    let replicas = pods.set.replicas.div_ceil(clusters);
    let is_exclusive = term(subject, pods, pods).is_some() || will_be_exclusive(subject, pods);
    if is_exclusive { replicas } else { replicas.min(1) }
}

/// The term by which pods of one set never share a node with those of another. A topology spread
/// constraint is not one: it allows a second pod on each node.
fn term<'a>(subject: &Subject<'_>, pods: &Pods<'a>, other: &Pods<'_>) -> Option<SpreadTerm<'a>> {
    let (workload, namespace) = (subject.workload, &subject.resource.namespace);
    let siblings = Siblings::of(other.set, other.template, workload, namespace);
    let mut terms =
        spread_terms(pods.spec()).filter(|term| term.excludes && term.topology_key() == HOSTNAME);
    terms.find(|term| term.fault(&siblings).is_none())
}

/// Whether the tenant gives such a term to blue and green when they are created.
fn will_be_exclusive(subject: &Subject<'_>, pods: &Pods<'_>) -> bool {
    let scheduling = &subject.tenant.spec.scheduling;
    let wanted = &scheduling.anti_affinity;
    by_role(pods.set.role, wanted.job_manager, wanted.task_manager).flatten()
        == Some(Spreading::Required)
        && !subject.workload.children.is_empty()
        && scheduling.spread != Some(Spread::TopologySpread)
        && wanted.topology_key.as_deref().is_none_or(|key| key == HOSTNAME)
}
