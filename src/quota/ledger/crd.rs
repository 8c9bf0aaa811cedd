//! The `FlinkTenantLedger` custom resource (`flinkgate.dev/v1alpha1`), which stores a ledger.
//!
//! Each tenant has one, with the tenant's name. Only Flinkgate writes it: only the status, and only
//! over the resource version that was read.
//!
//! # Size
//!
//! One object is enough for a tenant, because live pods and claims are sums of their cluster.
//! 10,000 objects as 500 clusters (FlinkDeployment, JobManager Deployment and 18 pods each, names
//! of 45 letters) take 265,333 bytes of JSON; a reservation of a pod takes 175. etcd accepts 1.5
//! MiB. At [`CAPACITY`](super::CAPACITY) nothing more is reserved until other reservations end. The
//! list of slots is atomic, so that the API server does not track each field in it.

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

/// The tenant that the ledger belongs to.
// Clippy takes fields that columns share, such as `type_`, for duplicates.
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
    doc = "What a tenant's objects use, and what admitted requests reserve. Only Flinkgate writes it.",
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
        description = "Open reservations",
        json_path = ".status.reserved"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlinkTenantLedgerSpec {
    /// The FlinkTenant's name, which is also the ledger's name.
    pub tenant: String,
}

/// The ledger's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FlinkTenantLedgerStatus {
    /// The total charge. For information only, it is derived from the other fields.
    pub total: Amounts,
    /// The number of open reservations. For information only, it is derived from the other fields.
    pub reserved: u64,
    /// Whether the objects that are older than the ledger have been counted.
    pub counted: bool,
    /// The stamp of the next reservation.
    pub next: u64,
    /// The limits in force.
    pub limits: StoredLimits,
    /// By kind, the resource version at which its objects were last counted.
    pub observed: BTreeMap<String, u64>,
    /// Usage of live objects that have no slot and draw on none.
    pub others: Amounts,
    /// One line each for clusters, other objects that declare pods, and objects with reservations.
    /// A line begins with `KIND/NAMESPACE/NAME`. The following fields are the owner that it draws on
    /// (`within`), the live object (`uid`, `uses`), the usage of live objects that draw on it
    /// (`drawn`), and reservations (`reserved=UID,BASE,STAMP`, with the largest usage as `asks`).
    #[schemars(schema_with = "slots")]
    pub slots: Vec<String>,
    /// Specs of the tenant that its clusters were admitted with, each after its number. Only the
    /// ledger for admitted specs has them and the following field.
    #[schemars(schema_with = "slots")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub specs: Vec<String>,
    /// One line for each object that was admitted: `KIND/NAMESPACE/NAME`, its UID (`uid`), and the
    /// numbers of the specs that it was admitted with, the last one first (`specs`).
    #[schemars(schema_with = "slots")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub admitted: Vec<String>,
}

/// The limits that a ledger enforces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct StoredLimits {
    /// The FlinkTenant's resource version that has these limits.
    pub version: u64,
    /// For all of the tenant's namespaces together.
    pub hard: Amounts,
    /// For each single cluster.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub per_cluster: Amounts,
}

/// A stored ledger is malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLedger {
    /// In a slot.
    #[error("failed to parse the stored ledger")]
    Slot(#[from] line::InvalidLine),
    /// In an amount.
    #[error("failed to parse the stored ledger")]
    Amount(#[from] QuantityError),
}

/// The CustomResourceDefinition.
pub fn definition() -> CustomResourceDefinition {
    let mut definition = FlinkTenantLedger::crd();
    crate::tenant::crd::complete(&mut definition, &[], &[]);
    definition
}

/// An atomic list, so that the API server does not track its fields.
fn slots(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let mut schema = generator.subschema_for::<Vec<String>>();
    schema.insert("x-kubernetes-list-type".into(), "atomic".into());
    schema
}

impl Ledger {
    /// The form in which the ledger is stored.
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
            ..FlinkTenantLedgerStatus::default()
        }
    }

    /// Reads a stored ledger.
    ///
    /// # Errors
    /// [`Ledger::stored`] did not write it.
    pub fn read(stored: &FlinkTenantLedgerStatus) -> Result<Self, InvalidLedger> {
        let (ledger, malformed) = Self::read_parts(stored);
        malformed.map_or(Ok(ledger), Err)
    }

    /// Reads what can be read of a stored ledger, and the first problem in it. With one the ledger
    /// is not counted: it admits nothing until the leader has counted the objects again. The
    /// reservations that can be read stay.
    pub fn read_parts(stored: &FlinkTenantLedgerStatus) -> (Self, Option<InvalidLedger>) {
        let mut malformed: Option<InvalidLedger> = None;
        let mut ledger = Self {
            counted: stored.counted,
            next: stored.next,
            observed: stored.observed.clone(),
            ..Self::default()
        };
        let limits = quantities(&stored.limits.hard)
            .and_then(|hard| Ok((hard, quantities(&stored.limits.per_cluster)?)));
        match limits {
            Ok((hard, per_cluster)) => {
                let limits = Limits { hard, per_cluster };
                ledger.known = KnownLimits { version: stored.limits.version, limits };
            }
            // The next request brings those that its replica knows.
            Err(error) => malformed = Some(error.into()),
        }
        match usage(&stored.others) {
            Ok(others) => ledger.others = others,
            Err(error) => malformed = Some(error.into()),
        }
        for line in &stored.slots {
            let error = match line::read(line) {
                Ok((object, slot)) => match ledger.slots.insert(object.clone(), slot) {
                    None => continue,
                    Some(_) => line::InvalidLine::Repeated(object),
                },
                Err(error) => error,
            };
            malformed = malformed.or_else(|| Some(error.into()));
        }
        ledger.counted &= malformed.is_none();
        ledger.rebuild();
        (ledger, malformed)
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
