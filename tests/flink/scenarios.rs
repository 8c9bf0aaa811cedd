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

impl Scenario {
    /// Whether a filter means it: its name, or a part of it that is no scenario's name.
    fn is(&self, filter: &str) -> bool {
        self.name == filter
            || self.name.contains(filter) && SCENARIOS.iter().all(|other| other.name != filter)
    }
}

use Step::{
    Autoscaled, ChangeTenant, Checkpoint, CrashJobManager, CrashTaskManager, DeleteJobManager,
    DeleteTaskManager, KillLeader, LoseNode, Recreate, Rescale, RestartApiServer, Resume,
    Savepoint, Scale, Start, Suspend, Upgrade, UpgradeFromLastState,
};

const fn scenario(
    name: &'static str,
    tenant: &'static str,
    manifest: &'static str,
    steps: &'static [Step],
) -> Scenario {
    Scenario { name, tenant, manifest, steps }
}

/// The life of a cluster of the operator.
const LIFE: &[Step] = &[
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
];

const SCENARIOS: &[Scenario] = &[
    scenario("application-rich", "rich", "application", LIFE),
    scenario("application-limited", "limited", "application", LIFE),
    scenario("standalone-rich", "rich", "standalone", SHORT_LIFE),
    scenario("standalone-limited", "limited", "standalone", SHORT_LIFE),
    scenario("session-rich", "rich", "session", SHORT_LIFE),
    scenario("session-limited", "limited", "session", SHORT_LIFE),
    scenario("native-rich", "rich", "native", NATIVE),
    scenario("native-limited", "limited", "native", NATIVE),
    scenario("reactive-rich", "rich", "reactive", REACTIVE),
    scenario("reactive-limited", "limited", "reactive", REACTIVE),
    scenario("blue-green-rich", "rich", "blue-green", BLUE_GREEN),
    scenario("autoscaled-rich", "rich", "autoscaled", AUTOSCALED),
    scenario("autoscaled-limited", "limited", "autoscaled", AUTOSCALED),
    scenario("node-loss-rich", "rich", "application", &[Start, LoseNode]),
    scenario("node-loss-limited", "limited", "application", &[Start, Rescale(2), LoseNode]),
    scenario("change-label", "rich", "application", &changed("label")),
    scenario("change-label-added", "rich", "application", &changed("label-added")),
    scenario("change-node-selector", "rich", "application", &changed("node-selector")),
    scenario("change-toleration", "rich", "application", &changed("toleration")),
    scenario(
        "change-toleration-taken-away",
        "rich",
        "application",
        &changed("toleration-taken-away"),
    ),
    scenario("change-claim-name", "rich", "application", &changed("claim-name")),
    scenario("change-mount-path", "rich", "application", &changed("mount-path")),
    scenario("change-enforced", "rich", "application", &changed("enforced")),
    scenario("change-claim-given-up", "rich", "application", &changed("claim-given-up")),
    scenario("change-all-standalone", "rich", "standalone", &changed("all")),
    scenario("change-all-session", "rich", "session", &changed("all")),
    scenario("change-all-native", "rich", "native", CHANGED_NATIVE),
    scenario("change-all-reactive", "rich", "reactive", CHANGED_REACTIVE),
    scenario("change-all-blue-green", "rich", "blue-green", CHANGED_BLUE_GREEN),
    scenario("change-all-autoscaled", "rich", "autoscaled", CHANGED_AUTOSCALED),
    scenario("outages", "rich", "application", OUTAGES),
    scenario("outages-limited", "limited", "application", OUTAGES),
    scenario("outages-changed", "rich", "application", OUTAGES_CHANGED),
];

/// The same in modes that differ in who makes the pods, not in what happens to processes.
const SHORT_LIFE: &[Step] = &[
    Start,
    Savepoint,
    Upgrade,
    Rescale(2),
    DeleteTaskManager,
    DeleteJobManager,
    Suspend,
    Resume,
    Recreate,
];

/// What Flinkgate stands on goes away for a moment, and the cluster needs it right after.
const OUTAGES: &[Step] = &[
    Start,
    RestartApiServer,
    DeleteTaskManager,
    KillLeader,
    DeleteJobManager,
    Rescale(2),
    RestartApiServer,
    Upgrade,
];

/// The same after a change, which the replica that leads next has to know of.
const OUTAGES_CHANGED: &[Step] = &[
    Start,
    ChangeTenant("all"),
    KillLeader,
    DeleteTaskManager,
    RestartApiServer,
    DeleteJobManager,
    Upgrade,
    Rescale(2),
];

/// Flink's own client and no operator.
const NATIVE: &[Step] = &[
    Start,
    Checkpoint,
    Savepoint,
    CrashTaskManager,
    DeleteTaskManager,
    CrashJobManager,
    DeleteJobManager,
    Recreate,
];

const REACTIVE: &[Step] = &[
    Start,
    Checkpoint,
    Savepoint,
    Scale(2),
    DeleteTaskManager,
    DeleteJobManager,
    Scale(1),
    Recreate,
];

const BLUE_GREEN: &[Step] = &[
    Start,
    Checkpoint,
    Savepoint,
    Upgrade,
    DeleteTaskManager,
    DeleteJobManager,
    Upgrade,
    Recreate,
];

const AUTOSCALED: &[Step] = &[Start, Autoscaled(2), DeleteTaskManager, DeleteJobManager];

/// A tenant that changes while its cluster lives: what runs is replaced, and what the developer
/// applies is admitted.
const fn changed(file: &'static str) -> [Step; 6] {
    [Start, ChangeTenant(file), DeleteTaskManager, DeleteJobManager, Upgrade, Rescale(2)]
}

/// Flink's client says its options itself, so that running it again would be a conflict.
const CHANGED_NATIVE: &[Step] = &[
    Start,
    ChangeTenant("all"),
    CrashTaskManager,
    DeleteTaskManager,
    CrashJobManager,
    DeleteJobManager,
    Savepoint,
];

const CHANGED_REACTIVE: &[Step] =
    &[Start, ChangeTenant("all"), Scale(2), DeleteTaskManager, DeleteJobManager, Scale(1), Upgrade];

/// Each upgrade makes the other colour, under the changed tenant.
const CHANGED_BLUE_GREEN: &[Step] = &[
    Start,
    ChangeTenant("all"),
    DeleteTaskManager,
    DeleteJobManager,
    Upgrade,
    DeleteTaskManager,
    Upgrade,
    DeleteJobManager,
];

const CHANGED_AUTOSCALED: &[Step] =
    &[Start, ChangeTenant("all"), Autoscaled(2), DeleteTaskManager, DeleteJobManager];

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
