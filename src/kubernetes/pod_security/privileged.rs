//! Containers that are root on their node.

use super::pod::{Pod, Subject, is_on};
use super::violation::{Control, Found, Said};

pub(super) fn check(_: &Pod<'_>, container: &Subject<'_>, found: &mut Found) {
    if is_on(container.context, "privileged") {
        found.add(Control::Privileged, "privileged", || {
            Said::new(
                container.context_place(&["privileged"]),
                format!("{container} must not be privileged"),
                "remove privileged: true",
            )
        });
    }
}
