//! The table of scenarios.

use crate::outage::Outage;
use crate::step::Step;

/// A cluster of a tenant, and what happens to it.
pub struct Scenario {
    pub name: &'static str,
    /// A file of `tenants`.
    pub tenant: &'static str,
    /// A file of `manifests`.
    pub manifest: &'static str,
    pub steps: &'static [Step],
}

impl Scenario {
    /// Whether a filter means it: its name, or a part of it that is no scenario's name.
    pub fn is(&self, filter: &str) -> bool {
        self.name == filter
            || self.name.contains(filter) && SCENARIOS.iter().all(|other| other.name != filter)
    }
}

const KILL_LEADER: Step = Step::Outage(Outage::KillLeader);
const RESTART_API_SERVER: Step = Step::Outage(Outage::RestartApiServer);

use Step::{
    Amid, Autoscaled, ChangeTenant, Checkpoint, CrashJobManager, CrashTaskManager,
    DeleteJobManager, DeleteTaskManager, LoseNode, Recreate, Rescale, Resume, Savepoint, Scale,
    Start, Suspend, Upgrade, UpgradeFromLastState,
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

/// All scenarios.
pub const SCENARIOS: &[Scenario] = &[
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
    scenario("leader-amid-rich", "rich", "application", &amid(Outage::KillLeader, SHORT_LIFE)),
    scenario(
        "leader-amid-limited",
        "limited",
        "application",
        &amid(Outage::KillLeader, SHORT_LIFE),
    ),
    scenario("leader-amid-session", "limited", "session", &amid(Outage::KillLeader, SHORT_LIFE)),
    scenario(
        "leader-amid-standalone",
        "limited",
        "standalone",
        &amid(Outage::KillLeader, SHORT_LIFE),
    ),
    scenario(
        "leader-amid-change",
        "rich",
        "application",
        &amid(Outage::KillLeader, &changed("all")),
    ),
    scenario(
        "api-server-amid-rich",
        "rich",
        "application",
        &amid(Outage::RestartApiServer, SHORT_LIFE),
    ),
    scenario(
        "api-server-amid-limited",
        "limited",
        "application",
        &amid(Outage::RestartApiServer, SHORT_LIFE),
    ),
    scenario(
        "api-server-amid-session",
        "limited",
        "session",
        &amid(Outage::RestartApiServer, SHORT_LIFE),
    ),
    scenario(
        "api-server-amid-standalone",
        "limited",
        "standalone",
        &amid(Outage::RestartApiServer, SHORT_LIFE),
    ),
];

/// The same in modes that differ in who makes the pods, not in what happens to processes.
const SHORT_LIFE: &[Step; 9] = &[
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
    RESTART_API_SERVER,
    DeleteTaskManager,
    KILL_LEADER,
    DeleteJobManager,
    Rescale(2),
    RESTART_API_SERVER,
    Upgrade,
];

/// The same after a change, which the replica that leads next has to know of.
const OUTAGES_CHANGED: &[Step] = &[
    Start,
    ChangeTenant("all"),
    KILL_LEADER,
    DeleteTaskManager,
    RESTART_API_SERVER,
    DeleteJobManager,
    Upgrade,
    Rescale(2),
];

/// The same outage in the middle of each step.
const fn amid<const STEPS: usize>(outage: Outage, steps: &'static [Step; STEPS]) -> [Step; STEPS] {
    let mut amid = *steps;
    let mut index = 0;
    while index < STEPS {
        amid[index] = Amid(outage, &steps[index]);
        index += 1;
    }
    amid
}

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
