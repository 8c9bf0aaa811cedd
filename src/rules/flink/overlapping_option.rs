//! `flink/overlapping-option`

use crate::flink::catalog::{map_names, other_names};
use crate::flink::operator::overlapping_keys::OverlappingKey;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Keys that are also the beginning of another key, for Flink 2.
pub static RULE: Rule = Rule {
    id: "flink/overlapping-option",
    level: Level::Error,
    since: "0.1.0",
    title: "Overlapping keys for Flink 2",
    tenant_fields: &["flink.configuration.defaults", "flink.configuration.enforced"],
    as_is: false,
    page: include_str!("overlapping_option.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for overlap in subject.overlapping_keys() {
        let OverlappingKey { key, entry, longer, is_added } = *overlap;
        let (key_shown, longer) = (shown(key), shown(longer));
        let by = if is_added { ", which the operator adds" } else { "" };
        let successor = other_names(key).newer.first().copied();
        let finding = findings
            .at(subject.option_place(key, entry))
            .message(format!(
                "`{key_shown}` is also the beginning of `{longer}`{by}: the operator does not \
                 deploy both for Flink 2"
            ))
            .advise(help(subject, overlap, successor))
            .key(key)
            .at_key();
        if let Some(successor) = successor {
            finding.wanted(successor);
        }
    }
}

/// What to write, and who has to write it.
fn help(
    subject: &Subject<'_>,
    OverlappingKey { key, entry, .. }: &OverlappingKey<'_>,
    successor: Option<&str>,
) -> Advice {
    let name = shown(key);
    let instead = match successor {
        Some(successor) if subject.workload.config.exact(successor).is_some() => {
            Advice::remove_option(key).in_words(format!("remove `{name}`: `{successor}` is set"))
        }
        Some(successor) => Advice::rename_option(key, successor).safe(),
        None if map_names(key).0 => {
            Advice::words(format!("write all entries in `{name}`, or none"))
        }
        None => Advice::words(format!("remove or rename `{name}`")),
    };
    if subject.tenant.gives_option(key, &entry.value) {
        Advice::words(format!(
            "ask the platform team to change the tenant's `flink.configuration`: {}",
            instead.text()
        ))
    } else if entry.pointer.is_none() {
        Advice::words(format!(
            "ask the platform team to change the operator's configuration: {}",
            instead.text()
        ))
    } else {
        instead
    }
}
