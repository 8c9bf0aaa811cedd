//! The node's network, processes and IPC.

use super::pod::{Pod, is_on};
use super::violation::{Control, Found, Said};

pub(super) fn check(pod: &Pod<'_>, found: &mut Found) {
    for name in ["hostNetwork", "hostPID", "hostIPC"] {
        if is_on(pod.spec, name) {
            found.add(Control::HostNamespaces, "hostNamespaces", || {
                Said::new(
                    pod.subject().place(&[name]),
                    format!("the pod must not set {name}"),
                    format!("remove {name}: true"),
                )
            });
        }
    }
}
