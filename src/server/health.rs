//! The plain-HTTP port: `/healthz`, `/readyz`, `/metrics`.

use crate::telemetry::metrics::Metrics;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The conditions for readiness.
#[derive(Debug, Default)]
pub struct Health {
    conditions: Mutex<BTreeMap<&'static str, (bool, String)>>,
}

impl Health {
    /// Not ready until each of the conditions `names` is met.
    pub fn waiting_for(names: &[&'static str]) -> Arc<Self> {
        let waiting = names.iter().map(|name| (*name, (false, "waiting".to_owned()))).collect();
        Arc::new(Self { conditions: Mutex::new(waiting) })
    }

    /// Sets a condition; `text` may describe a failure that does not affect readiness.
    pub fn set(&self, name: &'static str, ready: bool, text: impl Into<String>) {
        self.conditions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, (ready, text.into()));
    }

    /// Whether all conditions are met, and a line for each.
    pub fn report(&self) -> (bool, String) {
        let conditions = self.conditions.lock().unwrap_or_else(PoisonError::into_inner);
        let ready = conditions.values().all(|(ready, _)| *ready);
        let mut text = String::from(if ready { "ready\n" } else { "not ready\n" });
        for (name, (ready, detail)) in conditions.iter() {
            text.push_str(&format!(
                "{} {name}: {}\n",
                if *ready { "[+]" } else { "[-]" },
                detail.replace(['\n', '\r'], " ")
            ));
        }
        (ready, text)
    }
}

/// The routes of the plain-HTTP port.
pub fn router(health: Arc<Health>, metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz).with_state(health))
        .route("/metrics", get(show_metrics).with_state(metrics))
        .fallback(async || {
            (StatusCode::NOT_FOUND, "not found: send GET to `/healthz`, `/readyz` or `/metrics`\n")
        })
}

async fn readyz(State(health): State<Arc<Health>>) -> Response {
    let (ready, text) = health.report();
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text).into_response()
}

async fn show_metrics(State(metrics): State<Arc<Metrics>>) -> Response {
    (
        [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")],
        metrics.text(),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_lists_unmet_conditions() {
        let health = Health::waiting_for(&["certificate", "policies"]);
        health.set("certificate", true, "valid");
        assert_eq!(
            health.report(),
            (false, "not ready\n[+] certificate: valid\n[-] policies: waiting\n".to_owned())
        );
        health.set("policies", true, "60 rules; last reload failed: x\ny");
        assert_eq!(
            health.report(),
            (
                true,
                "ready\n[+] certificate: valid\n[+] policies: 60 rules; last reload failed: x y\n"
                    .to_owned()
            )
        );
    }
}
