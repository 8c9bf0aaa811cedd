//! Processes that can gain more privileges than their parent process.

use super::pod::{Pod, Subject, field};
use super::violation::{Control, Violation, Violations};
use serde_json::Value;

const FIELD: &str = "allowPrivilegeEscalation";

pub(super) fn check<'a>(pod: &Pod<'a>, container: &Subject<'a>, violations: &mut Violations<'a>) {
    let found = field(container.context, FIELD);
    if !pod.is_restricted()
        || found == Some(&Value::Bool(false))
        || !pod.since(8)
        || pod.is_windows()
    {
        return;
    }
    violations.add(Control::AllowPrivilegeEscalation, |control| Violation {
        control,
        check: FIELD,
        place: container.context_place(&[FIELD]),
        part: container.part(),
        field: FIELD,
        found,
        accepted: &["false"],
    });
}
