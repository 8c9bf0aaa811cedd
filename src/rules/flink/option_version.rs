//! `flink/option-version`

use super::deprecated_option::help;
use crate::flink::catalog::{OptionFault, Release};
use crate::rules::{Findings, Level, Rule, Subject};

/// Options that the named Flink version ignores.
pub static RULE: Rule = Rule {
    id: "flink/option-version",
    level: Level::Warning,
    since: "0.1.0",
    title: "Options of other Flink versions",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("option_version.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(version) = subject.workload.version else { return };
    for option in subject.faulty_options() {
        let OptionFault::Unread { since, until, instead } = option.fault else { continue };
        let Some(place) = subject.written(option.key, option.entry) else { continue };
        let key = option.key;
        let reason = match (instead, since.map(Release::name), until.map(Release::name)) {
            (Some(instead), ..) => format!(", which reads `{instead}` instead"),
            (None, Some(since), _) => format!(": it was added in Flink {since}"),
            (None, None, Some(until)) => format!(": it was removed after Flink {until}"),
            (None, None, None) => String::new(),
        };
        let (major, minor) = (version.major, version.minor);
        let finding = findings
            .at(place)
            .message(format!("`{key}` has no effect in Flink {major}.{minor}{reason}"))
            .key(key)
            .at_key();
        match instead {
            Some(instead) => finding.help(help(subject, key, instead)).wanted(instead),
            None => finding.help(format!("remove `{key}`")),
        };
    }
}
