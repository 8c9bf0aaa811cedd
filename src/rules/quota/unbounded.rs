//! `quota/unbounded`

use crate::rules::{Findings, Level, Rule, Subject};

/// Clusters that may grow without a limit.
pub static RULE: Rule = Rule {
    id: "quota/unbounded",
    level: Level::Warning,
    since: "0.1.0",
    title: "Unbounded growth",
    tenant_fields: &["quota"],
    as_is: false,
    page: include_str!("unbounded.md"),
    check,
};

/// The limits that TaskManagers count towards.
const LIMITED: [&str; 4] = ["cpu", "memory", "taskManagers", "taskSlots"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let limits = &subject.tenant.spec.quota;
    if !LIMITED
        .iter()
        .any(|name| limits.hard.contains_key(*name) || limits.per_cluster.contains_key(*name))
    {
        return;
    }
    for bounds in subject.workload.size.bounds.iter().filter_map(|bounds| bounds.open.as_ref()) {
        findings
            .at(subject.place_of_option(&[bounds.option]))
            .message(bounds.message.as_str())
            .help(bounds.help.to_owned())
            .key(bounds.option);
    }
}
