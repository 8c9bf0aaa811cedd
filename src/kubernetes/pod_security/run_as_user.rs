//! Containers that run as UID 0.

use super::pod::{Pod, Subject, field};
use super::violation::{Control, Violation, Violations};
use serde_json::Value;

const FIELD: &str = "runAsUser";

pub(super) fn check<'a>(pod: &Pod<'a>, subject: &Subject<'a>, violations: &mut Violations<'a>) {
    let root = field(subject.context, FIELD).filter(|user| !is_other_than_root(user));
    if pod.is_restricted() && root.is_some() && pod.since(23) && !pod.has_user_namespace() {
        violations.add(Control::RunAsUser, |control| Violation {
            control,
            check: FIELD,
            place: subject.context_place(&[FIELD]),
            part: subject.part(),
            field: FIELD,
            found: root,
            accepted: &[],
        });
    }
}

/// Whether this is the UID of a user other than root.
fn is_other_than_root(user: &Value) -> bool {
    user.as_i64().is_some_and(|user| user != 0) || user.as_u64().is_some_and(|user| user != 0)
}
