//! The one model that every kind is lowered to, and that rules, sizes and mutation are written
//! over.

use super::budgets::{Budget, NamespaceObjects};
use super::claims::AccessScope;
use super::config::{Entry, FlinkConfig};
use super::exposures::Exposure;
use super::sizing::Size;
use super::version::FlinkVersion;
use crate::resource::pointer;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What starts the cluster's pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// The Apache Flink Kubernetes Operator, from a custom resource.
    Operator,
    /// Flink's own native Kubernetes mode: the JobManager asks for its TaskManagers.
    Native,
    /// Spotify's operator, from a FlinkCluster.
    Spotify,
    /// Lyft's operator, from a FlinkApplication.
    Lyft,
    /// Plain manifests: Deployments, Jobs, StatefulSets or pods that start Flink's processes.
    Standalone,
    /// No Flink here: a pod that merely stands in a tenant's namespace.
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

/// How TaskManagers come to be.
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

/// What a pod is in its Flink cluster.
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

/// Name that Flink and its operator give the container that runs Flink.
pub const MAIN_CONTAINER: &str = "flink-main-container";

/// Label of the FlinkDeployments that the operator makes to probe itself: it runs nothing for them.
pub const CANARY_LABEL: &str = "flink.apache.org/canary";

/// Whether an object has that label: the operator neither validates nor deploys it.
pub fn is_canary(object: &Value) -> bool {
    let labels = object.get("metadata").and_then(|metadata| metadata.get("labels"));
    labels
        .and_then(|labels| labels.get(CANARY_LABEL))
        .and_then(Value::as_str)
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// A pod template: what one pod of the set will look like.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// The template stands in the object at this pointer (empty for a Pod, which is its own
    /// template).
    InObject(String),
    /// The template is merged from two places of the object, as the operator merges them.
    Merged(MergedTemplate),
    /// The template is made from fields of the object that stand elsewhere.
    Generated(GeneratedTemplate),
}

/// A template that an operator makes from an object's own fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeneratedTemplate {
    /// The template: `metadata` and `spec`.
    pub value: Value,
    /// Where the role's fields stand: `/spec/taskManager`.
    pub base: String,
    /// Places within the template, and where in the object their values stand; the longest that
    /// holds a place counts.
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
    /// Where the common template stands or would stand: `/spec/podTemplate`.
    pub common: String,
    /// Where the role's template stands or would stand: `/spec/taskManager/podTemplate`.
    pub role: String,
    /// Whether arrays are merged by their elements' names
    /// (`kubernetes.operator.pod-template.merge-arrays-by-name`).
    pub by_name: bool,
    /// For arrays merged by name: pointer of the array within the template → for each merged
    /// element, its index in the common and in the role's array. Arrays merged by position keep
    /// their indices.
    pub elements: BTreeMap<String, ElementOrigins>,
}

/// Pods that are alike: one role, one template, so many replicas.
#[derive(Clone, Debug, PartialEq)]
pub struct PodSet {
    /// What these pods are.
    pub role: Role,
    /// How many there are at most as far as the object says.
    pub replicas: u64,
    /// What they look like.
    pub template: Template,
    /// Index of the container that runs Flink in the template's `spec.containers`; `None` where the
    /// template has none (the operator adds it) or the pod runs no Flink.
    pub main_container: Option<usize>,
}

impl PodSet {
    /// The template itself, `Null` where the object has none.
    pub fn template<'a>(&'a self, object: &'a Value) -> &'a Value {
        match &self.template {
            Template::InObject(pointer) => pointer::at(object, pointer).unwrap_or(&Value::Null),
            Template::Merged(merged) => &merged.value,
            Template::Generated(made) => &made.value,
        }
    }

    /// The pointer that rules and findings use as this template's place in the object.
    pub fn path(&self) -> &str {
        match &self.template {
            Template::InObject(pointer) => pointer,
            Template::Merged(merged) => &merged.role,
            Template::Generated(made) => &made.base,
        }
    }

    /// Where a place within the template (`/spec/containers/0/image`) stands in the object: in the
    /// role's template if it is there, else in the common one, else at the nearest place of either
    /// that is there.
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

    /// The same place in the common and in the role's template: indices differ where arrays merge
    /// by name.
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
    /// Whether it runs a job of its own, and so takes no other.
    pub is_application: bool,
    /// Its configuration, which holds for what the job does not say.
    pub config: FlinkConfig,
}

/// What an object makes Kubernetes run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Workload {
    /// What starts the pods.
    pub engine: Engine,
    /// How TaskManagers come to be; `None` where there is no Flink.
    pub mode: Option<Mode>,
    /// The Flink cluster's id; empty when unknown. A tenant wrote it: never trust it for quota or
    /// security.
    pub cluster: String,
    /// What a pod's labels call its cluster, where that is not the cluster that it is made for.
    pub mismatched_cluster_label: Option<String>,
    /// Of a job that is submitted to a session cluster, that cluster, where it is known.
    pub session: Option<SessionCluster>,
    /// Whether what the object is about is known not to exist: a snapshot's job.
    pub target_missing: bool,
    /// Names of the clusters that an operator makes of this one, where they are not its own: blue
    /// and green.
    pub children: Vec<String>,
    /// How many such clusters run while one takes over from another; zero says as little as one.
    pub concurrent_clusters: u64,
    /// The Flink version that the object names.
    pub version: Option<FlinkVersion>,
    /// How many jobs the object declares.
    pub jobs: u64,
    /// The sets of pods.
    pub pods: Vec<PodSet>,
    /// The configuration that Flink will see, as far as the object says.
    pub config: FlinkConfig,
    /// Where options are written in the object (`/spec/flinkConfiguration`); `None` where it has no
    /// place for them.
    pub config_pointer: Option<String>,
    /// What Kubernetes will be asked for.
    pub size: Size,
    /// Ways by which somebody outside of the cluster gets in.
    pub exposures: Vec<Exposure>,
    /// Whether this object declares a Flink cluster (a custom resource), not merely one pod of it.
    pub declares_cluster: bool,
    /// The claims of the namespace by name, as far as they are known; `None` for none.
    pub claims: Option<Arc<BTreeMap<String, AccessScope>>>,
    /// PodDisruptionBudgets that the object is, or that its operator makes of it.
    pub budgets: Vec<Budget>,
    /// What is beside it in its namespace; `None` where not all of it is known.
    pub namespace_objects: Option<Arc<NamespaceObjects>>,
}

impl Workload {
    /// Whether this is Flink at all.
    pub fn is_flink(&self) -> bool {
        self.engine != Engine::None
    }

    /// The first of an option's names that is set: by the object or, for a session job that does
    /// not set it, by its cluster.
    pub fn option(&self, names: &[&str]) -> Option<(&str, &Entry)> {
        let of_cluster = || self.session.as_ref().and_then(|session| session.config.first(names));
        self.config.first(names).or_else(of_cluster)
    }

    /// Whether options of the configuration (`kubernetes.taskmanager.…`) decide what pods of this
    /// role will be like: for all pods that an operator makes of a custom resource, and for the
    /// TaskManagers that a native JobManager asks for.
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

    /// How many clusters, all alike, the object declares. A role's pods are a part of one: where
    /// the part alone is too large, so is the cluster.
    pub fn clusters(&self) -> u64 {
        if self.declares_cluster {
            self.concurrent_clusters.max(1)
        } else {
            u64::from(self.creates_flink_pods())
        }
    }

    /// Whether pods of Flink will be made from a template in this object, as a Deployment's are,
    /// rather than being one.
    pub fn creates_flink_pods(&self) -> bool {
        self.is_flink() && self.pods.iter().any(|set| !set.path().is_empty())
    }
}
