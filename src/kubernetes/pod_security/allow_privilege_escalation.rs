//! Programs that become more than the process that starts them.

use super::pod::{Pod, Subject, field};
use super::violation::{Control, Found, Said};
use serde_json::Value;

const FIELD: &str = "allowPrivilegeEscalation";

pub(super) fn check(pod: &Pod<'_>, container: &Subject<'_>, found: &mut Found) {
    if !pod.is_restricted()
        || field(container.context, FIELD) == Some(&Value::Bool(false))
        || !pod.since(8)
        || pod.is_windows()
    {
        return;
    }
    found.add(Control::AllowPrivilegeEscalation, FIELD, || {
        let message = format!("{container} must set allowPrivilegeEscalation to false");
        Said::new(
            container.context_place(&[FIELD]),
            message,
            "set allowPrivilegeEscalation: false in the container's securityContext",
        )
    });
}
