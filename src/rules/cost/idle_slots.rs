//! `cost/idle-slots`

use crate::flink::options::{Names, PARALLELISM, REDUNDANT_TASK_MANAGERS, TASK_SLOTS};
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// More task slots than a job uses.
pub static RULE: Rule = Rule {
    id: "cost/idle-slots",
    level: Level::Warning,
    since: "0.1.0",
    title: "Idle task slots",
    tenant_fields: &["cost.idleSlots"],
    as_is: false,
    page: include_str!("idle_slots.md"),
    check,
};

/// The most slots of a TaskManager that the help looks at.
const MOST_SLOTS: u64 = 4096;

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = subject.tenant.spec.cost.idle_slots.map(u64::from) else { return };
    let workload = subject.workload;
    let (Some(size), true, true) =
        (&workload.size.task_manager, workload.declares_cluster, workload.jobs > 0)
    else {
        return;
    };
    let number = |names: Names| {
        let (_, entry) = workload.config.first(names)?;
        entry.value.trim().parse::<u64>().ok()
    };
    let Some(parallelism) = number(PARALLELISM) else { return };
    // TaskManagers in reserve are idle on purpose.
    let redundant = number(REDUNDANT_TASK_MANAGERS).unwrap_or(0);
    let task_managers = size.replicas.checked_div(workload.clusters()).unwrap_or(0);
    let used = task_managers.saturating_sub(redundant);
    let slots = used.saturating_mul(size.slots);
    let idle = slots.saturating_sub(parallelism);
    if idle <= allowed {
        return;
    }
    let most = size.slots.min(parallelism).min(MOST_SLOTS);
    let divisor = (1..=most).rev().find(|slots| parallelism % slots == 0).unwrap_or(1);
    let mut help = Advice::set_option("taskmanager.numberOfTaskSlots", divisor);
    if used > parallelism.div_ceil(size.slots.max(1)) {
        // A number of TaskManagers that does not follow from the parallelism.
        let wanted = (parallelism / divisor).saturating_add(redundant);
        help = Advice::words(format!("{} and run {wanted} TaskManagers", help.text()));
    }
    findings
        .at(subject.place_of_option(TASK_SLOTS))
        .message(format!(
            "{idle} of {slots} task slots are idle at a parallelism of {parallelism}, but at most \
             {allowed} may be"
        ))
        .advise(help)
        .wanted(allowed.to_string())
        .found(idle.to_string());
}
