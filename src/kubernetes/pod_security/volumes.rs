//! Volumes from the node's file system, and at level restricted all but a few types of volumes.
//!
//! A volume that names no source at all is none of these: the API server makes it an emptyDir.

use super::pod::{Pod, elements, field, shown};
use super::violation::{Control, Found, Said};
use serde_json::Value;

/// The only types at level restricted.
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

pub(super) fn check(pod: &Pod<'_>, found: &mut Found) {
    for (index, volume) in elements(pod.spec, "volumes").iter().enumerate() {
        let Some(kind) = forbidden(pod, volume) else { continue };
        let (control, help) = if kind == HOST_PATH {
            (
                Control::HostPath,
                "use a PersistentVolumeClaim for state, an emptyDir for scratch files",
            )
        } else {
            (Control::VolumeTypes, "mount a PersistentVolumeClaim instead")
        };
        let id = if pod.is_restricted() { "restrictedVolumes" } else { "hostPathVolumes" };
        found.add(control, id, || {
            let place = pod.subject().place(&["volumes", &index.to_string(), kind]);
            let name = field(volume, "name").and_then(Value::as_str).unwrap_or_default();
            let article = if kind == HOST_PATH { "a" } else { "of type" };
            Said::new(
                place,
                format!("volume {} must not be {article} {}", shown(name), shortened(kind)),
                help,
            )
        });
    }
}

/// The type that makes a volume a forbidden one.
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

/// A type's name, which may be one that nobody knows.
fn shortened(kind: &str) -> &str {
    kind.char_indices().nth(40).and_then(|(end, _)| kind.get(..end)).unwrap_or(kind)
}
