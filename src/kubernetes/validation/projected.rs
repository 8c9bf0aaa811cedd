//! Projected volumes, and volumes with fields of the pod.

use super::environment::{container_resource, pod_field};
use super::fault::{Fault, Report};
use super::fields::{Seen, each, first_source, object, one_source, text, within};
use super::place::Place;
use super::volumes::{MODE, files, path};
use crate::resource::fields::elements;
use serde_json::Value;

const SOURCES: &[&str] = &[
    "secret",
    "configMap",
    "downwardAPI",
    "serviceAccountToken",
    "clusterTrustBundle",
    "podCertificate",
];

/// Fields of a pod that a file can have.
const POD_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.labels",
    "metadata.annotations",
    "metadata.uid",
];

/// Seconds for which a token is valid.
const EXPIRATION: (i64, i64) = (600, 1 << 32);

/// Checks a projected volume.
pub fn projected(source: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    within(source, "defaultMode", MODE, at, report);
    each(source, "sources", at, |source, at| {
        let Some(given) = first_source(source, SOURCES, at, report) else { return };
        let Some(source) = object(source, given) else { return };
        let at = at.field(given);
        match given {
            "secret" | "configMap" => files(source, "name", &at, report),
            "downwardAPI" => downward(source, &at, report),
            "serviceAccountToken" => {
                within(source, "expirationSeconds", EXPIRATION, &at, report);
                path(source, &at, report);
            }
            "clusterTrustBundle" => {
                one_source(source, &["name", "signerName"], &at, report);
                path(source, &at, report);
            }
            _ => {}
        }
    });
    paths(source, at, report);
}

/// Two files at one path.
fn paths(source: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    let at = at.field("sources");
    let own = ["secret", "configMap", "downwardAPI"];
    let mut seen = Seen::default();
    for (index, source) in elements(source, "sources").iter().enumerate() {
        let at = at.index(index);
        for kind in own {
            let Some(source) = object(source, kind) else { continue };
            let at = at.field(kind);
            let at = at.field("items");
            for (index, item) in elements(source, "items").iter().enumerate() {
                if let Some(path) = text(item, "path")
                    && !seen.insert(path)
                {
                    report(&at.index(index).field("path"), Fault::Repeated(path));
                }
            }
        }
    }
}

/// Checks files with fields of the pod.
pub fn downward(source: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    within(source, "defaultMode", MODE, at, report);
    each(source, "items", at, |item, at| {
        path(item, at, report);
        let given = one_source(item, &["fieldRef", "resourceFieldRef"], at, report);
        let Some(given) = given else { return };
        let Some(reference) = object(item, given) else { return };
        let at = at.field(given);
        match given {
            "fieldRef" => pod_field(reference, POD_FIELDS, &at, report),
            _ => container_resource(reference, true, &at, report),
        }
    });
}
