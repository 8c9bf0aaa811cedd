//! The invariants. They count usage by other code than the ledger's.

use super::scenario::Scenario;
use super::state::{Call, State, cores};
use flinkgate::quota::ledger::LiveObject;
use stateright::{Model, Property};
use std::collections::BTreeMap;

pub const WITHIN_LIMIT: &str = "usage stays within the limit";
pub const ADMISSIONS_WITHIN_LIMIT: &str = "no admission raises a ledger above its limit";
pub const ALL_COUNTED: &str = "the ledger counts all live objects";
pub const AT_REST: &str = "at rest all requests are answered and the ledger equals a recount";
pub const INVARIANTS: [&str; 4] = [WITHIN_LIMIT, ADMISSIONS_WITHIN_LIMIT, ALL_COUNTED, AT_REST];

impl Scenario {
    pub fn invariants(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(WITHIN_LIMIT, |scenario: &Self, state: &State| {
                (0..scenario.tenants)
                    .all(|tenant| charged_usage(scenario, state, tenant) <= state.ceilings[tenant])
            }),
            Property::always(ADMISSIONS_WITHIN_LIMIT, |_, state: &State| !state.limit_exceeded),
            Property::always(ALL_COUNTED, |scenario: &Self, state: &State| {
                (0..scenario.tenants).all(|tenant| {
                    charged_usage(scenario, state, tenant) <= cores(state.stores[tenant].1.total())
                })
            }),
            Property::always(AT_REST, |scenario: &Self, state: &State| {
                let mut actions = Vec::new();
                if !is_busy(state) {
                    scenario.actions(state, &mut actions);
                }
                is_busy(state) || !actions.is_empty() || equals_recount(scenario, state)
            }),
        ]
    }
}

/// The usage of a tenant's live objects. If a namespace moves, only of those that were charged to
/// the tenant's own ledger.
fn charged_usage(scenario: &Scenario, state: &State, tenant: usize) -> u64 {
    let charged =
        |live: &&LiveObject| !scenario.moves() || state.charged.get(&live.uid) == Some(&tenant);
    usage_of(state.live_objects().filter(|live| state.true_tenant(live) == tenant).filter(charged))
}

/// The usage of objects: for a cluster the larger of its declaration and the usage of its pods and
/// its claim, plus all that belong to no live cluster. A cluster that has ended declares nothing.
fn usage_of<'a>(objects: impl Iterator<Item = &'a LiveObject>) -> u64 {
    let (clusters, parts): (Vec<&LiveObject>, Vec<&LiveObject>) =
        objects.partition(|live| live.object.kind == "FlinkDeployment");
    let declares = |cluster: &&LiveObject| !cluster.resting && !cluster.usage.is_empty();
    let mut used: BTreeMap<Option<&str>, Vec<&LiveObject>> = BTreeMap::new();
    for part in parts {
        let owner = clusters.iter().filter(|cluster| declares(cluster)).find(|cluster| {
            part.owners
                .first()
                .is_some_and(|owner| *owner == cluster.uid || *owner == cluster.object.to_string())
        });
        used.entry(owner.map(|owner| owner.uid.as_str())).or_default().push(part);
    }
    let charge = |cluster: &&LiveObject| {
        let declared = if declares(cluster) { cores(&cluster.usage) } else { 0 };
        declared.max(used.get(&Some(cluster.uid.as_str())).map_or(0, |parts| places(parts)))
    };
    clusters.iter().map(charge).sum::<u64>() + used.get(&None).map_or(0, |parts| places(parts))
}

/// The usage of pods and claims. A leaving pod and one other pod of its cluster that does not itself
/// share a place with a leaving pod may count once.
fn places(parts: &[&LiveObject]) -> u64 {
    let sum = parts.iter().map(|live| cores(&live.usage)).sum::<u64>();
    sum - shared(parts, &mut vec![false; parts.len()])
}

/// The most that pairs of a leaving pod and another one have in common. No pod is in two pairs.
fn shared(parts: &[&LiveObject], taken: &mut Vec<bool>) -> u64 {
    let is_pod = |index: usize| parts[index].object.kind == "Pod";
    let mut most = 0;
    for leaving in 0..parts.len() {
        if taken[leaving] || !parts[leaving].leaving || !is_pod(leaving) {
            continue;
        }
        for other in 0..parts.len() {
            let owners = &parts[leaving].owners;
            let same_owner = !owners.is_empty() && *owners == parts[other].owners;
            if other == leaving || taken[other] || !is_pod(other) || !same_owner {
                continue;
            }
            (taken[leaving], taken[other]) = (true, true);
            let common = cores(&parts[leaving].usage).min(cores(&parts[other].usage));
            most = most.max(common + shared(parts, taken));
            (taken[leaving], taken[other]) = (false, false);
        }
    }
    most
}

/// Whether a request or a write is in progress.
fn is_busy(state: &State) -> bool {
    let is_open = |call: &Call| matches!(call, Call::Waiting { .. } | Call::Admitted { .. });
    state.calls.iter().any(is_open)
        || state.leaders.iter().any(|leader| leader.writes.iter().any(Option::is_some))
}

fn equals_recount(scenario: &Scenario, state: &State) -> bool {
    // A plan whose object or owner never existed does not wait.
    let is_equal = |tenant: usize| {
        let ledger = &state.stores[tenant].1;
        let used = usage_of(state.live_objects().filter(|live| state.true_tenant(live) == tenant));
        let total = cores(ledger.total());
        // Pods that leave count apart from those that did not need their place.
        let leaves = state.live_objects().any(|live| live.leaving);
        ledger.reservations() == 0 && (total == used || (leaves && total > used))
    };
    (0..scenario.tenants).all(is_equal)
}
