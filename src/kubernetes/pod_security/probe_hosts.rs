//! Hosts that the kubelet is to ask for the pod's health, or at its start and end: it reaches what
//! the pod cannot.

use super::pod::{Pod, Subject, field, shown, text};
use super::violation::{Control, Found, Said};

/// What asks, and what that stands in.
const HANDLERS: [(Option<&str>, &str); 5] = [
    (None, "livenessProbe"),
    (None, "readinessProbe"),
    (None, "startupProbe"),
    (Some("lifecycle"), "postStart"),
    (Some("lifecycle"), "preStop"),
];

pub(super) fn check(pod: &Pod<'_>, container: &Subject<'_>, found: &mut Found) {
    if !pod.since(34) {
        return;
    }
    for (within, handler) in HANDLERS {
        let holder = within.map_or(Some(container.value), |within| field(container.value, within));
        let Some(asked) = holder.and_then(|holder| field(holder, handler)) else { continue };
        for action in ["httpGet", "tcpSocket"] {
            let host = text(field(asked, action).and_then(|action| field(action, "host")));
            if !host.is_empty() {
                found.add(Control::ProbeHosts, "hostProbesAndHostLifecycle", || {
                    let fields: Vec<&str> =
                        within.into_iter().chain([handler, action, "host"]).collect();
                    let message =
                        format!("{container} must not name a host in {handler}: {}", shown(&host));
                    Said::new(
                        container.place(&fields),
                        message,
                        "remove host: the kubelet then asks the pod itself",
                    )
                });
            }
        }
    }
}
