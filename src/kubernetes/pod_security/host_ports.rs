//! Ports of the node.

use super::pod::{Pod, Subject, elements, field, is_on, shown, text};
use super::violation::{Control, Found, Said};
use serde_json::Value;

pub(super) fn check(pod: &Pod<'_>, container: &Subject<'_>, found: &mut Found) {
    for (index, port) in elements(container.value, "ports").iter().enumerate() {
        let Some(number) = field(port, "hostPort").filter(|number| !is_zero(number)) else {
            continue;
        };
        found.add(Control::HostPorts, "hostPorts", || {
            let message =
                format!("{container} must not take port {} of its node", port_name(number));
            // The API server sets hostPort by itself then.
            let implied =
                is_on(pod.spec, "hostNetwork") && port.get("containerPort") == Some(number);
            let help = if implied {
                "remove hostNetwork: true, which takes every port of the container on the node"
            } else {
                "remove hostPort; a Service makes a port reachable"
            };
            Said::new(container.place(&["ports", &index.to_string(), "hostPort"]), message, help)
        });
    }
}

fn is_zero(number: &Value) -> bool {
    number.as_f64() == Some(0.0)
}

fn port_name(number: &Value) -> String {
    if number.is_number() { number.to_string() } else { shown(&text(Some(number))) }
}
