//! Probes and lifecycle hooks.

use super::context::Context;
use super::fault::{Fault, Reason, Report};
use super::fields::{each, is_given, object, one_of, one_source, required_form, within};
use super::forms::Form;
use super::place::Place;
use super::ports::NUMBERS;
use serde_json::Value;

const PROBE_ACTIONS: &[&str] = &["exec", "httpGet", "tcpSocket", "grpc"];
const HOOK_ACTIONS: &[&str] = &["exec", "httpGet", "tcpSocket", "sleep"];

/// Not negative, in 32 bits.
const NUMBER: (i64, i64) = (0, i32::MAX as i64);

/// The probes of a container.
pub const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

/// Checks the probes and hooks of a container.
pub fn probes(pod: &Context<'_>, container: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    for field in PROBES {
        let Some(probe) = object(container, field) else { continue };
        let at = at.field(field);
        action(probe, PROBE_ACTIONS, &at, report);
        for number in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "failureThreshold"]
        {
            within(probe, number, NUMBER, &at, report);
        }
        let needed = within(probe, "successThreshold", NUMBER, &at, report).unwrap_or(1);
        // Zero means the default.
        if field != "readinessProbe" && needed > 1 {
            report(&at.field("successThreshold"), Fault::Refused(Reason::SuccessThreshold));
        }
        let grace = "terminationGracePeriodSeconds";
        within(probe, grace, (1, i64::MAX), &at, report);
        if field == "readinessProbe" && is_given(probe, grace) {
            report(&at.field(grace), Fault::Refused(Reason::ReadinessGracePeriod));
        }
    }
    let Some(lifecycle) = object(container, "lifecycle") else { return };
    let at = at.field("lifecycle");
    for field in ["postStart", "preStop"] {
        let Some(hook) = object(lifecycle, field) else { continue };
        let at = at.field(field);
        action(hook, HOOK_ACTIONS, &at, report);
        if let Some(sleep) = object(hook, "sleep") {
            let seconds = sleep.get("seconds").and_then(Value::as_i64).unwrap_or_default();
            if seconds < 0 || seconds > pod.grace_period {
                report(&at.field("sleep"), Fault::Refused(Reason::LongSleep));
            }
        }
    }
}

fn action(
    parent: &Value,
    actions: &'static [&'static str],
    at: &Place<'_>,
    report: &mut Report<'_>,
) {
    let Some(given) = one_source(parent, actions, at, report) else { return };
    let Some(action) = object(parent, given) else { return };
    let at = at.field(given);
    match given {
        "exec" => {
            let command = action.get("command").filter(|command| !command.is_null());
            if command.is_none_or(|list| list.as_array().is_some_and(Vec::is_empty)) {
                report(&at, Fault::Missing("command"));
            }
        }
        "httpGet" => {
            port(action, &at, report);
            one_of(action, "scheme", &["HTTP", "HTTPS"], &at, report);
            each(action, "httpHeaders", &at, |header, at| {
                required_form(header, "name", Form::Header, at, report);
            });
        }
        "tcpSocket" => port(action, &at, report),
        "grpc" => match action.get("port").filter(|port| !port.is_null()) {
            Some(_) => drop(within(action, "port", NUMBERS, &at, report)),
            None => report(&at, Fault::Missing("port")),
        },
        _ => {}
    }
}

/// A port by its number or by its name.
fn port(action: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    match action.get("port") {
        Some(Value::Number(_)) => drop(within(action, "port", NUMBERS, at, report)),
        Some(Value::String(name)) if !Form::PortName.fits(name) => {
            report(&at.field("port"), Fault::Malformed(name, Form::PortName));
        }
        None | Some(Value::Null) => report(at, Fault::Missing("port")),
        Some(_) => {}
    }
}
