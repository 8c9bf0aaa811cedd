//! The one task that holds what is known of the cluster, and puts what follows from it in force.
//!
//! Changes come in bursts (a list, a `kubectl apply` of a folder), so a gate is made when they
//! pause. It is made off the threads that answer requests: compiling takes tens of milliseconds.

use super::configuration::{Changes, Configuration};
use super::due::{self, Due};
use super::operator_config::OperatorConfig;
use super::records::{NamespaceRecord, Record};
use super::table::Table;
use crate::pipeline::{Gate, Unassigned};
use crate::rego::PolicySource;
use crate::server::health::Health;
use crate::telemetry::metrics::Metrics;
use arc_swap::ArcSwap;
use kube::runtime::watcher::Event;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// How long changes are gathered before they take force.
const PAUSE: Duration = Duration::from_millis(50);

/// One thing that watches, or files beside them, bring.
#[derive(Debug)]
pub enum Input {
    /// Of the FlinkTenants, or why their watch broke.
    Tenants(Result<Event<(String, Record)>, String>),
    /// Of the FlinkPolicies.
    Policies(Result<Event<(String, Record)>, String>),
    /// Of the Namespaces.
    Namespaces(Result<Event<(String, NamespaceRecord)>, String>),
    /// Of the Flink operator's ConfigMap.
    Operator(Result<Event<(String, OperatorConfig)>, String>),
    /// The built-in rules and those of files, which come before those in the cluster.
    Base(Vec<PolicySource>),
}

/// Where what is found out goes.
pub struct Outputs {
    /// The gate in force, once there is a first; it is swapped from then on.
    pub first: Option<oneshot::Sender<Arc<ArcSwap<Gate>>>>,
    /// What the lease holder has to write.
    pub due: watch::Sender<Arc<Vec<Due>>>,
    /// What `/readyz` tells.
    pub health: Arc<Health>,
    /// Failed reloads are counted.
    pub metrics: Arc<Metrics>,
}

/// What is known, and what was made of it.
#[derive(Debug)]
struct State {
    base: Vec<PolicySource>,
    tenants: Table<Record>,
    policies: Table<Record>,
    namespaces: Table<NamespaceRecord>,
    /// The Flink operator's ConfigMap, where one is named.
    operator: Option<Table<OperatorConfig>>,
    changes: Changes,
    configuration: Configuration,
    failed: Option<String>,
    due: Vec<Due>,
}

/// What was there before the watches.
pub struct Start {
    /// The built-in rules and those of files.
    pub base: Vec<PolicySource>,
    /// What to say of Flink in a namespace of no tenant.
    pub unassigned: Unassigned,
    /// Whether the Flink operator's ConfigMap is watched.
    pub follows_operator: bool,
}

/// Takes what comes until nothing can come any more.
pub async fn keep(start: Start, mut inputs: mpsc::Receiver<Input>, mut outputs: Outputs) {
    let mut state = Some(State {
        base: start.base,
        tenants: Table::default(),
        policies: Table::default(),
        namespaces: Table::default(),
        operator: start.follows_operator.then(Table::default),
        changes: Changes { tenants: true, policies: true, ..Changes::default() },
        configuration: Configuration::new(start.unassigned),
        failed: None,
        due: Vec::new(),
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
        let Ok(mut known) = tokio::task::spawn_blocking(move || known.work()).await else { return };
        known.tell(&outputs.health);
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
            let due = std::mem::take(&mut known.due);
            // Only what is new wakes the writer.
            outputs.due.send_if_modified(|before| {
                let other = **before != due;
                *before = Arc::new(due);
                other
            });
        }
        state = Some(known);
    }
}

impl State {
    fn take(&mut self, input: Input) {
        match input {
            Input::Tenants(Ok(event)) => {
                self.changes.tenants |= !self.tenants.take(event).is_empty()
            }
            Input::Policies(Ok(event)) => {
                self.changes.policies |= !self.policies.take(event).is_empty()
            }
            Input::Namespaces(Ok(event)) => {
                self.changes.namespaces.extend(self.namespaces.take(event))
            }
            Input::Tenants(Err(error)) => self.tenants.broke(error),
            Input::Policies(Err(error)) => self.policies.broke(error),
            Input::Namespaces(Err(error)) => self.namespaces.broke(error),
            Input::Operator(event) => {
                if let Some(table) = &mut self.operator {
                    match event {
                        // What changed is not asked for: all of it is read again.
                        Ok(event) => drop(table.take(event)),
                        Err(error) => table.broke(error),
                    }
                }
            }
            Input::Base(sources) => {
                self.base = sources;
                self.changes.base = true;
            }
        }
    }

    /// Takes the changes into force, once everything was listed. A bug met by one object must not
    /// end this for all.
    fn work(mut self) -> Self {
        let operator = self.operator.as_ref().is_none_or(Table::is_listed);
        if !(self.tenants.is_listed()
            && self.policies.is_listed()
            && self.namespaces.is_listed()
            && operator)
        {
            return self;
        }
        let operator = self.operator.as_ref().and_then(|table| table.known().values().next());
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
            self.due = due::due(
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
            tracing::error!(error, "the configuration was not reloaded: what is in force stays");
        }
        self
    }

    /// Says in `/readyz` what is there and what is missing.
    fn tell(&self, health: &Health) {
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
