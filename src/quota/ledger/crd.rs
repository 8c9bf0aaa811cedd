//! The `FlinkTenantLedger` custom resource (`flinkgate.dev/v1alpha1`): a ledger as it is stored,
//! one object a tenant, by the tenant's name. Only Flinkgate writes it, its status alone, and
//! always over the resource version that was read.
//!
//! # Size
//!
//! Pods and claims that have settled are sums of the cluster that they belong to, so that a stored
//! ledger grows with clusters and with what is on its way. 10,000 objects as 500 clusters
//! (FlinkDeployment, JobManager Deployment and 18 pods each, names of 45 letters) take 265,333
//! bytes of JSON; a reservation of a pod takes 175. etcd takes 1.5 MiB: at
//! [`CAPACITY`](super::CAPACITY) no more is reserved until something has settled. So one object is
//! enough, and a total that must be right at once needs no second one. The list is atomic, or the
//! API server would keep a second record of every field in it.

use super::{KnownLimits, Ledger, line};
use crate::quota::limits::Limits;
use crate::quota::{Usage, display};
use crate::resource::quantity::{Quantity, QuantityError};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{CustomResource, CustomResourceExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Amounts by resource name, such as `{"cpu": "3", "memory": "6Gi"}`.
pub type Amounts = BTreeMap<String, String>;

/// Whose ledger it is.
// Columns share fields such as `type_`, which clippy takes for doubled attributes.
#[allow(clippy::duplicated_attributes)]
#[derive(
    CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema,
)]
#[kube(
    group = "flinkgate.dev",
    version = "v1alpha1",
    kind = "FlinkTenantLedger",
    plural = "flinktenantledgers",
    shortname = "fledger",
    category = "flinkgate",
    status = "FlinkTenantLedgerStatus",
    doc = "What a tenant's objects use and what was promised to those on their way. Flinkgate writes it; nobody else may.",
    printcolumn(
        name = "CPU",
        type_ = "string",
        description = "Requested cpu that is charged",
        json_path = ".status.total.cpu"
    ),
    printcolumn(
        name = "Memory",
        type_ = "string",
        description = "Requested memory that is charged",
        json_path = ".status.total.memory"
    ),
    printcolumn(
        name = "Clusters",
        type_ = "string",
        description = "Flink clusters",
        json_path = ".status.total.clusters"
    ),
    printcolumn(
        name = "TaskManagers",
        type_ = "string",
        description = "TaskManagers",
        json_path = ".status.total.taskManagers"
    ),
    printcolumn(
        name = "Reserved",
        type_ = "integer",
        description = "Promises that have not settled",
        json_path = ".status.reserved"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlinkTenantLedgerSpec {
    /// The FlinkTenant's name, which is the ledger's own.
    pub tenant: String,
}

/// What is in the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FlinkTenantLedgerStatus {
    /// What everything together is charged; for people, since it follows from the rest.
    pub total: Amounts,
    /// How many reservations have not settled; for people, since it follows from the rest.
    pub reserved: u64,
    /// Whether everything that was there before the ledger has been counted into it.
    pub counted: bool,
    /// The stamp that the next reservation gets.
    pub next: u64,
    /// The limits that hold.
    pub limits: StoredLimits,
    /// By kind, the resource version at which the objects stood when they were counted.
    pub observed: BTreeMap<String, u64>,
    /// What settled objects use that draw on nothing and on which nothing draws.
    pub others: Amounts,
    /// Clusters, other objects that declare pods, and what is on its way: a line each, which begins
    /// with `KIND/NAMESPACE/NAME`. After it stand on whom it draws (`within`), the object that was
    /// seen (`uid`, `uses`), what settled objects use that draw on it (`drawn`), and what is on its
    /// way (`reserved=UID,BASE,STAMP`, the most that it may be stored with as `asks`).
    #[schemars(schema_with = "slots")]
    pub slots: Vec<String>,
}

/// The limits that a ledger holds requests to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct StoredLimits {
    /// The FlinkTenant's resource version at which it said so.
    pub version: u64,
    /// Over all of the tenant's namespaces.
    pub hard: Amounts,
    /// For any one cluster.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub per_cluster: Amounts,
}

/// A stored ledger that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLedger {
    /// A slot.
    #[error("the stored ledger cannot be read")]
    Slot(#[from] line::InvalidLine),
    /// An amount.
    #[error("the stored ledger cannot be read")]
    Amount(#[from] QuantityError),
}

/// The custom resource definition.
pub fn definition() -> CustomResourceDefinition {
    let mut definition = FlinkTenantLedger::crd();
    crate::tenant::crd::complete(&mut definition, &[], &[]);
    definition
}

/// One atomic list, so that the API server does not track its fields.
fn slots(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let mut schema = generator.subschema_for::<Vec<String>>();
    schema.insert("x-kubernetes-list-type".into(), "atomic".into());
    schema
}

impl Ledger {
    /// The ledger as it is stored.
    pub fn stored(&self) -> FlinkTenantLedgerStatus {
        let limits = |limits: &BTreeMap<String, Quantity>| {
            limits.iter().map(|(name, amount)| (name.clone(), display(name, *amount))).collect()
        };
        FlinkTenantLedgerStatus {
            total: amounts(&self.total),
            reserved: u64::try_from(self.reservations()).unwrap_or(u64::MAX),
            counted: self.counted,
            next: self.next,
            limits: StoredLimits {
                version: self.known.version,
                hard: limits(&self.known.limits.hard),
                per_cluster: limits(&self.known.limits.per_cluster),
            },
            observed: self.observed.clone(),
            others: amounts(&self.others),
            slots: self.slots.iter().map(|(object, slot)| line::write(object, slot)).collect(),
        }
    }

    /// Reads a stored ledger.
    ///
    /// # Errors
    /// When something else than [`Ledger::stored`] wrote it.
    pub fn read(stored: &FlinkTenantLedgerStatus) -> Result<Self, InvalidLedger> {
        let limits = Limits {
            hard: quantities(&stored.limits.hard)?,
            per_cluster: quantities(&stored.limits.per_cluster)?,
        };
        let mut ledger = Self {
            known: KnownLimits { version: stored.limits.version, limits },
            counted: stored.counted,
            next: stored.next,
            observed: stored.observed.clone(),
            others: usage(&stored.others)?,
            ..Self::default()
        };
        for slot in &stored.slots {
            let (object, slot) = line::read(slot)?;
            ledger.slots.insert(object, slot);
        }
        ledger.rebuild();
        Ok(ledger)
    }
}

fn amounts(usage: &Usage) -> Amounts {
    usage.iter().map(|(name, amount)| (name.to_owned(), display(name, amount))).collect()
}

fn quantities(amounts: &Amounts) -> Result<BTreeMap<String, Quantity>, QuantityError> {
    amounts.iter().map(|(name, amount)| Ok((name.clone(), Quantity::parse(amount)?))).collect()
}

fn usage(amounts: &Amounts) -> Result<Usage, QuantityError> {
    Ok(quantities(amounts)?.into_iter().collect())
}
