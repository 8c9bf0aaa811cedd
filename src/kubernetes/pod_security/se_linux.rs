//! SELinux labels: few types, no user and no role.

use super::pod::{Pod, Subject, field, shown, text};
use super::violation::{Control, Found, Said};

const ID: &str = "seLinuxOptions";

pub(super) fn check(pod: &Pod<'_>, subject: &Subject<'_>, found: &mut Found) {
    let Some(options) = field(subject.context, ID) else { return };
    for (name, help) in [
        ("type", "remove it, or set container_t"),
        ("user", "remove it: the runtime sets it"),
        ("role", "remove it: the runtime sets it"),
    ] {
        let value = text(field(options, name));
        if !(value.is_empty() || (name == "type" && is_allowed(pod, &value))) {
            found.add(Control::SeLinux, ID, || {
                let message =
                    format!("{subject} must not set the SELinux {name} {}", shown(&value));
                Said::new(subject.context_place(&[ID, name]), message, help)
            });
        }
    }
}

fn is_allowed(pod: &Pod<'_>, kind: &str) -> bool {
    match kind {
        "container_t" | "container_init_t" | "container_kvm_t" => true,
        "container_engine_t" => pod.since(31),
        _ => false,
    }
}
