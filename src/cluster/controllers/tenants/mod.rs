//! Makes the gate that answers requests from what the cluster holds, on every replica.
//!
//! In come FlinkTenants, FlinkPolicies, Namespaces, the Flink operator's ConfigMap and the rules of
//! files; out go the gate in force and the [`Update`]s that their status and labels need. Changes
//! come in bursts (a list, a `kubectl apply` of a folder), so a gate is made when they pause. It is
//! made off the threads that answer requests: compiling takes tens of milliseconds.

pub mod configuration;
pub mod operator_config;
pub mod updates;

use crate::cluster::controllers::status::Update;
use crate::cluster::watch::records::{NamespaceRecord, Record};
use crate::cluster::watch::{Cache, Event, SharedWatches, Target, WatchTimings, follow};
use crate::flink::config_file::Unreadable;
use crate::flink::operator::version::OperatorVersion;
use crate::flink::requester::OperatorUsers;
use crate::pipeline::{Gate, Unassigned};
use crate::rego::flink_policy::FlinkPolicy;
use crate::rego::{PolicyError, PolicySource};
use crate::server::health::Health;
use crate::telemetry::metrics::{Metrics, NOT_IN_FORCE};
use arc_swap::ArcSwap;
use configuration::{Changes, Configuration, InForce};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::core::DynamicObject;
use operator_config::{ConfigMapName, OPERATOR_DEPLOYMENT, OperatorConfig, release_of_deployment};
use std::collections::BTreeMap;
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
    /// Of the Flink operator's Deployment.
    OperatorDeployment(Event),
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
        let deployment = Target::object::<Deployment>(Some(namespace), OPERATOR_DEPLOYMENT);
        follow(deployment, Input::OperatorDeployment);
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

/// Why a part of the configuration was not taken, so that the previous one stays in force.
#[derive(Debug, thiserror::Error)]
enum ReloadError {
    /// The policies of the files.
    #[error(transparent)]
    Policies(#[from] PolicyError),
    /// The Flink operator's ConfigMap.
    #[error("cannot read the Flink operator's configuration: {0}")]
    Operator(#[from] Unreadable),
    /// A panic.
    #[error("Flinkgate failed internally, see its log")]
    Internal,
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
    /// The release of the Flink operator: the given one, or else that of its Deployment.
    operator_version: Option<OperatorVersion>,
    operator_deployment: Cache<OperatorVersion>,
    changes: Changes,
    configuration: Configuration,
    failed: Option<ReloadError>,
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
    /// The release of the Flink operator; without it, that of its Deployment counts.
    pub operator_version: Option<OperatorVersion>,
}

/// Takes inputs until there are no senders left.
pub async fn run(start: Start, mut inputs: mpsc::Receiver<Input>, mut outputs: Outputs) {
    let mut state = Some(State {
        base: start.base,
        tenants: Cache::default(),
        policies: Cache::default(),
        namespaces: Cache::default(),
        operator: start.follows_operator.then(Cache::default),
        operator_version: start.operator_version,
        operator_deployment: Cache::default(),
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
        known.count(&outputs.metrics);
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
            Input::OperatorDeployment(event) => {
                self.operator_deployment.apply(event, |object| release_of_deployment(&object));
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
        // A rule is mild where the release is unknown, so nothing waits for the Deployment.
        let of_deployment = || self.operator_deployment.known().values().next().copied();
        self.configuration.take_operator_version(self.operator_version.or_else(of_deployment));
        let in_operator = self.configuration.take_operator(operator);
        let changes = std::mem::take(&mut self.changes);
        let worked = catch_unwind(AssertUnwindSafe(|| {
            let (tenants, policies, namespaces) =
                (self.tenants.known(), self.policies.known(), self.namespaces.known());
            let failed = self
                .configuration
                .take(&changes, &self.base, tenants, policies, namespaces)
                .err()
                .map(ReloadError::from)
                .or_else(|| in_operator.err().map(ReloadError::from));
            self.updates = updates::updates(
                &self.configuration,
                tenants,
                policies,
                namespaces,
                jiff::Timestamp::now(),
            );
            failed
        }));
        self.failed = worked.unwrap_or_else(|_| {
            // The next input tries them again.
            self.changes = changes;
            Some(ReloadError::Internal)
        });
        if let Some(error) = &self.failed {
            tracing::error!(%error, "configuration not reloaded, the previous one stays in force");
        }
        self
    }

    /// The FlinkTenants that are not in force as they are stored.
    fn faulty_tenants(&self) -> impl Iterator<Item = (&str, InForce)> {
        let all = self.configuration.tenants().iter();
        all.map(|(name, checked)| (name.as_str(), checked.in_force))
            .filter(|(_, in_force)| *in_force != InForce::AsStored)
    }

    /// Says in `/readyz` what is there, what is missing and what is not in force as it is stored.
    fn report(&self, health: &Health) {
        health.set(
            "tenants",
            self.tenants.is_listed(),
            self.tenants.report("tenants") + &list(self.faulty_tenants()),
        );
        health.set("namespaces", self.namespaces.is_listed(), self.namespaces.report("namespaces"));
        if let Some(operator) = &self.operator {
            let in_force = [("the ConfigMap", self.configuration.operator_in_force())];
            let unread = in_force.into_iter().filter(|_| self.is_operator_unread());
            let report = operator.report("ConfigMaps of the Flink operator");
            health.set("operator-config", operator.is_listed(), report + &list(unread));
        }
        let in_cluster =
            self.policies.report("FlinkPolicies") + &list(self.configuration.faulty_policies());
        let failed = self
            .failed
            .as_ref()
            .map(|error| format!("; last reload failed: {error}"))
            .unwrap_or_default();
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

    /// Whether there is a ConfigMap of the Flink operator that cannot be read.
    fn is_operator_unread(&self) -> bool {
        let read = self.operator.as_ref().and_then(|cache| cache.known().values().next());
        read.is_some_and(Result::is_err)
    }

    /// Counts what is not in force as it is stored.
    fn count(&self, metrics: &Metrics) {
        let operator = self.is_operator_unread().then(|| self.configuration.operator_in_force());
        for (kind, in_force) in NOT_IN_FORCE {
            let is_so = |one: InForce| one.as_str() == in_force;
            let number = match kind {
                "FlinkTenant" => self.faulty_tenants().filter(|(_, one)| is_so(*one)).count(),
                "FlinkPolicy" => {
                    let faulty = self.configuration.faulty_policies();
                    faulty.filter(|(_, one)| is_so(*one)).count()
                }
                _ => usize::from(operator.is_some_and(is_so)),
            };
            metrics.set_not_in_force(kind, in_force, number);
        }
    }
}

/// A part of a line for `/readyz`: what is in force instead of what is stored.
fn list<'a>(faulty: impl Iterator<Item = (&'a str, InForce)>) -> String {
    let mut by_version: BTreeMap<InForce, Vec<&str>> = BTreeMap::new();
    for (name, in_force) in faulty {
        by_version.entry(in_force).or_default().push(name);
    }
    let mut line = String::new();
    for (in_force, names) in by_version {
        line.push_str(match in_force {
            InForce::AsStored => continue,
            InForce::LastValid => ", in force in their last valid version: ",
            InForce::ReadableParts => ", in force as far as they can be read: ",
            InForce::Nothing => ", left out: ",
        });
        line.push_str(&names.join(", "));
    }
    line
}
