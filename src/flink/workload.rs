//! The common model of all kinds, on which rules, sizes and mutation work.

use super::budgets::{Budget, NamespaceObjects};
use super::claims::AccessScope;
use super::config::{Entry, FlinkConfig};
use super::config_file::FlinkFile;
use super::container_defaults::ContainerDefaults;
use super::context::ClaimUsers;
use super::exposures::Exposure;
use super::network::NamespaceNetwork;
use super::sizing::Size;
use super::text_form::{TextFault, TextForm};
use super::version::FlinkVersion;
use crate::resource::{GroupVersionKind, pointer};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What creates the cluster's pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// The Apache Flink Kubernetes Operator, from a custom resource.
    Operator,
    /// Flink's native Kubernetes mode: the JobManager requests its TaskManagers.
    Native,
    /// Spotify's operator, from a FlinkCluster.
    Spotify,
    /// Lyft's operator, from a FlinkApplication.
    Lyft,
    /// Plain manifests: Deployments, Jobs, StatefulSets or pods that run Flink's processes.
    Standalone,
    /// No Flink: another pod in a tenant's namespace.
    #[default]
    None,
}

impl Engine {
    /// The name in `input.flink.engine` and in `size`'s JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Native => "native",
            Self::Spotify => "spotify",
            Self::Lyft => "lyft",
            Self::Standalone => "standalone",
            Self::None => "none",
        }
    }
}

/// How TaskManagers are created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The JobManager creates TaskManager pods as slots are needed.
    #[default]
    Native,
    /// Kubernetes keeps a fixed number of TaskManagers.
    Standalone,
}

impl Mode {
    /// The name in `input.flink.mode` and in `size`'s JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Standalone => "standalone",
        }
    }
}

/// The role of a pod in its Flink cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Runs the Dispatcher, ResourceManager and JobMasters.
    JobManager,
    /// Runs tasks in slots.
    TaskManager,
    /// Neither: a plain pod, a submitter, a history server.
    Other,
}

impl Role {
    /// The name in `input.flink.pods[].role`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JobManager => "jobManager",
            Self::TaskManager => "taskManager",
            Self::Other => "other",
        }
    }

    /// Flink's own value of the `component` label.
    pub fn component(self) -> Option<&'static str> {
        match self {
            Self::JobManager => Some("jobmanager"),
            Self::TaskManager => Some("taskmanager"),
            Self::Other => None,
        }
    }
}

/// The name that Flink and its operator give the main container, which runs Flink.
pub const MAIN_CONTAINER: &str = "flink-main-container";

/// Label of the FlinkDeployments and FlinkSessionJobs with which the operator checks itself; it runs
/// nothing for them.
pub const CANARY_LABEL: &str = "flink.apache.org/canary";

/// The kinds for which the operator reads that label.
const CANARY_KINDS: [&str; 2] = ["FlinkDeployment", "FlinkSessionJob"];

/// Whether an object is a canary: the operator neither validates nor deploys it. On other kinds the
/// label means nothing, and what the operator deployed before runs on under the label.
pub fn is_canary(kind: &GroupVersionKind, object: &Value) -> bool {
    let was_deployed = || {
        pointer::at(object, "/status/reconciliationStatus/lastReconciledSpec")
            .and_then(Value::as_str)
            .is_some_and(|spec| !spec.is_empty())
    };
    kind.group == "flink.apache.org"
        && CANARY_KINDS.contains(&kind.kind.as_str())
        && has_canary_label(object)
        && !was_deployed()
}

fn has_canary_label(object: &Value) -> bool {
    let labels = object.get("metadata").and_then(|metadata| metadata.get("labels"));
    labels
        .and_then(|labels| labels.get(CANARY_LABEL))
        .and_then(Value::as_str)
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Who made a pod, according to the API server: the author of a pod chooses its owners and labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PodMaker {
    /// A controller or Flink makes it from a template, with the labels of all others.
    #[default]
    Template,
    /// A user wrote this one pod: the next may have other labels.
    User,
    /// It is in a file.
    Unknown,
}

/// Where a process gets its configuration from, apart from its arguments and variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ConfigurationSource {
    /// A ConfigMap that is not known, or nothing is.
    #[default]
    Unknown,
    /// Something else than a ConfigMap, which nothing shows: a Secret, a claim, another folder.
    Hidden,
    /// A file of a ConfigMap, which is known.
    ConfigMap {
        /// The ConfigMap.
        name: String,
        /// JSON Pointer of the mount.
        place: String,
    },
    /// Its image. The file there is not known, and variables override it.
    Image,
}

/// A pod template.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// The template is in the object at this pointer, which is empty for a Pod.
    InObject(String),
    /// The template is merged from two places of the object, as the operator merges them.
    Merged(MergedTemplate),
    /// The template is generated from other fields of the object.
    Generated(GeneratedTemplate),
}

/// A template that an operator generates from fields of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeneratedTemplate {
    /// The template: `metadata` and `spec`.
    pub value: Value,
    /// JSON Pointer of the role's fields: `/spec/taskManager`.
    pub base: String,
    /// Places within the template, and the places of their values in the object. The longest
    /// matching place counts.
    pub places: Vec<(String, String)>,
}

impl GeneratedTemplate {
    fn locate(&self, within: &str) -> String {
        let rest = |place: &str| {
            within.strip_prefix(place).filter(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let found = self
            .places
            .iter()
            .filter_map(|(place, field)| Some((place.len(), field, rest(place)?)));
        let (field, rest) = found
            .max_by_key(|(length, _, _)| *length)
            .map_or((&self.base, ""), |(_, field, rest)| (field, rest));
        format!("{field}{rest}")
    }
}

/// For each element of a merged array, its index in the common template's array and in the role's.
pub type ElementOrigins = Vec<(Option<usize>, Option<usize>)>;

/// A template that the Flink operator merges from a common and a per-role one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MergedTemplate {
    /// The merged template: `metadata` and `spec`.
    pub value: Value,
    /// JSON Pointer of the common template, which may be missing: `/spec/podTemplate`.
    pub common: String,
    /// JSON Pointer of the role's template, which may be missing: `/spec/taskManager/podTemplate`.
    pub role: String,
    /// Whether arrays are merged by their elements' names
    /// (`kubernetes.operator.pod-template.merge-arrays-by-name`).
    pub by_name: bool,
    /// For arrays merged by name: pointer of the array within the template → for each merged
    /// element, its index in the common and in the role's array. Arrays merged by position keep
    /// their indices.
    pub elements: BTreeMap<String, ElementOrigins>,
}

/// A number of identical pods: one role, one template.
#[derive(Clone, Debug, PartialEq)]
pub struct PodSet {
    /// The role of the pods.
    pub role: Role,
    /// The maximum number of pods that the object declares.
    pub replicas: u64,
    /// The template of the pods.
    pub template: Template,
    /// Index of the main container in the template's `spec.containers`. `None` if the template has
    /// none (the operator adds it) or the pod does not run Flink.
    pub main_container: Option<usize>,
}

impl PodSet {
    /// The template; `Null` if the object has none.
    pub fn template<'a>(&'a self, object: &'a Value) -> &'a Value {
        match &self.template {
            Template::InObject(pointer) => pointer::at(object, pointer).unwrap_or(&Value::Null),
            Template::Merged(merged) => &merged.value,
            Template::Generated(made) => &made.value,
        }
    }

    /// JSON Pointer of the template in the object, for rules and findings.
    pub fn path(&self) -> &str {
        match &self.template {
            Template::InObject(pointer) => pointer,
            Template::Merged(merged) => &merged.role,
            Template::Generated(made) => &made.base,
        }
    }

    /// JSON Pointer in the object for a place within the template (`/spec/containers/0/image`). It
    /// is in the role's template if it exists there, else in the common one, else at the nearest
    /// existing place in either.
    pub fn locate(&self, object: &Value, within: &str) -> String {
        match &self.template {
            Template::InObject(pointer) => format!("{pointer}{within}"),
            Template::Merged(merged) => merged.locate(object, within),
            Template::Generated(made) => made.locate(within),
        }
    }
}

impl MergedTemplate {
    fn locate(&self, object: &Value, within: &str) -> String {
        let (common, role) = self.split(within);
        let role = role.map(|within| format!("{}{within}", self.role));
        let common = common.map(|within| format!("{}{within}", self.common));
        let reach = |full: &Option<String>, base: &str| {
            full.as_ref()
                .map(|full| pointer::nearest_existing(object, full).len())
                .filter(|&found| found >= base.len())
                .map(|found| {
                    let depth = full
                        .as_ref()
                        .and_then(|full| full.get(base.len()..found))
                        .map_or(0, |part| part.matches('/').count());
                    (depth, full.as_ref().is_some_and(|full| full.len() == found))
                })
        };
        let in_role = reach(&role, &self.role);
        let in_common = reach(&common, &self.common);
        match (in_role, in_common) {
            (Some((_, true)), _) => role.unwrap_or_default(),
            (_, Some((_, true))) => common.unwrap_or_default(),
            (Some((role_depth, _)), Some((common_depth, _))) if role_depth >= common_depth => {
                role.unwrap_or_default()
            }
            (_, Some(_)) => common.unwrap_or_default(),
            _ => role.or(common).unwrap_or_else(|| format!("{}{within}", self.role)),
        }
    }

    /// The same place in the common and in the role's template. Indices differ if arrays merge by
    /// name.
    fn split(&self, within: &str) -> (Option<String>, Option<String>) {
        let (mut merged, mut common, mut role) =
            (String::new(), Some(String::new()), Some(String::new()));
        for token in pointer::tokens(within) {
            let indices = token
                .parse::<usize>()
                .ok()
                .and_then(|index| self.elements.get(&merged)?.get(index).copied());
            let (in_common, in_role) = match indices {
                Some((in_common, in_role)) => {
                    (in_common.map(|i| i.to_string()), in_role.map(|i| i.to_string()))
                }
                None => (Some(token.to_string()), Some(token.to_string())),
            };
            common = common.zip(in_common).map(|(base, token)| pointer::join(&base, &token));
            role = role.zip(in_role).map(|(base, token)| pointer::join(&base, &token));
            pointer::push(&mut merged, &token);
        }
        (common, role)
    }
}

/// The FlinkDeployment that a FlinkSessionJob is submitted to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionCluster {
    /// Whether it runs its own job and therefore accepts no others.
    pub is_application: bool,
    /// Its configuration, which applies to options that the job does not set.
    pub config: FlinkConfig,
}

/// The workload of an object: what Kubernetes will run for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Workload {
    /// What creates the pods.
    pub engine: Engine,
    /// How TaskManagers are created; `None` without Flink.
    pub mode: Option<Mode>,
    /// The Flink cluster's id; empty if unknown. A tenant wrote it, so never use it for quota or
    /// security.
    pub cluster: String,
    /// Who made the pod, which decides whether others like it have its labels.
    pub pod_maker: PodMaker,
    /// The cluster name in a pod's labels, if the pod is created for a different cluster.
    pub mismatched_cluster_label: Option<String>,
    /// The session cluster of a submitted job, if it is known.
    pub session: Option<SessionCluster>,
    /// What the operator's configuration gives a session cluster that is not known.
    pub session_defaults: FlinkConfig,
    /// Whether the object's target, such as a snapshot's job, is known to be missing.
    pub target_missing: bool,
    /// Names of the clusters that an operator creates from this one, if they differ from its own:
    /// blue and green.
    pub children: Vec<String>,
    /// The number of these clusters that run at once during a transition; 0 means 1.
    pub concurrent_clusters: u64,
    /// The Flink version that the object names.
    pub version: Option<FlinkVersion>,
    /// The number of jobs that the object declares.
    pub jobs: u64,
    /// The sets of pods.
    pub pods: Vec<PodSet>,
    /// Flink's configuration, as far as the object defines it.
    pub config: FlinkConfig,
    /// JSON Pointer of the options (`/spec/flinkConfiguration`); `None` if the object cannot hold
    /// any.
    pub config_pointer: Option<String>,
    /// Where the process of the pods gets its configuration from.
    pub source: ConfigurationSource,
    /// The file of a ConfigMap that has the options; `None` where another program may read it.
    pub file: Option<FlinkFile>,
    /// How the options reach Flink.
    pub text_form: TextForm,
    /// Keys and values that Flink does not read as they are written.
    pub text_faults: Vec<TextFault>,
    /// The requests to Kubernetes.
    pub size: Size,
    /// Services and Ingresses that expose pods to clients outside the cluster.
    pub exposures: Vec<Exposure>,
    /// Whether this object, a custom resource, declares a whole Flink cluster and not only a pod of
    /// it.
    pub declares_cluster: bool,
    /// The known claims of the namespace by name; `None` if none is known.
    pub claims: Option<Arc<BTreeMap<String, AccessScope>>>,
    /// The known objects of the namespace whose pods mount claims.
    pub claim_users: Option<Arc<ClaimUsers>>,
    /// The names of all claims of the namespace that pods can mount; `None` if not all are known.
    pub mountable_claims: Option<Arc<BTreeSet<String>>>,
    /// The requests that LimitRanges of the namespace give to containers, as far as known.
    pub container_defaults: ContainerDefaults,
    /// The PodDisruptionBudget that the object is, or those that its operator creates.
    pub budgets: Vec<Budget>,
    /// The other objects in its namespace; `None` unless all are known.
    pub namespace_objects: Option<Arc<NamespaceObjects>>,
    /// Other configurations in the same object, which rules check in the same way: of the files in
    /// a ConfigMap, the version of Flink decides which one counts.
    pub also_read: Vec<Self>,
    /// What is known of the Services, Ingresses and JobManagers in its namespace.
    pub network: Option<Arc<NamespaceNetwork>>,
}

impl Workload {
    /// JSON Pointer of the options, or where they would be.
    pub fn options_place(&self) -> &str {
        self.config_pointer.as_deref().unwrap_or(match self.engine {
            Engine::Spotify => "/spec/flinkProperties",
            Engine::Lyft => "/spec/flinkConfig",
            _ => "/spec/flinkConfiguration",
        })
    }

    /// Whether the workload runs Flink.
    pub fn is_flink(&self) -> bool {
        self.engine != Engine::None
    }

    /// The first of an option's names that is set, by the object or by the session cluster of its
    /// job.
    pub fn option(&self, names: &[&str]) -> Option<(&str, &Entry)> {
        let of_cluster = self.session.as_ref().map_or(&self.session_defaults, |it| &it.config);
        self.config.first(names).or_else(|| of_cluster.first(names))
    }

    /// Whether an option at this place is written by the object's author: among the options, or as an
    /// argument or a variable of a process. Other places are fields from which an operator makes
    /// options.
    pub fn is_written_at(&self, place: &str) -> bool {
        self.config_pointer.as_deref().is_none_or(|options| {
            place.starts_with(options)
                || ["/args/", "/command/", "/env/"].iter().any(|list| place.contains(list))
        })
    }

    /// Whether options (`kubernetes.taskmanager.…`) configure the pods of this role. They apply to
    /// all pods that an operator creates from a custom resource, and to the TaskManagers of a
    /// native JobManager.
    pub fn options_apply_to(&self, role: Role) -> bool {
        match (self.engine, role) {
            (_, Role::Other) => false,
            (Engine::Operator, _) => self.declares_cluster,
            (Engine::Native, Role::TaskManager) => {
                self.pods.iter().any(|set| set.role == Role::JobManager)
            }
            _ => false,
        }
    }

    /// The number of identical clusters that the object declares. A role's pods are a part of one
    /// cluster: if the part is too large, so is the cluster.
    pub fn clusters(&self) -> u64 {
        if self.declares_cluster {
            self.concurrent_clusters.max(1)
        } else {
            u64::from(self.creates_flink_pods())
        }
    }

    /// Whether Flink pods will be created from a template in this object, as for a Deployment.
    pub fn creates_flink_pods(&self) -> bool {
        self.is_flink() && self.pods.iter().any(|set| !set.path().is_empty())
    }
}
