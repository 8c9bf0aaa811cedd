//! `quota/unbounded`

use super::growth;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

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
    // `quota/growth` compares growth that has a bound, if only that of a default.
    let unbounded = subject.workload.size.bounds.iter().filter(|bounds| bounds.most.is_none());
    for open in unbounded.filter_map(|bounds| bounds.open.as_ref()) {
        let growth = subject.quota.and_then(|quota| quota.growth.as_ref());
        let growth = growth.filter(|growth| growth.largest.is_some());
        let help = growth.map_or_else(|| Advice::words(open.help), growth::help);
        findings
            .at(subject.place_of_option(&[open.option]))
            .warning_at_most(growth::is_kept(subject))
            .message(open.message.as_str())
            .advise(help)
            .key(open.option);
    }
}
