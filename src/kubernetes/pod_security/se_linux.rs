//! SELinux labels: a few types are allowed, users and roles are not.

use super::pod::{Pod, Subject, field, text};
use super::violation::{Control, Violation, Violations};

const ID: &str = "seLinuxOptions";

/// The allowed types before 1.31.
const TYPES: &[&str] = &["container_t", "container_init_t", "container_kvm_t"];

/// The allowed types from 1.31 on.
const TYPES_SINCE_31: &[&str] =
    &["container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

pub(super) fn check<'a>(pod: &Pod<'a>, subject: &Subject<'a>, violations: &mut Violations<'a>) {
    let Some(options) = field(subject.context, ID) else { return };
    let types = if pod.since(31) { TYPES_SINCE_31 } else { TYPES };
    for (name, accepted) in [("type", types), ("user", &[]), ("role", &[])] {
        let found = field(options, name);
        let value = text(found);
        if !(value.is_empty() || accepted.contains(&&*value)) {
            violations.add(Control::SeLinux, |control| Violation {
                control,
                check: ID,
                place: subject.context_place(&[ID, name]),
                part: subject.part(),
                field: name,
                found,
                accepted,
            });
        }
    }
}
