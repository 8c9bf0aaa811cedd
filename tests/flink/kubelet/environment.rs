//! The environment of a container: its image's, the API server's address, and `env` with the fields
//! of the pod and the keys of ConfigMaps and Secrets.

use crate::api::{Api, text};
use crate::network::HOST;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// A field of the pod as the downward API gives it.
pub fn field(pod: &Value, path: &str) -> Option<String> {
    if let Some((list, key)) = path.strip_suffix("']").and_then(|path| path.split_once("['")) {
        return pod.pointer(&format!("/{}", list.replace('.', "/")))?[key]
            .as_str()
            .map(str::to_owned);
    }
    match path {
        "status.hostIP" => Some(HOST.to_string()),
        _ => match pod.pointer(&format!("/{}", path.replace('.', "/")))? {
            Value::Object(map) => {
                Some(map.iter().map(|(key, value)| format!("{key}={value}\n")).collect::<String>())
            }
            value => value.as_str().map(str::to_owned),
        },
    }
}

/// The variables of `env`, in order; a value may name earlier ones as `$(NAME)`.
pub fn variables(
    api: &Api,
    pod: &Value,
    container: &Value,
    image: &[(String, String)],
) -> Result<Vec<(String, String)>, String> {
    let mut variables = image.to_vec();
    for entry in container["env"].as_array().into_iter().flatten() {
        let value = match entry.get("valueFrom") {
            None => expand(text(entry, "/value"), &variables),
            Some(source) => from(api, pod, container, source)?,
        };
        variables.push((text(entry, "/name").to_owned(), value));
    }
    Ok(variables)
}

/// Replaces `$(NAME)` by the variable's value; an unknown name stays as it is.
pub fn expand(text: &str, variables: &[(String, String)]) -> String {
    variables
        .iter()
        .rev()
        .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("$({name})"), value))
}

fn from(api: &Api, pod: &Value, container: &Value, source: &Value) -> Result<String, String> {
    if let Some(wanted) = source.get("fieldRef") {
        let path = text(wanted, "/fieldPath");
        return field(pod, path).ok_or_else(|| format!("the pod has no {path}"));
    }
    if let Some(wanted) = source.get("resourceFieldRef") {
        let path = text(wanted, "/resource").replace('.', "/");
        return Ok(text(container, &format!("/resources/{path}")).to_owned());
    }
    let namespace = text(pod, "/metadata/namespace");
    for (kind, plural) in [("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")] {
        let Some(wanted) = source.get(kind) else { continue };
        let (name, key) = (text(wanted, "/name"), text(wanted, "/key"));
        let path = format!("/api/v1/namespaces/{namespace}/{plural}/{name}");
        let found = match api.get(&path) {
            Err(_) if wanted["optional"] == true => return Ok(String::new()),
            found => found.map_err(|error| error.to_string())?,
        };
        let value = found["data"][key].as_str().unwrap_or_default();
        return Ok(match plural {
            "secrets" => {
                String::from_utf8_lossy(&STANDARD.decode(value).unwrap_or_default()).into_owned()
            }
            _ => value.to_owned(),
        });
    }
    Err(format!("the source of a variable is not known here: {source}"))
}
