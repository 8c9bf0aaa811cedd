//! The table of scenarios, and what runs it.

use crate::needs::Needs;
use crate::step::{Case, Step};
use crate::world::World;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// A cluster of a tenant, and what happens to it.
struct Scenario {
    name: &'static str,
    /// A file of `tenants`.
    tenant: &'static str,
    /// A file of `manifests`.
    manifest: &'static str,
    steps: &'static [Step],
}

use Step::{
    ChangeTenant, Checkpoint, CrashJobManager, CrashTaskManager, DeleteJobManager,
    DeleteTaskManager, LoseNode, Recreate, Rescale, Resume, Savepoint, Start, Suspend, Upgrade,
    UpgradeFromLastState,
};

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "application-rich",
        tenant: "rich",
        manifest: "application",
        steps: &[
            Start,
            Checkpoint,
            Savepoint,
            Upgrade,
            Rescale(2),
            CrashTaskManager,
            DeleteTaskManager,
            CrashJobManager,
            DeleteJobManager,
            UpgradeFromLastState,
            Suspend,
            Resume,
            Recreate,
        ],
    },
    Scenario {
        name: "application-limited",
        tenant: "limited",
        manifest: "application",
        steps: &[
            Start,
            Checkpoint,
            Savepoint,
            Rescale(2),
            Upgrade,
            CrashTaskManager,
            DeleteTaskManager,
            CrashJobManager,
            DeleteJobManager,
            UpgradeFromLastState,
            Suspend,
            Resume,
            Recreate,
        ],
    },
    Scenario {
        name: "node-loss-rich",
        tenant: "rich",
        manifest: "application",
        steps: &[Start, LoseNode],
    },
];

/// Runs the scenarios whose name contains one of the filters; whether all passed.
pub fn run(needs: Needs, filters: &[String]) -> bool {
    let chosen: Vec<&Scenario> = SCENARIOS
        .iter()
        .filter(|scenario| {
            filters.is_empty() || filters.iter().any(|part| scenario.name.contains(part))
        })
        .collect();
    if needs.operator.is_none() {
        eprintln!("{} is not set: nothing can be run without the operator", crate::needs::OPERATOR);
        return false;
    }
    let world = World::start(needs);
    let mut failed = 0;
    for (number, scenario) in chosen.iter().enumerate() {
        println!("scenario {}", scenario.name);
        let namespace = format!("t{number}-{}", scenario.tenant);
        let passed =
            catch_unwind(AssertUnwindSafe(|| play(&world, scenario, &namespace))).unwrap_or(false);
        if !passed {
            failed += 1;
        }
        world.clean(&namespace);
    }
    println!("{} passed, {failed} failed", chosen.len() - failed);
    failed == 0
}

/// Takes the steps of a scenario; whether all passed and nothing was refused on the way.
fn play(world: &World, scenario: &Scenario, namespace: &str) -> bool {
    world.tenant(namespace, scenario.tenant);
    let mut case = Case::new(world, namespace, scenario.manifest);
    for step in scenario.steps {
        let start = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| case.take(*step)));
        let refusals = world.refusals(namespace);
        let passed = done.is_ok() && refusals.is_empty();
        let word = if passed { "ok" } else { "FAILED" };
        println!("  {step:?}: {word} ({} s)", start.elapsed().as_secs());
        for refusal in &refusals {
            println!("    refused: {refusal}");
        }
        if !passed {
            world.explain(namespace);
            return false;
        }
    }
    true
}
