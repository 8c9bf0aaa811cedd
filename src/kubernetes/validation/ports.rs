//! Ports of containers.

use super::fault::{Fault, Reason, Report};
use super::fields::{Seen, each, fits, is_given, is_true, one_of, repeated, text, within};
use super::forms::Form;
use super::place::Place;
use crate::resource::fields::elements;
use serde_json::Value;

/// The numbers of ports.
pub const NUMBERS: (i64, i64) = (1, 65_535);

/// Checks the ports of one container.
pub fn ports(container: &Value, spec: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    let uses_host = is_true(spec, "hostNetwork");
    each(container, "ports", at, |port, at| {
        if let Some(name) = text(port, "name") {
            fits(name, Form::PortName, &at.field("name"), report);
        }
        if !is_given(port, "containerPort") && port.is_object() {
            report(at, Fault::Missing("containerPort"));
        }
        let number = within(port, "containerPort", NUMBERS, at, report);
        // Zero is no port of the node.
        let on_host = within(port, "hostPort", (0, NUMBERS.1), at, report);
        if uses_host
            && let Some(on_host) = on_host
            && on_host != 0
            && number != Some(on_host)
        {
            report(&at.field("hostPort"), Fault::Refused(Reason::HostNetworkPort));
        }
        one_of(port, "protocol", &["TCP", "UDP", "SCTP"], at, report);
    });
    let at = at.field("ports");
    repeated(
        elements(container, "ports"),
        |port| text(port, "name"),
        |index, name| {
            report(&at.index(index).field("name"), Fault::Repeated(name));
        },
    );
}

/// Checks that no two containers of a list take the same port of the node.
pub fn host_ports(spec: &Value, list: &str, at: &Place<'_>, report: &mut Report<'_>) {
    let uses_host = is_true(spec, "hostNetwork");
    let mut taken = Seen::default();
    each(spec, list, at, |container, at| {
        each(container, "ports", at, |port, at| {
            let number = |field| port.get(field).and_then(Value::as_i64).filter(|port| *port != 0);
            let on_host = number("hostPort").or(number("containerPort").filter(|_| uses_host));
            let protocol = text(port, "protocol").unwrap_or("TCP");
            if let Some(number) = on_host
                && !taken.insert((protocol, text(port, "hostIP"), number))
            {
                let field = if number_is_own(port) { "hostPort" } else { "containerPort" };
                report(at, Fault::Repeated(field));
            }
        });
        // Init containers run one after the other.
        if list != "containers" {
            taken = Seen::default();
        }
    });
}

fn number_is_own(port: &Value) -> bool {
    is_given(port, "hostPort")
}
