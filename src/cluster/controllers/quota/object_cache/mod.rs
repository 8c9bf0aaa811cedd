//! All objects that use quota, by namespace, in as little memory as possible.
//!
//! Of a pod its usage is kept, which most pods share with others. The usage and owners of other
//! objects also follow from their tenant and from the Flink operator's defaults, so the objects are
//! kept as text, without what changes nothing, and counted again when those change.

mod departure;
mod rest;

use super::kinds;
use super::owner_chains::{OwnerChains, Owners};
use crate::flink::container_defaults::ContainerDefaults;
use crate::flink::kinds::resting::{self, essential_status};
use crate::flink::requester::claims_operators_owner;
use crate::kinds::{Kind, Property, Watched, counts_with_owner};
use crate::pipeline::Gate;
use crate::quota::Usage;
use crate::quota::ledger::request::{keep_claims, owner_uids};
use crate::quota::ledger::{LiveObject, ObjectRef, OpenReservation};
use crate::resource::{GroupVersionKind, Resource, metadata_text};
use crate::tenant::Tenant;
use departure::Departure;
use jiff::Timestamp;
use kube::core::DynamicObject;
use rest::{is_status_last, owners_of_active};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The objects, and the owners that they name.
#[derive(Debug, Default)]
pub struct ObjectCache {
    namespaces: HashMap<String, Objects>,
    /// By kind, how many lists have started.
    lists: HashMap<&'static str, u32>,
    owner_chains: OwnerChains,
    usages: HashSet<Arc<Usage>>,
    /// What LimitRanges give to containers, by namespace.
    container_defaults: HashMap<String, ContainerDefaults>,
    /// When pods that are being deleted stop to count, with their namespaces.
    departures: BTreeSet<(Timestamp, String)>,
}

/// The objects of a namespace, by kind and name.
type Objects = BTreeMap<(&'static str, String), CachedObject>;

/// At this number, usages that no object has any more are dropped.
const USAGES: usize = 1_024;

#[derive(Debug)]
struct CachedObject {
    uid: Arc<str>,
    version: u64,
    /// The owners that it names itself.
    owners: Owners,
    counted: CountedUsage,
    /// Whether it names an owner of an operator's kind. While that owner exists, the owner counts for
    /// all pods, and they draw on it; who made this object is not known here.
    has_operators_owner: bool,
    /// When a pod is being deleted.
    departure: Option<Departure>,
    /// The object as JSON, where its usage follows from more than itself.
    source: Option<Box<[u8]>>,
    /// The last list that contained it.
    list: u32,
}

/// The usage of an object, as its tenant counts it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct CountedUsage {
    /// `None` for an object that uses nothing.
    usage: Option<Arc<Usage>>,
    /// Owners that follow from its name alone, as `KIND/NAMESPACE/NAME`.
    owners: Vec<String>,
    /// Whether its operator reports that it runs nothing.
    is_resting: bool,
    /// Whether that report is about the object as it is now.
    is_observed: bool,
}

/// What an event about an object changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceChange {
    /// The namespace.
    pub namespace: String,
    /// Whether the usage has changed, or who uses it; otherwise only a version has.
    pub counts: bool,
    /// The object that was deleted, for the ledger, which may have reserved something for it.
    /// Nothing is ever stored again under its UID.
    pub deleted: Option<LiveObject>,
}

impl ObjectCache {
    /// A list of a kind starts.
    pub fn list_started(&mut self, kind: &'static Kind) {
        let lists = self.lists.entry(kind.kind).or_default();
        *lists = lists.wrapping_add(1);
    }

    /// A list is complete: objects that it did not contain are gone. Returns their namespaces.
    pub fn list_completed(&mut self, kind: &'static Kind) -> Vec<NamespaceChange> {
        let now = self.lists.get(kind.kind).copied().unwrap_or_default();
        self.remove_where(|(of, _), entry| *of == kind.kind && entry.list != now)
    }

    /// A kind is no longer served: none of its objects are left.
    pub fn remove_kind(&mut self, kind: &'static Kind) -> Vec<NamespaceChange> {
        self.remove_where(|(of, _), _| *of == kind.kind)
    }

    fn remove_where(
        &mut self,
        gone: impl Fn(&(&'static str, String), &CachedObject) -> bool,
    ) -> Vec<NamespaceChange> {
        let mut changes = Vec::new();
        for (namespace, objects) in &mut self.namespaces {
            let mut counts = None;
            objects.retain(|key, entry| {
                let goes = gone(key, entry);
                if goes {
                    self.owner_chains
                        .delete(&entry.uid, kinds::named(key.0).is_some_and(Kind::declares));
                    counts = Some(counts.unwrap_or(false) || entry.counted.usage.is_some());
                }
                !goes
            });
            changes.extend(counts.map(|counts| NamespaceChange {
                namespace: namespace.clone(),
                counts,
                deleted: None,
            }));
        }
        self.namespaces.retain(|_, objects| !objects.is_empty());
        changes
    }

    /// An object as it is now, counted for a tenant.
    pub fn apply(
        &mut self,
        kind: &'static Kind,
        mut object: DynamicObject,
        gate: &Gate,
        tenant: Option<&Tenant>,
    ) -> Option<NamespaceChange> {
        let managed_fields = object.metadata.managed_fields.take().unwrap_or_default();
        let namespace = object.metadata.namespace.clone()?;
        let uid: Arc<str> = object.metadata.uid.clone()?.into();
        let version = object.metadata.resource_version.as_ref()?.parse().ok()?;
        let key = (kind.kind, object.metadata.name.clone()?);
        let value = serde_json::to_value(&object).unwrap_or_default();
        let owners: Owners = owner_uids(&value).into_iter().map(Arc::from).collect();
        let list = self.lists.get(kind.kind).copied().unwrap_or_default();
        let has_operators_owner = kind.made_by_operator && claims_operators_owner(&value);
        let departure = Departure::of(kind, &value);
        if let Some(departure) = departure {
            self.departures.insert((departure.ends, namespace.clone()));
        }
        let (counted, source) = if kind.is_counted() {
            let is_last = kind.declares_flink() && is_status_last(&managed_fields);
            self.count(kind, value, is_last, gate, tenant)
        } else {
            Default::default()
        };
        self.owner_chains.set(&uid, &owners);
        let entry = CachedObject {
            uid: Arc::clone(&uid),
            version,
            owners,
            counted,
            has_operators_owner,
            departure,
            source,
            list,
        };
        let objects = self.namespaces.entry(namespace.clone()).or_default();
        let counts =
            objects.get(&key).map_or(entry.counts(kind), |before| before.differs(&entry, kind));
        let before = objects.insert(key.clone(), entry).filter(|before| before.uid != uid);
        if let Some(before) = &before {
            self.owner_chains.delete(&before.uid, kind.declares());
        }
        let deleted = before.and_then(|before| before.deleted(kind, &namespace, &key.1));
        Some(NamespaceChange { namespace, counts, deleted })
    }

    /// An object was deleted.
    pub fn remove(
        &mut self,
        kind: &'static Kind,
        object: &DynamicObject,
    ) -> Option<NamespaceChange> {
        let namespace = object.metadata.namespace.clone()?;
        let objects = self.namespaces.get_mut(&namespace)?;
        let name = object.metadata.name.as_ref()?;
        let entry = objects.remove(&(kind.kind, name.clone()))?;
        if objects.is_empty() {
            self.namespaces.remove(&namespace);
        }
        self.owner_chains.delete(&entry.uid, kind.declares());
        let deleted = entry.deleted(kind, &namespace, name);
        Some(NamespaceChange { namespace, counts: entry.counted.usage.is_some(), deleted })
    }

    /// Sets what the LimitRanges of a namespace give to containers; whether that is something else, and
    /// its objects are to be counted again.
    pub fn set_container_defaults(&mut self, namespace: &str, defaults: ContainerDefaults) -> bool {
        if defaults == self.defaults_of(namespace) {
            return false;
        }
        if defaults == ContainerDefaults::default() {
            self.container_defaults.remove(namespace);
        } else {
            self.container_defaults.insert(namespace.to_owned(), defaults);
        }
        true
    }

    fn defaults_of(&self, namespace: &str) -> ContainerDefaults {
        self.container_defaults.get(namespace).copied().unwrap_or_default()
    }

    /// Counts the objects of a namespace again after their tenant, LimitRanges or the operator's
    /// defaults have changed; whether that makes a difference.
    pub fn recount(&mut self, namespace: &str, gate: &Gate, tenant: Option<&Tenant>) -> bool {
        let Some(objects) = self.namespaces.get(namespace) else { return false };
        let counting = Counting { gate, tenant, defaults: self.defaults_of(namespace) };
        let counted: Vec<_> = objects
            .iter()
            .filter_map(|(key, entry)| {
                let object = serde_json::from_slice(entry.source.as_ref()?).ok()?;
                let resource = Resource::from_listed(&gvk(kinds::named(key.0)?), object).ok()?;
                let counted = counting.count(&resource, Some(&entry.counted));
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

    /// The namespaces in which pods stopped to count until `now`, because their grace period is over.
    pub fn departed(&mut self, now: Timestamp) -> BTreeSet<String> {
        let mut namespaces = BTreeSet::new();
        while let Some((ends, _)) = self.departures.first()
            && *ends <= now
            && let Some((_, namespace)) = self.departures.pop_first()
        {
            namespaces.insert(namespace);
        }
        namespaces
    }

    /// Whether a namespace has any objects.
    pub fn has_namespace(&self, namespace: &str) -> bool {
        self.namespaces.contains_key(namespace)
    }

    /// The namespaces that have objects.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.namespaces.keys().map(String::as_str)
    }

    /// The objects of some namespaces, for a ledger. One that uses nothing now is among them where it
    /// may use something after its next update, or has an open reservation: the ledger must not
    /// take it for deleted.
    pub fn living<'a>(
        &self,
        namespaces: impl IntoIterator<Item = &'a String>,
        open: &[OpenReservation],
        now: Timestamp,
    ) -> Vec<LiveObject> {
        let reserved: HashSet<&str> = open.iter().map(|open| open.uid.as_str()).collect();
        let mut all = Vec::new();
        for namespace in namespaces {
            let Some(objects) = self.namespaces.get(namespace) else { continue };
            let clusters = declared_clusters(objects);
            let running = self.owners_of_running(objects, now);
            let active = owners_of_active(objects);
            for ((kind, name), entry) in objects {
                // The owner counts for it. Its pods count too, and draw on the owner.
                let by_owner = entry.has_operators_owner
                    && entry.owners.iter().any(|owner| clusters.contains(owner));
                let is_running = running.contains(&*entry.uid);
                let is_resting = entry.counted.is_resting
                    && active
                        .get(&entry.uid)
                        .map_or(!resting::rests_with_children(kind), |active| !active);
                let rests = is_resting && entry.counted.is_observed && !is_running;
                let usage = entry.usage(now).filter(|_| !by_owner && !rests);
                let may_count = usage.is_some() || (entry.source.is_some() && !by_owner);
                if !may_count && !reserved.contains(&*entry.uid) {
                    continue;
                }
                let mut owners = self.owner_chains.above(&entry.owners);
                owners.extend(entry.counted.owners.iter().cloned());
                all.push(LiveObject {
                    object: ObjectRef::new(*kind, namespace, name),
                    uid: entry.uid.to_string(),
                    version: entry.version,
                    owners,
                    usage: usage.map(Cow::into_owned).unwrap_or_default(),
                    leaving: entry
                        .departure
                        .is_some_and(|departure| departure.may_be_replaced(now)),
                    resting: is_resting,
                });
            }
        }
        all
    }

    /// The UIDs of all owners of pods that count and of what makes pods; empty where nothing rests.
    fn owners_of_running(&self, objects: &Objects, now: Timestamp) -> HashSet<String> {
        if !objects.values().any(|entry| entry.counted.is_resting) {
            return HashSet::new();
        }
        let runs = |kind: &str, entry: &CachedObject| match kinds::named(kind) {
            Some(row) if row.watched == Some(Watched::FixedUsage) => entry.usage(now).is_some(),
            Some(row) => row.lower.is_some() && row.declares() && !row.declares_flink(),
            None => false,
        };
        let running = objects.iter().filter(|((kind, _), entry)| runs(kind, entry));
        running.flat_map(|(_, entry)| self.owner_chains.above(&entry.owners)).collect()
    }

    /// The UIDs of the pods that run in some namespaces.
    pub fn running_pods<'a, 'n>(
        &'a self,
        namespaces: impl IntoIterator<Item = &'n str>,
        now: Timestamp,
    ) -> HashSet<&'a str> {
        let objects = namespaces.into_iter().filter_map(|namespace| self.namespaces.get(namespace));
        let pods = objects.flatten().filter(|((kind, _), entry)| {
            kinds::named(kind).is_some_and(|kind| kind.watched == Some(Watched::FixedUsage))
                && entry.usage(now).is_some()
        });
        pods.map(|(_, entry)| &*entry.uid).collect()
    }

    /// Whether an object of this name exists.
    pub fn contains(&self, object: &ObjectRef) -> bool {
        let objects = self.namespaces.get(&object.namespace);
        kinds::named(&object.kind)
            .zip(objects)
            .is_some_and(|(kind, objects)| objects.contains_key(&(kind.kind, object.name.clone())))
    }

    /// The known version of the object with this name and UID. A reservation made without a UID has
    /// the object's name instead.
    pub fn version(&self, object: &ObjectRef, uid: &str) -> Option<u64> {
        let kind = kinds::named(&object.kind)?.kind;
        let entry = self.namespaces.get(&object.namespace)?.get(&(kind, object.name.clone()))?;
        (*entry.uid == *uid || uid == object.to_string()).then_some(entry.version)
    }

    /// The usage of an object, and what of it is kept to count it again.
    fn count(
        &mut self,
        kind: &Kind,
        value: Value,
        is_last: bool,
        gate: &Gate,
        tenant: Option<&Tenant>,
    ) -> (CountedUsage, Option<Box<[u8]>>) {
        let Ok(mut resource) = Resource::from_listed(&gvk(kind), value) else {
            return Default::default();
        };
        if kind.declares_flink() {
            let status = essential_status(&resource.kind, &resource.object, is_last);
            set_status(&mut resource.object, Some(status));
        }
        let defaults = self.defaults_of(&resource.namespace);
        let counted = Counting { gate, tenant, defaults }.count(&resource, None);
        let counted = self.shared(counted);
        // What a Deployment made never counts, for any tenant.
        if kind.watched == Some(Watched::FixedUsage) || counts_with_owner(&resource) {
            return (counted, None);
        }
        if !kind.declares_flink() {
            set_status(&mut resource.object, None);
        }
        (counted, serde_json::to_vec(&resource.object).ok().map(Vec::into_boxed_slice))
    }

    /// The same, sharing its usage with other objects.
    fn shared(&mut self, counted: CountedUsage) -> CountedUsage {
        let Some(usage) = &counted.usage else { return counted };
        if let Some(known) = self.usages.get(usage) {
            return CountedUsage { usage: Some(Arc::clone(known)), ..counted };
        }
        if self.usages.len() >= USAGES {
            self.usages.retain(|usage| Arc::strong_count(usage) > 1);
        }
        self.usages.insert(Arc::clone(usage));
        counted
    }
}

impl CachedObject {
    /// What it uses at a time: a pod whose grace period is over uses only its claims.
    fn usage(&self, now: Timestamp) -> Option<Cow<'_, Usage>> {
        let usage = self.counted.usage.as_deref()?;
        if self.departure.is_none_or(|departure| now < departure.ends) {
            return Some(Cow::Borrowed(usage));
        }
        let mut claims = usage.clone();
        keep_claims(&mut claims);
        (!claims.is_empty()).then_some(Cow::Owned(claims))
    }

    /// What a ledger receives after its deletion.
    fn deleted(&self, kind: &Kind, namespace: &str, name: &str) -> Option<LiveObject> {
        let object = ObjectRef::new(kind.kind, namespace, name);
        (kind.is_counted()).then(|| LiveObject::deleted(object, self.uid.to_string()))
    }

    /// Whether it makes a difference: its usage does, and the owners of what owns pods do.
    fn counts(&self, kind: &Kind) -> bool {
        self.counted.usage.is_some()
            || (kind.has(Property::IsOwnedOwner) && !self.owners.is_empty())
    }

    fn differs(&self, now: &Self, kind: &Kind) -> bool {
        self.counted != now.counted
            || self.departure != now.departure
            || (now.counts(kind) && (self.uid != now.uid || self.owners != now.owners))
    }
}

/// The UIDs of the custom resources that exist in a namespace and count for whole clusters.
fn declared_clusters(objects: &Objects) -> HashSet<Arc<str>> {
    let declares = |kind: &str| kinds::named(kind).is_some_and(Kind::declares_clusters);
    let declaring = objects.iter().filter(|((kind, _), _)| declares(kind));
    declaring.map(|(_, entry)| Arc::clone(&entry.uid)).collect()
}

fn set_status(object: &mut Value, status: Option<Value>) {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
        fields.extend(status.map(|status| ("status".to_owned(), status)));
    }
}

/// What an object's usage depends on, besides the object.
struct Counting<'g> {
    gate: &'g Gate,
    tenant: Option<&'g Tenant>,
    defaults: ContainerDefaults,
}

impl Counting<'_> {
    /// Counts an object. Where that panics, its last usage stays, and other objects are not affected.
    fn count(&self, resource: &Resource, before: Option<&CountedUsage>) -> CountedUsage {
        let Self { gate, tenant, defaults } = self;
        let living = catch_unwind(AssertUnwindSafe(|| gate.living(resource, *tenant, *defaults)));
        let Ok(living) = living else {
            let name = metadata_text(&resource.object, "name");
            tracing::error!(
                kind = resource.kind.kind,
                namespace = resource.namespace,
                name,
                "internal error while counting the usage of an object"
            );
            return before.cloned().unwrap_or_default();
        };
        let Some(LiveObject { usage, owners, resting, .. }) = living else {
            return CountedUsage::default();
        };
        CountedUsage {
            is_resting: resting,
            is_observed: resting && resting::is_observed(&resource.kind, &resource.object),
            usage: Some(Arc::new(usage)),
            owners: owners.into_iter().filter(|owner| owner.contains('/')).collect(),
        }
    }
}

fn gvk(kind: &Kind) -> GroupVersionKind {
    GroupVersionKind {
        group: kind.group.into(),
        version: kind.version.into(),
        kind: kind.kind.into(),
    }
}

#[cfg(test)]
mod tests;
