//! The `FlinkTenant` custom resource (`flinkgate.dev/v1alpha1`): what one tenant may run and what
//! it is given.
//!
//! The same YAML serves as a file offline and as an object in the cluster. Every field is optional;
//! an unknown field is an error.

mod containers;
mod cost;
mod flink;
mod network;
mod running;
mod scheduling;
mod security;
mod storage;
mod values;

pub use crate::kubernetes::placement::Spreading;
pub use crate::kubernetes::pod_security::PodSecurityLevel;
pub use containers::*;
pub use cost::*;
pub use flink::*;
pub use network::*;
pub use running::*;
pub use scheduling::*;
pub use security::*;
pub use storage::*;
pub use values::*;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one tenant may run, and what Flinkgate gives its pods. A tenant with an empty spec is safe.
// Columns share fields such as `type_`, which clippy takes for doubled attributes.
#[allow(clippy::duplicated_attributes)]
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "flinkgate.dev",
    version = "v1alpha1",
    kind = "FlinkTenant",
    plural = "flinktenants",
    shortname = "ftenant",
    category = "flinkgate",
    status = "FlinkTenantStatus",
    doc = "A tenant of Flinkgate: which namespaces are its own, what it may run there, and what its pods are given.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        description = "Whether the tenant is in force",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "Quota",
        type_ = "string",
        description = "Whether it uses no more than it may",
        json_path = ".status.conditions[?(@.type==\"WithinQuota\")].reason"
    ),
    printcolumn(
        name = "Clusters",
        type_ = "integer",
        description = "Flink clusters that run",
        json_path = ".status.clusters"
    ),
    printcolumn(
        name = "Clusters Limit",
        type_ = "string",
        description = "Flink clusters that may run",
        json_path = ".status.hard.clusters",
        priority = 1
    ),
    printcolumn(
        name = "CPU",
        type_ = "string",
        description = "cpu that the tenant uses",
        json_path = ".status.used.cpu"
    ),
    printcolumn(
        name = "CPU Limit",
        type_ = "string",
        description = "cpu that it may use",
        json_path = ".status.hard.cpu"
    ),
    printcolumn(
        name = "Memory",
        type_ = "string",
        description = "Memory that the tenant uses",
        json_path = ".status.used.memory"
    ),
    printcolumn(
        name = "Memory Limit",
        type_ = "string",
        description = "Memory that it may use",
        json_path = ".status.hard.memory"
    ),
    printcolumn(
        name = "TaskManagers",
        type_ = "string",
        description = "TaskManagers that run",
        json_path = ".status.used.taskManagers"
    ),
    printcolumn(
        name = "TaskManagers Limit",
        type_ = "string",
        description = "TaskManagers that may run",
        json_path = ".status.hard.taskManagers"
    ),
    printcolumn(
        name = "Storage",
        type_ = "string",
        description = "Storage that the tenant uses",
        json_path = ".status.used.storage",
        priority = 1
    ),
    printcolumn(
        name = "Storage Limit",
        type_ = "string",
        description = "Storage that it may use",
        json_path = ".status.hard.storage",
        priority = 1
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        description = "Why the tenant is in force or not",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    derive = "PartialEq",
    derive = "Default"
)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FlinkTenantSpec {
    /// The namespaces that belong to this tenant.
    #[serde(skip_serializing_if = "is_default")]
    pub namespaces: Namespaces,
    /// What happens to a finding at level error: Enforce refuses, Warn admits with a warning, Audit
    /// only logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enforcement: Option<Enforcement>,
    /// Enforcement of single rules or families; the most exact entry wins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleOverride>,
    /// Objects that may break rules for a while.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exemptions: Vec<Exemption>,
    /// How much the tenant may use.
    #[serde(skip_serializing_if = "is_default")]
    pub quota: Quota,
    /// Pod security, images, service accounts.
    #[serde(skip_serializing_if = "is_default")]
    pub security: Security,
    /// Where pods run.
    #[serde(skip_serializing_if = "is_default")]
    pub scheduling: Scheduling,
    /// Where state lives.
    #[serde(skip_serializing_if = "is_default")]
    pub storage: Storage,
    /// Flink versions, options and default sizes.
    #[serde(skip_serializing_if = "is_default")]
    pub flink: Flink,
    /// How Flink may be reached from outside.
    #[serde(skip_serializing_if = "is_default")]
    pub network: Network,
    /// What the tenant's clusters may waste, and what their pods must say for bills.
    #[serde(skip_serializing_if = "is_default")]
    pub cost: Cost,
    /// Labels given to every pod.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Which namespaces belong to a tenant: those named, and those selected by labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Namespaces {
    /// Names, exact or with a trailing star.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Labels of more Namespaces that belong to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// What a finding at level error does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::resource::schema::without_description)]
pub enum Enforcement {
    /// The object is refused.
    #[default]
    Enforce,
    /// The object is admitted with a warning.
    Warn,
    /// The object is admitted; the decision log names the finding.
    Audit,
}

/// Another enforcement for a rule, a family (`cost/*`) or everything (`*`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleOverride {
    /// Rule id, `family/*` or `*`.
    pub rule: String,
    /// What its findings do.
    pub enforcement: Enforcement,
}

/// Lets named objects break rules until a day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exemption {
    /// Rule ids or `family/*`.
    pub rules: Vec<String>,
    /// Names of objects, exact or with a trailing star; every object when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Namespaces, exact or with a trailing star; every namespace of the tenant when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Last day on which the exemption holds (UTC), `YYYY-MM-DD`; for good when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Why, for those who find it later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How much a tenant may use. Names: cpu, memory, storage, pods, taskManagers, taskSlots, clusters,
/// jobs, persistentVolumeClaims, and extended resources by their own name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Quota {
    /// The most that all of the tenant's namespaces may use together: cpu, memory, storage, pods,
    /// taskManagers, taskSlots, clusters, jobs, persistentVolumeClaims, or an extended resource
    /// such as nvidia.com/gpu. What is absent is not limited.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hard: BTreeMap<String, Amount>,
    /// The most that any one Flink cluster may use, by the same names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub per_cluster: BTreeMap<String, Amount>,
}

/// What one of a tenant's clusters, or another of its objects, uses with all that belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct UsedBy {
    /// `KIND/NAMESPACE/NAME`.
    pub object: String,
    /// What it uses, by the names that a quota counts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub used: BTreeMap<String, Amount>,
}

/// What Flinkgate knows of a tenant at the moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FlinkTenantStatus {
    /// What the tenant uses, by the names that a quota counts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub used: BTreeMap<String, Amount>,
    /// What it may use: `spec.quota.hard` as it is in force.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hard: BTreeMap<String, Amount>,
    /// How many Flink clusters it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clusters: Option<i64>,
    /// Who uses most of it, largest first; at most twenty are told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub largest: Vec<UsedBy>,
    /// Ready: whether the tenant is in force, and if not, or not wholly, why. WithinQuota: whether
    /// it uses no more than it may, and if it does, of what and by whom.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}
