//! Whether pods must stand on different nodes: required anti-affinity or topology spread that holds
//! among them.
//!
//! It matters where they share a volume that one node only can mount; only then is this asked.

use super::super::{as_text, get};
use super::Subject;
use super::scheduling::noun;
use crate::flink::{Mode, PodSet, Role};
use crate::kubernetes::placement::{Clause, HOSTNAME, Siblings, by_role, clauses};
use crate::tenant::Spreading;
use serde_json::Value as Json;

/// Where it is said that pods of these sets must not share a node, and in words what says so.
pub(super) fn kept_apart(subject: &Subject<'_>, sets: &[usize]) -> Option<(String, String)> {
    let pods: Vec<&PodSet> =
        sets.iter().filter_map(|index| subject.workload.pods.get(*index)).collect();
    pods.iter().find_map(|set| {
        let spec = set.template(subject.root).get("spec").unwrap_or(&Json::Null);
        let clause = clauses(spec).find(|clause| separates(subject, clause, set, &pods));
        let (place, what) = match clause {
            Some(clause) if clause.is_constraint() => {
                (set.locate(subject.root, &clause.place()), "topology spread keeps")
            }
            Some(clause) => {
                (set.locate(subject.root, &clause.place()), "required anti-affinity keeps")
            }
            None if by_tenant(subject, set) => (set.path().to_owned(), "the tenant keeps"),
            None => return None,
        };
        Some((place, format!("{what} {} apart", noun(set.role))))
    })
}

/// Whether a clause of a set makes one node too few for these pods. Another zone is another node
/// too, so a term counts over any topology; a constraint spreads over zones as many pods as there
/// are, and counts over nodes only.
fn separates(subject: &Subject<'_>, clause: &Clause<'_>, set: &PodSet, pods: &[&PodSet]) -> bool {
    let selected = pods.iter().filter(|other| {
        let template = other.template(subject.root);
        clause.selects(&Siblings::of(
            other,
            template,
            subject.workload,
            &subject.resource.namespace,
        ))
    });
    if clause.excludes {
        return selected
            .into_iter()
            .any(|other| !std::ptr::eq(*other, set) || is_many(subject, other));
    }
    if clause.strength != Spreading::Required || clause.topology_key() != HOSTNAME {
        return false;
    }
    let count = selected.fold(0_u64, |count, set| {
        count.saturating_add(if is_many(subject, set) { set.replicas.max(2) } else { 1 })
    });
    count > clause.max_skew().unwrap_or(1)
}

/// Blue and green get their tenant's anti-affinity when they are made.
fn by_tenant(subject: &Subject<'_>, set: &PodSet) -> bool {
    let asked = |role: &str| {
        as_text(get(subject.tenant, &["scheduling", "antiAffinity", role])) == Some("Required")
    };
    by_role(set.role, "jobManager", "taskManager").is_some_and(asked)
        && !subject.workload.children.is_empty()
        && is_many(subject, set)
}

/// Whether there may be more than one of these pods: a session cluster in native mode gets
/// TaskManagers as jobs come.
fn is_many(subject: &Subject<'_>, set: &PodSet) -> bool {
    let clusters = subject.workload.clusters().max(1);
    set.replicas / clusters > 1
        || (set.replicas == 0
            && set.role == Role::TaskManager
            && subject.workload.mode == Some(Mode::Native))
}
