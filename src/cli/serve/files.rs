//! Tenants and policies from files, followed as they change.

use super::{Args, RELOAD};
use crate::admission::account;
use crate::admission::answer::{Judge, Verdict, Webhook};
use crate::admission::health::Health;
use crate::pipeline::{Change, Gate, GateFiles, LiveGate};
use crate::quota::commit::Ledgers;
use crate::quota::ledger::ObjectRef;
use crate::quota::store::InMemoryStore;
use crate::resource::{Operation, Resource};
use crate::telemetry::metrics::Metrics;
use futures::FutureExt;
use std::sync::Arc;

/// Loads tenants and policies, and follows their files from now on.
pub(super) fn load(
    args: &Args,
    health: &Arc<Health>,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<Judge> {
    let files = GateFiles {
        tenants: args.tenants.clone(),
        policies: args.policies.clone(),
        operator_config: args.operator_config.clone(),
    };
    let (live, warnings) = LiveGate::load(files, args.unassigned)?;
    warn(&warnings);
    let live = Arc::new(live);
    health.set("policies", true, in_force(&live));
    tokio::spawn(follow(Arc::clone(&live), Arc::clone(health), Arc::clone(metrics)));
    let ledgers = Arc::new(Ledgers::new(Arc::new(InMemoryStore::default())));
    Ok(Arc::new(move |webhook, resource| {
        let gate = live.current();
        let answer = webhook.ask(&gate, resource);
        if webhook == Webhook::Mutate {
            return answer.into();
        }
        let ledgers = Arc::clone(&ledgers);
        if let Some((tenant, object)) = gone(&gate, resource) {
            return Verdict::Later(Box::new(move |deadline| {
                let forgotten = async move {
                    ledgers.forget(&tenant, object, deadline).await;
                    answer
                };
                forgotten.boxed()
            }));
        }
        match gate.charge(resource) {
            Some(charge) => {
                let dry_run = resource.dry_run;
                let held = move |deadline| {
                    async move { account::hold(&ledgers, charge, answer, dry_run, deadline).await }
                        .boxed()
                };
                Verdict::Later(Box::new(held))
            }
            None => answer.into(),
        }
    }))
}

/// What a deletion gives back, and to which tenant. Nobody watches the objects here, so that the
/// word of whoever asks has to do.
fn gone(gate: &Gate, resource: &Resource) -> Option<(String, ObjectRef)> {
    let tenant = gate.tenants().owner(&resource.namespace).tenant()?;
    gate.limits_of(&tenant.name)
        .filter(|_| resource.operation == Operation::Delete && !resource.dry_run)?;
    Some((
        tenant.name.clone(),
        ObjectRef::new(&resource.kind.kind, &resource.namespace, &resource.name),
    ))
}

async fn follow(live: Arc<LiveGate>, health: Arc<Health>, metrics: Arc<Metrics>) {
    loop {
        tokio::time::sleep(RELOAD).await;
        let at_work = Arc::clone(&live);
        // Compiling policies takes milliseconds: not on a thread that answers requests.
        let Ok(change) = tokio::task::spawn_blocking(move || at_work.refresh()).await else {
            continue;
        };
        match change {
            Change::None => {}
            Change::Taken(warnings) => {
                warn(&warnings);
                tracing::info!(in_force = in_force(&live), "tenants and policies reloaded");
                health.set("policies", true, in_force(&live));
            }
            Change::Refused(error) => {
                metrics.policy_errors.inc();
                tracing::error!(error, "tenants or policies not reloaded: what was in force stays");
                health.set(
                    "policies",
                    true,
                    format!("{}; last reload failed: {error}", in_force(&live)),
                );
            }
        }
    }
}

fn in_force(live: &LiveGate) -> String {
    let gate = live.current();
    format!("{} rules, {} tenants", gate.policies().catalog().len(), gate.tenants().iter().count())
}

fn warn(warnings: &[String]) {
    for warning in warnings {
        tracing::warn!(warning, "tenants and policies");
    }
}
