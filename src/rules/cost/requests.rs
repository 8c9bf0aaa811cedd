//! `cost/requests`

use crate::flink::sizing::Size;
use crate::flink::{Engine, Role};
use crate::resource::fields::{elements, text};
use crate::resource::quantity::Quantity;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Containers whose memory is not what Flink in them uses.
pub static RULE: Rule = Rule {
    id: "cost/requests",
    level: Level::Warning,
    since: "0.1.0",
    title: "Memory requests of Flink containers",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("requests.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    // For other engines, the request comes from Flink's options.
    if subject.workload.engine != Engine::Standalone {
        return;
    }
    for pods in &subject.pods {
        let (role, size) = (pods.set.role, &subject.workload.size);
        let (Some(process), Some(index)) = (process_memory(size, role), pods.set.main_container)
        else {
            continue;
        };
        let Some(container) = elements(pods.spec(), "containers").get(index) else { continue };
        let memory = |list: &str| {
            let written = container.get("resources")?.get(list)?.get("memory")?;
            Some((Quantity::from_json(written).ok()?.units_ceil(), written))
        };
        let (list, (found, than)) = match (memory("limits"), memory("requests")) {
            (Some((limit, written)), _) if limit < process => ("limits", (written, "less than")),
            (_, Some((request, written))) => match unlike(request, process) {
                Some(than) => ("requests", (written, than)),
                None => continue,
            },
            _ => continue,
        };
        let (found, wanted) = (shown(&found.to_string()), Quantity::from_bytes(process));
        let (found, wanted) = (found.trim_matches('"'), wanted.display_bytes());
        let what = list.trim_end_matches('s');
        let component = role.component().unwrap_or_default();
        findings
            .at(pods.place(format!("/spec/containers/{index}/resources/{list}/memory")))
            .message(format!("memory {what} `{found}` is {than} the {wanted} that Flink uses"))
            .advise(Advice::set("memory", wanted.as_str()).in_words(format!(
                "set it to `{wanted}`, or change `{component}.memory.process.size`"
            )))
            .container(text(container, "name"))
            .wanted(wanted.as_str())
            .found(found);
    }
}

/// The memory that Flink's process in a pod of this role uses, in bytes.
fn process_memory(size: &Size, role: Role) -> Option<u64> {
    match role {
        Role::JobManager => {
            Some(size.job_manager.as_ref()?.breakdown.as_ref()?.as_ref().ok()?.process)
        }
        Role::TaskManager => {
            Some(size.task_manager.as_ref()?.breakdown.as_ref()?.as_ref().ok()?.process)
        }
        Role::Other => None,
    }
}

/// How a request compares to what Flink uses, where it is far from that. Below three quarters, a
/// full node has no room for Flink's memory and evicts its pod first. At twice as much, another
/// TaskManager would fit.
fn unlike(request: u64, process: u64) -> Option<&'static str> {
    if request < process / 4 * 3 {
        Some("less than three quarters of")
    } else if request >= process.saturating_mul(2) {
        Some("at least twice")
    } else {
        None
    }
}
