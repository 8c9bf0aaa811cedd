//! Hosts in probes and lifecycle hooks. The kubelet connects to them and can reach hosts that the
//! pod cannot.

use super::pod::{Pod, Subject, field, text};
use super::violation::{Control, Violation, Violations};

/// Probes and hooks, each with the field that holds it.
const HANDLERS: [(Option<&str>, &str); 5] = [
    (None, "livenessProbe"),
    (None, "readinessProbe"),
    (None, "startupProbe"),
    (Some("lifecycle"), "postStart"),
    (Some("lifecycle"), "preStop"),
];

pub(super) fn check<'a>(pod: &Pod<'a>, container: &Subject<'a>, violations: &mut Violations<'a>) {
    if !pod.since(34) {
        return;
    }
    for (within, handler) in HANDLERS {
        let holder = within.map_or(Some(container.value), |within| field(container.value, within));
        let Some(probe) = holder.and_then(|holder| field(holder, handler)) else { continue };
        for action in ["httpGet", "tcpSocket"] {
            let host = field(probe, action).and_then(|action| field(action, "host"));
            if !text(host).is_empty() {
                violations.add(Control::ProbeHosts, |control| {
                    let fields: Vec<&str> =
                        within.into_iter().chain([handler, action, "host"]).collect();
                    Violation {
                        control,
                        check: "hostProbesAndHostLifecycle",
                        place: container.place(&fields),
                        part: container.part(),
                        field: handler,
                        found: host,
                        accepted: &[],
                    }
                });
            }
        }
    }
}
