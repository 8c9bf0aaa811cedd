//! `security/sidecars`

use crate::flink::Role;
use crate::flink::workload::MAIN_CONTAINER;
use crate::rules::words::{matches_any, shown, use_name_like};
use crate::rules::{Findings, Level, Rule, Subject};

/// Containers next to Flink that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "security/sidecars",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed sidecar containers",
    tenant_fields: &["security.sidecars"],
    as_is: false,
    page: include_str!("sidecars.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let sidecars = &subject.tenant.spec.security.sidecars;
    if sidecars.names.is_none() && sidecars.most.is_none() {
        return;
    }
    // A pod that does not run Flink has no sidecars.
    for pods in subject.pods.iter().filter(|pods| pods.set.role != Role::Other) {
        let mut count: u32 = 0;
        for container in &pods.containers {
            let is_main = container.kind == "containers"
                && pods
                    .set
                    .main_container
                    .map_or(container.name == MAIN_CONTAINER, |main| main == container.index);
            if is_main {
                continue;
            }
            count = count.saturating_add(1);
            let place = || container.place(pods.set.path());
            if let Some(names) = &sidecars.names
                && !matches_any(names, container.name)
            {
                findings
                    .at(format!("{}/name", place()))
                    .message(format!(
                        "sidecar container `{}` is not allowed",
                        shown(container.name)
                    ))
                    .help(use_name_like(names))
                    .container(container.name);
            }
            // One finding is enough, at the first container over the limit.
            if let Some(most) = sidecars.most
                && count == most.saturating_add(1)
            {
                findings
                    .at(place())
                    .message(match most {
                        0 => "sidecar containers are not allowed".to_owned(),
                        most => format!("the pod has more than {most} sidecar containers"),
                    })
                    .help(match most {
                        0 => "remove the container".to_owned(),
                        most => format!("keep only {most} of the containers next to Flink's"),
                    })
                    .container(container.name)
                    .wanted(most.to_string());
            }
        }
    }
}
