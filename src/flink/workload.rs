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
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod canary;
mod templates;

pub use canary::{CANARY_LABEL, is_canary};
pub use templates::{
    ElementOrigins, GeneratedTemplate, MergeResult, MergedTemplate, PodSet, Template,
};

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

/// The FlinkDeployment that a FlinkSessionJob is submitted to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionCluster {
    /// Whether it runs its own job and therefore accepts no others.
    pub is_application: bool,
    /// Its configuration, which applies to options that the job does not set.
    pub config: FlinkConfig,
}

/// A key of a ConfigMap that pods read as Flink's configuration, and whose text nothing judges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnjudgedSource {
    /// JSON Pointer of the field that names it.
    pub place: String,
    /// The key, which is one of Flink's high availability; `None` if a variable names it.
    pub key: Option<String>,
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
    /// Sources of Flink's configuration whose text nothing judges.
    pub unjudged_sources: Vec<UnjudgedSource>,
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
