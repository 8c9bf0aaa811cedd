//! Which of the objects that a ledger counts were deleted in the meantime.
//!
//! The leader learns of a deletion a moment after the API server has made it. A cluster that a full
//! tenant refuses in that moment would fit a moment later, so its request waits for the leader.

use super::watch::target::api_resource;
use crate::kinds;
use crate::quota::ledger::ObjectRef;
use kube::api::{DynamicObject, ListParams};
use kube::core::PartialObjectMeta;
use kube::{Api, Client, ResourceExt};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The most lists for one request, and the most objects of one. Beyond them, a deletion is not seen,
/// and the request does not wait.
const MOST_LISTS: usize = 4;
const MOST_OBJECTS: u32 = 250;
/// How long all of them may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Objects by name, with their UIDs.
type Counted = BTreeMap<String, String>;

/// The UIDs among these that are gone or are being deleted. Where the API server does not say it,
/// none.
pub async fn deleted(client: Client, counted: Vec<(ObjectRef, String)>) -> BTreeSet<String> {
    let mut groups: BTreeMap<(String, String), Counted> = BTreeMap::new();
    for (ObjectRef { kind, namespace, name }, uid) in counted {
        groups.entry((kind, namespace)).or_default().insert(name, uid);
    }
    let mut gone = BTreeSet::new();
    let ask = async {
        for ((kind, namespace), counted) in groups.into_iter().take(MOST_LISTS) {
            gone.extend(absent(&client, &kind, &namespace, counted).await.unwrap_or_default());
        }
    };
    // What is found until then counts.
    drop(tokio::time::timeout(PATIENCE, ask).await);
    gone
}

async fn absent(
    client: &Client,
    kind: &str,
    namespace: &str,
    mut counted: Counted,
) -> Option<Vec<String>> {
    let resource = api_resource(kinds::named(kind)?);
    let api = Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &resource);
    let page = ListParams::default().limit(MOST_OBJECTS);
    let listed = api.list_metadata(&page).await.ok()?;
    // The API server lists objects in the order of their names.
    let last = listed.items.last().map(ResourceExt::name_any).unwrap_or_default();
    let is_whole = listed.metadata.continue_.as_deref().unwrap_or_default().is_empty();
    let is_alive = |object: &PartialObjectMeta<DynamicObject>, uid: &str| {
        object.metadata.uid.as_deref() == Some(uid) && object.metadata.deletion_timestamp.is_none()
    };
    for object in &listed.items {
        let name = object.name_any();
        if counted.get(&name).is_some_and(|uid| is_alive(object, uid)) {
            counted.remove(&name);
        }
    }
    counted.retain(|name, _| is_whole || *name <= last);
    Some(counted.into_values().collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::cluster::fake_api_server;
    use serde_json::{Value, json};

    fn counted(kind: &str, name: &str) -> (ObjectRef, String) {
        (ObjectRef::new(kind, "prod", name), format!("uid-{name}"))
    }

    fn asked(answer: (u16, String), counted: &[(ObjectRef, String)]) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _in_runtime = runtime.enter();
        let client = fake_api_server::client(move |request| {
            let path = "/apis/flink.apache.org/v1beta1/namespaces/prod/flinkdeployments";
            assert_eq!(request.uri().path(), path);
            assert_eq!(request.uri().query(), Some("&limit=250"));
            let answer = answer.clone();
            async move { answer }
        });
        runtime.block_on(deleted(client, counted.to_vec())).into_iter().collect()
    }

    fn list(continues: &str, objects: Value) -> (u16, String) {
        let list = json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList",
            "metadata": {"continue": continues}, "items": objects});
        (200, list.to_string())
    }

    fn object(name: &str, uid: &str, deleted: Value) -> Value {
        json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
            "metadata": {"name": name, "uid": uid, "deletionTimestamp": deleted}})
    }

    #[test]
    fn what_is_gone_leaving_or_made_again_was_deleted() {
        let all = ["b", "d", "f", "h"].map(|name| counted("FlinkDeployment", name));
        let time = json!("2026-11-28T02:00:00Z");
        let stored = json!([
            object("b", "uid-b", Value::Null),
            object("d", "uid-d", time),
            object("f", "another", Value::Null),
        ]);
        assert_eq!(asked(list("", stored.clone()), &all), ["uid-d", "uid-f", "uid-h"]);
        // What is behind the last object of a page is not known.
        assert_eq!(asked(list("more", stored), &all), ["uid-d", "uid-f"]);
        assert_eq!(asked(list("", json!([])), &all).len(), 4);
    }

    #[test]
    fn nothing_was_deleted_if_nothing_is_known() {
        let all = [counted("FlinkDeployment", "a")];
        for answer in [
            fake_api_server::failed(404, "NotFound"),
            fake_api_server::failed(403, "Forbidden"),
            (200, "x".into()),
        ] {
            assert_eq!(asked(answer, &all), [""; 0]);
        }
        assert_eq!(asked((500, String::new()), &[]), [""; 0]);
        assert_eq!(asked((500, String::new()), &[counted("Unknown", "a")]), [""; 0]);
    }
}
