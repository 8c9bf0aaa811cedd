//! `storage/claims`

use super::shared::{claim_volumes, requests};
use crate::flink::claims::CLAIMS_OPTION;
use crate::flink::map_options::map_entries;
use crate::resource::fields::text;
use crate::resource::users;
use crate::rules::words::{matches_any, shown};
use crate::rules::{Advice, Findings, Level, Rule, Subject};
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

/// Who may bind a claim to a volume that exists.
const RESTORE: &str = "to restore a volume, the platform team exempts the claim from \
    `storage/claims` in the FlinkTenant, or creates it as a member of `system:masters`";

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.storage.claims.names else { return };
    let is_allowed = |name: &str| matches_any(allowed, name) || subject.tenant.is_state_claim(name);
    let mut report = |place: &str, name: &str| {
        findings
            .at(place)
            .message(format!("claim `{}` is not allowed", shown(name)))
            .advise(Advice::one_of(allowed))
            .found(shown(name));
    };
    for volume in claim_volumes(subject).filter(|volume| !is_allowed(volume.claim)) {
        report(&volume.place(), volume.claim);
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
    check_content(subject, &is_allowed, findings);
}

/// What a new claim contains from its start: a copy of another claim or of a snapshot, or a volume
/// that exists already. Whoever may not mount a claim may not mount its data under another name.
fn check_content(
    subject: &Subject<'_>,
    is_allowed: &dyn Fn(&str) -> bool,
    findings: &mut Findings,
) {
    let help = "remove it, so that the claim gets a new and empty volume";
    for (request, _) in requests(subject) {
        for source in ["/spec/dataSource", "/spec/dataSourceRef"] {
            let Some(data) = request.changed(source).filter(|data| data.is_object()) else {
                continue;
            };
            let name = text(data, "name");
            let is_elsewhere = !text(data, "namespace").is_empty()
                && text(data, "namespace") != subject.resource.namespace;
            if is_elsewhere || !is_allowed(name) {
                let kind = text(data, "kind");
                findings
                    .at(request.pointer(&format!("{source}/name")))
                    .message(format!(
                        "a copy of {} `{}` is not allowed",
                        if kind.is_empty() { "the data source".to_owned() } else { shown(kind) },
                        shown(name)
                    ))
                    .help(help.to_owned())
                    .found(shown(name));
            }
        }
        let volume = request.changed("/spec/volumeName").and_then(Value::as_str);
        // Kubernetes writes the name of the volume that it binds. An administrator restores claims.
        let user = &subject.resource.user;
        let is_bound =
            users::is_component(user) || (request.is_update() && users::is_trusted(user));
        if let Some(name) = volume.filter(|name| !name.is_empty() && !is_bound && !is_allowed(name))
        {
            findings
                .at(request.pointer("/spec/volumeName"))
                .message(format!("volume `{}` is not allowed", shown(name)))
                .help(format!("{help}; {RESTORE}"))
                .found(shown(name));
        }
        if request.changed("/spec/selector").is_some_and(Value::is_object) {
            findings
                .at(request.pointer("/spec/selector"))
                .message("the claim selects an existing volume by labels, which may be any volume")
                .help(help.to_owned());
        }
    }
}
