//! All that counts in the cluster, by namespace, as small as it can be kept.
//!
//! Of a pod is kept what it uses, which most share with others. What other objects use, and whose
//! they are, follows from their tenant and from the Flink operator's defaults too, so they are kept
//! themselves, as text and without what changes nothing, and counted again when those change.

use super::kinds::{Kind, Part};
use super::lineage::{Lineage, Owners};
use crate::flink;
use crate::pipeline::Gate;
use crate::quota::Usage;
use crate::quota::ledger::request::owner_uids;
use crate::quota::ledger::{LiveObject, ObjectRef, OpenReservation};
use crate::resource::{Resource, metadata_text};
use crate::tenant::Tenant;
use kube::core::DynamicObject;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Everything that was told.
#[derive(Debug, Default)]
pub struct Census {
    namespaces: HashMap<String, Objects>,
    /// By kind, how many lists have begun.
    lists: HashMap<&'static str, u32>,
    lineage: Lineage,
    usages: HashSet<Arc<Usage>>,
}

/// The objects of a namespace, by kind and name.
type Objects = BTreeMap<(&'static str, String), Entry>;

/// Usages that nothing has any longer are dropped when there are so many.
const USAGES: usize = 1_024;

#[derive(Debug)]
struct Entry {
    uid: Arc<str>,
    version: u64,
    /// Owners that it names itself.
    owners: Owners,
    counted: Counted,
    /// The object as JSON, where what it uses follows from more than itself.
    source: Option<Box<[u8]>>,
    /// The last list that named it.
    list: u32,
}

/// What an object comes to, in the hands of its tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counted {
    /// `None` for what does not count.
    usage: Option<Arc<Usage>>,
    /// Owners that only its own name tells, as `KIND/NAMESPACE/NAME`.
    owners: Vec<String>,
}

/// What an object that was told changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// In which namespace.
    pub namespace: String,
    /// Whether what is used has changed, or by whom; otherwise only a version has.
    pub counts: bool,
    /// What was there and is no more, as a ledger is told that may have promised it something.
    /// Nothing is ever stored again under its UID.
    pub gone: Option<LiveObject>,
}

impl Census {
    /// A list of a kind begins.
    pub fn began(&mut self, kind: &'static Kind) {
        let lists = self.lists.entry(kind.kind).or_default();
        *lists = lists.wrapping_add(1);
    }

    /// A list is complete: what it did not name is gone. Tells in which namespaces.
    pub fn listed(&mut self, kind: &'static Kind) -> Vec<Change> {
        let now = self.lists.get(kind.kind).copied().unwrap_or_default();
        self.remove_where(|(of, _), entry| *of == kind.kind && entry.list != now)
    }

    /// A kind is not served any more: nothing is left of it.
    pub fn unserved(&mut self, kind: &'static Kind) -> Vec<Change> {
        self.remove_where(|(of, _), _| *of == kind.kind)
    }

    fn remove_where(
        &mut self,
        gone: impl Fn(&(&'static str, String), &Entry) -> bool,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        for (namespace, objects) in &mut self.namespaces {
            let mut counts = None;
            objects.retain(|key, entry| {
                let goes = gone(key, entry);
                if goes {
                    self.lineage.depart(&entry.uid, outlived(key.0));
                    counts = Some(counts.unwrap_or(false) || entry.counted.usage.is_some());
                }
                !goes
            });
            changes.extend(counts.map(|counts| Change {
                namespace: namespace.clone(),
                counts,
                gone: None,
            }));
        }
        self.namespaces.retain(|_, objects| !objects.is_empty());
        changes
    }

    /// An object as it is now, in the hands of a tenant.
    pub fn take(
        &mut self,
        kind: &'static Kind,
        mut object: DynamicObject,
        gate: &Gate,
        tenant: Option<&Tenant>,
    ) -> Option<Change> {
        object.metadata.managed_fields = None;
        let namespace = object.metadata.namespace.clone()?;
        let uid: Arc<str> = object.metadata.uid.clone()?.into();
        let version = object.metadata.resource_version.as_ref()?.parse().ok()?;
        let key = (kind.kind, object.metadata.name.clone()?);
        let value = if kind.is_metadata() {
            json!({"metadata": object.metadata})
        } else {
            serde_json::to_value(&object).unwrap_or_default()
        };
        let owners: Owners = owner_uids(&value).into_iter().map(Arc::from).collect();
        let list = self.lists.get(kind.kind).copied().unwrap_or_default();
        let (counted, source) = if kind.part == Part::Counts {
            self.count(kind, value, gate, tenant)
        } else {
            Default::default()
        };
        self.lineage.set(&uid, &owners);
        let entry = Entry { uid: Arc::clone(&uid), version, owners, counted, source, list };
        let objects = self.namespaces.entry(namespace.clone()).or_default();
        let counts =
            objects.get(&key).map_or(entry.counts(kind), |before| before.differs(&entry, kind));
        let before = objects.insert(key.clone(), entry).filter(|before| before.uid != uid);
        if let Some(before) = &before {
            self.lineage.depart(&before.uid, outlived(kind.kind));
        }
        let gone = before.and_then(|before| before.gone(kind, &namespace, &key.1));
        Some(Change { namespace, counts, gone })
    }

    /// An object that is no more.
    pub fn gone(&mut self, kind: &'static Kind, object: &DynamicObject) -> Option<Change> {
        let namespace = object.metadata.namespace.clone()?;
        let objects = self.namespaces.get_mut(&namespace)?;
        let name = object.metadata.name.as_ref()?;
        let entry = objects.remove(&(kind.kind, name.clone()))?;
        if objects.is_empty() {
            self.namespaces.remove(&namespace);
        }
        self.lineage.depart(&entry.uid, outlived(kind.kind));
        let gone = entry.gone(kind, &namespace, name);
        Some(Change { namespace, counts: entry.counted.usage.is_some(), gone })
    }

    /// Counts the objects of a namespace again, of which more has changed than they say; says
    /// whether that makes a difference.
    pub fn recount(&mut self, namespace: &str, gate: &Gate, tenant: Option<&Tenant>) -> bool {
        let Some(objects) = self.namespaces.get(namespace) else { return false };
        let counted: Vec<_> = objects
            .iter()
            .filter_map(|(key, entry)| {
                let object = serde_json::from_slice(entry.source.as_ref()?).ok()?;
                let resource = Resource::from_listed(&Kind::named(key.0)?.gvk(), object).ok()?;
                let counted = count(gate, &resource, tenant, Some(&entry.counted));
                (counted != entry.counted).then(|| (key.clone(), counted))
            })
            .collect();
        let changed = !counted.is_empty();
        for (key, counted) in counted {
            let counted = self.shared(counted);
            if let Some(entry) =
                self.namespaces.get_mut(namespace).and_then(|objects| objects.get_mut(&key))
            {
                entry.counted = counted;
            }
        }
        changed
    }

    /// Whether there is anything in a namespace.
    pub fn knows(&self, namespace: &str) -> bool {
        self.namespaces.contains_key(namespace)
    }

    /// Where there is anything.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.namespaces.keys().map(String::as_str)
    }

    /// All that counts in some namespaces. What uses nothing now is among it where it may use
    /// something with its next update, or something was promised to it: a ledger must not take it
    /// for gone.
    pub fn living<'a>(
        &self,
        namespaces: impl IntoIterator<Item = &'a String>,
        open: &[OpenReservation],
    ) -> Vec<LiveObject> {
        let promised: HashSet<&str> = open.iter().map(|open| open.uid.as_str()).collect();
        let mut all = Vec::new();
        for namespace in namespaces {
            let Some(objects) = self.namespaces.get(namespace) else { continue };
            for ((kind, name), entry) in objects {
                if entry.counted.usage.is_none()
                    && entry.source.is_none()
                    && !promised.contains(&*entry.uid)
                {
                    continue;
                }
                let mut owners = self.lineage.above(&entry.owners);
                owners.extend(entry.counted.owners.iter().cloned());
                all.push(LiveObject {
                    object: ObjectRef::new(*kind, namespace, name),
                    uid: entry.uid.to_string(),
                    version: entry.version,
                    owners,
                    usage: entry.counted.usage.as_deref().cloned().unwrap_or_default(),
                });
            }
        }
        all
    }

    /// At which version the object of this name and UID is known; one that was promised without a
    /// UID goes by its name.
    pub fn version(&self, object: &ObjectRef, uid: &str) -> Option<u64> {
        let kind = Kind::named(&object.kind)?.kind;
        let entry = self.namespaces.get(&object.namespace)?.get(&(kind, object.name.clone()))?;
        (*entry.uid == *uid || uid == object.to_string()).then_some(entry.version)
    }

    /// What an object comes to, and what of it is kept to count it again.
    fn count(
        &mut self,
        kind: &Kind,
        value: Value,
        gate: &Gate,
        tenant: Option<&Tenant>,
    ) -> (Counted, Option<Box<[u8]>>) {
        let Ok(mut resource) = Resource::from_listed(&kind.gvk(), value) else {
            return Default::default();
        };
        let counted = self.shared(count(gate, &resource, tenant, None));
        // What an operator made never counts, whatever the tenant says.
        if kind.kind == "Pod" || flink::is_made_by_operator(&resource) {
            return (counted, None);
        }
        if let Some(fields) = resource.object.as_object_mut() {
            fields.remove("status");
        }
        (counted, serde_json::to_vec(&resource.object).ok().map(Vec::into_boxed_slice))
    }

    /// The same, sharing what it uses with others.
    fn shared(&mut self, counted: Counted) -> Counted {
        let Some(usage) = &counted.usage else { return counted };
        if let Some(known) = self.usages.get(usage) {
            return Counted { usage: Some(Arc::clone(known)), ..counted };
        }
        if self.usages.len() >= USAGES {
            self.usages.retain(|usage| Arc::strong_count(usage) > 1);
        }
        self.usages.insert(Arc::clone(usage));
        counted
    }
}

impl Entry {
    /// What is told of it once it is no more.
    fn gone(&self, kind: &Kind, namespace: &str, name: &str) -> Option<LiveObject> {
        let object = ObjectRef::new(kind.kind, namespace, name);
        (kind.part == Part::Counts).then(|| LiveObject::deleted(object, self.uid.to_string()))
    }

    /// Whether it makes a difference: what it uses does, and who owns what owns pods.
    fn counts(&self, kind: &Kind) -> bool {
        self.counted.usage.is_some() || (kind.part == Part::Owns && !self.owners.is_empty())
    }

    fn differs(&self, now: &Self, kind: &Kind) -> bool {
        self.counted != now.counted
            || (now.counts(kind) && (self.uid != now.uid || self.owners != now.owners))
    }
}

/// Counts an object. Should that fail on one, what was known of it stays, and others are not held
/// up.
fn count(
    gate: &Gate,
    resource: &Resource,
    tenant: Option<&Tenant>,
    before: Option<&Counted>,
) -> Counted {
    let living = catch_unwind(AssertUnwindSafe(|| gate.living(resource, tenant)));
    let Ok(living) = living else {
        let name = metadata_text(&resource.object, "name");
        tracing::error!(
            kind = resource.kind.kind,
            namespace = resource.namespace,
            name,
            "Flinkgate failed to count an object"
        );
        return before.cloned().unwrap_or_default();
    };
    let Some(LiveObject { usage, owners, .. }) = living else { return Counted::default() };
    Counted {
        usage: Some(Arc::new(usage)),
        owners: owners.into_iter().filter(|owner| owner.contains('/')).collect(),
    }
}

/// Whether what an object owns may live on without it.
fn outlived(kind: &str) -> bool {
    !matches!(kind, "Pod" | "PersistentVolumeClaim")
}

#[cfg(test)]
mod tests;
