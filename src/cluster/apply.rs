//! Server-side apply of a status.

use kube::api::{ApiResource, Patch, PatchParams};
use kube::core::DynamicObject;
use kube::{Api, Client, Resource};
use serde_json::{Map, Value, json};

/// The field manager of what Flinkgate writes.
pub const FIELD_MANAGER: &str = "flinkgate";

/// The part of a status that one field manager writes.
#[derive(Clone, Copy, Debug)]
pub struct StatusPart {
    /// The field manager.
    pub manager: &'static str,
    /// Its fields besides its conditions. A status that has one of them not, or empty, removes it.
    pub fields: &'static [&'static str],
}

/// Applies a part of the status of a cluster-scoped object.
///
/// An apply that removes the last entry of a map makes the map null, and the schema refuses null. So
/// what is refused as invalid is tried again after its empty fields were removed as a whole.
///
/// # Errors
/// When the API server refuses it or does not answer.
pub async fn status<K: Resource<DynamicType = ()>>(
    client: &Client,
    part: StatusPart,
    name: &str,
    status: &Value,
) -> kube::Result<()> {
    let resource = ApiResource::erase::<K>(&());
    let api = Api::<DynamicObject>::all_with(client.clone(), &resource);
    let (status, removed) = part.split(status);
    let object = json!({"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}, "status": status});
    let parameters = PatchParams::apply(part.manager).force();
    let apply = Patch::Apply(object);
    match api.patch_status(name, &parameters, &apply).await {
        Err(kube::Error::Api(refusal)) if refusal.code == 422 && !removed.is_empty() => {
            let manager = Some(part.manager.to_owned());
            let plain = PatchParams { field_manager: manager, ..PatchParams::default() };
            let remove = Patch::Merge(json!({"status": removed}));
            api.patch_status(name, &plain, &remove).await?;
            api.patch_status(name, &parameters, &apply).await.map(drop)
        }
        applied => applied.map(drop),
    }
}

impl StatusPart {
    /// What is applied: the status without empty fields. And null for each field that it does not
    /// have.
    pub fn split(self, status: &Value) -> (Value, Map<String, Value>) {
        let mut status = status.clone();
        let mut removed = Map::new();
        for field in self.fields {
            if is_empty(status.get(field)) {
                status.as_object_mut().map(|status| status.remove(*field));
                removed.insert((*field).to_owned(), Value::Null);
            }
        }
        (status, removed)
    }
}

/// Whether a field of a status is absent, null, an empty map or an empty list: all the same to the
/// API server.
pub fn is_empty(field: Option<&Value>) -> bool {
    match field {
        None | Some(Value::Null) => true,
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(Value::Array(elements)) => elements.is_empty(),
        Some(_) => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::cluster::fake_api_server::{self, failed};
    use crate::tenant::FlinkTenant;
    use std::sync::{Arc, Mutex};

    const PART: StatusPart = StatusPart { manager: "test", fields: &["used", "largest"] };

    /// Answers as an API server does that has `used` in the status, until it is removed.
    #[tokio::test]
    async fn a_map_that_becomes_empty_is_removed_as_a_whole() {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let client = fake_api_server::client(move |request| {
            let query = request.uri().query().unwrap_or_default().to_owned();
            let is_apply = query.contains("force=true");
            let answer = {
                let mut seen = seen.lock().unwrap();
                let was_removed = seen.contains(&"remove");
                seen.push(if is_apply { "apply" } else { "remove" });
                let object = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": "a"}});
                if is_apply && !was_removed {
                    failed(422, "Invalid")
                } else {
                    (200, object.to_string())
                }
            };
            async move { answer }
        });
        let status = json!({"used": {}, "clusters": 0});
        super::status::<FlinkTenant>(&client, PART, "a", &status).await.unwrap();
        assert_eq!(*requests.lock().unwrap(), ["apply", "remove", "apply"]);
    }

    #[test]
    fn empty_fields_are_not_applied() {
        let status =
            json!({"used": {}, "largest": [], "clusters": 0, "conditions": [{"type": "A"}]});
        let (applied, removed) = PART.split(&status);
        assert_eq!(applied, json!({"clusters": 0, "conditions": [{"type": "A"}]}));
        assert_eq!(Value::from(removed), json!({"used": null, "largest": null}));
        let (applied, removed) = PART.split(&json!({"used": {"cpu": "1"}}));
        assert_eq!((applied, removed.len()), (json!({"used": {"cpu": "1"}}), 1));
    }
}
