//! `storage/claim-size`

use super::shared::requests;
use crate::flink::claim_requests::SIZE;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Claims that are larger than the tenant allows.
pub static RULE: Rule = Rule {
    id: "storage/claim-size",
    level: Level::Error,
    since: "0.1.0",
    title: "Size of claims",
    tenant_fields: &["storage.claims.maxSize", "storage.checkpoints.volume"],
    as_is: false,
    page: include_str!("claim_size.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if subject.tenant.largest_claim.is_none() {
        return;
    }
    for (request, volume) in requests(subject) {
        let largest = match volume {
            Some(_) => &subject.tenant.largest_state_claim,
            None => &subject.tenant.largest_claim,
        };
        let (Some(largest), Some(size)) = (largest, request.grown_size()) else { continue };
        if size > largest.quantity {
            let (found, largest) = (shown(&request.written_size()), &largest.text);
            findings
                .at(request.pointer(SIZE))
                .message(format!("the claim requests `{found}`, but the tenant allows `{largest}`"))
                .advise(
                    Advice::set("storage", largest.as_str())
                        .in_words(format!("request `{largest}` or less")),
                )
                .wanted(largest)
                .found(found);
        }
    }
}
