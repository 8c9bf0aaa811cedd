//! Makes the gate that answers requests from what the cluster holds, on every replica.
//!
//! In come FlinkTenants, FlinkPolicies, Namespaces, the Flink operator's ConfigMap and the rules of
//! files; out go the gate in force and the [`Update`]s that their status and labels need. Changes
//! come in bursts (a list, a `kubectl apply` of a folder), so a gate is made when they pause. It is
//! made off the threads that answer requests: compiling takes tens of milliseconds.

pub mod configuration;
pub mod operator_config;
mod updates;

use crate::cluster::controllers::status::Update;
use crate::cluster::watch::records::{NamespaceRecord, Record};
use crate::cluster::watch::{Cache, Event, SharedWatches, Target, WatchTimings, follow};
use crate::flink::requester::OperatorUsers;
use crate::pipeline::{Gate, Unassigned};
use crate::rego::PolicySource;
use crate::rego::flink_policy::FlinkPolicy;
use crate::server::health::Health;
use crate::telemetry::metrics::Metrics;
use arc_swap::ArcSwap;
use configuration::{Changes, Configuration};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::core::DynamicObject;
use operator_config::{ConfigMapName, OperatorConfig};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// How long changes are gathered before they take force.
const PAUSE: Duration = Duration::from_millis(50);

/// What the gate is made from.
#[derive(Debug)]
pub enum Input {
    /// Of the FlinkTenants.
    Tenants(Event),
    /// Of the FlinkPolicies.
    Policies(Event),
    /// Of the Namespaces.
    Namespaces(Event),
    /// Of the Flink operator's ConfigMap.
    Operator(Event),
    /// The built-in rules and those of files, which come before those in the cluster.
    Base(Vec<PolicySource>),
}

/// Follows what the gate is made from; `operator` names the Flink operator's ConfigMap.
pub async fn follow_inputs(
    client: &Client,
    watches: &SharedWatches,
    operator: Option<&ConfigMapName>,
    inputs: &mpsc::Sender<Input>,
) {
    watches.tenants.subscribe(inputs.clone(), Input::Tenants).await;
    watches.namespaces.subscribe(inputs.clone(), Input::Namespaces).await;
    let follow = |target, input| {
        tokio::spawn(follow(client.clone(), target, WatchTimings::EAGER, inputs.clone(), input))
    };
    follow(Target::all::<FlinkPolicy>(), Input::Policies as fn(Event) -> Input);
    if let Some(ConfigMapName { namespace, name }) = operator {
        follow(Target::object::<ConfigMap>(Some(namespace), name), Input::Operator);
    }
}

/// Where the results go.
pub struct Outputs {
    /// The gate in force, once there is a first; it is swapped from then on.
    pub first: Option<oneshot::Sender<Arc<ArcSwap<Gate>>>>,
    /// What the leader has to write.
    pub updates: watch::Sender<Arc<Vec<Update>>>,
    /// What `/readyz` reports.
    pub health: Arc<Health>,
    /// Failed reloads are counted.
    pub metrics: Arc<Metrics>,
}

/// What is known, and what was made of it.
#[derive(Debug)]
struct State {
    base: Vec<PolicySource>,
    tenants: Cache<Record>,
    policies: Cache<Record>,
    namespaces: Cache<NamespaceRecord>,
    /// The Flink operator's ConfigMap, where one is named.
    operator: Option<Cache<OperatorConfig>>,
    changes: Changes,
    configuration: Configuration,
    failed: Option<String>,
    updates: Vec<Update>,
}

/// What is known before anything is watched.
pub struct Start {
    /// The built-in rules and those of files.
    pub base: Vec<PolicySource>,
    /// What to say of Flink in a namespace of no tenant.
    pub unassigned: Unassigned,
    /// Whether the Flink operator's ConfigMap is watched.
    pub follows_operator: bool,
    /// The users of the operators.
    pub operator_users: OperatorUsers,
}

/// Takes inputs until there are no senders left.
pub async fn run(start: Start, mut inputs: mpsc::Receiver<Input>, mut outputs: Outputs) {
    let mut state = Some(State {
        base: start.base,
        tenants: Cache::default(),
        policies: Cache::default(),
        namespaces: Cache::default(),
        operator: start.follows_operator.then(Cache::default),
        changes: Changes { tenants: true, policies: true, ..Changes::default() },
        configuration: Configuration::new(start.unassigned)
            .with_operator_users(start.operator_users),
        failed: None,
        updates: Vec::new(),
    });
    let mut in_force: Option<Arc<ArcSwap<Gate>>> = None;
    while let Some(first) = inputs.recv().await {
        let Some(mut known) = state.take() else { return };
        known.take(first);
        let mut pause = std::pin::pin!(tokio::time::sleep(PAUSE));
        loop {
            tokio::select! {
                () = &mut pause => break,
                more = inputs.recv() => match more {
                    Some(more) => known.take(more),
                    None => break,
                },
            }
        }
        let Ok(mut known) = tokio::task::spawn_blocking(move || known.reconcile()).await else {
            return;
        };
        known.report(&outputs.health);
        if known.failed.is_some() {
            outputs.metrics.policy_errors.inc();
        }
        if let Some(gate) = known.configuration.gate() {
            match &in_force {
                Some(swapped) => swapped.store(Arc::clone(gate)),
                None => {
                    let swapped = Arc::new(ArcSwap::new(Arc::clone(gate)));
                    if let Some(waiting) = outputs.first.take() {
                        let _ = waiting.send(Arc::clone(&swapped));
                    }
                    in_force = Some(swapped);
                }
            }
            let updates = std::mem::take(&mut known.updates);
            // Only what is new wakes the writer.
            outputs.updates.send_if_modified(|before| {
                let other = **before != updates;
                *before = Arc::new(updates);
                other
            });
        }
        state = Some(known);
    }
}

impl State {
    fn take(&mut self, input: Input) {
        match input {
            Input::Tenants(event) => {
                let changed = self.tenants.apply(event, |object| Some(Record::of(object)));
                self.changes.tenants |= !changed.is_empty();
            }
            Input::Policies(event) => {
                let changed = self.policies.apply(event, |object| Some(Record::of(object)));
                self.changes.policies |= !changed.is_empty();
            }
            Input::Namespaces(event) => {
                let read = |object: DynamicObject| Some(NamespaceRecord::of(object.metadata));
                self.changes.namespaces.extend(self.namespaces.apply(event, read));
            }
            Input::Operator(event) => {
                if let Some(cache) = &mut self.operator {
                    // Whatever changed, all of it is read again.
                    cache.apply(event, |object| Some(operator_config::read(&object)));
                }
            }
            Input::Base(sources) => {
                self.base = sources;
                self.changes.base = true;
            }
        }
    }

    /// Takes the changes into force, once everything was listed. An internal error about one object
    /// must not end this for all.
    fn reconcile(mut self) -> Self {
        let operator = self.operator.as_ref().is_none_or(Cache::is_listed);
        if !(self.tenants.is_listed()
            && self.policies.is_listed()
            && self.namespaces.is_listed()
            && operator)
        {
            return self;
        }
        let operator = self.operator.as_ref().and_then(|cache| cache.known().values().next());
        let in_operator = self.configuration.take_operator(operator);
        let changes = std::mem::take(&mut self.changes);
        let worked = catch_unwind(AssertUnwindSafe(|| {
            let (tenants, policies, namespaces) =
                (self.tenants.known(), self.policies.known(), self.namespaces.known());
            let failed = self
                .configuration
                .take(&changes, &self.base, tenants, policies, namespaces)
                .err()
                .or(in_operator);
            self.updates = updates::updates(
                &self.configuration,
                tenants,
                policies,
                namespaces,
                jiff::Timestamp::now(),
            );
            failed
        }));
        self.failed =
            worked.unwrap_or_else(|_| Some("Flinkgate failed internally, see its log".to_owned()));
        if let Some(error) = &self.failed {
            tracing::error!(error, "configuration not reloaded, the previous one stays in force");
        }
        self
    }

    /// Says in `/readyz` what is there and what is missing.
    fn report(&self, health: &Health) {
        let left_out = |names: Vec<&str>| {
            if names.is_empty() {
                String::new()
            } else {
                format!(", left out: {}", names.join(", "))
            }
        };
        let tenants = self
            .configuration
            .tenants()
            .iter()
            .filter(|(_, checked)| checked.tenant.is_none())
            .map(|(name, _)| name.as_str());
        health.set(
            "tenants",
            self.tenants.is_listed(),
            self.tenants.report("tenants") + &left_out(tenants.collect()),
        );
        health.set("namespaces", self.namespaces.is_listed(), self.namespaces.report("namespaces"));
        let in_cluster = self.policies.report("FlinkPolicies")
            + &left_out(self.configuration.refused().collect());
        let failed = self
            .failed
            .as_ref()
            .map(|error| format!("; last reload failed: {error}"))
            .unwrap_or_default();
        if let Some(operator) = &self.operator {
            health.set(
                "operator-config",
                operator.is_listed(),
                operator.report("ConfigMaps of the Flink operator"),
            );
        }
        match self.configuration.gate() {
            Some(gate) => {
                let rules = gate.policies().catalog().len();
                health.set(
                    "policies",
                    self.policies.is_listed(),
                    format!("{rules} rules; {in_cluster}{failed}"),
                );
            }
            None => health.set("policies", false, format!("{in_cluster}{failed}")),
        }
    }
}
