//! What is promised, counted by other code than the ledger's.

use super::scenario::Scenario;
use super::state::{Call, State, cores};
use flinkgate::quota::ledger::LiveObject;
use stateright::{Model, Property};
use std::collections::BTreeMap;

pub const NEVER_OVER: &str = "never over";
pub const NO_ADMISSION_PASSES: &str = "no admission makes a ledger pass its limit";
pub const IN_THE_LEDGER: &str = "what lives is in the ledger";
pub const AT_REST: &str = "at rest everybody has an answer and the ledger is the recount";
pub const PROMISES: [&str; 4] = [NEVER_OVER, NO_ADMISSION_PASSES, IN_THE_LEDGER, AT_REST];

impl Scenario {
    pub fn promises(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NEVER_OVER, |scenario: &Self, state: &State| {
                (0..scenario.tenants)
                    .all(|tenant| promised(scenario, state, tenant) <= state.ceilings[tenant])
            }),
            Property::always(NO_ADMISSION_PASSES, |_, state: &State| !state.passed),
            Property::always(IN_THE_LEDGER, |scenario: &Self, state: &State| {
                (0..scenario.tenants).all(|tenant| {
                    promised(scenario, state, tenant) <= cores(state.stores[tenant].1.total())
                })
            }),
            Property::always(AT_REST, |scenario: &Self, state: &State| {
                let mut actions = Vec::new();
                if !is_busy(state) {
                    scenario.actions(state, &mut actions);
                }
                is_busy(state) || !actions.is_empty() || is_settled(scenario, state)
            }),
        ]
    }
}

/// What lives of a tenant. Where namespaces move, only what its own ledger was charged with: what a
/// namespace brings is another's.
fn promised(scenario: &Scenario, state: &State, tenant: usize) -> u64 {
    let charged =
        |living: &&LiveObject| !scenario.moves() || state.charged.get(&living.uid) == Some(&tenant);
    used(state.now().filter(|living| state.true_tenant(living) == tenant).filter(charged))
}

/// What objects use: a cluster the larger of what it declares and what its pods use; pods without a
/// cluster that lives by themselves.
fn used<'a>(objects: impl Iterator<Item = &'a LiveObject>) -> u64 {
    let (pods, clusters): (Vec<&LiveObject>, Vec<&LiveObject>) =
        objects.partition(|living| living.object.kind == "Pod");
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

/// Whether something goes on for sure: a request, or a write.
fn is_busy(state: &State) -> bool {
    let waits = |call: &Call| matches!(call, Call::Asked { .. } | Call::Admitted { .. });
    state.calls.iter().any(waits)
        || state.leaders.iter().any(|leader| leader.writes.iter().any(Option::is_some))
}

fn is_settled(scenario: &Scenario, state: &State) -> bool {
    // Who never got to ask (the owner never came, or what was to be changed) waits for nobody.
    let counted = |tenant: usize| {
        let ledger = &state.stores[tenant].1;
        let there = used(state.now().filter(|living| state.true_tenant(living) == tenant));
        ledger.reservations() == 0 && cores(ledger.total()) == there
    };
    (0..scenario.tenants).all(counted)
}
