//! Volumes of a pod.

use super::context::Context;
use super::fault::{Fault, Report};
use super::fields::first_source;
use super::fields::{
    each, formed, object, one_of, repeated, required, required_form, text, within,
};
use super::forms::Form;
use super::place::Place;
use super::{claim_template, projected};
use crate::resource::fields::elements;
use crate::resource::quantity::Quantity;
use serde_json::Value;

/// Where a volume's content can come from.
const SOURCES: &[&str] = &[
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
];

/// Fields that sources must have, of sources that need nothing else.
const REQUIRED: [(&str, &[&str]); 16] = [
    ("gcePersistentDisk", &["pdName"]),
    ("awsElasticBlockStore", &["volumeID"]),
    ("nfs", &["server", "path"]),
    ("iscsi", &["targetPortal", "iqn"]),
    ("glusterfs", &["endpoints", "path"]),
    ("persistentVolumeClaim", &["claimName"]),
    ("rbd", &["monitors", "image"]),
    ("cinder", &["volumeID"]),
    ("cephfs", &["monitors"]),
    ("flexVolume", &["driver"]),
    ("azureFile", &["secretName", "shareName"]),
    ("vsphereVolume", &["volumePath"]),
    ("photonPersistentDisk", &["pdID"]),
    ("portworxVolume", &["volumeID"]),
    ("azureDisk", &["diskName", "diskURI"]),
    ("gitRepo", &["repository"]),
];

const HOST_PATH_TYPES: &[&str] = &[
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
];

/// Permissions of files.
pub(super) const MODE: (i64, i64) = (0, 0o777);

/// Checks the volumes of a pod.
pub fn volumes(pod: &Context<'_>, at: &Place<'_>, report: &mut Report<'_>) {
    each(pod.spec, "volumes", at, |volume, at| {
        required_form(volume, "name", Form::DnsLabel, at, report);
        // A volume without a source is an empty directory.
        if let Some(given) = first_source(volume, SOURCES, at, report)
            && let Some(source) = object(volume, given)
        {
            check(given, source, pod.options.is_pod, &at.field(given), report);
        }
    });
    let list = elements(pod.spec, "volumes");
    let at = at.field("volumes");
    repeated(
        list,
        |volume| text(volume, "name"),
        |index, name| {
            report(&at.index(index).field("name"), Fault::Repeated(name));
        },
    );
}

fn check(
    given: &'static str,
    source: &Value,
    is_pod: bool,
    at: &Place<'_>,
    report: &mut Report<'_>,
) {
    let fields = REQUIRED.iter().find(|(name, _)| *name == given).map(|(_, fields)| *fields);
    for field in fields.into_iter().flatten() {
        required(source, field, at, report);
    }
    match given {
        "emptyDir" => {
            let limit = source.get("sizeLimit").map(Quantity::from_json);
            if limit.is_some_and(|limit| limit.is_ok_and(Quantity::is_negative)) {
                report(&at.field("sizeLimit"), Fault::Negative);
            }
        }
        "hostPath" => {
            required_form(source, "path", Form::NoSteps, at, report);
            one_of(source, "type", HOST_PATH_TYPES, at, report);
        }
        "gitRepo" => formed(source, "directory", Form::Below, at, report),
        "nfs" => formed(source, "path", Form::Absolute, at, report),
        "secret" => files(source, "secretName", at, report),
        "configMap" => files(source, "name", at, report),
        "downwardAPI" => projected::downward(source, at, report),
        "projected" => projected::projected(source, at, report),
        "csi" => {
            required_form(source, "driver", Form::Driver, at, report);
            if let Some(secret) = object(source, "nodePublishSecretRef") {
                let at = at.field("nodePublishSecretRef");
                required_form(secret, "name", Form::DnsSubdomain, &at, report);
            }
        }
        "ephemeral" => claim_template::claim_template(source, at, report),
        "image" => {
            // The owner of a template may set the reference later.
            if is_pod {
                required(source, "reference", at, report);
            }
            one_of(source, "pullPolicy", &["Always", "IfNotPresent", "Never"], at, report);
        }
        _ => {}
    }
}

/// Files of a ConfigMap or Secret.
pub(super) fn files(source: &Value, name: &'static str, at: &Place<'_>, report: &mut Report<'_>) {
    required(source, name, at, report);
    within(source, "defaultMode", MODE, at, report);
    each(source, "items", at, |item, at| {
        required(item, "key", at, report);
        path(item, at, report);
    });
}

/// The path of a file, and its permissions.
pub(super) fn path(item: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    if let Some(path) = required(item, "path", at, report)
        && (!Form::Below.fits(path) || path.starts_with(".."))
    {
        report(&at.field("path"), Fault::Malformed(path, Form::Below));
    }
    within(item, "mode", MODE, at, report);
}
