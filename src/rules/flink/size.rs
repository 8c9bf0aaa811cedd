//! `flink/size`

use crate::rules::{Findings, Level, Rule, Subject};

/// Values that no size can be calculated from.
pub static RULE: Rule = Rule {
    id: "flink/size",
    level: Level::Error,
    since: "0.1.0",
    title: "Readable sizes",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("size.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for problem in &subject.workload.size.problems {
        let finding = findings
            .at(problem.pointer.as_str())
            .message(problem.message.as_str())
            .help(problem.help.clone());
        if problem.is_unreadable {
            finding.unreadable();
        }
    }
}
