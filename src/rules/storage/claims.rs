//! `storage/claims`

use crate::flink::claims::CLAIMS_OPTION;
use crate::flink::map_options::map_entries;
use crate::resource::{fields::elements, pointer};
use crate::rules::words::{matches_any, shown, use_one_of};
use crate::rules::{Findings, Level, Rule, Subject};
use serde_json::Value;

/// Claims that pods mount and the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "storage/claims",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed claims",
    tenant_fields: &["storage.claims.names", "storage.checkpoints.volume"],
    as_is: false,
    page: include_str!("claims.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.storage.claims.names else { return };
    let is_allowed = |name: &str| matches_any(allowed, name) || subject.tenant.is_state_claim(name);
    let mut report = |place: &str, name: &str| {
        findings
            .at(place)
            .message(format!("claim `{}` is not allowed", shown(name)))
            .help(use_one_of(allowed))
            .found(shown(name));
    };
    for pods in &subject.pods {
        for (index, volume) in elements(pods.spec(), "volumes").iter().enumerate() {
            let within = "/persistentVolumeClaim/claimName";
            if let Some(name) = pointer::at(volume, within).and_then(Value::as_str)
                && !is_allowed(name)
            {
                report(&pods.place(format!("/spec/volumes/{index}{within}")), name);
            }
        }
    }
    if subject.options_make_pods() {
        for pair in map_entries(&subject.workload.config, CLAIMS_OPTION) {
            if !is_allowed(&pair.key)
                && let Some(place) = subject.written(pair.option, pair.entry)
            {
                report(place, &pair.key);
            }
        }
    }
}
