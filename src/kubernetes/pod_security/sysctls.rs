//! Kernel parameters: only those that affect the pod alone are allowed.

use super::pod::{Pod, elements, field, text};
use super::violation::{Control, PodPart, Violation, Violations};

/// The allowed sysctls, each with the first minor version of the standard that allows it.
const SAFE: [(&str, u64); 14] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
    ("net.ipv4.tcp_slow_start_after_idle", 37),
    ("net.ipv4.tcp_notsent_lowat", 37),
];

pub(super) fn check<'a>(pod: &Pod<'a>, violations: &mut Violations<'a>) {
    let own = pod.subject();
    for (index, sysctl) in elements(own.context, "sysctls").iter().enumerate() {
        let found = field(sysctl, "name");
        if safe_since(&text(found)).is_none_or(|since| !pod.since(since)) {
            violations.add(Control::Sysctls, |control| Violation {
                control,
                check: "sysctls",
                place: own.context_place(&["sysctls", &index.to_string(), "name"]),
                part: PodPart::Pod,
                field: "name",
                found,
                accepted: &[],
            });
        }
    }
}

/// The first minor version of the standard that allows a sysctl; `None` if none does.
pub fn safe_since(sysctl: &str) -> Option<u64> {
    SAFE.iter().find(|(safe, _)| *safe == sysctl).map(|(_, since)| *since)
}
