//! A term of leadership: which one it is, and whether it continues.

use crate::cluster::lease::LEASE;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client};
use std::time::Duration;

/// Before the Lease is read again.
const PAUSE: Duration = Duration::from_millis(500);
/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(10);

/// Why the Lease could not be read.
#[derive(Debug, thiserror::Error)]
enum LeaseError {
    #[error(transparent)]
    Request(#[from] kube::Error),
    #[error("no answer within {REQUEST:?}")]
    Late(#[from] tokio::time::error::Elapsed),
}

/// The time in which one replica holds the Lease without interruption.
#[derive(Clone, Debug)]
pub struct Term {
    api: Api<Lease>,
    identity: String,
    /// The Lease's resource version when it was known to be held; every former holder read an older
    /// one.
    pub version: u64,
    /// How often the Lease had changed hands.
    transitions: Option<i32>,
}

impl Term {
    /// Begins once the Lease is held by `identity`.
    pub async fn begin(client: &Client, namespace: &str, identity: &str) -> Self {
        let api = Api::<Lease>::namespaced(client.clone(), namespace);
        loop {
            match held(&api, identity).await {
                Ok(Some((version, transitions))) => {
                    return Self { api, identity: identity.to_owned(), version, transitions };
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(
                    %error,
                    lease = LEASE,
                    "cannot read the Lease, reconciling nothing yet"
                ),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Whether it continues. If so, the next leader begins after every request made before this one.
    pub async fn continues(&self) -> bool {
        match held(&self.api, &self.identity).await {
            Ok(held) => held.is_some_and(|(_, transitions)| transitions == self.transitions),
            Err(error) => {
                tracing::warn!(%error, lease = LEASE, "leadership unconfirmed, skipping release");
                false
            }
        }
    }
}

/// The Lease's version and how often it has changed hands, where it is held by `identity`.
async fn held(api: &Api<Lease>, identity: &str) -> Result<Option<(u64, Option<i32>)>, LeaseError> {
    // Without a resource version the answer is what the store has.
    let lease = tokio::time::timeout(REQUEST, api.get(LEASE)).await??;
    let version = lease.metadata.resource_version.and_then(|version| version.parse().ok());
    let spec = lease.spec.unwrap_or_default();
    Ok(version
        .filter(|_| spec.holder_identity.as_deref() == Some(identity))
        .map(|version| (version, spec.lease_transitions)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::cluster::fake_api_server::{self, ApiResponse, failed};
    use serde_json::json;
    use std::sync::{Arc, Mutex};

    fn lease(version: u64, holder: &str, transitions: u64) -> ApiResponse {
        let metadata = json!({"name": LEASE, "resourceVersion": version.to_string()});
        let spec = json!({"holderIdentity": holder, "leaseTransitions": transitions});
        (200, json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}).to_string())
    }

    #[tokio::test]
    async fn a_term_continues_until_another_replica_leads() {
        let stored = Arc::new(Mutex::new(lease(40, "me", 3)));
        let answers = Arc::clone(&stored);
        let client = fake_api_server::client(move |_| {
            let answer = answers.lock().unwrap().clone();
            async move { answer }
        });
        let term = Term::begin(&client, "flinkgate-system", "me").await;
        assert_eq!(term.version, 40);
        for (what, answer, continues) in [
            ("renewed", lease(41, "me", 3), true),
            ("another leads", lease(42, "other", 4), false),
            ("released", lease(42, "", 3), false),
            ("another led", lease(43, "me", 5), false),
            ("no answer", failed(500, "InternalError"), false),
        ] {
            *stored.lock().unwrap() = answer;
            assert_eq!(term.continues().await, continues, "{what}");
        }
    }
}
