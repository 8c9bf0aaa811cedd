//! Namespaces that the watch has not brought yet.
//!
//! A pod may be created in a namespace the moment that exists, and its review reach a replica before the watch does. Where a
//! tenant claims namespaces by labels, that one namespace is then asked for.

use super::records::NamespaceRecord;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::runtime::Handle;

/// Less than any webhook's timeout that makes sense.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the API server for single Namespaces.
pub struct Lookup {
    api: Api<Namespace>,
    runtime: Handle,
}

impl Lookup {
    /// To be made on the runtime that serves.
    pub fn new(client: Client) -> Self {
        Self { api: Api::all(client), runtime: Handle::current() }
    }

    /// The labels of a Namespace; `None` if there is none of this name. To be called on a thread of a multi-thread runtime, whose
    /// other tasks go on elsewhere.
    ///
    /// # Errors
    /// When the API server does not answer in time.
    pub fn labels(&self, namespace: &str) -> Result<Option<BTreeMap<String, String>>, String> {
        let answer = tokio::task::block_in_place(|| {
            self.runtime.block_on(async { tokio::time::timeout(PATIENCE, self.api.get_metadata_opt(namespace)).await })
        });
        match answer {
            Ok(Ok(found)) => Ok(found.map(|namespace| NamespaceRecord::of(namespace).1.labels)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {PATIENCE:?}")),
        }
    }
}
