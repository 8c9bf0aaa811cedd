//! Seccomp profiles: annotations up to 1.18, fields from 1.19 on, and needed at level restricted
//! from then on.

use super::pod::{Pod, Subject, field, shown, text};
use super::violation::{Control, Found, Said};
use crate::resource::pointer;

const BASELINE: &str = "seccompProfile_baseline";
const RESTRICTED: &str = "seccompProfile_restricted";
const POD_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";
const CONTAINER_ANNOTATION: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// A profile that the pod or a container sets.
pub(super) fn check(pod: &Pod<'_>, subject: &Subject<'_>, found: &mut Found) {
    let Some(profile) = field(subject.context, "seccompProfile").filter(|_| pod.since(19)) else {
        return;
    };
    let kind = text(field(profile, "type"));
    let id = if pod.is_restricted() { RESTRICTED } else { BASELINE };
    let of_no_matter = pod.is_restricted() && pod.is_windows();
    if !of_no_matter && !matches!(&*kind, "RuntimeDefault" | "Localhost") {
        found.add(Control::Seccomp, id, || {
            let message = format!("{subject} must not have the seccomp profile {}", shown(&kind));
            Said::new(
                subject.context_place(&["seccompProfile", "type"]),
                message,
                "set seccompProfile: {type: RuntimeDefault}",
            )
        });
    }
}

/// A profile that a container lacks, or has in an annotation.
pub(super) fn check_container(pod: &Pod<'_>, container: &Subject<'_>, found: &mut Found) {
    if !pod.since(19) {
        let name = container.name;
        check_annotation(pod, || format!("{CONTAINER_ANNOTATION}{name}"), found);
    } else if pod.is_restricted()
        && field(container.context, "seccompProfile").is_none()
        // A wrong one of the pod's was told there.
        && field(pod.subject().context, "seccompProfile").is_none()
        && !pod.is_windows()
    {
        found.add(Control::Seccomp, RESTRICTED, || {
            let message = format!("{container} must have a seccomp profile, or its pod must");
            let help = "set seccompProfile: {type: RuntimeDefault} in the pod's securityContext";
            Said::new(container.context_place(&["seccompProfile"]), message, help)
        });
    }
}

/// The pod's annotation.
pub(super) fn check_pod_annotation(pod: &Pod<'_>, found: &mut Found) {
    if !pod.since(19) {
        check_annotation(pod, || POD_ANNOTATION.to_owned(), found);
    }
}

fn check_annotation(pod: &Pod<'_>, key: impl FnOnce() -> String, found: &mut Found) {
    if !pod.has_annotations() {
        return;
    }
    let key = key();
    let Some(profile) = pod.annotation(&key) else { return };
    if !matches!(&*profile, "runtime/default" | "docker/default")
        && !profile.starts_with("localhost/")
    {
        found.add(Control::Seccomp, BASELINE, || {
            let message = format!("annotation {} must not be {}", shown(&key), shown(&profile));
            Said::new(
                pointer::join("/metadata/annotations", &key),
                message,
                "set it to runtime/default, or remove it",
            )
        });
    }
}
