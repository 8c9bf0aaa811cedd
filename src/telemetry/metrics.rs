//! Metrics in OpenMetrics text, named by Prometheus' conventions. Labels have few, fixed values and
//! never text from users.

use crate::admission::answer::{Decision, Webhook};
use crate::kinds;
use crate::quota::commit::WriteCounters;
use labels::{
    ConfigurationLabels, InForceLabels, KindLabels, ReasonLabels, RequestLabels, WRITTEN_KINDS,
    WebhookLabels, configuration,
};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::OnceLock;
use std::time::Duration;
use tracing_appender::non_blocking::ErrorCounter;

mod labels;

pub use labels::{NOT_IN_FORCE, Unauthenticated};

/// From a tenth of a millisecond to the timeout of the webhooks.
const BUCKETS: [f64; 12] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// All metrics of the server.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    duration: Family<WebhookLabels, Histogram>,
    unauthenticated: Family<ReasonLabels, Counter>,
    webhook_differences: Family<ConfigurationLabels, Gauge>,
    /// Admission requests being answered.
    pub in_flight: Gauge,
    /// Failed evaluations of policies, and failed reloads of policies or tenants.
    pub policy_errors: Counter,
    /// End of validity of the serving certificate, in seconds since 1970.
    pub certificate_expiry: Gauge,
    /// Open connections.
    pub connections: Gauge,
    /// Refusals for which no Event was written.
    pub events_dropped: Counter,
    log_lines_dropped: Counter,
    log: OnceLock<ErrorCounter>,
    /// Writes of tenants' ledgers by this replica.
    pub ledgers: WriteCounters,
    /// What this replica does about ledgers as the leader.
    pub reconciliations: Reconciliations,
    status_write_failures: Family<KindLabels, Counter>,
    not_in_force: Family<InForceLabels, Gauge>,
}

/// Reconciliations of ledgers.
#[derive(Debug, Default)]
pub struct Reconciliations {
    /// Reconciliations of a tenant's ledger with the objects that exist.
    pub total: Counter,
    /// Reconciliations that were skipped because the ledger had seen newer objects.
    pub stale: Counter,
    /// Reservations released because no object was created for them.
    pub released: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("flinkgate");
        let requests = Family::default();
        let duration =
            Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let (in_flight, policy_errors, certificate_expiry, connections) =
            (Gauge::default(), Counter::default(), Gauge::default(), Gauge::default());
        let events_dropped = Counter::default();
        registry.register("admission_requests", "Admission requests answered", requests.clone());
        registry.register(
            "admission_request_duration_seconds",
            "Time from the end of the body to the answer",
            duration.clone(),
        );
        registry.register(
            "admission_requests_in_flight",
            "Admission requests being answered",
            in_flight.clone(),
        );
        registry.register(
            "policy_errors",
            "Policies that failed to evaluate, and reloads of policies or tenants that failed",
            policy_errors.clone(),
        );
        registry.register(
            "certificate_expiry_timestamp_seconds",
            "End of validity of the serving certificate, seconds since 1970",
            certificate_expiry.clone(),
        );
        registry.register("open_connections", "Open connections", connections.clone());
        registry.register(
            "events_dropped",
            "Refusals for which no Kubernetes Event was written",
            events_dropped.clone(),
        );
        let log_lines_dropped = Counter::default();
        registry.register(
            "log_lines_dropped",
            "Log lines that were dropped because standard error was not read",
            log_lines_dropped.clone(),
        );
        let unauthenticated = Family::<ReasonLabels, Counter>::default();
        for reason in Unauthenticated::ALL {
            // A rate needs the counter before its first increment.
            drop(unauthenticated.get_or_create(&ReasonLabels { reason: reason.as_str() }));
        }
        registry.register(
            "unauthenticated_requests",
            "Requests to the webhooks from callers that are not API servers, answered with 401",
            unauthenticated.clone(),
        );
        let webhook_differences = Family::<ConfigurationLabels, Gauge>::default();
        for configuration in [Webhook::Mutate, Webhook::Validate].map(configuration) {
            drop(webhook_differences.get_or_create(&ConfigurationLabels { configuration }));
        }
        registry.register(
            "webhook_configuration_differences",
            "Differences between a registered webhook configuration and the one that `flinkgate webhooks` prints, 0 when they agree",
            webhook_differences.clone(),
        );
        let status_write_failures = Family::<KindLabels, Counter>::default();
        // A counter that is there from the start shows its first increase.
        for kind in WRITTEN_KINDS {
            drop(status_write_failures.get_or_create(&KindLabels { kind }));
        }
        registry.register(
            "status_write_failures",
            "Writes of a status, or of a Namespace's label, that failed",
            status_write_failures.clone(),
        );
        let not_in_force = Family::<InForceLabels, Gauge>::default();
        for (kind, in_force) in NOT_IN_FORCE {
            drop(not_in_force.get_or_create(&InForceLabels { kind, in_force }));
        }
        registry.register(
            "configuration_not_in_force",
            "Objects that configure Flinkgate and are not in force as they are stored",
            not_in_force.clone(),
        );
        let failures =
            status_write_failures.get_or_create_owned(&KindLabels { kind: "FlinkTenantLedger" });
        let ledgers = WriteCounters { failures, ..WriteCounters::default() };
        let reconciliations = Reconciliations::default();
        registry.register("ledger_writes", "Writes of tenants' ledgers", ledgers.writes.clone());
        registry.register(
            "ledgers_unreadable",
            "Reads of a tenant's ledger of which a part was malformed, so that it is counted again",
            ledgers.unreadable.clone(),
        );
        registry.register(
            "ledger_conflicts",
            "Writes of tenants' ledgers that lost to a write of another replica",
            ledgers.conflicts.clone(),
        );
        registry.register(
            "ledger_reconciliations",
            "Reconciliations of a tenant's ledger with the objects that exist",
            reconciliations.total.clone(),
        );
        registry.register(
            "ledger_stale_reconciliations",
            "Reconciliations that were skipped because the ledger had seen newer objects",
            reconciliations.stale.clone(),
        );
        registry.register(
            "ledger_reservations_released",
            "Reservations that were released because no object was created for them",
            reconciliations.released.clone(),
        );
        Self {
            registry,
            requests,
            duration,
            unauthenticated,
            webhook_differences,
            in_flight,
            policy_errors,
            certificate_expiry,
            connections,
            events_dropped,
            log_lines_dropped,
            log: OnceLock::new(),
            ledgers,
            reconciliations,
            status_write_failures,
            not_in_force,
        }
    }
}

impl Metrics {
    /// Counts the lines that the log drops.
    pub fn observe_log(&self, dropped: ErrorCounter) {
        let _ = self.log.set(dropped);
    }

    /// Counts one answered request; `kind` and `operation` are empty when they could not be read.
    pub fn answered(
        &self,
        webhook: Webhook,
        kind: &str,
        operation: &'static str,
        decision: Decision,
        took: Duration,
    ) {
        let kind = kinds::named(kind).map_or("other", |row| row.kind);
        self.requests
            .get_or_create(&RequestLabels {
                webhook: webhook.as_str(),
                kind,
                operation,
                decision: decision.as_str(),
            })
            .inc();
        self.duration
            .get_or_create(&WebhookLabels { webhook: webhook.as_str() })
            .observe(took.as_secs_f64());
    }

    /// Counts a request of a caller that is not an API server.
    pub fn unauthenticated(&self, reason: Unauthenticated) {
        self.unauthenticated.get_or_create(&ReasonLabels { reason: reason.as_str() }).inc();
    }

    /// Sets how many fields of the configuration of a webhook are not as printed.
    pub fn webhook_differences(&self, webhook: Webhook, differences: usize) {
        self.webhook_differences
            .get_or_create(&ConfigurationLabels { configuration: configuration(webhook) })
            .set(i64::try_from(differences).unwrap_or(i64::MAX));
    }

    /// Counts a status, or a Namespace's label, that could not be written.
    pub fn status_not_written(&self, kind: &'static str) {
        self.status_write_failures.get_or_create(&KindLabels { kind }).inc();
    }

    /// How many objects of a kind are not in force as they are stored; `in_force` says what is
    /// instead.
    pub fn set_not_in_force(&self, kind: &'static str, in_force: &'static str, number: usize) {
        let gauge = self.not_in_force.get_or_create(&InForceLabels { kind, in_force });
        gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
    }

    /// The OpenMetrics text.
    pub fn text(&self) -> String {
        if let Some(log) = self.log.get() {
            let dropped = u64::try_from(log.dropped_lines()).unwrap_or(u64::MAX);
            self.log_lines_dropped.inc_by(dropped.saturating_sub(self.log_lines_dropped.get()));
        }
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_kinds_do_not_become_labels() {
        let metrics = Metrics::default();
        for n in 0..1_000 {
            metrics.answered(
                Webhook::Validate,
                &format!("Kind{n}"),
                "CREATE",
                Decision::Admitted,
                Duration::from_micros(30),
            );
        }
        let line = "flinkgate_admission_requests_total{webhook=\"validate\",kind=\"other\",operation=\"CREATE\",decision=\"admitted\"} 1000";
        assert!(metrics.text().contains(line), "{}", metrics.text());
    }
}
