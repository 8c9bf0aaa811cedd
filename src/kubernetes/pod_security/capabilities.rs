//! Linux capabilities: level restricted, from 1.22 on, replaces what level baseline says of them.

use super::pod::{Pod, Subject, elements, field, shown, text};
use super::violation::{Control, Found, Said};
use serde_json::Value;

/// What container runtimes give by default, and NET_RAW not.
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

pub(super) fn check(pod: &Pod<'_>, container: &Subject<'_>, found: &mut Found) {
    let capabilities = field(container.context, "capabilities").unwrap_or(&Value::Null);
    let restricted = pod.is_restricted() && pod.since(22);
    let (id, allowed) = if restricted {
        ("capabilities_restricted", &RESTRICTED[..])
    } else {
        ("capabilities_baseline", &DEFAULT[..])
    };
    let mut added = elements(capabilities, "add").iter().enumerate().peekable();
    let drops_all = !restricted
        || elements(capabilities, "drop").iter().any(|dropped| dropped.as_str() == Some("ALL"));
    // On Windows neither level says anything from 1.25 on, for restricted replaces baseline there
    // too.
    if (drops_all && added.peek().is_none()) || (restricted && pod.is_windows()) {
        return;
    }
    for (index, capability) in added {
        let capability = text(Some(capability));
        if !allowed.contains(&&*capability) {
            found.add(Control::Capabilities, id, || {
                let place = container.context_place(&["capabilities", "add", &index.to_string()]);
                let message =
                    format!("{container} must not add the capability {}", shown(&capability));
                let help = if restricted {
                    "remove it: at most NET_BIND_SERVICE may be added"
                } else {
                    "remove it"
                };
                Said::new(place, message, help)
            });
        }
    }
    if !drops_all {
        found.add(Control::Capabilities, id, || {
            let place = container.context_place(&["capabilities", "drop"]);
            Said::new(
                place,
                format!("{container} must drop ALL capabilities"),
                "set capabilities: {drop: [ALL]}",
            )
        });
    }
}
