//! Sizes as people read them.

use super::{BoundFigures, Breakdown, ClusterSize, Components, LimitFigures, Range, RoleFigures};
use crate::report::counted;
use crate::resource::quantity::Quantity;
use std::fmt::Write;

/// All clusters as tables, one below the other.
pub fn text(clusters: &[ClusterSize]) -> String {
    clusters.iter().map(table).collect::<Vec<_>>().join("\n")
}

fn table(cluster: &ClusterSize) -> String {
    let mode = cluster.mode.map(|mode| format!(", {mode}")).unwrap_or_default();
    // Writing to a String does not fail.
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} ({}{mode})",
        cluster.object.to_string().replace(char::is_control, "\u{fffd}"),
        cluster.engine
    );
    let _ =
        writeln!(out, "  {:<12} {:>5} {:>9} {:>11} {:>6}", "", "pods", "cpu", "memory", "slots");
    let roles = [("JobManager", &cluster.job_manager), ("TaskManager", &cluster.task_manager)];
    for (name, role) in roles.iter().filter_map(|(name, role)| Some((name, role.as_ref()?))) {
        let slots = role.slots.map(|slots| slots.to_string()).unwrap_or_default();
        let row = format!(
            "  {name:<12} {:>5} {:>9} {:>11} {slots:>6}",
            role.replicas,
            role.cpu,
            bytes(role.memory_bytes)
        );
        let _ = writeln!(out, "{}", row.trim_end());
    }
    let total = &cluster.total;
    let _ = writeln!(
        out,
        "  {:<12} {:>5} {:>9} {:>11} {:>6}",
        "total",
        "",
        total.cpu,
        bytes(total.memory_bytes),
        total.task_slots
    );
    // A session job has no pods of its own: that it is a job is all there is to say.
    if cluster.job_manager.is_none() && cluster.task_manager.is_none() && total.jobs > 0 {
        let _ = writeln!(out, "  jobs {}", total.jobs);
    }
    if total.ephemeral_storage_bytes > 0 {
        let _ = writeln!(out, "  ephemeral storage {}", bytes(total.ephemeral_storage_bytes));
    }
    if total.storage_bytes > 0 {
        let claims = usize::try_from(total.persistent_volume_claims).unwrap_or(usize::MAX);
        let _ = writeln!(
            out,
            "  storage {} in {}",
            bytes(total.storage_bytes),
            counted(claims, "claim")
        );
    }
    if let Some(extended) = total.extended.as_object() {
        for (name, amount) in extended {
            let _ = writeln!(out, "  {name} {}", amount.as_str().unwrap_or_default());
        }
    }
    if let Some(bounds) = &cluster.bounds {
        write_bounds(
            &mut out,
            bounds,
            cluster.task_manager.as_ref().map_or(0, |role| role.replicas),
        );
    }
    for (name, role) in roles.iter().filter_map(|(name, role)| Some((name, role.as_ref()?))) {
        if let Some(LimitFigures { cpu, memory_bytes }) = &role.limits {
            let _ = writeln!(out, "  {name} limits: cpu {cpu}, memory {}", bytes(*memory_bytes));
        }
        breakdown(&mut out, name, role);
    }
    for problem in &cluster.problems {
        let _ = writeln!(out, "  not counted: {} ({})", problem.message, problem.pointer);
    }
    out
}

/// Said where the number of TaskManagers is not simply the declared one.
fn write_bounds(out: &mut String, bounds: &BoundFigures, declared: u64) {
    let Range { min, max } = bounds.task_managers;
    match max {
        Some(max) if (min, max) != (declared, declared) => {
            let _ = writeln!(out, "  TaskManagers from {min} to {max}");
        }
        None if min != declared => {
            let _ = writeln!(out, "  TaskManagers from {min}");
        }
        _ => {}
    }
    if let Some(unbounded) = &bounds.unbounded {
        let _ = writeln!(out, "  unbounded: {unbounded}");
    }
}

fn breakdown(out: &mut String, name: &str, role: &RoleFigures) {
    match &role.memory {
        Some(Breakdown::Components(Components(components))) => {
            let _ = writeln!(out, "  {name} memory");
            for (component, amount) in components {
                let _ = writeln!(out, "    {component:<20} {:>11}", bytes(*amount));
            }
        }
        Some(Breakdown::Refused { error }) => {
            let _ = writeln!(out, "  {name} memory: Flink would not start: {error}");
        }
        None => {}
    }
}

/// Bytes as Kubernetes writes them where that is exact, else rounded to a tenth of a MiB.
fn bytes(amount: u64) -> String {
    let exact = Quantity::from_bytes(amount).display_bytes();
    // `4294967295` says less than `4096.0Mi`.
    if exact.len() <= 8 { exact } else { format!("{:.1}Mi", amount as f64 / f64::from(1 << 20)) }
}
