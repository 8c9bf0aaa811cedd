//! The volumes of a pod as folders: `emptyDir`, `configMap`, `secret`, `projected`, `downwardAPI`
//! and claims.

use super::environment::field;
use crate::api::{Api, text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// Makes the folder of each volume of the pod. An error means: not yet.
pub fn prepare(
    api: &Api,
    pod: &Value,
    folder: &Path,
    claims: &Path,
) -> Result<BTreeMap<String, PathBuf>, String> {
    let mut folders = BTreeMap::new();
    for volume in pod["spec"]["volumes"].as_array().into_iter().flatten() {
        let name = text(volume, "/name");
        let path = folder.join("volumes").join(name);
        let path = match volume["persistentVolumeClaim"]["claimName"].as_str() {
            Some(claim) => claim_folder(api, pod, claim, claims)?,
            None => path,
        };
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if volume.get("emptyDir").is_some() {
            mode(&path, 0o777);
        }
        for (file, content) in files(api, pod, volume)? {
            let file = path.join(file);
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent).map_err(|error| error.to_string())?;
            }
            fs::write(&file, content).map_err(|error| format!("{}: {error}", file.display()))?;
            mode(&file, 0o644);
        }
        folders.insert(name.to_owned(), path);
    }
    Ok(folders)
}

fn mode(path: &Path, mode: u32) {
    let _ = fs::set_permissions(path, Permissions::from_mode(mode));
}

/// A claim's folder, which lives as long as the claim: another claim of the same name has another
/// one. Only `fsGroup` makes it writable for others than root, as with most storage.
fn claim_folder(api: &Api, pod: &Value, claim: &str, claims: &Path) -> Result<PathBuf, String> {
    let namespace = text(pod, "/metadata/namespace");
    let path = format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims/{claim}");
    let found = api.get(&path).map_err(|error| error.to_string())?;
    if text(&found, "/status/phase") != "Bound" {
        return Err(format!("claim {claim} is not bound"));
    }
    let folder = claims.join(namespace).join(format!("{claim}-{}", text(&found, "/metadata/uid")));
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    if let Some(group) = pod["spec"]["securityContext"]["fsGroup"].as_u64() {
        let group = u32::try_from(group).map_err(|error| error.to_string())?;
        chown(&folder, None, Some(group)).map_err(|error| error.to_string())?;
        mode(&folder, 0o2775);
    }
    Ok(folder)
}

/// Files that a volume is made of, with their paths in it.
fn files(api: &Api, pod: &Value, volume: &Value) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut files = Vec::new();
    if let Some(source) = volume.get("configMap") {
        files.extend(keys(api, pod, "configmaps", text(source, "/name"), source)?);
    }
    if let Some(source) = volume.get("secret") {
        files.extend(keys(api, pod, "secrets", text(source, "/secretName"), source)?);
    }
    files.extend(downward(pod, &volume["downwardAPI"]));
    for source in volume["projected"]["sources"].as_array().into_iter().flatten() {
        if let Some(wanted) = source.get("configMap") {
            files.extend(keys(api, pod, "configmaps", text(wanted, "/name"), wanted)?);
        }
        if let Some(wanted) = source.get("secret") {
            files.extend(keys(api, pod, "secrets", text(wanted, "/name"), wanted)?);
        }
        files.extend(downward(pod, &source["downwardAPI"]));
        if let Some(wanted) = source.get("serviceAccountToken") {
            files.push((text(wanted, "/path").to_owned(), token(api, pod)?.into_bytes()));
        }
    }
    Ok(files)
}

fn downward(pod: &Value, source: &Value) -> Vec<(String, Vec<u8>)> {
    let items = source["items"].as_array().into_iter().flatten();
    items
        .filter_map(|item| {
            let value = field(pod, text(item, "/fieldRef/fieldPath"))?;
            Some((text(item, "/path").to_owned(), value.into_bytes()))
        })
        .collect()
}

/// The keys of a ConfigMap or Secret, all or those that `items` names.
fn keys(
    api: &Api,
    pod: &Value,
    plural: &str,
    name: &str,
    source: &Value,
) -> Result<Vec<(String, Vec<u8>)>, String> {
    let namespace = text(pod, "/metadata/namespace");
    let found = match api.get(&format!("/api/v1/namespaces/{namespace}/{plural}/{name}")) {
        Err(_) if source["optional"] == true => return Ok(Vec::new()),
        found => found.map_err(|error| error.to_string())?,
    };
    let mut data: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (key, value) in found["data"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        let content = match plural {
            "secrets" => STANDARD.decode(value).unwrap_or_default(),
            _ => value.as_bytes().to_vec(),
        };
        data.insert(key.clone(), content);
    }
    let Some(items) = source["items"].as_array() else { return Ok(data.into_iter().collect()) };
    items
        .iter()
        .map(|item| {
            let key = text(item, "/key");
            let content = data.remove(key).ok_or(format!("{plural} {name} has no key {key}"))?;
            Ok((text(item, "/path").to_owned(), content))
        })
        .collect()
}

/// A token that the API server knows to be this pod's.
fn token(api: &Api, pod: &Value) -> Result<String, String> {
    let (namespace, account) =
        (text(pod, "/metadata/namespace"), text(pod, "/spec/serviceAccountName"));
    let bound = json!({"kind": "Pod", "apiVersion": "v1", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]});
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": {"boundObjectRef": bound, "expirationSeconds": 7200}});
    let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token");
    let answer = api.post(&path, &request).map_err(|error| error.to_string())?;
    Ok(text(&answer, "/status/token").to_owned())
}
