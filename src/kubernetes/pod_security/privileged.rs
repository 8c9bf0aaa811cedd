//! Containers with root privileges on their node.

use super::pod::{Pod, Subject, field, is_on};
use super::violation::{Control, Violation, Violations};

const FIELD: &str = "privileged";

pub(super) fn check<'a>(_: &Pod<'a>, container: &Subject<'a>, violations: &mut Violations<'a>) {
    if is_on(container.context, FIELD) {
        violations.add(Control::Privileged, |control| Violation {
            control,
            check: FIELD,
            place: container.context_place(&[FIELD]),
            part: container.part(),
            field: FIELD,
            found: field(container.context, FIELD),
            accepted: &["false"],
        });
    }
}
