//! How much of the node's `/proc` a container sees.

use super::pod::{Pod, Subject, field, shown, text};
use super::violation::{Control, Found, Said};

pub(super) fn check(pod: &Pod<'_>, container: &Subject<'_>, found: &mut Found) {
    let Some(kind) =
        field(container.context, "procMount").filter(|kind| kind.as_str() != Some("Default"))
    else {
        return;
    };
    let restricted = pod.is_restricted() && pod.since(35);
    if restricted || !pod.has_own_users() {
        found.add(
            Control::ProcMount,
            if restricted { "procMount_restricted" } else { "procMount" },
            || {
                let message =
                    format!("{container} must not set procMount to {}", shown(&text(Some(kind))));
                Said::new(container.context_place(&["procMount"]), message, "remove procMount")
            },
        );
    }
}
