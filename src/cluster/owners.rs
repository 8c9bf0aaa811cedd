//! The owners of a pod's owners: its ReplicaSet names a Deployment, which names the FlinkDeployment
//! whose reservation covers all of them.
//!
//! Each is requested once and remembered: the owners of a UID rarely change, and the owner decides
//! only which of two reservations counts, never that none does.

use crate::kinds::{self, Property};
use crate::resource::fields::text;
use crate::resource::{GroupVersionKind, owners};
use kube::api::{ApiResource, DynamicObject};
use kube::{Api, Client};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// From a pod to a FlinkBlueGreenDeployment: ReplicaSet, Deployment, FlinkDeployment.
const DEEPEST: usize = 4;
/// Owners that are remembered; at this number all are forgotten.
const REMEMBERED: usize = 20_000;

/// An owner, as an owner reference names it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Owner {
    kind: GroupVersionKind,
    name: String,
    uid: String,
}

/// Looks up owners of owners.
pub struct Owners {
    client: Client,
    known: Mutex<HashMap<String, Vec<Owner>>>,
}

impl Owners {
    /// Nothing is remembered yet.
    pub fn new(client: Client) -> Self {
        Self { client, known: Mutex::default() }
    }

    /// The UIDs of the owners of an object's owners, nearest first.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn above(&self, namespace: &str, object: &Value) -> Result<Vec<String>, kube::Error> {
        let mut above = Vec::new();
        let mut level = named(object);
        for _ in 0..DEEPEST {
            let mut next = Vec::new();
            for owner in &level {
                next.extend(self.owners_of(namespace, owner).await?);
            }
            if next.is_empty() {
                break;
            }
            above.extend(next.iter().map(|owner| owner.uid.clone()));
            level = next;
        }
        Ok(above)
    }

    async fn owners_of(&self, namespace: &str, owner: &Owner) -> Result<Vec<Owner>, kube::Error> {
        let Some(plural) = plural(&owner.kind) else { return Ok(Vec::new()) };
        if let Some(known) = self.known().get(&owner.uid) {
            return Ok(known.clone());
        }
        let kind = kube::core::GroupVersionKind::gvk(
            &owner.kind.group,
            &owner.kind.version,
            &owner.kind.kind,
        );
        let resource = ApiResource::from_gvk_with_plural(&kind, plural);
        let api = Api::<DynamicObject>::namespaced_with(self.client.clone(), namespace, &resource);
        let Some(found) = api.get_metadata_opt(&owner.name).await? else { return Ok(Vec::new()) };
        // Another object of the same name has other owners.
        if found.metadata.uid.as_ref() != Some(&owner.uid) {
            return Ok(Vec::new());
        }
        let metadata = serde_json::to_value(&found).unwrap_or_default();
        let owners = named(&metadata);
        let mut known = self.known();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(owner.uid.clone(), owners.clone());
        Ok(owners)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Vec<Owner>>> {
        // Nothing panics while it holds this lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The plural of a kind that may have owners.
fn plural(kind: &GroupVersionKind) -> Option<&'static str> {
    let row = kinds::of(kind).filter(|row| row.has(Property::IsOwnedOwner));
    row.map(|row| row.plural)
}

/// The owners named by an object.
fn named(object: &Value) -> Vec<Owner> {
    let owner = |owner: &Value| Owner {
        kind: GroupVersionKind::parse(text(owner, "apiVersion"), text(owner, "kind")),
        name: text(owner, "name").to_owned(),
        uid: text(owner, "uid").to_owned(),
    };
    owners(object)
        .iter()
        .map(owner)
        .filter(|owner| !owner.uid.is_empty() && !owner.name.is_empty())
        .collect()
}
