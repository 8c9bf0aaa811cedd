//! Secrets, ConfigMaps and PersistentVolumeClaims that a pod spec names.

use crate::resource::fields::elements;
use crate::resource::pointer;
use serde_json::Value;
use std::fmt::Arguments;

/// The kind of an object that a pod spec names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// A Secret.
    Secret,
    /// A ConfigMap.
    ConfigMap,
    /// A PersistentVolumeClaim.
    Claim,
}

use ReferenceKind::{Claim, ConfigMap, Secret};

/// Fields of a volume that name an object.
const VOLUME: [(ReferenceKind, &str); 12] = [
    (Secret, "/secret/secretName"),
    (ConfigMap, "/configMap/name"),
    (Claim, "/persistentVolumeClaim/claimName"),
    (Secret, "/csi/nodePublishSecretRef/name"),
    (Secret, "/azureFile/secretName"),
    (Secret, "/cephfs/secretRef/name"),
    (Secret, "/rbd/secretRef/name"),
    (Secret, "/iscsi/secretRef/name"),
    (Secret, "/flexVolume/secretRef/name"),
    (Secret, "/scaleIO/secretRef/name"),
    (Secret, "/storageos/secretRef/name"),
    (Secret, "/cinder/secretRef/name"),
];

/// Fields of a source of a projected volume.
const PROJECTED_SOURCE: [(ReferenceKind, &str); 2] =
    [(Secret, "/secret/name"), (ConfigMap, "/configMap/name")];

/// Fields of an element of a container's `envFrom`.
const ENV_FROM: [(ReferenceKind, &str); 2] =
    [(Secret, "/secretRef/name"), (ConfigMap, "/configMapRef/name")];

/// Fields of an element of a container's `env`.
const ENV: [(ReferenceKind, &str); 2] =
    [(Secret, "/valueFrom/secretKeyRef/name"), (ConfigMap, "/valueFrom/configMapKeyRef/name")];

/// Visits each name of an object of this kind in a pod spec, with its JSON Pointer within the pod:
/// `/spec/volumes/0/secret/secretName`.
pub fn references<'a>(
    spec: &'a Value,
    kind: ReferenceKind,
    mut visit: impl FnMut(&'a str, Arguments<'_>),
) {
    for (i, volume) in elements(spec, "volumes").iter().enumerate() {
        for (name, field) in names(volume, &VOLUME, kind) {
            visit(name, format_args!("/spec/volumes/{i}{field}"));
        }
        let sources = volume.get("projected").map(|projected| elements(projected, "sources"));
        for (j, source) in sources.into_iter().flatten().enumerate() {
            for (name, field) in names(source, &PROJECTED_SOURCE, kind) {
                visit(name, format_args!("/spec/volumes/{i}/projected/sources/{j}{field}"));
            }
        }
    }
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for (i, container) in elements(spec, list).iter().enumerate() {
            for (env, fields) in [("envFrom", &ENV_FROM), ("env", &ENV)] {
                for (j, element) in elements(container, env).iter().enumerate() {
                    for (name, field) in names(element, fields, kind) {
                        visit(name, format_args!("/spec/{list}/{i}/{env}/{j}{field}"));
                    }
                }
            }
        }
    }
    for (i, secret) in elements(spec, "imagePullSecrets").iter().enumerate() {
        for (name, field) in names(secret, &[(Secret, "/name")], kind) {
            visit(name, format_args!("/spec/imagePullSecrets/{i}{field}"));
        }
    }
}

/// The values of the fields that name an object of this kind.
fn names<'a>(
    parent: &'a Value,
    fields: &'static [(ReferenceKind, &'static str)],
    kind: ReferenceKind,
) -> impl Iterator<Item = (&'a str, &'static str)> {
    fields.iter().filter(move |(own, _)| *own == kind).filter_map(move |(_, field)| {
        Some((pointer::at(parent, field).and_then(Value::as_str)?, *field))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_of_each_kind_are_found_in_every_field() {
        let spec = json!({
            "volumes": [
                {"secret": {"secretName": "a"}},
                {"configMap": {"name": "b"}},
                {"projected": {"sources": [{"secret": {"name": "c"}}, {"configMap": {"name": "d"}}]}},
                {"persistentVolumeClaim": {"claimName": "e"}},
                {"csi": {"driver": "x", "nodePublishSecretRef": {"name": "f"}}},
                {"cephfs": {"monitors": [], "secretRef": {"name": "g"}}},
                {"emptyDir": {}}],
            "imagePullSecrets": [{"name": "h"}],
            "containers": [{"envFrom": [{"secretRef": {"name": "i"}}, {"configMapRef": {"name": "j"}}]}],
            "initContainers": [{"env": [
                {"name": "K", "valueFrom": {"secretKeyRef": {"name": "k", "key": "x"}}},
                {"name": "L", "valueFrom": {"configMapKeyRef": {"name": "l", "key": "x"}}}]}]});
        let found = |kind| {
            let mut found = Vec::new();
            references(&spec, kind, |name, place| found.push(format!("{name} {place}")));
            found
        };
        let secrets = [
            "a /spec/volumes/0/secret/secretName",
            "c /spec/volumes/2/projected/sources/0/secret/name",
            "f /spec/volumes/4/csi/nodePublishSecretRef/name",
            "g /spec/volumes/5/cephfs/secretRef/name",
            "i /spec/containers/0/envFrom/0/secretRef/name",
            "k /spec/initContainers/0/env/0/valueFrom/secretKeyRef/name",
            "h /spec/imagePullSecrets/0/name",
        ];
        let config_maps = [
            "b /spec/volumes/1/configMap/name",
            "d /spec/volumes/2/projected/sources/1/configMap/name",
            "j /spec/containers/0/envFrom/1/configMapRef/name",
            "l /spec/initContainers/0/env/1/valueFrom/configMapKeyRef/name",
        ];
        assert_eq!(found(Secret), secrets);
        assert_eq!(found(ConfigMap), config_maps);
        assert_eq!(found(Claim), ["e /spec/volumes/3/persistentVolumeClaim/claimName"]);
    }
}
