//! `cost/labels`

use crate::flink::Role;
use crate::flink::map_options::map_entries;
use crate::flink::pods::Pods;
use crate::kubernetes::placement::by_role;
use crate::resource::fields::text;
use crate::resource::pointer;
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};

/// Pods without a label that costs are assigned by.
pub static RULE: Rule = Rule {
    id: "cost/labels",
    level: Level::Error,
    since: "0.1.0",
    title: "Required cost labels",
    tenant_fields: &["cost.labels"],
    as_is: false,
    page: include_str!("labels.md"),
    check,
};

/// Labels that the Flink operator gives every pod that it makes.
const OPERATOR_LABELS: [&str; 3] = ["app", "component", "type"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for pods in &subject.pods {
        for label in &subject.tenant.spec.cost.labels {
            if has_label(subject, pods, label) {
                continue;
            }
            let name = shown(label);
            findings
                .at(pods.place(pointer::join("/metadata/labels", label)))
                .message(format!("the cost label `{name}` is missing or empty"))
                .help(format!("add `{name}` to `metadata.labels` of the pod template"))
                .key(name);
        }
    }
}

fn has_label(subject: &Subject<'_>, pods: &Pods<'_>, label: &str) -> bool {
    let written = pods.template.get("metadata").and_then(|metadata| metadata.get("labels"));
    written.is_some_and(|labels| !text(labels, label).is_empty())
        || (makes_labels(subject, pods.set.role)
            && (OPERATOR_LABELS.contains(&label) || has_option(subject, pods.set.role, label)))
}

/// Whether the operator makes these pods, with its own labels and those of options.
fn makes_labels(subject: &Subject<'_>, role: Role) -> bool {
    subject.workload.declares_cluster && subject.workload.options_apply_to(role)
}

fn has_option(subject: &Subject<'_>, role: Role, label: &str) -> bool {
    let option = by_role(role, "kubernetes.jobmanager.labels", "kubernetes.taskmanager.labels");
    option.is_some_and(|option| {
        map_entries(&subject.workload.config, option)
            .iter()
            .any(|pair| pair.key == label && !pair.value.is_empty())
    })
}
