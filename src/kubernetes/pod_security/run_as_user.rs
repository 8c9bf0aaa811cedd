//! Root by number.

use super::pod::{Pod, Subject, field};
use super::violation::{Control, Found, Said};
use serde_json::Value;

const FIELD: &str = "runAsUser";

pub(super) fn check(pod: &Pod<'_>, subject: &Subject<'_>, found: &mut Found) {
    let root = field(subject.context, FIELD).is_some_and(|user| !is_another(user));
    if pod.is_restricted() && root && pod.since(23) && !pod.has_own_users() {
        found.add(Control::RunAsUser, FIELD, || {
            let message = format!("{subject} must not set runAsUser to 0");
            Said::new(
                subject.context_place(&[FIELD]),
                message,
                "set runAsUser to a number other than 0, or leave it out",
            )
        });
    }
}

/// Whether this is the number of a user other than root.
fn is_another(user: &Value) -> bool {
    user.as_i64().is_some_and(|user| user != 0) || user.as_u64().is_some_and(|user| user != 0)
}
