//! Every revision of a tenant's objects and of its ledger, in the order in which etcd stored them.
//!
//! All are stored in one etcd, whose revisions are the resource versions: so what three watches
//! tell can be put into one order, and at every single revision it can be said what was there and
//! what was in the ledger.

use super::scene::{Amounts, RESOURCES, charged, uses};
use crate::support::access::Access;
use crate::support::wait::until;
use ::flinkgate::quota::ledger::Ledger;
use ::flinkgate::quota::ledger::crd::FlinkTenantLedger;
use futures::StreamExt;
use kube::api::{Api, ApiResource, DynamicObject, ListParams, WatchParams};
use kube::core::{GroupVersionKind, WatchEvent};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

const KINDS: [(&str, &str, &str); 3] =
    [("", "v1", "Pod"), ("flink.apache.org", "v1beta1", "FlinkDeployment"), LEDGER];
const LEDGER: (&str, &str, &str) = ("flinkgate.dev", "v1alpha1", "FlinkTenantLedger");
/// Objects of this name, outside the tenant, show how far a watch has come.
const MARK: &str = "the-end-of-history";

/// One revision.
struct Revision {
    version: u64,
    what: What,
}

enum What {
    /// `KIND/NAMESPACE/NAME`, and what it uses as long as it is there.
    Object(String, Option<Amounts>),
    Ledger(Option<Box<Ledger>>),
}

#[derive(Default)]
struct Told {
    revisions: Vec<Revision>,
    /// How far the watch of each kind has come, by marks and ledgers.
    marks: BTreeSet<String>,
    ledger: u64,
    /// Why something may be missing.
    gaps: Vec<String>,
}

/// Watches that write everything down.
pub struct History {
    told: Arc<Mutex<Told>>,
    runtime: Option<Runtime>,
}

/// What all revisions together show.
#[derive(Debug)]
pub struct Replayed {
    /// How many there were, of objects and of the ledger.
    pub revisions: usize,
    /// How many of the ledger.
    pub of_ledger: usize,
    /// Everything that ever lived, as `KIND/NAMESPACE/NAME`.
    pub lived: BTreeSet<String>,
    /// The most that ever lived at once.
    pub most: Amounts,
    /// The most that the ledger was ever charged.
    pub charged: Amounts,
    /// What lives at the end.
    pub living: Amounts,
}

impl History {
    /// Writes down from now on what happens in namespaces that start so, and to the ledger of this
    /// tenant.
    pub fn start(access: &Access, prefix: &str, tenant: &str) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let told = Arc::new(Mutex::new(Told::default()));
        for (group, version, kind) in KINDS {
            let (told, prefix, tenant) = (Arc::clone(&told), prefix.to_owned(), tenant.to_owned());
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
            let (api, from) = runtime.block_on(async {
                let api = Api::<DynamicObject>::all_with(access.client().await, &resource);
                let list = api.list(&ListParams::default()).await.unwrap();
                (api, list.metadata.resource_version.unwrap())
            });
            runtime.spawn(follow(api, from, told, prefix, tenant));
        }
        Self { told, runtime: Some(runtime) }
    }

    /// Ends when the watches have told all that happened until now, the ledger's revision `ledger`
    /// with it; then holds every revision against `hard`.
    pub fn replay(self, access: &Access, ledger: &str, hard: Amounts) -> Replayed {
        let last: u64 = ledger.parse().unwrap();
        access.create(&super::scene::pod("default", MARK, 1).to_string());
        access.create(&super::scene::cluster("default", MARK, 1).to_string());
        until("the watches have told everything", || {
            let told = self.told.lock().unwrap();
            let all = told.marks.len() == 2 && told.ledger >= last;
            if all {
                Ok(())
            } else {
                Err(format!("{:?}, ledger {} of {last}, {:?}", told.marks, told.ledger, told.gaps))
            }
        });
        let mut told = self.told.lock().unwrap();
        assert_eq!(told.gaps, Vec::<String>::new());
        told.revisions.sort_by_key(|revision| revision.version);
        replay(&told.revisions, hard)
    }
}

impl Drop for History {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// At every revision: what lives is in the ledger, and the ledger within the limits.
fn replay(revisions: &[Revision], hard: Amounts) -> Replayed {
    let mut living: BTreeMap<&str, Amounts> = BTreeMap::new();
    let mut ledger: Amounts = [0; 4];
    let mut replayed = Replayed {
        revisions: revisions.len(),
        of_ledger: 0,
        lived: BTreeSet::new(),
        most: [0; 4],
        charged: [0; 4],
        living: [0; 4],
    };
    let within = |inner: &Amounts, outer: &Amounts| {
        inner.iter().zip(outer).all(|(inner, outer)| inner <= outer)
    };
    for Revision { version, what } in revisions {
        let changed = match what {
            What::Object(name, amounts) => {
                let before = match amounts {
                    Some(amounts) => living.insert(name, *amounts),
                    None => living.remove(name.as_str()),
                };
                replayed.lived.insert(name.clone());
                for (index, sum) in replayed.living.iter_mut().enumerate() {
                    *sum += amounts.unwrap_or_default()[index] - before.unwrap_or_default()[index];
                    replayed.most[index] = replayed.most[index].max(*sum);
                }
                name.as_str()
            }
            What::Ledger(stored) => {
                replayed.of_ledger += 1;
                ledger = stored.as_ref().map(|ledger| charged(ledger)).unwrap_or_default();
                replayed
                    .charged
                    .iter_mut()
                    .zip(ledger)
                    .for_each(|(most, charged)| *most = charged.max(*most));
                "the ledger"
            }
        };
        let living = &replayed.living;
        assert!(
            within(&ledger, &hard),
            "over at revision {version} ({changed}): the ledger has {ledger:?} of {hard:?} {RESOURCES:?}"
        );
        assert!(
            within(living, &hard),
            "over at revision {version} ({changed}): {living:?} of {hard:?} {RESOURCES:?} live"
        );
        assert!(
            within(living, &ledger),
            "uncounted at revision {version} ({changed}): {living:?} {RESOURCES:?} live, the ledger has {ledger:?}"
        );
    }
    replayed
}

/// Watches one kind from a version on, through every break.
async fn follow(
    api: Api<DynamicObject>,
    mut version: String,
    told: Arc<Mutex<Told>>,
    prefix: String,
    tenant: String,
) {
    loop {
        match api.watch(&WatchParams::default(), &version).await {
            Err(error) => note_gap(&told, &error),
            Ok(stream) => {
                let mut stream = std::pin::pin!(stream);
                while let Some(event) = stream.next().await {
                    match event {
                        Ok(WatchEvent::Added(object) | WatchEvent::Modified(object)) => {
                            version = note(&told, &object, true, &prefix, &tenant)
                        }
                        Ok(WatchEvent::Deleted(object)) => {
                            version = note(&told, &object, false, &prefix, &tenant)
                        }
                        Ok(WatchEvent::Bookmark(bookmark)) => {
                            version = bookmark.metadata.resource_version
                        }
                        Ok(WatchEvent::Error(status)) => note_gap(&told, &kube::Error::Api(status)),
                        // It goes on where it ended.
                        Err(_) => break,
                    }
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// An API server that no longer knows what was after a version has left something out.
fn note_gap(told: &Mutex<Told>, error: &kube::Error) {
    if let kube::Error::Api(status) = error {
        told.lock().unwrap().gaps.push(status.to_string());
    }
}

/// Writes a revision down; gives its version.
fn note(
    told: &Mutex<Told>,
    object: &DynamicObject,
    lives: bool,
    prefix: &str,
    tenant: &str,
) -> String {
    let stored = serde_json::to_value(object).unwrap();
    let text = |field: &str| stored["metadata"][field].as_str().unwrap_or_default();
    let (kind, namespace, name) =
        (stored["kind"].as_str().unwrap_or_default(), text("namespace"), text("name"));
    let version: u64 = text("resourceVersion").parse().unwrap();
    let mut told = told.lock().unwrap();
    if name == MARK {
        told.marks.insert(kind.to_owned());
    } else if kind == LEDGER.2 && name == tenant {
        told.ledger = version;
        let ledger = lives.then(|| Box::new(read(&stored)));
        told.revisions.push(Revision { version, what: What::Ledger(ledger) });
    } else if namespace.starts_with(prefix) {
        let key = format!("{kind}/{namespace}/{name}");
        told.revisions
            .push(Revision { version, what: What::Object(key, lives.then(|| uses(&stored))) });
    }
    version.to_string()
}

fn read(stored: &Value) -> Ledger {
    let stored: FlinkTenantLedger = serde_json::from_value(stored.clone()).unwrap();
    Ledger::read(&stored.status.unwrap_or_default()).unwrap()
}

#[test]
fn a_replay_finds_the_one_revision_that_is_over_or_uncounted() {
    let ledger = |cpu: &str| {
        let total = json!({"cpu": cpu, "pods": cpu});
        let status = json!({"counted": true, "others": total});
        What::Ledger(Some(Box::new(
            Ledger::read(&serde_json::from_value(status).unwrap()).unwrap(),
        )))
    };
    let pod =
        |name: &str, lives: bool| What::Object(name.to_owned(), lives.then_some([1, 1, 0, 0]));
    let replay = |whats: Vec<What>, hard: i64| {
        let revisions: Vec<Revision> =
            whats.into_iter().zip(1..).map(|(what, version)| Revision { version, what }).collect();
        std::panic::catch_unwind(|| replay(&revisions, [hard, hard, 0, 0]))
            .map_err(|panic| panic.downcast_ref::<String>().unwrap().clone())
    };
    let fine = || {
        vec![
            ledger("2"),
            pod("a", true),
            pod("b", true),
            pod("b", false),
            ledger("1"),
            pod("a", true),
        ]
    };
    let replayed = replay(fine(), 2).unwrap();
    assert_eq!(
        (replayed.revisions, replayed.of_ledger, replayed.most, replayed.living),
        (6, 2, [2, 2, 0, 0], [1, 1, 0, 0])
    );
    assert!(replay(fine(), 1).unwrap_err().starts_with("over at revision 1 (the ledger)"));
    assert!(
        replay(vec![ledger("1"), pod("a", true), pod("b", true)], 2)
            .unwrap_err()
            .starts_with("uncounted at revision 3 (b)")
    );
    assert!(
        replay(vec![ledger("2"), pod("a", true), ledger("0")], 2)
            .unwrap_err()
            .starts_with("uncounted at revision 3 (the ledger)")
    );
}
