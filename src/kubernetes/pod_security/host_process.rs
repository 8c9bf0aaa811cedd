//! Windows containers that run on the node itself.

use super::pod::{Pod, Subject, field, is_on};
use super::violation::{Control, Violation, Violations};

const FIELD: &str = "hostProcess";

pub(super) fn check<'a>(_: &Pod<'a>, subject: &Subject<'a>, violations: &mut Violations<'a>) {
    let options = field(subject.context, "windowsOptions");
    if let Some(options) = options.filter(|options| is_on(options, FIELD)) {
        violations.add(Control::HostProcess, |control| Violation {
            control,
            check: "windowsHostProcess",
            place: subject.context_place(&["windowsOptions", FIELD]),
            part: subject.part(),
            field: FIELD,
            found: field(options, FIELD),
            accepted: &["false"],
        });
    }
}
