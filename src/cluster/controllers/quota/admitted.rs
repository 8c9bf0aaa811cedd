//! The leader's part in the record of what clusters were [admitted](crate::quota::ledger::admitted)
//! with: it records what has no record, drops what is gone, and counts the clusters that still have
//! an earlier spec.
//!
//! Replicas record what they admit before they answer. So what has no record here was admitted by an
//! earlier version of Flinkgate or without Flinkgate, or its record could not be written: it is taken
//! as admitted with the spec in force.

use super::reconciler::Reconciler;
use super::rollout::{self, Pods};
use crate::cluster::apply::{self, StatusPart, is_empty};
use crate::kinds::{self, Kind};
use crate::pipeline::Gate;
use crate::quota::admitted_store::{self, AdmittedLedgers, AdmittedStore};
use crate::quota::ledger::admitted::{AdmittedSpecs, Change, PendingRollout, SeenObject};
use crate::quota::ledger::{HORIZON, LiveObject};
use crate::resource::compact::CompactJson;
use crate::tenant::{FlinkTenant, Tenant};
use kube::Client;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The part of a FlinkTenant's status that is written here.
const PART: StatusPart = StatusPart {
    manager: "flinkgate-admitted",
    fields: &["clustersWithEarlierSpec", "earlierSpec"],
};
/// The most clusters that a status names.
const MOST_NAMES: usize = 10;
/// Before a failed task is tried again.
const PAUSE: Duration = Duration::from_secs(2);
/// Before it is looked again whether clusters are rolled out. The pause doubles while their pods stay the
/// same.
const LOOK: Duration = Duration::from_secs(5);
const LONGEST_LOOK: Duration = Duration::from_secs(160);
/// The most clusters that are looked at together.
const AT_A_LOOK: usize = 32;
/// How long a task may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the leader knows of one tenant's record.
#[derive(Debug, Default)]
pub(super) struct AdmittedState {
    objects: Vec<SeenObject>,
    /// Whether the objects are known.
    is_known: bool,
    is_due: bool,
    is_running: bool,
    not_before: Option<Instant>,
    /// The tenant of the last task.
    tenant: Option<Arc<Tenant>>,
    /// Recorded objects that do not exist, and since when that is known.
    absent: HashMap<String, Instant>,
    /// Objects of which something may run with an earlier spec, and the pods of their namespaces.
    pending: Vec<PendingRollout>,
    pods: Pods,
    /// Whether those pods are known.
    knows_pods: bool,
    /// When it is looked again, and the pause before that.
    look_again: Option<(Instant, Duration)>,
    /// How many were looked at.
    looked: usize,
}

/// A task about one tenant's record.
#[derive(Clone, Debug)]
pub struct RecordTask {
    /// The tenant.
    pub tenant: String,
    objects: Vec<SeenObject>,
    spec: String,
    gone: BTreeSet<String>,
    /// What may be rolled out, with the pods of its namespaces.
    pending: Vec<PendingRollout>,
    pods: Pods,
    in_force: Arc<Tenant>,
    /// What of the tenant's status is written here, as it is stored.
    stored: Value,
}

/// What a task found.
#[derive(Debug)]
pub struct RecordOutcome {
    /// Recorded objects that do not exist.
    absent: BTreeSet<String>,
    /// Objects of which something may run with an earlier spec.
    pending: Vec<PendingRollout>,
    /// Whether everything is written.
    is_done: bool,
}

impl AdmittedState {
    /// The objects of the tenant as they are reconciled.
    pub(super) fn see(&mut self, objects: &[LiveObject]) {
        let seen = seen(objects);
        self.is_due |= !self.is_known || seen != self.objects;
        (self.objects, self.is_known) = (seen, true);
        let pods = rollout::pods_of(objects, &self.pending);
        if pods != self.pods || !self.knows_pods {
            self.look_again = None;
        }
        (self.pods, self.knows_pods) = (pods, true);
    }

    /// Whether it is time to look for what is rolled out.
    fn is_rollout_due(&self, now: Instant) -> bool {
        let is_time = self.look_again.is_none_or(|(at, _)| now >= at);
        self.knows_pods && !self.pending.is_empty() && is_time
    }

    /// The record has changed.
    pub(super) fn mark_changed(&mut self) {
        self.is_due = true;
    }

    fn task(
        &mut self,
        now: Instant,
        tenant: &Arc<Tenant>,
        stored: &CompactJson,
    ) -> Option<RecordTask> {
        let is_late = |since: &Instant| now.saturating_duration_since(*since) >= HORIZON;
        let same_tenant = self.tenant.as_ref().is_some_and(|last| Arc::ptr_eq(last, tenant));
        let looks = self.is_rollout_due(now);
        let is_due = self.is_due || !same_tenant || looks || self.absent.values().any(is_late);
        if !is_due
            || !self.is_known
            || self.is_running
            || self.not_before.is_some_and(|at| now < at)
        {
            return None;
        }
        let gone = self.absent.iter().filter(|(_, since)| is_late(since));
        let gone = gone.map(|(uid, _)| uid.clone()).collect();
        let spec = tenant.spec.kept_text().ok()?;
        (self.is_due, self.is_running) = (false, true);
        self.tenant = Some(Arc::clone(tenant));
        let stored = stored.value();
        let field = |name: &str| stored.get(name).cloned().unwrap_or_default();
        let stored: serde_json::Map<String, Value> =
            PART.fields.iter().map(|name| ((*name).to_owned(), field(name))).collect();
        let mut pending = Vec::new();
        if looks {
            let pause = self.look_again.map_or(LOOK, |(_, pause)| (pause * 2).min(LONGEST_LOOK));
            self.look_again = Some((now + pause, pause));
            pending.clone_from(&self.pending);
            // One after the other: some may never be rolled out.
            let first = self.looked.checked_rem(pending.len()).unwrap_or_default();
            pending.rotate_left(first);
            pending.truncate(AT_A_LOOK);
            self.looked = self.looked.wrapping_add(AT_A_LOOK);
        }
        Some(RecordTask {
            in_force: Arc::clone(tenant),
            pending,
            pods: self.pods.clone(),
            tenant: tenant.name.clone(),
            objects: self.objects.clone(),
            spec,
            gone,
            stored: stored.into(),
        })
    }

    /// A task has ended; whether the pods must be seen again.
    fn finish(&mut self, outcome: Option<RecordOutcome>, now: Instant) -> bool {
        self.is_running = false;
        match outcome {
            Some(RecordOutcome { absent, pending, is_done }) => {
                if pending != self.pending {
                    (self.pending, self.knows_pods) = (pending, false);
                }
                self.absent.retain(|uid, _| absent.contains(uid));
                for uid in absent {
                    self.absent.entry(uid).or_insert(now);
                }
                self.not_before = (!is_done).then(|| now + PAUSE);
                self.is_due |= !is_done;
            }
            None => (self.is_due, self.not_before) = (true, Some(now + PAUSE)),
        }
        !self.knows_pods && !self.pending.is_empty()
    }
}

impl Reconciler {
    /// Up to `most` tasks about records.
    pub fn due_records(&mut self, now: Instant, most: usize) -> Vec<RecordTask> {
        if !self.is_ready() {
            return Vec::new();
        }
        self.tenants_with_status()
            .filter_map(|(state, stored)| {
                let tenant = Arc::clone(&state.tenant);
                state.admitted.task(now, &tenant, stored)
            })
            .take(most)
            .collect()
    }

    /// A task about a record has ended; `None` where it could not write.
    pub fn recorded(&mut self, tenant: &str, outcome: Option<RecordOutcome>, now: Instant) {
        if let Some(state) = self.tenant_state(tenant)
            && state.admitted.finish(outcome, now)
        {
            state.mark_changed(now);
        }
    }
}

/// Does a task.
pub async fn work<S: AdmittedStore>(
    client: &Client,
    gate: &Gate,
    ledgers: &AdmittedLedgers<S>,
    task: RecordTask,
) -> Option<RecordOutcome> {
    let RecordTask { tenant, objects, spec, gone, pending, pods, in_force, stored } = task;
    let change = Change::Seen { objects: objects.clone(), spec: spec.clone(), gone };
    let mut changes = vec![change];
    for rolled in rollout::rolled_out(client, gate, &in_force, pending, &pods).await {
        changes.push(Change::RolledOut { uid: rolled.uid, spec: rolled.spec });
    }
    let mut record = AdmittedSpecs::default();
    for change in changes {
        record = match ledgers.apply(&tenant, change, Instant::now() + PATIENCE).await {
            Ok(record) => record,
            Err(error) => {
                admitted_store::warn(&tenant, &error, "admitted specs not recorded, retrying");
                return None;
            }
        };
    }
    let pending = record.pending(&objects);
    let earlier = record.earlier(&objects, &spec);
    let names: Vec<String> = earlier.iter().take(MOST_NAMES).map(ToString::to_string).collect();
    let status = json!({"clustersWithEarlierSpec": earlier.len(), "earlierSpec": names});
    let is_stored = PART.fields.iter().all(|field| {
        let (stored, wanted) = (stored.get(field), status.get(field));
        let is_nothing = |value| is_empty(value) || value == Some(&json!(0));
        stored == wanted || (is_nothing(stored) && is_nothing(wanted))
    });
    let absent = record.unseen(&objects);
    if is_stored {
        return Some(RecordOutcome { absent, pending, is_done: true });
    }
    let write = apply::status::<FlinkTenant>(client, PART, &tenant, &status);
    let is_done = match tokio::time::timeout(PATIENCE, write).await {
        Ok(Ok(())) => true,
        // Deleted in the meantime, and the watch will report it.
        Ok(Err(kube::Error::Api(status))) if status.code == 404 => true,
        Ok(Err(error)) => {
            tracing::warn!(tenant, %error, "clusters with an earlier spec not written to the status");
            false
        }
        Err(late) => {
            tracing::warn!(tenant, %late, "clusters with an earlier spec not written to the status");
            false
        }
    };
    Some(RecordOutcome { absent, pending, is_done })
}

/// The objects that declare others. What one of them owns belongs to it.
fn seen(objects: &[LiveObject]) -> Vec<SeenObject> {
    let declaring = || {
        let living = objects.iter().filter(|live| !live.is_deleted() && !live.uid.is_empty());
        living.filter(|live| live.object.declares())
    };
    let uids: HashSet<&str> = declaring().map(|live| live.uid.as_str()).collect();
    let owners = |live: &LiveObject| -> Vec<String> {
        live.owners.iter().filter(|owner| uids.contains(owner.as_str())).cloned().collect()
    };
    let runs_cluster = |live: &LiveObject| {
        kinds::named(&live.object.kind).is_some_and(Kind::declares_clusters)
            || !live.usage.get("clusters").is_zero()
    };
    let mut seen: Vec<SeenObject> = declaring()
        .map(|live| SeenObject {
            object: live.object.clone(),
            uid: live.uid.clone(),
            owners: owners(live),
            runs_cluster: runs_cluster(live),
        })
        .collect();
    seen.sort_by(|one, other| (&one.object, &one.uid).cmp(&(&other.object, &other.uid)));
    seen
}
