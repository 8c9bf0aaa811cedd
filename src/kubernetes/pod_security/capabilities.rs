//! Linux capabilities: from 1.22 on, the check of level restricted replaces that of level baseline.

use super::pod::{Pod, Subject, elements, field, text};
use super::violation::{Control, Violation, Violations};
use serde_json::Value;

/// The default capabilities of container runtimes, without NET_RAW.
const DEFAULT: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

const RESTRICTED: [&str; 1] = ["NET_BIND_SERVICE"];

pub(super) fn check<'a>(pod: &Pod<'a>, container: &Subject<'a>, violations: &mut Violations<'a>) {
    let capabilities = field(container.context, "capabilities").unwrap_or(&Value::Null);
    let restricted = pod.is_restricted() && pod.since(22);
    let (check, accepted) = if restricted {
        ("capabilities_restricted", &RESTRICTED[..])
    } else {
        ("capabilities_baseline", &DEFAULT[..])
    };
    let mut added = elements(capabilities, "add").iter().enumerate().peekable();
    let drops_all = !restricted
        || elements(capabilities, "drop").iter().any(|dropped| dropped.as_str() == Some("ALL"));
    // From 1.25 on, neither level checks Windows pods: restricted replaces baseline there too.
    if (drops_all && added.peek().is_none()) || (restricted && pod.is_windows()) {
        return;
    }
    for (index, capability) in added {
        if !accepted.contains(&&*text(Some(capability))) {
            violations.add(Control::Capabilities, |control| Violation {
                control,
                check,
                place: container.context_place(&["capabilities", "add", &index.to_string()]),
                part: container.part(),
                field: "add",
                found: Some(capability),
                accepted,
            });
        }
    }
    if !drops_all {
        violations.add(Control::Capabilities, |control| Violation {
            control,
            check,
            place: container.context_place(&["capabilities", "drop"]),
            part: container.part(),
            field: "drop",
            found: None,
            accepted: &["ALL"],
        });
    }
}
