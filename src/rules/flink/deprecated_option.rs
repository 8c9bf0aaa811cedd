//! `flink/deprecated-option`

use crate::flink::catalog::OptionFault;
use crate::rules::{Findings, Level, Rule, Subject};

/// Options that a later Flink version will not read under their key.
pub static RULE: Rule = Rule {
    id: "flink/deprecated-option",
    level: Level::Info,
    since: "0.1.0",
    title: "Deprecated options",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("deprecated_option.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for option in subject.faulty_options() {
        let OptionFault::Deprecated { successor } = option.fault else { continue };
        let Some(place) = subject.written(option.key, option.entry) else { continue };
        let key = option.key;
        let finding = findings.at(place).key(key).at_key();
        match successor {
            Some(successor) => finding
                .message(format!("`{key}` is deprecated"))
                .help(format!("use `{successor}`"))
                .wanted(successor),
            None => finding
                .message(format!("`{key}` is deprecated and has no successor"))
                .help(format!("remove `{key}`")),
        };
    }
}
