//! `flink/dialect`

use crate::flink::dialects::{
    EMR_RELEASE, EMR_ROLE, emr_release, emr_role, is_stateful_functions, other_operator,
};
use crate::resource::Resource;
use crate::rules::{Finding, Findings, Level, Rule, Subject};
use serde_json::Value;

/// Objects for other operators and images, of which Flinkgate knows a part.
pub static RULE: Rule = Rule {
    id: "flink/dialect",
    level: Level::Info,
    since: "0.1.0",
    title: "Other operators of Flink",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("dialect.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if subject.operators_cluster().is_some() {
        let spec = subject.spec().unwrap_or(&Value::Null);
        let (release, role) = (emr_release(spec).is_some(), emr_role(spec).is_some());
        let (field, gives) = match (release, role) {
            (true, true) => (EMR_RELEASE, "the image and the service account"),
            (true, false) => (EMR_RELEASE, "the image"),
            (false, true) => (EMR_ROLE, "the service account"),
            (false, false) => return,
        };
        findings
            .at(format!("{}/{field}", subject.spec_place()))
            .message(format!(
                "the object is for Amazon EMR on EKS, which gives it {gives}: what EMR gives is not checked"
            ))
            .help(format!("without the operator of EMR, remove `{field}`"))
            .key(field);
        return;
    }
    if subject.workload.is_flink() {
        return;
    }
    for pods in &subject.pods {
        for container in &pods.containers {
            if !container.image.parsed.as_ref().is_some_and(is_stateful_functions) {
                continue;
            }
            findings
                .at(container.image.place.to_string())
                .message(
                    "Stateful Functions start Flink in an entrypoint of their own: the options of \
                     this cluster are not checked",
                )
                .help("nothing is to be done".to_owned())
                .container(container.name);
        }
    }
}

/// The finding about an object of another operator's kind, which no rule knows.
pub fn of_other_operator(resource: &Resource) -> Option<Finding> {
    let operator = other_operator(&resource.kind)?;
    let kind = &resource.kind.kind;
    Some(Finding {
        rule: RULE.id.into(),
        level: RULE.level,
        message: format!("{kind} is a kind of {operator}: it is not checked"),
        help: Some("check what the operator makes of it, in the cluster".into()),
        pointer: "/kind".into(),
        ..Finding::default()
    })
}
