//! The `FlinkTenant` custom resource (`flinkgate.dev/v1alpha1`): what one tenant may run, and what
//! Flinkgate adds to its pods.
//!
//! The same YAML is a file offline and an object in the cluster. Every field is optional; an unknown
//! field is an error. The doc comments here are the descriptions in the CRD.

mod containers;
mod cost;
mod flink;
mod mutation;
mod network;
mod run_as;
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
pub use mutation::*;
pub use network::*;
pub use run_as::*;
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

/// What one tenant may run, and what Flinkgate adds to its pods. An empty spec is safe.
// Columns share fields such as `type_`, which clippy reports as duplicates.
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
    doc = "A tenant of Flinkgate: its namespaces, what it may run there, and what Flinkgate adds to its pods.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        description = "Whether Flinkgate uses the tenant",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "Quota",
        type_ = "string",
        description = "Whether the tenant is within its quota",
        json_path = ".status.conditions[?(@.type==\"WithinQuota\")].reason"
    ),
    printcolumn(
        name = "Clusters",
        type_ = "integer",
        description = "Running Flink clusters",
        json_path = ".status.clusters"
    ),
    printcolumn(
        name = "Clusters Limit",
        type_ = "string",
        description = "Limit of Flink clusters",
        json_path = ".status.hard.clusters",
        priority = 1
    ),
    printcolumn(
        name = "Earlier Spec",
        type_ = "integer",
        description = "Clusters that still have an earlier spec",
        json_path = ".status.clustersWithEarlierSpec",
        priority = 1
    ),
    printcolumn(
        name = "Which",
        type_ = "string",
        description = "Some of the clusters that still have an earlier spec",
        json_path = ".status.earlierSpec",
        priority = 1
    ),
    printcolumn(
        name = "CPU",
        type_ = "string",
        description = "Used CPU",
        json_path = ".status.used.cpu"
    ),
    printcolumn(
        name = "CPU Limit",
        type_ = "string",
        description = "Limit of CPU",
        json_path = ".status.hard.cpu"
    ),
    printcolumn(
        name = "Memory",
        type_ = "string",
        description = "Used memory",
        json_path = ".status.used.memory"
    ),
    printcolumn(
        name = "Memory Limit",
        type_ = "string",
        description = "Limit of memory",
        json_path = ".status.hard.memory"
    ),
    printcolumn(
        name = "TaskManagers",
        type_ = "string",
        description = "Running TaskManagers",
        json_path = ".status.used.taskManagers"
    ),
    printcolumn(
        name = "TaskManagers Limit",
        type_ = "string",
        description = "Limit of TaskManagers",
        json_path = ".status.hard.taskManagers"
    ),
    printcolumn(
        name = "Storage",
        type_ = "string",
        description = "Used storage",
        json_path = ".status.used.storage",
        priority = 1
    ),
    printcolumn(
        name = "Storage Limit",
        type_ = "string",
        description = "Limit of storage",
        json_path = ".status.hard.storage",
        priority = 1
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        description = "Why Flinkgate uses the tenant or not",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    derive = "PartialEq",
    derive = "Default"
)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FlinkTenantSpec {
    /// The namespaces that the tenant owns.
    #[serde(skip_serializing_if = "is_default")]
    pub namespaces: Namespaces,
    /// What a finding at level error does: Enforce refuses, Warn admits with a warning, Audit only
    /// logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enforcement: Option<Enforcement>,
    /// Enforcement of rules or families; the most exact entry wins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleOverride>,
    /// Objects that are exempt from rules, also for a limited time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exemptions: Vec<Exemption>,
    /// Limits of what the tenant uses.
    #[serde(skip_serializing_if = "is_default")]
    pub quota: Quota,
    /// Pod security, images, service accounts.
    #[serde(skip_serializing_if = "is_default")]
    pub security: Security,
    /// Where pods run.
    #[serde(skip_serializing_if = "is_default")]
    pub scheduling: Scheduling,
    /// Where state is stored.
    #[serde(skip_serializing_if = "is_default")]
    pub storage: Storage,
    /// Flink versions, options and default sizes.
    #[serde(skip_serializing_if = "is_default")]
    pub flink: Flink,
    /// How Flink may be exposed outside the cluster.
    #[serde(skip_serializing_if = "is_default")]
    pub network: Network,
    /// Idle resources of clusters, and labels for billing.
    #[serde(skip_serializing_if = "is_default")]
    pub cost: Cost,
    /// Labels that Flinkgate adds to every pod.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Which objects Flinkgate completes.
    #[serde(skip_serializing_if = "is_default")]
    pub mutation: Mutation,
    /// What a change of this spec does to clusters that live: KeepRunning (default) lets them replace
    /// their pods, and keep their state, with the spec that they were admitted with; Enforce holds
    /// them to the new one at once.
    #[serde(skip_serializing_if = "is_default")]
    pub on_change: OnChange,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The namespaces of a tenant, by name and by label.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Namespaces {
    /// Names, exact or with a trailing star.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Labels of further Namespaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// What a finding at level error does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::resource::schema::without_description)]
pub enum Enforcement {
    /// Refuses the object.
    #[default]
    Enforce,
    /// Admits the object with a warning.
    Warn,
    /// Admits the object; the decision log has the finding.
    Audit,
}

/// What a change of the spec does to clusters that live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::resource::schema::without_description)]
pub enum OnChange {
    /// They keep running with the spec that they were admitted with.
    #[default]
    KeepRunning,
    /// The new spec holds for everything that is created.
    Enforce,
}

/// The enforcement of a rule, a family (`cost/*`) or all rules (`*`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleOverride {
    /// Rule id, `family/*` or `*`.
    pub rule: String,
    /// What its findings at level error do.
    pub enforcement: Enforcement,
}

/// Exempts objects from rules, until a date if one is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exemption {
    /// Rule ids or `family/*`.
    pub rules: Vec<String>,
    /// Names of objects, exact or with a trailing star; all objects when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Namespaces, exact or with a trailing star; all namespaces of the tenant when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Last day of the exemption (UTC), `YYYY-MM-DD`; no end when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Why the exemption exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Limits of what a tenant uses: cpu, memory, storage, pods, taskManagers, taskSlots, clusters, jobs,
/// persistentVolumeClaims, and extended resources by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Quota {
    /// Limits of all the tenant's namespaces together: cpu, memory, storage, pods, taskManagers,
    /// taskSlots, clusters, jobs, persistentVolumeClaims, or an extended resource such as
    /// nvidia.com/gpu. An absent resource has no limit.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hard: BTreeMap<String, Amount>,
    /// Limits of each Flink cluster, by the same names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub per_cluster: BTreeMap<String, Amount>,
    /// What suspended jobs (`spec.job.state: suspended`) keep of the quota. `Reserve`: all, so that
    /// they can always be resumed. `Release`: nothing once their pods are gone; the update that
    /// resumes a job is refused while the quota is used otherwise.
    #[serde(skip_serializing_if = "is_default")]
    pub suspended: SuspendedJobs,
}

/// What suspended jobs keep of the quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::resource::schema::without_description)]
pub enum SuspendedJobs {
    /// All that they declare.
    #[default]
    Reserve,
    /// Nothing, once their pods are gone.
    Release,
}

/// What a cluster, or another object of a tenant, uses with its dependents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct UsedBy {
    /// `KIND/NAMESPACE/NAME`.
    pub object: String,
    /// What it uses, by the names that a quota counts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub used: BTreeMap<String, Amount>,
}

/// The state of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FlinkTenantStatus {
    /// What the tenant uses, by the names that a quota counts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub used: BTreeMap<String, Amount>,
    /// The limits that Flinkgate currently applies, from `spec.quota.hard`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hard: BTreeMap<String, Amount>,
    /// Number of running Flink clusters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clusters: Option<i64>,
    /// The objects that use most, largest first, at most twenty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub largest: Vec<UsedBy>,
    /// Number of living Flink clusters that were admitted with an earlier spec and not updated since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clusters_with_earlier_spec: Option<i64>,
    /// Some of them as `KIND/NAMESPACE/NAME`, at most ten.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier_spec: Vec<String>,
    /// Ready: whether Flinkgate uses the tenant, and the reason. WithinQuota: whether the tenant is
    /// within its quota, and which resources and objects exceed it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}
