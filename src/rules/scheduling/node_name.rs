//! `scheduling/node-name`

use crate::kubernetes::mirror_pod::may_be_mirror_pod;
use crate::resource::Operation;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use crate::tenant::Scheduling;
use serde_json::Value;

/// Pods that name their node.
pub static RULE: Rule = Rule {
    id: "scheduling/node-name",
    level: Level::Error,
    since: "0.1.0",
    title: "Node names in pods",
    tenant_fields: &[
        "scheduling.nodeSelector",
        "scheduling.antiAffinity",
        "scheduling.zoneSpread",
        "scheduling.tolerations",
        "scheduling.schedulerNames",
    ],
    as_is: false,
    page: include_str!("node_name.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    // The scheduler has assigned a node to a stored pod.
    let resource = subject.resource;
    let is_stored_pod = resource.kind.kind == "Pod" && resource.operation != Operation::Create;
    if is_stored_pod || !limits_nodes(&subject.tenant.spec.scheduling) {
        return;
    }
    for pods in &subject.pods {
        let name = pods.spec().get("nodeName").and_then(Value::as_str);
        if let Some(name) = name.filter(|name| !name.is_empty())
            && !may_be_mirror_pod(resource, subject.object)
        {
            findings
                .at(pods.place("/spec/nodeName"))
                .message(format!("`nodeName: {}` bypasses the scheduler", shown(name)))
                .advise(Advice::remove_in_words(
                    "remove it, and select nodes with `nodeSelector` or `nodeAffinity`",
                ))
                .found(name);
        }
    }
}

/// Whether the tenant limits the nodes of its pods.
fn limits_nodes(scheduling: &Scheduling) -> bool {
    let Scheduling { anti_affinity, zone_spread, .. } = scheduling;
    !scheduling.node_selector.is_empty()
        || scheduling.tolerations.is_some()
        || scheduling.scheduler_names.is_some()
        || anti_affinity.job_manager.is_some()
        || anti_affinity.task_manager.is_some()
        || zone_spread.job_manager.is_some()
        || zone_spread.task_manager.is_some()
}
