//! The `FlinkTenant` custom resource (`flinkgate.dev/v1alpha1`): what one tenant may run and what it is given.
//!
//! The same YAML serves as a file offline and as an object in the cluster. Every field is optional; an
//! unknown field is an error.

use k8s_openapi::api::core::v1::Toleration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one tenant may run, and what Flinkgate gives its pods. A tenant with an empty spec is safe.
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
    printcolumn(name = "Clusters", type_ = "integer", description = "Flink clusters that run", json_path = ".status.clusters"),
    printcolumn(name = "CPU", type_ = "string", description = "cpu that the tenant uses", json_path = ".status.used.cpu"),
    printcolumn(name = "CPU Limit", type_ = "string", description = "cpu that it may use", json_path = ".status.hard.cpu"),
    printcolumn(name = "Memory", type_ = "string", description = "Memory that the tenant uses", json_path = ".status.used.memory"),
    printcolumn(name = "Memory Limit", type_ = "string", description = "Memory that it may use", json_path = ".status.hard.memory"),
    printcolumn(
        name = "TaskManagers",
        type_ = "string",
        description = "TaskManagers that run",
        json_path = ".status.used.taskManagers",
        priority = 1
    ),
    printcolumn(
        name = "TaskManagers Limit",
        type_ = "string",
        description = "TaskManagers that may run",
        json_path = ".status.hard.taskManagers",
        priority = 1
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
    /// What happens to a finding at level error: Enforce refuses, Warn admits with a warning, Audit only logs.
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
    /// Hosts the tenant may publish.
    #[serde(skip_serializing_if = "is_default")]
    pub network: Network,
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
    /// Labels of the Namespace object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// What a finding at level error does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How much a tenant may use. Names: cpu, memory, storage, pods, taskManagers, taskSlots, clusters, jobs,
/// persistentVolumeClaims, and extended resources by their own name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Quota {
    /// Over all of the tenant's namespaces.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hard: BTreeMap<String, Amount>,
    /// For any one Flink cluster.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub per_cluster: BTreeMap<String, Amount>,
}

/// A quantity as Kubernetes writes it, in quotes or as a plain integer: `"500m"`, `256Gi`, `40`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Value", into = "String")]
pub struct Amount(pub String);

impl From<Amount> for String {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

impl TryFrom<serde_json::Value> for Amount {
    type Error = String;

    fn try_from(value: serde_json::Value) -> Result<Self, String> {
        match value {
            serde_json::Value::String(text) => Ok(Self(text)),
            serde_json::Value::Number(number) if number.is_i64() || number.is_u64() => Ok(Self(number.to_string())),
            other => Err(format!("{other} is not a quantity: write an integer, or a quantity in quotes such as \"1.5\" or \"256Gi\"")),
        }
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "x-kubernetes-int-or-string": true,
            "pattern": QUANTITY_PATTERN
        })
    }
}

/// What `resource.Quantity` accepts, as its CRD schemas in Kubernetes say it.
const QUANTITY_PATTERN: &str =
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$";

/// Pod security, images and identities.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Security {
    /// Kubernetes' Pod Security Standard to hold pods to.
    #[serde(skip_serializing_if = "is_default")]
    pub pod_security: PodSecurity,
    /// Which images may run.
    #[serde(skip_serializing_if = "is_default")]
    pub images: Images,
    /// Service accounts that pods may use; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_accounts: Option<Vec<String>>,
}

/// A Pod Security Standard and its version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PodSecurity {
    /// The level; baseline unless given.
    pub level: PodSecurityLevel,
    /// `latest` or `v1.N`; latest unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Levels of the Pod Security Standards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PodSecurityLevel {
    /// Everything goes.
    Privileged,
    /// No known privilege escalation.
    #[default]
    Baseline,
    /// Hardened pods only.
    Restricted,
}

/// Which images may run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Images {
    /// Patterns of `registry/repository`, a star standing for anything within one path segment and, at the
    /// end, for any number of segments; any image when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<String>>,
    /// Whether images must be named by digest.
    pub require_digest: bool,
    /// Whether the tag `latest`, and no tag at all, is refused; true unless given.
    pub forbid_latest_tag: bool,
}

impl Default for Images {
    fn default() -> Self {
        Self { allow: None, require_digest: false, forbid_latest_tag: true }
    }
}

/// Where pods run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Scheduling {
    /// How far apart a cluster's pods are kept.
    #[serde(skip_serializing_if = "is_default")]
    pub anti_affinity: AntiAffinity,
    /// Given to every pod; another value is refused.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Given to every pod; once given, no other toleration is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerations: Option<Vec<Toleration>>,
    /// Priority classes that pods may use; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_classes: Option<Vec<String>>,
}

/// Pod anti-affinity by role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AntiAffinity {
    /// JobManagers of one cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_manager: Option<Spreading>,
    /// TaskManagers of one cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_manager: Option<Spreading>,
    /// Node label that says what is one place; `kubernetes.io/hostname` unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology_key: Option<String>,
}

/// Strength of an anti-affinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Spreading {
    /// The scheduler tries.
    Preferred,
    /// The scheduler never puts two in one place.
    Required,
}

/// Where state lives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Storage {
    /// Checkpoints, savepoints and high-availability metadata.
    #[serde(skip_serializing_if = "is_default")]
    pub checkpoints: Checkpoints,
}

/// Checkpoints, savepoints and high-availability metadata.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Checkpoints {
    /// The claim that every cluster gets mounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<CheckpointVolume>,
    /// URIs under which state may live besides the volume; anywhere durable when absent and no volume is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locations: Option<Vec<String>>,
}

/// A PersistentVolumeClaim for a cluster's state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckpointVolume {
    /// Name of the claim; `{cluster}` stands for the Flink cluster's name.
    pub claim_name: String,
    /// Storage class of the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class_name: Option<String>,
    /// Access modes of the claim; JobManagers and TaskManagers share it, so ReadWriteMany unless given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access_modes: Vec<String>,
    /// Size of the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Amount>,
    /// Where Flink sees it; `/flink/state` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount_path: Option<String>,
    /// Whether the claim outlives the cluster; Retain unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reclaim: Option<Reclaim>,
}

/// What becomes of a claim when its cluster goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Reclaim {
    /// It stays.
    #[default]
    Retain,
    /// It goes with the cluster.
    Delete,
}

/// Flink versions, options and default sizes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Flink {
    /// Versions that may run, as a FlinkDeployment names them; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<Vec<String>>,
    /// Options of Flink's configuration.
    #[serde(skip_serializing_if = "is_default")]
    pub configuration: Configuration,
    /// Sizes where the object gives none.
    #[serde(skip_serializing_if = "is_default")]
    pub resources: Resources,
}

/// Options of Flink's configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Configuration {
    /// Set where absent.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub defaults: BTreeMap<String, Scalar>,
    /// Set always; another value is refused.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub enforced: BTreeMap<String, Scalar>,
    /// Options the tenant may not set: exact, or with stars.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbidden: Vec<String>,
}

/// An option's value: YAML reads `60s` as text, `4` as a number and `true` as a boolean; Flink sees their text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scalar(pub serde_json::Value);

impl Scalar {
    /// The value as Flink's configuration holds it.
    pub fn text(&self) -> String {
        match &self.0 {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

impl JsonSchema for Scalar {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"x-kubernetes-preserve-unknown-fields": true})
    }
}

/// Sizes where the object gives none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Resources {
    /// For JobManagers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_manager: Option<RoleResources>,
    /// For TaskManagers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_manager: Option<RoleResources>,
}

/// cpu and memory as a FlinkDeployment's `resource` takes them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RoleResources {
    /// Cores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<f64>,
    /// Total process memory as Flink writes it: `2048m`, `4g`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
}

/// Hosts the tenant may publish.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Network {
    /// Ingress hosts, exact or with a leading `*.`; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress_hosts: Option<Vec<String>>,
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
    /// Ready: whether the tenant is in force, and if not, or not wholly, why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}
