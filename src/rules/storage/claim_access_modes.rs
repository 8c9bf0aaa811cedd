//! `storage/claim-access-modes`

use super::shared::{distinct, requests};
use crate::flink::claim_requests::ACCESS_MODES;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Claims with access modes that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "storage/claim-access-modes",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed access modes",
    tenant_fields: &["storage.claims.accessModes", "storage.checkpoints.volume"],
    as_is: false,
    page: include_str!("claim_access_modes.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.storage.claims.access_modes else { return };
    for (request, volume) in requests(subject) {
        let allowed = || {
            let of_state = volume.into_iter().flat_map(|volume| volume.access_modes());
            allowed.iter().map(String::as_str).chain(of_state)
        };
        for (index, mode) in request.changed_modes().iter().enumerate() {
            let Some(mode) = mode.as_str() else { continue };
            if !allowed().any(|allowed| allowed == mode) {
                findings
                    .at(request.pointer(&format!("{ACCESS_MODES}/{index}")))
                    .message(format!("access mode `{}` is not allowed", shown(mode)))
                    .advise(Advice::one_of(&distinct(allowed())))
                    .found(shown(mode));
            }
        }
    }
}
