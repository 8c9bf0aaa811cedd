//! Runs scenarios, and says what came of each step.

use crate::needs::Needs;
use crate::scenarios::{SCENARIOS, Scenario};
use crate::step::{Case, Step};
use crate::world::World;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// Runs the scenarios whose name contains one of the filters; whether all passed.
pub fn run(needs: Needs, filters: &[String]) -> bool {
    let chosen: Vec<&Scenario> = SCENARIOS
        .iter()
        .filter(|scenario| filters.is_empty() || filters.iter().any(|part| scenario.is(part)))
        .collect();
    if needs.operator.is_none() && chosen.iter().any(|scenario| scenario.manifest != "native") {
        eprintln!(
            "{} is not set, and without the operator only `cargo test --test flink native` can be run",
            crate::needs::OPERATOR
        );
        return false;
    }
    let world = World::start(needs);
    let mut failed = 0;
    for (number, scenario) in chosen.iter().enumerate() {
        let namespace = format!("t{number}-{}", scenario.tenant);
        println!("scenario {} in {namespace}", scenario.name);
        let passed =
            catch_unwind(AssertUnwindSafe(|| play(&world, scenario, &namespace))).unwrap_or(false);
        if !passed {
            failed += 1;
        }
        world.clean(&namespace);
    }
    world.keep_logs();
    println!("{} passed, {failed} failed", chosen.len() - failed);
    failed == 0
}

/// Flink asks again and again for a pod that is refused.
const SHOWN: usize = 3;

/// Takes the steps of a scenario; whether all passed. A refusal fails a step, and the next one is taken
/// nevertheless if all that must hold does.
fn play(world: &World, scenario: &Scenario, namespace: &str) -> bool {
    world.tenant(namespace, scenario.tenant);
    let mut case = Case::new(world, namespace, scenario.manifest);
    let (mut passed, mut known) = (true, 0);
    for step in scenario.steps.iter().chain(&[Step::Delete]) {
        let start = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| case.take(*step)));
        let refusals = world.refusals(namespace).split_off(known);
        known += refusals.len();
        let word = match (&done, refusals.is_empty()) {
            (Ok(()), true) => "ok",
            (Ok(()), false) => "REFUSED",
            (Err(_), _) => "FAILED",
        };
        println!("  {step:?}: {word} ({} s)", start.elapsed().as_secs());
        for refusal in refusals.iter().take(SHOWN) {
            println!("    {refusal}");
        }
        if refusals.len() > SHOWN {
            println!("    and {} more", refusals.len() - SHOWN);
        }
        passed &= word == "ok";
        if done.is_err() {
            world.explain(namespace);
            return false;
        }
    }
    passed
}
