//! Schedulers and priority classes that pods name, held against those that the tenant may use.

use super::super::{shown, texts, use_one_of};
use super::{Found, Placement};
use crate::flink::PodSet;

/// The scheduler of pods that name none.
const DEFAULT_SCHEDULER: &str = "default-scheduler";

pub(super) fn judge(placement: &Placement<'_>, found: &mut Found) {
    let root = placement.subject.root;
    let named = |set: &PodSet, field: &str| {
        let name = set.template(root).get("spec").and_then(|spec| spec.get(field)?.as_str());
        name.filter(|name| !name.is_empty()).map(str::to_owned)
    };
    let schedulers = texts(&placement.wanted["schedulerNames"]);
    let classes = texts(&placement.wanted["priorityClasses"]);
    if schedulers.is_none() && classes.is_none() {
        return;
    }
    for set in &placement.subject.workload.pods {
        let role = set.role.as_str();
        if let Some(allowed) = &schedulers {
            let name = named(set, "schedulerName").unwrap_or_else(|| DEFAULT_SCHEDULER.to_owned());
            if !allowed.contains(&name.as_str()) {
                let message = format!(
                    "pods of role {role} must not be placed by scheduler {:?}",
                    shown(&name)
                );
                found.add(
                    "schedulerNames",
                    &format!("{}/spec/schedulerName", set.path()),
                    message,
                    use_one_of(allowed),
                );
            }
        }
        if let Some(allowed) = &classes
            && let Some(name) =
                named(set, "priorityClassName").filter(|name| !allowed.contains(&name.as_str()))
        {
            let message =
                format!("pods of role {role} must not have priority class {:?}", shown(&name));
            found.add(
                "priorityClasses",
                &format!("{}/spec/priorityClassName", set.path()),
                message,
                use_one_of(allowed),
            );
        }
    }
}
