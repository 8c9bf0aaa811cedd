//! `tenancy/label`

use crate::mutate::PodMap;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Pods with another label than the tenant's.
pub static RULE: Rule = Rule {
    id: "tenancy/label",
    level: Level::Error,
    since: "0.1.0",
    title: "Tenant labels on pods",
    tenant_fields: &["labels"],
    as_is: false,
    page: include_str!("label.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for (pointer, entry) in subject.entry_conflicts(PodMap::Labels) {
        let (key, wanted) = (&entry.key, &entry.wanted);
        let Some(found) = entry.found.as_deref().map(shown) else {
            findings
                .at(pointer)
                .message(format!("label `{key}` is missing, but the tenant sets `{wanted}`"))
                .advise(
                    Advice::set(key, wanted.as_str())
                        .in_words(format!("set the label `{key}: {wanted}`"))
                        .safe(),
                )
                .key(key)
                .wanted(wanted);
            continue;
        };
        let (message, help) = match &entry.option {
            None => (
                format!("label `{key}` is `{found}`, but the tenant sets `{wanted}`"),
                Advice::remove_in_words(format!("remove the label `{key}`: Flinkgate adds it")),
            ),
            Some(option) => (
                format!(
                    "`{option}` sets label `{key}` to `{found}`, but the tenant sets `{wanted}`"
                ),
                Advice::words(format!("remove `{key}` from `{option}`: Flinkgate adds the label")),
            ),
        };
        findings.at(pointer).message(message).advise(help).key(key).wanted(wanted).found(found);
    }
}
