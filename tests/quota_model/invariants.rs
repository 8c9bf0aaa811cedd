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

/// The usage of objects: for a cluster the larger of its declaration and its pods' usage, plus all
/// pods without a live cluster.
fn usage_of<'a>(objects: impl Iterator<Item = &'a LiveObject>) -> u64 {
    let (pods, clusters): (Vec<&LiveObject>, Vec<&LiveObject>) =
        objects.partition(|live| live.object.kind == "Pod");
    let mut drawn: BTreeMap<&str, u64> = BTreeMap::new();
    let mut alone = 0;
    for pod in pods {
        match pod
            .owners
            .first()
            .filter(|owner| clusters.iter().any(|cluster| cluster.uid == **owner))
        {
            Some(owner) => *drawn.entry(owner).or_default() += cores(&pod.usage),
            None => alone += cores(&pod.usage),
        }
    }
    let charge = |cluster: &&LiveObject| {
        cores(&cluster.usage).max(drawn.get(cluster.uid.as_str()).copied().unwrap_or_default())
    };
    clusters.iter().map(charge).sum::<u64>() + alone
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
        ledger.reservations() == 0 && cores(ledger.total()) == used
    };
    (0..scenario.tenants).all(is_equal)
}
