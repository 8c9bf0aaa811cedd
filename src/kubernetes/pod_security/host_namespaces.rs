//! The node's network, process and IPC namespaces.

use super::pod::{Pod, field, is_on};
use super::violation::{Control, PodPart, Violation, Violations};

pub(super) fn check<'a>(pod: &Pod<'a>, violations: &mut Violations<'a>) {
    for name in ["hostNetwork", "hostPID", "hostIPC"] {
        if is_on(pod.spec, name) {
            violations.add(Control::HostNamespaces, |control| Violation {
                control,
                check: "hostNamespaces",
                place: pod.subject().place(&[name]),
                part: PodPart::Pod,
                field: name,
                found: field(pod.spec, name),
                accepted: &["false"],
            });
        }
    }
}
