//! The field that makes the kubelet refuse to start a container as root.

use super::pod::{Pod, Subject, field};
use super::violation::{Control, Violation, Violations};
use serde_json::Value;

const FIELD: &str = "runAsNonRoot";

/// Checks the field of the pod or of a container.
pub(super) fn check<'a>(pod: &Pod<'a>, subject: &Subject<'a>, violations: &mut Violations<'a>) {
    let refused = field(subject.context, FIELD).filter(|value| *value != &Value::Bool(true));
    if pod.is_restricted() && refused.is_some() && !pod.has_user_namespace() {
        add(subject, refused, violations);
    }
}

/// Reports a field that both the container and its pod lack.
pub(super) fn check_container<'a>(
    pod: &Pod<'a>,
    container: &Subject<'a>,
    violations: &mut Violations<'a>,
) {
    let is_missing = |context: &Value| field(context, FIELD).is_none();
    if pod.is_restricted()
        && is_missing(container.context)
        && is_missing(pod.subject().context)
        && !pod.has_user_namespace()
    {
        add(container, None, violations);
    }
}

fn add<'a>(subject: &Subject<'a>, found: Option<&'a Value>, violations: &mut Violations<'a>) {
    violations.add(Control::RunAsNonRoot, |control| Violation {
        control,
        check: FIELD,
        place: subject.context_place(&[FIELD]),
        part: subject.part(),
        field: FIELD,
        found,
        accepted: &["true"],
    });
}
