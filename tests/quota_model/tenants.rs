//! Limits that are lowered, and a namespace that moves from one tenant to another.

use super::scenario::{Plan, Scenario};
use super::{create, holds, scenario, update};

#[test]
fn a_limit_that_is_lowered_below_what_is_used_refuses_increases_and_nothing_else() {
    let plans = vec![create("a", 3), Plan::Limit { hard: 2 }, update("a", 1), create("b", 1)];
    let happens = ["something is refused", "a ledger learns lower limits", "a reservation is settled", "all that fits comes to be"];
    holds("limits", scenario(4, plans), &happens);
}

#[test]
fn a_namespace_that_moves_brings_what_it_has_and_each_ledger_is_the_recount_afterwards() {
    let there = Plan::Create { kind: "Pod", namespace: "stays", name: "there", owner: None, cores: 2 };
    let moved = |name, cores| Plan::Create { kind: "Pod", namespace: "moves", name, owner: None, cores };
    let plans = vec![moved("first", 2), Plan::Move { to: 1 }, there];
    let happens = ["something is refused", "a tenant is charged for what another one has"];
    holds("a namespace moves", Scenario { replicas: 2, tenants: 2, ..scenario(3, plans) }, &happens);
}
