//! `scheduling/tolerations`

use crate::kubernetes::placement::{PodToleration, option_tolerations};
use crate::resource::fields::elements;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Tolerations that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "scheduling/tolerations",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed tolerations",
    tenant_fields: &["scheduling.tolerations"],
    as_is: false,
    page: include_str!("tolerations.md"),
    check,
};

/// The options that give pods tolerations.
const OPTIONS: [&str; 2] =
    ["kubernetes.jobmanager.tolerations", "kubernetes.taskmanager.tolerations"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.scheduling.tolerations else { return };
    let mut report =
        |toleration: PodToleration<'_>, option: Option<&str>, place: &dyn Fn() -> String| {
            if !toleration.is_covered_by(allowed) {
                let help = if allowed.is_empty() {
                    "remove it: the tenant allows none"
                } else {
                    "remove it: Flinkgate adds the tenant's tolerations"
                };
                let finding = findings
                    .at(place())
                    .message(format!("a toleration for {} is not allowed", taints(toleration)))
                    .advise(Advice::remove_in_words(help));
                if let Some(option) = option {
                    finding.key(option);
                }
            }
        };
    for pods in &subject.pods {
        for (index, toleration) in elements(pods.spec(), "tolerations").iter().enumerate() {
            let place = || pods.place(format!("/spec/tolerations/{index}"));
            report(PodToleration::of_template(toleration), None, &place);
        }
    }
    for option in OPTIONS {
        for toleration in option_tolerations(&subject.workload.config, option) {
            let place = || subject.option_place(option, toleration.entry);
            report(toleration.fields(), Some(option), &place);
        }
    }
}

/// The taints that a toleration matches, as kubectl writes them: `key=value:effect`.
fn taints(toleration: PodToleration<'_>) -> String {
    let PodToleration { key, operator, value, effect } = toleration;
    let equals = if operator == "Equal" { "=" } else { "" };
    match (key, effect) {
        ("", "") => "all taints".into(),
        ("", effect) => format!("all `{}` taints", shown(effect)),
        (key, "") => format!("`{}`", shown(&format!("{key}{equals}{value}"))),
        (key, effect) => format!("`{}`", shown(&format!("{key}{equals}{value}:{effect}"))),
    }
}
