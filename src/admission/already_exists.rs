//! Objects that exist already, created once more in a tenant whose quota is full.
//!
//! The API server finds that a name is taken only after admission. A full tenant refuses before that,
//! and a client that expects `AlreadyExists`, as operators do, sees a full quota instead. So a creation
//! that only the quota refuses is looked up, and gets the API server's own answer. It stays refused: the
//! object may be deleted before the API server stores the new one, which would then be uncharged.

use super::answer::{Answer, Decision};
use super::context::Context;
use crate::resource::{Operation, Resource};
use crate::rules::Level;

/// The rule whose refusal says less than the API server would.
const FULL: &str = "quota/exceeded";

/// The answer, which says that the object exists if it does.
pub(super) async fn noticed<C: Context>(
    context: &C,
    resource: &Resource,
    answer: Answer,
) -> Answer {
    if !is_asked(resource, &answer) {
        return answer;
    }
    // Where the API server does not say, the refusal for the quota is as true.
    let found = context.object(&resource.of, &resource.namespace, &resource.name).await;
    let already_exists = found.is_ok_and(|found| found.is_some());
    Answer { already_exists, ..answer }
}

fn is_asked(resource: &Resource, answer: &Answer) -> bool {
    let mut errors = answer.findings.iter().filter(|finding| finding.level == Level::Error);
    resource.operation == Operation::Create
        && resource.sub_resource.is_none()
        && !resource.name.is_empty()
        && !resource.of.resource.is_empty()
        && answer.decision() == Decision::Refused
        && errors.all(|finding| finding.rule == FULL)
}
