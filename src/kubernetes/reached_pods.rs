//! What all Services of a namespace lead to, looked up together: a namespace may have as many
//! Services as pods, and each of them is compared only with the pods that have its rarest label.

use super::placement::{PodLabels, indexed_label, may_be_added};
use super::reach::{Aliased, HASH_LABEL, Reach, Surroundings, may_equal, operator_label};
use crate::flink::exposures::{Selection, Selector, ServicePort};
use crate::flink::job_manager_ports::JobManagerPorts;
use crate::flink::network::{NamespaceNetwork, ReachedPods, ServiceReach};
use crate::flink::pod_index::{IndexedPods, SelectorWork};
use crate::flink::{Engine, Role, Workload};
use crate::resource::steps;
use std::collections::BTreeMap;

/// No object of Kubernetes has a longer name.
const LONGEST_NAME: usize = 253;

/// Looks everything up.
pub(super) fn of(network: &NamespaceNetwork, around: &Surroundings<'_>) -> ReachedPods {
    let mut reached = ReachedPods::default();
    for one in network.job_managers.iter().filter(|one| one.workload.declares_cluster) {
        for cluster in std::iter::once(&one.workload.cluster).chain(&one.workload.children) {
            match one.workload.engine {
                Engine::Operator => reached.made_by_operator.insert(format!("{cluster}-rest")),
                _ => reached.other_clusters.insert(cluster.clone()),
            };
        }
    }
    add_job_managers(network, &mut reached);
    let objects = network.services.len().saturating_add(reached.pods.len());
    let mut work = SelectorWork::for_objects(objects);
    for (name, service) in &network.services {
        steps::step();
        if let Selector::Labels(labels) = &service.selector {
            if !reached.by_labels.contains_key(labels) {
                let selected = reached.search(network, around, labels, &mut work);
                reached.by_labels.insert(labels.clone(), selected);
            }
            let selected = reached.by_labels.get(labels).and_then(Option::as_ref);
            let reach = of_service(around, service, labels, selected);
            reached.services.insert(name.clone(), reach);
        } else if matches!(service.selector, Selector::ByHand) {
            let reach = each_port(service, |_| Reach::Possible, Reach::Possible);
            reached.services.insert(name.clone(), reach);
        }
    }
    for (name, service) in &network.services {
        let Selector::Alias(alias) = &service.selector else { continue };
        let all = match around.aliased(alias) {
            Aliased::Outside(reach) => reach,
            // The alias of an alias is not followed.
            Aliased::Service(name) => reached
                .services
                .get(name)
                .filter(|service| !service.is_alias)
                .map_or(Reach::Possible, |service| service.all),
        };
        let reach = ServiceReach { all, is_alias: true, ..ServiceReach::default() };
        reached.services.insert(name.clone(), reach);
    }
    reached
}

fn of_service(
    around: &Surroundings<'_>,
    service: &Selection,
    labels: &BTreeMap<String, String>,
    selected: Option<&JobManagerPorts>,
) -> ServiceReach {
    let of = |ports: &[_]| around.of_labels(labels, ports, selected);
    each_port(service, |port| of(std::slice::from_ref(port)), of(&service.ports))
}

fn each_port(
    service: &Selection,
    reach: impl Fn(&ServicePort) -> Reach,
    all: Reach,
) -> ServiceReach {
    let mut found = ServiceReach { all, ..ServiceReach::default() };
    for port in &service.ports {
        let reach = reach(port);
        let by_name = found.by_name.entry(port.name.clone()).or_default();
        *by_name = reach.max(*by_name);
        if let Some(number) = port.number {
            let by_number = found.by_number.entry(number).or_default();
            *by_number = reach.max(*by_number);
        }
    }
    found
}

impl ReachedPods {
    /// The JobManagers that labels select; `None` if too many objects had to be searched.
    pub(super) fn selected(
        &self,
        network: &NamespaceNetwork,
        around: &Surroundings<'_>,
        labels: &BTreeMap<String, String>,
    ) -> Option<JobManagerPorts> {
        match self.by_labels.get(labels) {
            Some(known) => known.clone(),
            // Another Service in the input has its name.
            None => self.search(network, around, labels, &mut SelectorWork::for_objects(1)),
        }
    }

    /// The JobManagers that labels select; `None` if that takes too much work.
    fn search(
        &self,
        network: &NamespaceNetwork,
        around: &Surroundings<'_>,
        labels: &BTreeMap<String, String>,
        work: &mut SelectorWork,
    ) -> Option<JobManagerPorts> {
        // What every pod may have distinguishes none.
        let distinguishing = labels.iter().filter(|(key, value)| {
            around.labels.get(*key) != Some(*value) && *key != HASH_LABEL && !may_be_added(key)
        });
        let wanted = distinguishing.map(|(key, value)| (key.as_str(), Some(value.as_str())));
        let mut selected = JobManagerPorts::default();
        for number in self.pods.candidates(wanted).iter() {
            if !work.take(1) {
                return None;
            }
            let (Some(pods), Some(ports)) = (self.pods.get(number), self.ports.get(number)) else {
                continue;
            };
            let Some(one) = network.job_managers.get(pods.object) else { continue };
            let is_selected = labels.iter().all(|(key, value)| {
                steps::step();
                around.labels.get(key) == Some(value)
                    || operator_label(&one.workload, key, value)
                    || may_equal(indexed_label(pods, key), value)
            });
            if is_selected {
                selected.add(ports);
                if !work.take(ports.parts()) {
                    return None;
                }
            }
        }
        Some(selected)
    }

    /// Whether an operator creates a Service of this name for one of the clusters.
    pub(super) fn makes_service(&self, name: &str) -> bool {
        if self.made_by_operator.contains(name) {
            return true;
        }
        if self.other_clusters.is_empty() || name.len() > LONGEST_NAME {
            return false;
        }
        name.match_indices('-').any(|(at, _)| {
            steps::step();
            let (cluster, rest) = name.split_at(at);
            self.other_clusters.contains(cluster) && !rest.contains("taskmanager")
        })
    }
}

fn add_job_managers(network: &NamespaceNetwork, reached: &mut ReachedPods) {
    for (object, one) in network.job_managers.iter().enumerate() {
        for (number, set) in one.workload.pods.iter().enumerate() {
            if set.role != Role::JobManager {
                continue;
            }
            let template = set.template(&one.object);
            let labels = PodLabels::of(set, template, &one.workload);
            let added = added_labels(&one.workload);
            reached.pods.add(IndexedPods { object, set: number, added, ..labels.indexed() });
            reached.ports.push(JobManagerPorts::of(template, &one.workload.config));
        }
    }
}

/// The labels for which [`operator_label`] may hold.
fn added_labels(workload: &Workload) -> Vec<(String, String)> {
    let own = |keys: &[&str]| -> Vec<(String, String)> {
        let clusters = std::iter::once(&workload.cluster).chain(&workload.children);
        let pairs = |cluster: &String| {
            let cluster = cluster.clone();
            keys.iter().map(move |key| ((*key).to_owned(), cluster.clone())).collect::<Vec<_>>()
        };
        clusters.flat_map(pairs).collect()
    };
    let mut labels = match workload.engine {
        Engine::Operator => own(&["app"]),
        Engine::Spotify => own(&["cluster"]),
        Engine::Lyft => own(&["app", "flink-app"]),
        _ => return Vec::new(),
    };
    let fixed: &[(&str, &str)] = match workload.engine {
        Engine::Spotify => &[("app", "flink"), ("component", "jobmanager")],
        Engine::Lyft => &[("flink-deployment-type", "jobmanager")],
        _ => &[],
    };
    labels.extend(fixed.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    labels
}
