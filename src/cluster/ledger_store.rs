//! Ledgers stored as FlinkTenantLedgers: read without a cache, and written only over the version that
//! was read.

use crate::quota::ledger::Ledger;
use crate::quota::ledger::crd::{FlinkTenantLedger, FlinkTenantLedgerSpec};
use crate::quota::store::{Store, StoreError, VersionedLedger};
use kube::api::{ObjectMeta, PostParams};
use kube::core::{PartialObjectMeta, Request, request};
use kube::{Api, Client, Resource, ResourceExt};

/// The response to a write is its metadata, not a ledger of hundreds of kilobytes.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// Ledgers in a cluster.
#[derive(Clone)]
pub struct ClusterStore {
    client: Client,
}

impl ClusterStore {
    /// With this connection, whose user may write them.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    fn api(&self) -> Api<FlinkTenantLedger> {
        Api::all(self.client.clone())
    }

    /// Creates the object, without a status.
    async fn create(&self, tenant: &str) -> Result<String, Failure> {
        let ledger =
            FlinkTenantLedger::new(tenant, FlinkTenantLedgerSpec { tenant: tenant.to_owned() });
        Ok(self
            .api()
            .create(&PostParams::default(), &ledger)
            .await?
            .resource_version()
            .unwrap_or_default())
    }

    async fn replace(
        &self,
        tenant: &str,
        version: &str,
        ledger: &Ledger,
    ) -> Result<String, Failure> {
        let object = FlinkTenantLedger {
            metadata: ObjectMeta {
                name: Some(tenant.to_owned()),
                resource_version: Some(version.to_owned()),
                ..ObjectMeta::default()
            },
            spec: FlinkTenantLedgerSpec { tenant: tenant.to_owned() },
            status: Some(ledger.stored()),
        };
        let path = Request::new(FlinkTenantLedger::url_path(&(), None));
        let mut request = path.replace_subresource(
            "status",
            tenant,
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
        let unreachable = |error: Failure| error.of(tenant);
        // Without a resource version the answer is the last write.
        let Some(found) =
            self.api().get_opt(tenant).await.map_err(Failure::from).map_err(unreachable)?
        else {
            return Ok(VersionedLedger::default());
        };
        let version = found.resource_version().unwrap_or_default();
        let ledger = Ledger::read(&found.status.unwrap_or_default())
            .map_err(|error| unreachable(error.into()))?;
        Ok(VersionedLedger { ledger, version })
    }

    async fn swap(
        &self,
        tenant: &str,
        version: &str,
        ledger: &Ledger,
    ) -> Result<String, StoreError> {
        let write = async {
            let created =
                if version.is_empty() { self.create(tenant).await? } else { version.to_owned() };
            self.replace(tenant, &created, ledger).await
        };
        write.await.map_err(|error: Failure| error.of(tenant))
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
    #[error("{0}: delete the FlinkTenantLedger to have everything counted again")]
    Unreadable(#[from] crate::quota::ledger::crd::InvalidLedger),
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
