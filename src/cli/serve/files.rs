//! Tenants and policies from files, followed as they change.

use super::{Args, RELOAD};
use crate::admission::files::{FileContext, FileQuota};
use crate::admission::reviewer::Reviewer;
use crate::pipeline::{GateFiles, LiveGate, Reload};
use crate::server::health::Health;
use crate::telemetry::metrics::Metrics;
use std::sync::Arc;

/// Loads tenants and policies, and follows their files from now on. `reserves`: whether reviews
/// change what tenants use.
pub(super) fn load(
    args: &Args,
    reserves: bool,
    health: &Arc<Health>,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<Reviewer<FileContext, FileQuota>> {
    let files = GateFiles {
        tenants: args.tenants.tenants.clone(),
        policies: args.policies.policies.clone(),
        operator_config: args.operator.operator_config.clone(),
        operator_users: args.operator_users(),
        operator_version: args.operator.operator_version,
    };
    let (live, warnings) = LiveGate::load(files, args.unassigned.unassigned)?;
    warn(&warnings);
    let live = Arc::new(live);
    health.set("policies", true, in_force(&live));
    tokio::spawn(follow(Arc::clone(&live), Arc::clone(health), Arc::clone(metrics)));
    Ok(Reviewer::new(FileContext::new(live), FileQuota::new(reserves)))
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
            Reload::Unchanged => {}
            Reload::Loaded(warnings) => {
                warn(&warnings);
                tracing::info!(in_force = in_force(&live), "tenants and policies reloaded");
                health.set("policies", true, in_force(&live));
            }
            Reload::Failed(error) => {
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
