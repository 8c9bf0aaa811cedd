//! `flink/enforced-option`

use crate::flink::credentials::is_credential;
use crate::flink::state::without_password;
use crate::mutate::Difference;
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};

/// Options with another value than the one that the tenant enforces.
pub static RULE: Rule = Rule {
    id: "flink/enforced-option",
    level: Level::Error,
    since: "0.1.0",
    title: "Enforced options",
    tenant_fields: &["flink.configuration.enforced"],
    as_is: false,
    page: include_str!("enforced_option.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for conflict in subject.conflicts {
        let Difference::EnforcedOption { key, wanted, found } = &conflict.difference else {
            continue;
        };
        let finding = findings.at(conflict.pointer.as_str());
        finding.help(format!("remove `{key}`: Flinkgate sets it")).key(key);
        if is_credential(key) {
            finding.message(format!("`{key}` does not have the value that the tenant sets"));
        } else {
            let [wanted, found] = [wanted, found].map(|value| shown(&without_password(value).0));
            finding
                .message(format!("`{key}` is `{found}`, but the tenant sets `{wanted}`"))
                .wanted(wanted)
                .found(found);
        }
    }
}
