//! The promise not to run as root, which the kubelet keeps.

use super::pod::{Pod, Subject, field};
use super::violation::{Control, Found, Said};
use serde_json::Value;

const FIELD: &str = "runAsNonRoot";

/// What the pod or a container says.
pub(super) fn check(pod: &Pod<'_>, subject: &Subject<'_>, found: &mut Found) {
    let refuses = field(subject.context, FIELD).is_some_and(|value| value != &Value::Bool(true));
    if pod.is_restricted() && refuses && !pod.has_own_users() {
        found.add(Control::RunAsNonRoot, FIELD, || {
            let message = format!("{subject} must not set runAsNonRoot to false");
            Said::new(subject.context_place(&[FIELD]), message, "set runAsNonRoot: true")
        });
    }
}

/// What neither a container says nor its pod.
pub(super) fn check_container(pod: &Pod<'_>, container: &Subject<'_>, found: &mut Found) {
    let silent = |context: &Value| field(context, FIELD).is_none();
    if pod.is_restricted()
        && silent(container.context)
        && silent(pod.subject().context)
        && !pod.has_own_users()
    {
        found.add(Control::RunAsNonRoot, FIELD, || {
            let message = format!("{container} must set runAsNonRoot to true, or its pod must");
            Said::new(
                container.context_place(&[FIELD]),
                message,
                "set runAsNonRoot: true in the pod's securityContext",
            )
        });
    }
}
