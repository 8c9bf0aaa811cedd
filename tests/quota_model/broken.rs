//! Protocols that are broken in one place: the model says so, with the way that leads there.

use super::promises::NEVER_OVER;
use super::scenario::{Fault, Plan, Scenario};
use super::{create, delete, is_large, scenario, update};
use stateright::{Checker, HasDiscoveries, Model};

/// Explores until the promise is broken.
pub fn is_caught(name: &str, fault: Option<Fault>, scenario: Scenario) {
    let broken = HasDiscoveries::AllOf([NEVER_OVER].into());
    let checker =
        Scenario { fault, ..scenario }.checker().threads(2).finish_when(broken).spawn_bfs().join();
    let path = checker.assert_any_discovery(NEVER_OVER);
    println!(
        "{name}: caught after {} states: {:?}",
        checker.unique_state_count(),
        path.into_actions()
    );
}

/// The same, depth first: for what is far away.
pub fn is_caught_deep(name: &str, fault: Fault, scenario: Scenario) {
    let broken = HasDiscoveries::AllOf([NEVER_OVER].into());
    let checker = Scenario { fault: Some(fault), ..scenario }
        .checker()
        .threads(2)
        .finish_when(broken)
        .spawn_dfs()
        .join();
    let path = checker.assert_any_discovery(NEVER_OVER);
    println!(
        "{name}: caught after {} states: {:?}",
        checker.unique_state_count(),
        path.into_actions()
    );
}

fn two(more: Vec<Plan>) -> Scenario {
    let plans = [create("a", 3), create("b", 3)].into_iter().chain(more).collect();
    Scenario { replicas: 2, ..scenario(5, plans) }
}

#[test]
fn without_compare_and_swap_the_limit_is_passed() {
    is_caught("no compare-and-swap", Some(Fault::NoCompareAndSwap), two(Vec::new()));
}

#[test]
fn giving_back_at_a_delete_review_passes_the_limit() {
    is_caught("release on DELETE", Some(Fault::ReleaseOnDelete), two(vec![delete("a")]));
}

#[test]
fn giving_back_after_a_time_alone_passes_the_limit() {
    is_caught("time to live", Some(Fault::TimeToLive), two(Vec::new()));
}

#[test]
fn a_leader_that_does_not_say_how_old_its_view_is_passes_the_limit() {
    is_caught(
        "stale view",
        Some(Fault::StaleView),
        Scenario { leaders: 2, elections: 1, ..two(Vec::new()) },
    );
}

#[test]
fn giving_back_what_a_late_watch_does_not_show_passes_the_limit() {
    is_caught("no look", Some(Fault::NoLook), two(Vec::new()));
}

#[test]
fn looking_whether_an_object_stands_where_it_stood_is_not_enough_where_the_watch_is_older() {
    let plans = vec![create("a", 2), update("a", 4), update("a", 5), create("b", 3)];
    is_caught("look at base alone", Some(Fault::LookAtBaseAlone), scenario(5, plans));
}

#[test]
fn a_former_leader_whose_views_do_not_say_so_brings_back_what_the_new_one_knows_to_be_gone() {
    if !is_large() {
        return;
    }
    let plans = vec![create("a", 3), delete("a"), create("b", 3), create("a", 3)];
    is_caught(
        "no fencing",
        Some(Fault::NoFencing),
        Scenario { leaders: 2, elections: 1, ..scenario(5, plans) },
    );
}
