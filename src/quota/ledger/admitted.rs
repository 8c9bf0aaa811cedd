//! What the clusters of a tenant were admitted with: the specs, and for each object the specs that it
//! was admitted with.
//!
//! It is stored as a [FlinkTenantLedger](super::crd) of its own, next to the one for quota: tenants
//! without limits have it too, and a write of one does not conflict with a write of the other. Its
//! [name](ledger_name) is longer than a tenant's may be, so that it is no tenant's ledger.
//!
//! An object is known by its UID, which the API server chooses. An object that is deleted and created
//! again under its name has another UID, and nothing of the former one.

use super::{ObjectRef, line};
use std::collections::{BTreeMap, BTreeSet};

/// The most specs of one object. An operator runs the newest one or rolls back to one of before.
const MOST_OF_ONE: usize = 4;
/// The most specs of a tenant, and their bytes: the oldest goes first.
const MOST_SPECS: usize = 64;
const MOST_SPEC_BYTES: usize = 400_000;
/// The most bytes of all objects. Beyond it, further objects are not recorded.
const MOST_OBJECT_BYTES: usize = 600_000;
/// Completes a tenant's name, of at most 63 characters, to a name that no tenant can have.
const SUFFIX: &str = ".specs-that-clusters-of-this-tenant-were-admitted-with.flinkgate.dev";

/// The name of the ledger with a tenant's admitted specs.
pub fn ledger_name(tenant: &str) -> String {
    format!("{tenant}{SUFFIX}")
}

/// The tenant of a ledger with admitted specs; `None` for the name of another ledger.
pub fn tenant_of(ledger: &str) -> Option<&str> {
    ledger.strip_suffix(SUFFIX)
}

/// What the objects of a tenant were admitted with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdmittedSpecs {
    /// Texts of specs by number. Later specs have higher numbers.
    specs: BTreeMap<u64, String>,
    /// By UID.
    objects: BTreeMap<String, AdmittedObject>,
    next: u64,
}

/// What one object was admitted with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct AdmittedObject {
    object: ObjectRef,
    /// Numbers of specs, the last one that it was admitted with first.
    specs: Vec<u64>,
    /// Whether only the leader recorded it, because it named no owner that was seen.
    by_leader: bool,
}

/// A stored object, as the leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenObject {
    /// Its kind, namespace and name.
    pub object: ObjectRef,
    /// Its UID.
    pub uid: String,
    /// The UIDs of seen objects to which it belongs. They have the record.
    pub owners: Vec<String>,
    /// Whether it runs a Flink cluster.
    pub runs_cluster: bool,
}

/// A change of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An object was admitted with a spec.
    Admitted {
        /// The object.
        object: ObjectRef,
        /// Its UID.
        uid: String,
        /// The spec's text.
        spec: String,
    },
    /// The leader saw these objects. Those without an owner and a record get one, with the spec in
    /// force.
    Seen {
        /// All that live.
        objects: Vec<SeenObject>,
        /// The text of the spec in force.
        spec: String,
        /// UIDs of objects that have not existed for as long as a request may take.
        gone: BTreeSet<String>,
    },
    /// Everything that runs of an object has its last spec.
    RolledOut {
        /// The object's UID.
        uid: String,
        /// The text of that spec. Another one may have been admitted since.
        spec: String,
    },
}

/// An object of which something may run with an earlier spec than its last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRollout {
    /// The object.
    pub object: ObjectRef,
    /// Its UID.
    pub uid: String,
    /// The text of its last spec.
    pub spec: String,
}

/// What did not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overflow {
    /// Specs that were dropped although objects were admitted with them.
    pub specs: usize,
    /// Objects that were not recorded.
    pub objects: usize,
}

impl AdmittedSpecs {
    /// The texts of the specs that an object was admitted with, the last one first. A UID alone is
    /// not enough: the object must be in this namespace.
    pub fn of(&self, uid: &str, namespace: &str) -> impl Iterator<Item = &str> {
        let found = self.objects.get(uid).filter(|found| found.object.namespace == namespace);
        found
            .into_iter()
            .flat_map(|found| &found.specs)
            .filter_map(|number| self.specs.get(number).map(String::as_str))
    }

    /// Makes a change. An object that does not fit is not recorded.
    pub fn apply(&mut self, change: &Change) -> Overflow {
        let mut overflow = Overflow::default();
        match change {
            Change::Admitted { object, uid, spec } => {
                overflow.objects += usize::from(!self.admitted(object, uid, spec));
                if let Some(found) = self.objects.get_mut(uid) {
                    found.by_leader = false;
                }
            }
            Change::Seen { objects, spec, gone } => {
                self.objects.retain(|uid, _| !gone.contains(uid));
                for seen in objects.iter().filter(|seen| seen.owners.is_empty()) {
                    if !self.objects.contains_key(&seen.uid) {
                        let fits = self.admitted(&seen.object, &seen.uid, spec);
                        overflow.objects += usize::from(!fits);
                        if let Some(found) = self.objects.get_mut(&seen.uid) {
                            found.by_leader = true;
                        }
                    }
                }
                let is_covered = |seen: &&SeenObject| self.is_covered_by_owners(seen);
                let covered: Vec<&SeenObject> = objects.iter().filter(is_covered).collect();
                for seen in covered {
                    self.objects.remove(&seen.uid);
                }
            }
            Change::RolledOut { uid, spec } => {
                let last = |found: &AdmittedObject| self.specs.get(found.specs.first()?);
                let is_last = self.objects.get(uid).and_then(last) == Some(spec);
                if let Some(found) = self.objects.get_mut(uid).filter(|_| is_last) {
                    found.specs.truncate(1);
                }
            }
        }
        overflow.specs = self.drop_specs();
        overflow
    }

    /// Whether the leader recorded an object because it saw it before its owners, and the record says
    /// no more than theirs.
    fn is_covered_by_owners(&self, seen: &SeenObject) -> bool {
        let own = self.objects.get(&seen.uid).filter(|own| own.by_leader);
        let Some(own) = own else { return false };
        let owners = || seen.owners.iter().filter_map(|uid| self.objects.get(uid));
        let is_owners = |number: &u64| {
            owners().any(|owner| {
                owner.object.namespace == own.object.namespace && owner.specs.contains(number)
            })
        };
        owners().next().is_some() && own.specs.iter().all(is_owners)
    }

    /// Records an object; whether it fits.
    fn admitted(&mut self, object: &ObjectRef, uid: &str, spec: &str) -> bool {
        let is_new = !self.objects.contains_key(uid);
        if is_new && self.object_bytes() + line_length(object, uid) > MOST_OBJECT_BYTES {
            return false;
        }
        let known = self.specs.iter().find(|(_, text)| *text == spec).map(|(number, _)| *number);
        let number = known.unwrap_or_else(|| {
            self.specs.insert(self.next, spec.to_owned());
            self.next = self.next.saturating_add(1);
            self.next.saturating_sub(1)
        });
        let entry = self.objects.entry(uid.to_owned()).or_default();
        entry.object = object.clone();
        if entry.specs.first() != Some(&number) {
            entry.specs.retain(|other| *other != number);
            entry.specs.insert(0, number);
            entry.specs.truncate(MOST_OF_ONE);
        }
        true
    }

    fn object_bytes(&self) -> usize {
        self.objects.iter().map(|(uid, found)| line_length(&found.object, uid)).sum()
    }

    /// Drops specs that no object has, and the oldest ones that do not fit; how many of those.
    fn drop_specs(&mut self) -> usize {
        let used: BTreeSet<u64> =
            self.objects.values().flat_map(|found| found.specs.iter().copied()).collect();
        self.specs.retain(|number, _| used.contains(number));
        let mut dropped = 0;
        let bytes = |specs: &BTreeMap<u64, String>| specs.values().map(String::len).sum::<usize>();
        while self.specs.len() > MOST_SPECS
            || (bytes(&self.specs) > MOST_SPEC_BYTES && self.specs.len() > 1)
        {
            let Some((oldest, _)) = self.specs.pop_first() else { break };
            dropped += 1;
            for found in self.objects.values_mut() {
                found.specs.retain(|number| *number != oldest);
            }
        }
        dropped
    }

    /// UIDs of recorded objects that are not among these.
    pub fn unseen(&self, seen: &[SeenObject]) -> BTreeSet<String> {
        let living: BTreeSet<&str> = seen.iter().map(|seen| seen.uid.as_str()).collect();
        self.objects.keys().filter(|uid| !living.contains(uid.as_str())).cloned().collect()
    }

    /// The objects among these that were admitted with several specs.
    pub fn pending(&self, seen: &[SeenObject]) -> Vec<PendingRollout> {
        let pending = seen.iter().filter_map(|seen| {
            let found = self.objects.get(&seen.uid).filter(|found| found.specs.len() > 1)?;
            let spec = self.specs.get(found.specs.first()?)?.clone();
            Some(PendingRollout { object: seen.object.clone(), uid: seen.uid.clone(), spec })
        });
        pending.collect()
    }

    /// The clusters among these whose last spec is another one, or of which something may run with an
    /// earlier spec.
    pub fn earlier<'s>(&self, seen: &'s [SeenObject], spec: &str) -> Vec<&'s ObjectRef> {
        let is_earlier = |seen: &&SeenObject| {
            let Some(found) = self.objects.get(&seen.uid) else { return false };
            let last = found.specs.first().and_then(|first| self.specs.get(first));
            last.is_none_or(|last| last != spec) || found.specs.len() > 1
        };
        let clusters = seen.iter().filter(|seen| seen.runs_cluster);
        clusters.filter(is_earlier).map(|seen| &seen.object).collect()
    }

    /// The recorded objects with their UIDs, each with the text of the last spec that it was
    /// admitted with; `None` where that was dropped.
    pub fn objects(&self) -> impl Iterator<Item = (&ObjectRef, &str, Option<&str>)> {
        self.objects.iter().map(|(uid, found)| {
            let last = found.specs.first().and_then(|number| self.specs.get(number));
            (&found.object, uid.as_str(), last.map(String::as_str))
        })
    }

    /// Whether it has no object.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The form in which it is stored: specs, and objects.
    pub fn stored(&self) -> (Vec<String>, Vec<String>) {
        let specs = self.specs.iter().map(|(number, text)| format!("{number} {text}"));
        let objects = self.objects.iter().map(|(uid, found)| {
            let numbers: Vec<String> = found.specs.iter().map(u64::to_string).collect();
            line::write_admitted(&found.object, uid, &numbers.join(","), found.by_leader)
        });
        (specs.collect(), objects.collect())
    }

    /// Reads what [`Self::stored`] wrote. A line that cannot be read is passed over: its object has
    /// no record then, and the leader makes a new one.
    pub fn read(specs: &[String], objects: &[String]) -> Self {
        let mut read = Self::default();
        for line in specs {
            let parts = line.split_once(' ');
            let number = parts.and_then(|(number, text)| Some((number.parse::<u64>().ok()?, text)));
            let Some((number, text)) = number else { continue };
            read.specs.insert(number, text.to_owned());
            read.next = read.next.max(number.saturating_add(1));
        }
        for line in objects {
            let Some((object, uid, numbers, by_leader)) = line::read_admitted(line) else {
                continue;
            };
            let specs = numbers.split(',').filter_map(|number| number.parse().ok());
            let specs: Vec<u64> = specs.filter(|number| read.specs.contains_key(number)).collect();
            read.objects.insert(uid, AdmittedObject { object, specs, by_leader });
        }
        read
    }
}

fn line_length(object: &ObjectRef, uid: &str) -> usize {
    object.kind.len() + object.namespace.len() + object.name.len() + uid.len() + 50
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn object(name: &str) -> ObjectRef {
        ObjectRef::new("FlinkDeployment", "prod", name)
    }

    fn admitted(name: &str, uid: &str, spec: &str) -> Change {
        Change::Admitted { object: object(name), uid: uid.into(), spec: spec.into() }
    }

    fn seen(name: &str, uid: &str) -> SeenObject {
        SeenObject { object: object(name), uid: uid.into(), owners: Vec::new(), runs_cluster: true }
    }

    fn of<'a>(record: &'a AdmittedSpecs, uid: &str) -> Vec<&'a str> {
        record.of(uid, "prod").collect()
    }

    #[test]
    fn an_object_keeps_its_last_specs_newest_first() {
        let mut record = AdmittedSpecs::default();
        for spec in ["a", "b", "a", "c", "d", "e"] {
            record.apply(&admitted("etl", "u", spec));
        }
        assert_eq!(of(&record, "u"), ["e", "d", "c", "a"]);
        assert_eq!(record.specs.len(), 4);
        assert_eq!(record.of("u", "other").count(), 0);
        assert_eq!(of(&record, "v"), [""; 0]);
    }

    #[test]
    fn what_is_stored_is_read() {
        let mut record = AdmittedSpecs::default();
        record.apply(&admitted("etl", "u", r#"{"labels":{"a":"b c"}}"#));
        record.apply(&admitted("e t=l", "v", "{}"));
        record.apply(&Change::Seen {
            objects: vec![seen("other", "w")],
            spec: "{}".into(),
            gone: BTreeSet::new(),
        });
        let (specs, objects) = record.stored();
        assert_eq!(AdmittedSpecs::read(&specs, &objects), record);
        let odd = ["", "x", "FlinkDeployment/prod", "A/b/c uid=", "A/b/c specs=1", "7"];
        let odd: Vec<String> = odd.map(str::to_owned).into();
        let mut more = objects.clone();
        more.extend(odd.clone());
        let mut odd_specs = specs.clone();
        odd_specs.extend(odd);
        assert_eq!(AdmittedSpecs::read(&odd_specs, &more).objects, record.objects);
        // A later version may add words.
        let with_words: Vec<String> =
            objects.iter().map(|line| format!("{line} until=never format=1")).collect();
        assert_eq!(AdmittedSpecs::read(&specs, &with_words).objects, record.objects);
    }

    #[test]
    fn the_leader_adopts_what_has_no_record_and_drops_what_is_gone() {
        let mut record = AdmittedSpecs::default();
        record.apply(&admitted("etl", "u", "old"));
        let owned = SeenObject { owners: vec!["u".into()], ..seen("child", "w") };
        let objects = vec![seen("etl", "u"), seen("fraud", "v"), owned];
        let look = |gone: &[&str]| Change::Seen {
            objects: objects.clone(),
            spec: "new".into(),
            gone: gone.iter().map(|uid| (*uid).to_owned()).collect(),
        };
        record.apply(&look(&[]));
        assert_eq!((of(&record, "u"), of(&record, "v")), (vec!["old"], vec!["new"]));
        assert_eq!(of(&record, "w"), [""; 0]);
        assert_eq!(record.earlier(&objects, "new"), [&object("etl")]);
        assert_eq!(record.unseen(&objects[1..]), ["u".to_owned()].into());
        record.apply(&Change::Seen {
            objects: vec![],
            spec: "new".into(),
            gone: ["u".to_owned()].into(),
        });
        assert_eq!(of(&record, "u"), [""; 0]);
        assert_eq!(record.specs.len(), 1);
    }

    #[test]
    fn what_was_seen_before_its_owner_is_folded_into_the_record_of_that() {
        let look = |objects: &[SeenObject], spec: &str| Change::Seen {
            objects: objects.to_vec(),
            spec: spec.into(),
            gone: BTreeSet::new(),
        };
        let owned_by = |owners: &[&str]| SeenObject {
            object: ObjectRef::new("ReplicaSet", "prod", "etl-1"),
            uid: "rs".into(),
            owners: owners.iter().map(|uid| (*uid).to_owned()).collect(),
            runs_cluster: false,
        };
        let after = |admitted: &[Change], first: &str, owners: &[&str]| {
            let mut record = AdmittedSpecs::default();
            // The owner is not known yet.
            record.apply(&look(&[owned_by(&[])], first));
            assert_eq!(of(&record, "rs"), [first]);
            for change in admitted {
                record.apply(change);
            }
            record.apply(&look(&[seen("etl", "u"), owned_by(owners)], "later"));
            of(&record, "rs").len()
        };
        let owner = [admitted("etl", "u", "a")];
        let newer = [admitted("etl", "u", "a"), admitted("etl", "u", "b")];
        assert_eq!(after(&owner, "a", &["d", "u"]), 0);
        assert_eq!(after(&newer, "a", &["u"]), 0);
        // It loses no spec that its owners do not have, and nothing for an owner that is not there.
        assert_eq!(after(&owner, "b", &["u"]), 1);
        assert_eq!(after(&owner, "a", &["d"]), 1);
        assert_eq!(after(&owner, "a", &[]), 1);
        let elsewhere = Change::Admitted {
            object: ObjectRef::new("FlinkDeployment", "dev", "etl"),
            uid: "u".into(),
            spec: "a".into(),
        };
        assert_eq!(after(&[elsewhere], "a", &["u"]), 1);
        // What a user made has a record of its own.
        let own = Change::Admitted { object: object("etl-1"), uid: "rs".into(), spec: "a".into() };
        assert_eq!(after(&[own, admitted("etl", "u", "a")], "a", &["u"]), 1);
    }

    #[test]
    fn earlier_specs_go_once_the_last_one_is_rolled_out() {
        let mut record = AdmittedSpecs::default();
        for spec in ["a", "b", "c"] {
            record.apply(&admitted("etl", "u", spec));
        }
        let objects = [seen("etl", "u"), seen("fraud", "v")];
        let rolled = |spec: &str| Change::RolledOut { uid: "u".into(), spec: spec.into() };
        assert_eq!(record.earlier(&objects, "c"), [&object("etl")]);
        let [pending] = record.pending(&objects).try_into().unwrap();
        assert_eq!((pending.uid.as_str(), pending.spec.as_str()), ("u", "c"));
        // Another spec was admitted in the meantime.
        record.apply(&rolled("b"));
        assert_eq!(of(&record, "u"), ["c", "b", "a"]);
        record.apply(&rolled("c"));
        assert_eq!((of(&record, "u"), record.specs.len()), (vec!["c"], 1));
        assert!(record.earlier(&objects, "c").is_empty() && record.pending(&objects).is_empty());
        record.apply(&Change::RolledOut { uid: "other".into(), spec: "c".into() });
        assert_eq!(record.objects.len(), 1);
    }

    #[test]
    fn the_oldest_specs_go_first() {
        let mut record = AdmittedSpecs::default();
        let mut dropped = 0;
        for number in 0..=MOST_SPECS {
            dropped +=
                record.apply(&admitted("c", &format!("u{number}"), &format!("s{number}"))).specs;
        }
        assert_eq!((dropped, record.specs.len()), (1, MOST_SPECS));
        assert_eq!((of(&record, "u0").len(), of(&record, "u1")), (0, vec!["s1"]));
        let huge = "x".repeat(MOST_SPEC_BYTES);
        record.apply(&admitted("c", "u", &huge));
        assert_eq!(of(&record, "u"), [huge.as_str()]);
    }

    #[test]
    fn objects_beyond_the_capacity_are_not_recorded() {
        let mut record = AdmittedSpecs::default();
        let name = "n".repeat(250);
        let fits = |record: &mut AdmittedSpecs, uid: usize| {
            record.apply(&admitted(&name, &format!("{uid:036}"), "s")).objects == 0
        };
        let recorded = (0..3_000).filter(|uid| fits(&mut record, *uid)).count();
        assert!((1_000..3_000).contains(&recorded), "{recorded}");
        let (specs, objects) = record.stored();
        let bytes: usize = specs.iter().chain(&objects).map(String::len).sum();
        assert!(bytes < super::super::CAPACITY);
        assert!(fits(&mut record, 0));
    }

    #[test]
    fn its_name_is_no_tenants() {
        let name = ledger_name("a");
        assert!(name.len() > crate::tenant::check::NAME_LENGTH);
        assert_eq!(tenant_of(&name), Some("a"));
        assert_eq!(tenant_of("payments"), None);
    }
}
