//! Whether pods that may not share a node need more nodes than the tenant has.
//!
//! Only required anti-affinity over nodes counts: a topology spread constraint lets nodes take a
//! second pod each.

use super::super::super::{as_text, whole};
use super::apart::strength;
use super::{Found, Placement, noun};
use crate::flink::PodSet;
use crate::kubernetes::placement::{HOSTNAME, Siblings, by_role, clauses};
use crate::tenant::Spreading;
use serde_json::Value as Json;

/// A set of pods, and what its anti-affinity says.
struct Set<'a> {
    set: &'a PodSet,
    spec: &'a Json,
    siblings: Siblings<'a>,
    replicas: u64,
}

pub(super) fn judge(placement: &Placement<'_>, found: &mut Found) {
    let Some(nodes) = whole(&placement.wanted["nodes"]).and_then(|nodes| u64::try_from(nodes).ok())
    else {
        return;
    };
    let subject = placement.subject;
    // Blue and green are alike, and kept from their own only.
    let clusters =
        if subject.workload.children.is_empty() { 1 } else { subject.workload.clusters().max(1) };
    let sets: Vec<Set<'_>> = subject
        .workload
        .pods
        .iter()
        .map(|set| {
            let template = set.template(subject.root);
            let siblings =
                Siblings::of(set, template, subject.workload, &subject.resource.namespace);
            Set {
                set,
                spec: template.get("spec").unwrap_or(&Json::Null),
                siblings,
                replicas: set.replicas.div_ceil(clusters),
            }
        })
        .collect();
    // How many nodes a set takes at least.
    let width = |set: &Set<'_>| {
        let alone = term(set, set).is_some() || will_be_given(placement, set.set);
        if alone { set.replicas } else { set.replicas.min(1) }
    };
    let mut grave: Option<(u64, &Set<'_>, Option<&Set<'_>>)> = None;
    for (index, set) in sets.iter().enumerate() {
        let own = width(set);
        let others =
            sets.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| other);
        let apart = others.filter(|other| term(set, other).is_some() || term(other, set).is_some());
        let widest = apart
            .map(|other| (width(other), other))
            .filter(|(width, _)| *width > 0)
            .max_by_key(|(width, _)| *width);
        let need = own.saturating_add(widest.map_or(0, |(width, _)| width));
        if need > nodes && grave.is_none_or(|(most, _, _)| need > most) {
            grave = Some((need, set, widest.map(|(_, other)| other)));
        }
    }
    let Some((need, set, other)) = grave else { return };
    let from = other.map(|other| format!(" and from {}", noun(other.set.role))).unwrap_or_default();
    let message = format!(
        "{} that must be kept from each other{from} need {need} nodes, and the tenant has {nodes}",
        noun(set.set.role)
    );
    let place = term(set, set).unwrap_or_else(|| "/spec/affinity/podAntiAffinity".into());
    found.add("capacity", &format!("{}{place}", set.set.path()), message, None);
}

/// The term by which a set's pods never share a node with another's.
fn term(set: &Set<'_>, other: &Set<'_>) -> Option<String> {
    let mut terms =
        clauses(set.spec).filter(|clause| clause.excludes && clause.topology_key() == HOSTNAME);
    terms.find(|clause| clause.fault(&other.siblings).is_none()).map(|clause| clause.place())
}

/// Whether blue and green will each be given such a term, for the tenant wants it.
fn will_be_given(placement: &Placement<'_>, set: &PodSet) -> bool {
    let wanted = &placement.wanted["antiAffinity"];
    let role = by_role(set.role, "jobManager", "taskManager")
        .filter(|_| !placement.subject.workload.children.is_empty());
    role.is_some_and(|role| strength(&wanted[role]) == Some(Spreading::Required))
        && as_text(&placement.wanted["spread"]) != Some("TopologySpread")
        && as_text(&wanted["topologyKey"]).is_none_or(|key| key == HOSTNAME)
}
