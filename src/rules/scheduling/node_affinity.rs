//! `scheduling/node-affinity`

use crate::kubernetes::placement::unmet_node_requirements;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Node affinity that no node of the tenant meets.
pub static RULE: Rule = Rule {
    id: "scheduling/node-affinity",
    level: Level::Error,
    since: "0.1.0",
    title: "Node affinity outside the tenant's nodes",
    tenant_fields: &["scheduling.nodeSelector"],
    as_is: false,
    page: include_str!("node_affinity.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let selector = &subject.tenant.spec.scheduling.node_selector;
    if selector.is_empty() {
        return;
    }
    for pods in &subject.pods {
        let value = |key: &str| selector.get(key).map(String::as_str);
        for unmet in unmet_node_requirements(pods.spec(), value) {
            let (key, requirement) = (shown(unmet.key), shown(&unmet.requirement));
            let wanted = unmet.pool;
            findings
                .at(pods.place(&unmet.place))
                .message(format!(
                    "node affinity requires `{key} {requirement}`, but pods of this tenant run on \
                     nodes with `{key}: {wanted}`"
                ))
                .advise(Advice::remove_in_words(
                    "remove this expression: Flinkgate adds a node selector",
                ))
                .key(key)
                .wanted(wanted)
                .found(requirement);
        }
    }
}
