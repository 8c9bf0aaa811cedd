//! How much of the node's `/proc` a container sees.

use super::pod::{Pod, Subject, field};
use super::violation::{Control, Violation, Violations};

const FIELD: &str = "procMount";

pub(super) fn check<'a>(pod: &Pod<'a>, container: &Subject<'a>, violations: &mut Violations<'a>) {
    let found = field(container.context, FIELD).filter(|kind| kind.as_str() != Some("Default"));
    let restricted = pod.is_restricted() && pod.since(35);
    if found.is_some() && (restricted || !pod.has_user_namespace()) {
        violations.add(Control::ProcMount, |control| Violation {
            control,
            check: if restricted { "procMount_restricted" } else { FIELD },
            place: container.context_place(&[FIELD]),
            part: container.part(),
            field: FIELD,
            found,
            accepted: &["Default"],
        });
    }
}
