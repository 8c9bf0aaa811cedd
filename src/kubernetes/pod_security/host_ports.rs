//! Ports of the node (`hostPort`).

use super::pod::{Pod, Subject, elements, field, is_on};
use super::violation::{Control, Violation, Violations};
use serde_json::Value;

pub(super) fn check<'a>(pod: &Pod<'a>, container: &Subject<'a>, violations: &mut Violations<'a>) {
    for (index, port) in elements(container.value, "ports").iter().enumerate() {
        let Some(number) = field(port, "hostPort").filter(|number| !is_allowed(pod, number)) else {
            continue;
        };
        violations.add(Control::HostPorts, |control| {
            // With hostNetwork, the API server sets hostPort itself.
            let implied =
                is_on(pod.spec, "hostNetwork") && port.get("containerPort") == Some(number);
            Violation {
                control,
                check: "hostPorts",
                place: container.place(&["ports", &index.to_string(), "hostPort"]),
                part: container.part(),
                field: if implied { "hostNetwork" } else { "hostPort" },
                found: Some(number),
                accepted: &[],
            }
        });
    }
}

/// Whether a number is not a port, or a port that every pod may use.
fn is_allowed(pod: &Pod<'_>, number: &Value) -> bool {
    number.as_f64() == Some(0.0)
        || number.as_u64().is_some_and(|number| {
            pod.allowed_ports.iter().any(|allowed| u64::from(*allowed) == number)
        })
}
