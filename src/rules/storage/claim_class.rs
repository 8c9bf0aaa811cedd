//! `storage/claim-class`

use super::shared::{distinct, requests};
use crate::rules::words::{alternatives, shown};
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Claims of storage classes that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "storage/claim-class",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed storage classes",
    tenant_fields: &["storage.claims.storageClassNames", "storage.checkpoints.volume"],
    as_is: false,
    page: include_str!("claim_class.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.storage.claims.storage_class_names else { return };
    for (request, volume) in requests(subject) {
        let Some((class, pointer)) = request.changed_class() else { continue };
        let allowed = || {
            let of_state = volume.and_then(|volume| volume.storage_class_name.as_deref());
            allowed.iter().map(String::as_str).chain(of_state)
        };
        if class.is_some_and(|class| allowed().any(|allowed| allowed == class)) {
            continue;
        }
        let message = match class {
            None => "the claim has no storage class, so the default of the cluster applies".into(),
            Some("") => "an empty storage class is not allowed".into(),
            Some(class) => format!("storage class `{}` is not allowed", shown(class)),
        };
        let help = match distinct(allowed()).as_slice() {
            [] => Advice::words("remove the claim: the tenant allows no storage class"),
            allowed => match allowed {
                [only] => Advice::set("storageClassName", *only),
                _ => Advice::words(""),
            }
            .in_words(format!("set `storageClassName` to {}", alternatives(allowed))),
        };
        findings.at(pointer).message(message).advise(help).found(shown(class.unwrap_or_default()));
    }
}
