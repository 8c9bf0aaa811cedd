//! Ledgers stored as FlinkTenantLedgers: read without a cache, and written only over the version that
//! was read. What cannot be read of one is counted again: the leader's next reconciliation does it.

use crate::causes::with_causes;
use crate::quota::admitted_store::AdmittedStore;
use crate::quota::ledger::Ledger;
use crate::quota::ledger::admitted::{self, AdmittedSpecs};
use crate::quota::ledger::crd::{
    FlinkTenantLedger, FlinkTenantLedgerSpec, FlinkTenantLedgerStatus,
};
use crate::quota::store::{Store, StoreError, VersionedLedger};
use kube::api::{ObjectMeta, PostParams};
use kube::core::{PartialObjectMeta, Request, request};
use kube::{Api, Client, Resource, ResourceExt};
use prometheus_client::metrics::counter::Counter;

/// The response to a write is its metadata, not a ledger of hundreds of kilobytes.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// Ledgers in a cluster.
#[derive(Clone)]
pub struct ClusterStore {
    client: Client,
    unreadable: Counter,
}

impl ClusterStore {
    /// With this connection, whose user may write them, and a counter of reads of ledgers of which
    /// a part was malformed.
    pub fn new(client: Client, unreadable: Counter) -> Self {
        Self { client, unreadable }
    }

    fn note_unreadable(&self, tenant: &str, error: &dyn std::error::Error) {
        self.unreadable.inc();
        let error = with_causes(error);
        tracing::warn!(tenant, error, "quota ledger cannot be read, counting its objects again");
    }

    /// The version of a ledger that cannot be read at all.
    async fn version(&self, tenant: &str) -> Result<String, StoreError> {
        let found = self.api().get_metadata_opt(tenant).await;
        let found = found.map_err(|error| Failure::from(error).of(tenant))?;
        Ok(found.and_then(|found| found.resource_version()).unwrap_or_default())
    }

    fn api(&self) -> Api<FlinkTenantLedger> {
        Api::all(self.client.clone())
    }

    /// Creates the object, without a status.
    async fn create(&self, name: &str, tenant: &str) -> Result<String, Failure> {
        let ledger =
            FlinkTenantLedger::new(name, FlinkTenantLedgerSpec { tenant: tenant.to_owned() });
        Ok(self
            .api()
            .create(&PostParams::default(), &ledger)
            .await?
            .resource_version()
            .unwrap_or_default())
    }

    /// Writes over a version, or creates the object where that is empty.
    async fn write(
        &self,
        name: &str,
        tenant: &str,
        version: &str,
        status: FlinkTenantLedgerStatus,
    ) -> Result<String, Failure> {
        let created =
            if version.is_empty() { self.create(name, tenant).await? } else { version.to_owned() };
        self.replace(name, tenant, &created, status).await
    }

    async fn replace(
        &self,
        name: &str,
        tenant: &str,
        version: &str,
        status: FlinkTenantLedgerStatus,
    ) -> Result<String, Failure> {
        let object = FlinkTenantLedger {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                resource_version: Some(version.to_owned()),
                ..ObjectMeta::default()
            },
            spec: FlinkTenantLedgerSpec { tenant: tenant.to_owned() },
            status: Some(status),
        };
        let path = Request::new(FlinkTenantLedger::url_path(&(), None));
        let mut request = path.replace_subresource(
            "status",
            name,
            &PostParams::default(),
            serde_json::to_vec(&object)?,
        )?;
        if let Ok(metadata) = METADATA.parse() {
            request.headers_mut().insert("accept", metadata);
        }
        let written: PartialObjectMeta<FlinkTenantLedger> = self.client.request(request).await?;
        Ok(written.resource_version().unwrap_or_default())
    }
}

impl Store for ClusterStore {
    async fn read(&self, tenant: &str) -> Result<VersionedLedger, StoreError> {
        // Without a resource version the answer is the last write.
        let found = match self.api().get_opt(tenant).await {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(VersionedLedger::default()),
            Err(kube::Error::SerdeError(error)) => {
                self.note_unreadable(tenant, &error);
                let version = self.version(tenant).await?;
                return Ok(VersionedLedger { version, ..VersionedLedger::default() });
            }
            Err(error) => return Err(Failure::from(error).of(tenant)),
        };
        let version = found.resource_version().unwrap_or_default();
        let (ledger, malformed) = Ledger::read_parts(&found.status.unwrap_or_default());
        if let Some(error) = malformed {
            self.note_unreadable(tenant, &error);
        }
        Ok(VersionedLedger { ledger, version })
    }

    async fn swap(
        &self,
        tenant: &str,
        version: &str,
        ledger: &Ledger,
    ) -> Result<String, StoreError> {
        let written = self.write(tenant, tenant, version, ledger.stored()).await;
        written.map_err(|error| error.of(tenant))
    }
}

impl AdmittedStore for ClusterStore {
    async fn read_admitted(&self, tenant: &str) -> Result<(AdmittedSpecs, String), StoreError> {
        let name = admitted::ledger_name(tenant);
        // Without a resource version the answer is the last write.
        let found = match self.api().get_opt(&name).await {
            Ok(found) => found,
            Err(kube::Error::SerdeError(error)) => {
                // The leader records its objects again.
                let error = with_causes(&error);
                tracing::warn!(tenant, error, "ledger of admitted specs cannot be read");
                return Ok((AdmittedSpecs::default(), self.version(&name).await?));
            }
            Err(error) => return Err(Failure::from(error).of(tenant)),
        };
        let Some(found) = found else { return Ok(Default::default()) };
        let version = found.resource_version().unwrap_or_default();
        let status = found.status.unwrap_or_default();
        Ok((AdmittedSpecs::read(&status.specs, &status.admitted), version))
    }

    async fn swap_admitted(
        &self,
        tenant: &str,
        version: &str,
        record: &AdmittedSpecs,
    ) -> Result<String, StoreError> {
        let (specs, admitted) = record.stored();
        let status = FlinkTenantLedgerStatus { specs, admitted, ..Default::default() };
        let written = self.write(&admitted::ledger_name(tenant), tenant, version, status).await;
        written.map_err(|error| error.of(tenant))
    }
}

/// What may go wrong.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Kube(#[from] kube::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Request(#[from] request::Error),
}

impl Failure {
    fn of(self, tenant: &str) -> StoreError {
        match self {
            // Written, deleted or created by another client since it was read.
            Self::Kube(kube::Error::Api(status))
                if status.is_conflict() || status.is_already_exists() || status.is_not_found() =>
            {
                StoreError::Conflict(tenant.to_owned())
            }
            other => StoreError::Unreachable { tenant: tenant.to_owned(), source: Box::new(other) },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::cluster::fake_api_server;
    use serde_json::{Value, json};

    /// What the store reads where this status is stored, and how many ledgers it could not read.
    async fn read(status: Value) -> (VersionedLedger, u64) {
        let client = fake_api_server::client(move |request| {
            let metadata = json!({"name": "a", "resourceVersion": "7"});
            let is_metadata = request
                .headers()
                .get("accept")
                .is_some_and(|accept| accept.to_str().unwrap().contains("PartialObjectMetadata"));
            let object = if is_metadata {
                json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": metadata})
            } else {
                json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenantLedger", "metadata": metadata,
                    "spec": {"tenant": "a"}, "status": status})
            };
            async move { (200, object.to_string()) }
        });
        let unreadable = Counter::default();
        let store = ClusterStore::new(client, unreadable.clone());
        (store.read("a").await.unwrap(), unreadable.get())
    }

    #[tokio::test]
    async fn a_ledger_that_cannot_be_read_waits_for_a_count() {
        let stored =
            json!({"counted": true, "next": 3, "slots": ["Pod/a/b reserved=u,0,1 asks=cpu:1"]});
        let (read_whole, unreadable) = read(stored.clone()).await;
        assert_eq!((read_whole.ledger.is_counted(), unreadable), (true, 0));
        for (field, value, reservations) in [
            ("slots", json!(["Pod/a/b reserved=u,0,1 asks=cpu:1", "Pod"]), 1),
            ("others", json!({"cpu": "lots"}), 1),
            ("limits", json!({"version": 9, "hard": {"cpu": "?"}}), 1),
            // Types that only another definition allows.
            ("slots", json!({"Pod/a/b": {}}), 0),
            ("next", json!("three"), 0),
            ("slots", json!([7]), 0),
        ] {
            let mut stored = stored.clone();
            stored[field] = value;
            let (VersionedLedger { ledger, version }, unreadable) = read(stored.clone()).await;
            assert_eq!(
                (ledger.is_counted(), version.as_str(), unreadable),
                (false, "7", 1),
                "{stored}"
            );
            assert_eq!(ledger.reservations(), reservations, "{stored}");
        }
    }
}
