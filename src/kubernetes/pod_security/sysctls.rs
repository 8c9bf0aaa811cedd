//! Kernel parameters: only those that touch nobody but the pod.

use super::pod::{Pod, elements, field, shown, text};
use super::violation::{Control, Found, Said};

/// The safe ones, and the minor version that first knew each as safe.
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

pub(super) fn check(pod: &Pod<'_>, found: &mut Found) {
    let own = pod.subject();
    for (index, sysctl) in elements(own.context, "sysctls").iter().enumerate() {
        let name = text(field(sysctl, "name"));
        match SAFE.iter().find(|(safe, _)| *safe == name) {
            Some((_, since)) if pod.since(*since) => {}
            known => found.add(Control::Sysctls, "sysctls", || {
                let place = own.context_place(&["sysctls", &index.to_string(), "name"]);
                let help = match known {
                    Some((_, since)) => format!(
                        "remove it: it is safe only from version v1.{since} of the standard on"
                    ),
                    None => {
                        "remove it: only sysctls that Kubernetes calls safe may be set".to_owned()
                    }
                };
                Said::new(place, format!("the pod must not set the sysctl {}", shown(&name)), help)
            }),
        }
    }
}
