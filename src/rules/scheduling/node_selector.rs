//! `scheduling/node-selector`

use crate::mutate::{Difference, NODE_NAME_LABEL, PodMap};
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use crate::tenant::DEFAULT_TOPOLOGY_KEY;

/// Pods with another node selector than the tenant's.
pub static RULE: Rule = Rule {
    id: "scheduling/node-selector",
    level: Level::Error,
    since: "0.1.0",
    title: "Tenant node selector",
    tenant_fields: &["scheduling.nodeSelector"],
    as_is: false,
    page: include_str!("node_selector.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for (pointer, entry) in subject.entry_conflicts(PodMap::NodeSelector) {
        let (key, wanted) = (&entry.key, &entry.wanted);
        let Some(found) = entry.found.as_deref().map(shown) else {
            findings
                .at(pointer)
                .message(format!("`nodeSelector` lacks `{key}`, but the tenant sets `{wanted}`"))
                .advise(
                    Advice::set(key, wanted.as_str())
                        .in_words(format!("set `nodeSelector: {{{key}: {wanted}}}`"))
                        .safe(),
                )
                .key(key)
                .wanted(wanted);
            continue;
        };
        let place = entry.option.as_deref().unwrap_or("nodeSelector");
        findings
            .at(pointer)
            .message(format!("`{place}` has `{key}: {found}`, but the tenant sets `{wanted}`"))
            .advise(Advice::remove(key).then(&format!(" from `{place}`: Flinkgate adds it")))
            .key(key)
            .wanted(wanted)
            .found(found);
    }
    for conflict in subject.conflicts {
        let Difference::NodeNameLabel { found } = &conflict.difference else { continue };
        let found = shown(found);
        findings
            .at(conflict.pointer.as_str())
            .message(format!(
                "`{NODE_NAME_LABEL}` is `{found}`, but the tenant's node selector needs \
                 `{DEFAULT_TOPOLOGY_KEY}`"
            ))
            .advise(Advice::remove_option(NODE_NAME_LABEL))
            .key(NODE_NAME_LABEL)
            .wanted(DEFAULT_TOPOLOGY_KEY)
            .found(found);
    }
}
