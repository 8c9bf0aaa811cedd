//! Volumes from the node's file system; level restricted allows only a few types.
//!
//! A volume without a source violates nothing: the API server makes it an emptyDir.

use super::pod::{Pod, elements, field};
use super::violation::{Control, PodPart, Violation, Violations};
use serde_json::Value;

/// The only types that level restricted allows.
const ALLOWED: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

const HOST_PATH: &str = "hostPath";

pub(super) fn check<'a>(pod: &Pod<'a>, violations: &mut Violations<'a>) {
    for (index, volume) in elements(pod.spec, "volumes").iter().enumerate() {
        let Some(kind) = forbidden(pod, volume) else { continue };
        let control = if kind == HOST_PATH { Control::HostPath } else { Control::VolumeTypes };
        violations.add(control, |control| Violation {
            control,
            check: if pod.is_restricted() { "restrictedVolumes" } else { "hostPathVolumes" },
            place: pod.subject().place(&["volumes", &index.to_string(), kind]),
            part: PodPart::Volume(
                field(volume, "name").and_then(Value::as_str).unwrap_or_default(),
            ),
            field: kind,
            found: field(volume, kind),
            accepted: if pod.is_restricted() { &ALLOWED } else { &[] },
        });
    }
}

/// The type that makes a volume forbidden.
fn forbidden<'a>(pod: &Pod<'_>, volume: &'a Value) -> Option<&'a str> {
    let host_path = || field(volume, HOST_PATH).map(|_| HOST_PATH);
    if !pod.is_restricted() {
        return host_path();
    }
    let fields = volume.as_object()?.iter();
    let mut sources = fields
        .filter(|(name, value)| *name != "name" && !value.is_null())
        .map(|(name, _)| name.as_str());
    if sources.clone().any(|source| ALLOWED.contains(&source)) {
        return None;
    }
    host_path().or_else(|| sources.next())
}
