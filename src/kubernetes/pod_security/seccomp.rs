//! Seccomp profiles: annotations up to 1.18, fields from 1.19 on. Level restricted requires a
//! profile from 1.19 on.

use super::pod::{Pod, Subject, field, text};
use super::violation::{Control, PodPart, Violation, Violations};
use crate::resource::pointer;

const FIELD: &str = "seccompProfile";
const TYPES: &[&str] = &["RuntimeDefault", "Localhost"];
const BASELINE: &str = "seccompProfile_baseline";
const RESTRICTED: &str = "seccompProfile_restricted";
const POD_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";
const CONTAINER_ANNOTATION: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// Checks a profile that the pod or a container sets.
pub(super) fn check<'a>(pod: &Pod<'a>, subject: &Subject<'a>, violations: &mut Violations<'a>) {
    let Some(profile) = field(subject.context, FIELD).filter(|_| pod.since(19)) else { return };
    let kind = field(profile, "type");
    let is_ignored = pod.is_restricted() && pod.is_windows();
    if !is_ignored && !TYPES.contains(&&*text(kind)) {
        violations.add(Control::Seccomp, |control| Violation {
            control,
            check: if pod.is_restricted() { RESTRICTED } else { BASELINE },
            place: subject.context_place(&[FIELD, "type"]),
            part: subject.part(),
            field: "type",
            found: kind,
            accepted: TYPES,
        });
    }
}

/// Reports a profile that a container lacks or that an annotation sets.
pub(super) fn check_container<'a>(
    pod: &Pod<'a>,
    container: &Subject<'a>,
    violations: &mut Violations<'a>,
) {
    if !pod.since(19) {
        let name = container.name;
        check_annotation(pod, || format!("{CONTAINER_ANNOTATION}{name}"), violations);
    } else if pod.is_restricted()
        && field(container.context, FIELD).is_none()
        // A forbidden profile of the pod is a violation of the pod.
        && field(pod.subject().context, FIELD).is_none()
        && !pod.is_windows()
    {
        violations.add(Control::Seccomp, |control| Violation {
            control,
            check: RESTRICTED,
            place: container.context_place(&[FIELD]),
            part: container.part(),
            field: FIELD,
            found: None,
            accepted: TYPES,
        });
    }
}

/// Checks the pod's annotation.
pub(super) fn check_pod_annotation<'a>(pod: &Pod<'a>, violations: &mut Violations<'a>) {
    if !pod.since(19) {
        check_annotation(pod, || POD_ANNOTATION.to_owned(), violations);
    }
}

fn check_annotation<'a>(
    pod: &Pod<'a>,
    key: impl FnOnce() -> String,
    violations: &mut Violations<'a>,
) {
    let Some((key, value)) =
        pod.annotations().and_then(|annotations| annotations.get_key_value(&key()))
    else {
        return;
    };
    let profile = text(Some(value));
    if !matches!(&*profile, "runtime/default" | "docker/default")
        && !profile.starts_with("localhost/")
    {
        violations.add(Control::Seccomp, |control| Violation {
            control,
            check: BASELINE,
            place: pointer::join("/metadata/annotations", key),
            part: PodPart::Annotation,
            field: key,
            found: Some(value),
            accepted: &["runtime/default", "docker/default", "localhost/*"],
        });
    }
}
