//! The objects of a namespace between clients and JobManagers: what runs JobManagers, Services and
//! Ingresses.
//!
//! What a Service leads to depends on the pods that it selects. Offline they are in the same input,
//! in a cluster the API server lists them.

use super::Workload;
use super::budgets::WorkloadObject;
use super::exposures::{Exposure, PortRef, Selection};
use super::job_manager_ports::JobManagerPorts;
use super::pod_index::PodIndex;
use super::workload::Role;
use crate::resource::Resource;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// What is known of the traffic in a namespace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamespaceNetwork {
    /// The objects that run JobManagers.
    pub job_managers: Vec<WorkloadObject>,
    /// Whether objects that run pods are known, so that a selector that matches none of
    /// [`Self::job_managers`] selects others.
    pub knows_pods: bool,
    /// Whether these are all objects of the namespace, as in a cluster. A Service that is missing does
    /// not exist yet, and is checked with what leads to it when it is created.
    pub is_complete: bool,
    /// What Services select, by their names.
    pub services: BTreeMap<String, Selection>,
    /// The Services and Ingresses that exist already, by kind and name. Offline there are none:
    /// they are checked themselves, together with all pods of the input.
    pub exposures: Vec<(String, String, Exposure)>,
    /// What Services lead to, which is looked up once for all exposures.
    pub reached: OnceLock<ReachedPods>,
}

/// What is known of an exposure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// It does not lead to a JobManager.
    #[default]
    No,
    /// Nothing is known of what it selects: its pods, or its Service, are not in the input.
    Unknown,
    /// It may lead to one, and no list of pods can show whether it does: addresses that a user
    /// writes, an alias, or a review without access to a cluster.
    Possible,
    /// It leads to a JobManager's REST port.
    Yes,
}

/// What the Services of a namespace lead to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReachedPods {
    /// The sets of JobManagers by their labels.
    pub pods: PodIndex,
    /// Their ports, in the same order.
    pub ports: Vec<JobManagerPorts>,
    /// The JobManagers that labels select; `None` if too many objects had to be searched.
    pub by_labels: BTreeMap<BTreeMap<String, String>, Option<JobManagerPorts>>,
    /// What each Service leads to.
    pub services: BTreeMap<String, ServiceReach>,
    /// The Services that the Flink operator creates.
    pub made_by_operator: BTreeSet<String>,
    /// The clusters for which other operators create Services with names that begin with theirs.
    pub other_clusters: BTreeSet<String>,
}

/// What the ports of a Service lead to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceReach {
    /// All together.
    pub all: Reach,
    /// Each one, by its number.
    pub by_number: BTreeMap<u64, Reach>,
    /// Each one, by its name.
    pub by_name: BTreeMap<String, Reach>,
    /// Whether the Service is an alias, which has no ports.
    pub is_alias: bool,
}

impl ServiceReach {
    /// What one port leads to; all together if it is not readable.
    pub fn through(&self, port: Option<&PortRef>) -> Reach {
        let found = match port {
            None => Some(&self.all),
            _ if self.is_alias => Some(&self.all),
            Some(PortRef::Number(number)) => self.by_number.get(number),
            Some(PortRef::Name(name)) => self.by_name.get(name),
        };
        found.copied().unwrap_or_default()
    }
}

impl NamespaceNetwork {
    /// Adds an object that exists, with its workload.
    pub fn add(&mut self, resource: &Resource, workload: Option<Workload>) {
        let Some(workload) = workload else { return };
        if is_service(resource) {
            self.add_service(resource);
        }
        let (kind, name) = (&resource.kind.kind, &resource.name);
        let exposures = workload.exposures.iter().filter(|_| workload.pods.is_empty());
        self.exposures
            .extend(exposures.map(|exposure| (kind.clone(), name.clone(), exposure.clone())));
        self.add_pods(&resource.object, workload);
    }

    fn add_pods(&mut self, object: &Value, workload: Workload) {
        if workload.pods.is_empty() {
            return;
        }
        self.knows_pods = true;
        if workload.pods.iter().any(|set| set.role == Role::JobManager) {
            self.job_managers.push(WorkloadObject { object: object.clone(), workload });
        }
    }

    fn add_service(&mut self, resource: &Resource) {
        let spec = resource.object.get("spec").unwrap_or(&Value::Null);
        self.services.insert(resource.name.clone(), Selection::of_service(spec));
    }

    /// Replaces a Service or an Ingress by the one that a request wants. Its own exposures are
    /// checked with the request.
    pub fn replace(&mut self, resource: &Resource) {
        self.exposures
            .retain(|(kind, name, _)| *kind != resource.kind.kind || *name != resource.name);
        if is_service(resource) {
            self.add_service(resource);
        }
    }

    /// The networks of the namespaces of an input that have Services or Ingresses.
    pub fn of_input<'a>(
        resources: impl Iterator<Item = &'a Resource> + Clone,
        lower: impl Fn(&Resource) -> Option<Workload>,
    ) -> BTreeMap<String, Arc<Self>> {
        let mut all: BTreeMap<String, Self> = BTreeMap::new();
        for resource in resources.clone() {
            if is_service(resource) {
                all.entry(resource.namespace.clone()).or_default().add_service(resource);
            } else if resource.kind.kind == "Ingress" {
                all.entry(resource.namespace.clone()).or_default();
            }
        }
        if !all.is_empty() {
            for resource in resources {
                if let Some(network) = all.get_mut(&resource.namespace)
                    && let Some(workload) = lower(resource)
                {
                    network.add_pods(&resource.object, workload);
                }
            }
        }
        all.into_iter().map(|(namespace, network)| (namespace, Arc::new(network))).collect()
    }
}

/// Whether a resource is a Service of Kubernetes.
pub fn is_service(resource: &Resource) -> bool {
    resource.kind.group.is_empty() && resource.kind.kind == "Service"
}
