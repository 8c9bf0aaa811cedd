//! `tenancy/object-limits`

use crate::resource::limits::Limit;
use crate::rules::{Findings, Level, Rule, Subject};

/// An object that is larger than Flinkgate reads.
pub static RULE: Rule = Rule {
    id: "tenancy/object-limits",
    level: Level::Error,
    since: "0.1.0",
    title: "Limits of one object",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("object_limits.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(excess) = subject.excess else { return };
    let (most, what) = (excess.limit.most(), excess.limit.what());
    let help = match excess.limit {
        Limit::OptionKey => "shorten the key",
        Limit::OptionValue | Limit::OptionYaml => "shorten the value",
        Limit::Levels | Limit::OptionLevels => "write it with fewer levels",
        _ => "remove those that are not needed, or use several objects",
    };
    findings
        .at(excess.place.as_str())
        .message(format!("more than {most} {what}"))
        .help(help.to_owned())
        .wanted(most.to_string());
}
