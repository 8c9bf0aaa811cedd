//! Whether a Service or an Ingress leads to the REST port of a JobManager.
//!
//! The pods that a selector matches decide, not the names of objects and ports. Where none of these
//! pods is known, only the labels that Flink and its operators set on every JobManager are certain.

use super::placement::{Label, PodLabels};
use super::reached_pods;
use crate::flink::exposures::{Backend, PortRef, Selection, Selector, ServicePort, Target};
pub use crate::flink::job_manager_ports::has_rest_port;
use crate::flink::job_manager_ports::{JobManagerPorts, REST_PORT, is_other, is_rest_name};
pub use crate::flink::network::Reach;
use crate::flink::network::{NamespaceNetwork, ReachedPods};
use crate::flink::{Engine, Role, Workload};
use crate::resource::steps;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Labels by which Flink, its operators and charts identify JobManagers.
const COMPONENT_LABELS: [&str; 3] =
    ["component", "app.kubernetes.io/component", "flink-deployment-type"];

/// The objects around an exposure.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// Those of its namespace; `None` if nothing is known.
    pub network: Option<&'a NamespaceNetwork>,
    /// The namespace.
    pub namespace: &'a str,
    /// Labels that the tenant gives every pod.
    pub labels: &'a BTreeMap<String, String>,
}

/// The JobManagers of one object, for many exposures.
#[derive(Debug)]
pub struct OwnJobManagers<'a> {
    workload: &'a Workload,
    sets: Vec<(PodLabels<'a>, JobManagerPorts)>,
}

impl<'a> OwnJobManagers<'a> {
    /// Those of an object.
    pub fn of(object: &'a Value, workload: &'a Workload) -> Self {
        let sets = workload.pods.iter().filter(|set| set.role == Role::JobManager).map(|set| {
            let template = set.template(object);
            let ports = JobManagerPorts::of(template, &workload.config);
            (PodLabels::of(set, template, workload), ports)
        });
        Self { workload, sets: sets.collect() }
    }
}

impl<'a> Surroundings<'a> {
    /// Whether a target leads to the REST port of a JobManager.
    pub fn reach(&self, target: &Target) -> Reach {
        match target {
            Target::Nothing => Reach::No,
            Target::OwnRestPort => Reach::Yes,
            Target::Pods(selection) => self.of_selection(selection),
            Target::Services(backends) => {
                let reached = backends.iter().map(|backend| self.of_backend(backend));
                reached.max().unwrap_or(Reach::No)
            }
        }
    }

    /// What the Services of the namespace lead to. It is looked up once: all objects of a namespace
    /// have the same tenant.
    fn reached(&self) -> Option<&'a ReachedPods> {
        let network = self.network?;
        Some(network.reached.get_or_init(|| reached_pods::of(network, self)))
    }

    fn of_selection(&self, selection: &Selection) -> Reach {
        match &selection.selector {
            Selector::ByHand => Reach::Possible,
            Selector::Alias(name) => {
                let services = self.network.map(|network| &network.services);
                match self.aliased(name) {
                    Aliased::Outside(reach) => reach,
                    Aliased::Service(name) => services
                        .and_then(|services| services.get(name))
                        .filter(|service| !matches!(service.selector, Selector::Alias(_)))
                        .map_or(Reach::Possible, |service| self.of_selection(service)),
                }
            }
            Selector::Labels(labels) => {
                let known = self.network.zip(self.reached());
                let known = known.map_or_else(
                    || Some(JobManagerPorts::default()),
                    |(network, reached)| reached.selected(network, self, labels),
                );
                self.of_labels(labels, &selection.ports, known.as_ref())
            }
        }
    }

    /// What a selection of these JobManagers leads to; `None` if too many objects had to be searched.
    pub(super) fn of_labels(
        &self,
        labels: &BTreeMap<String, String>,
        ports: &[ServicePort],
        selected: Option<&JobManagerPorts>,
    ) -> Reach {
        match selected {
            None => return Reach::Possible,
            Some(selected) if selected.are_reached_by(ports) => return Reach::Yes,
            Some(selected) if selected.sets() > 0 => return Reach::No,
            Some(_) => {}
        }
        let components = || COMPONENT_LABELS.iter().filter_map(|key| labels.get(*key));
        let may_be_rest = ports.is_empty() || ports.iter().any(|port| !is_other(&port.target));
        if !may_be_rest {
            return Reach::No;
        }
        if components().any(|component| component.eq_ignore_ascii_case("jobmanager")) {
            return Reach::Yes;
        }
        // Flink's own labels are on every pod that an operator creates.
        let selects_others = components().next().is_some()
            || labels.get("type").is_some_and(|kind| !kind.starts_with("flink-"));
        match self.network {
            Some(network) if network.knows_pods => Reach::No,
            _ if selects_others => Reach::No,
            Some(_) => Reach::Unknown,
            None => Reach::Possible,
        }
    }

    /// Whether a target that exists already leads to the REST port of these JobManagers.
    pub fn target_leads_to(&self, target: &Target, own: &OwnJobManagers<'_>) -> bool {
        match target {
            Target::Nothing | Target::OwnRestPort => false,
            Target::Pods(selection) => self.leads_to(&selection.selector, &selection.ports, own),
            Target::Services(backends) => {
                let mut by_service: BTreeMap<&str, Vec<Option<&PortRef>>> = BTreeMap::new();
                for backend in backends {
                    steps::step();
                    by_service.entry(&backend.service).or_default().push(backend.port.as_ref());
                }
                by_service.into_iter().any(|(name, ports)| {
                    let service = self.network.and_then(|network| network.services.get(name));
                    makes_service(own.workload, name)
                        || service.is_some_and(|service| {
                            service
                                .through(&ports)
                                .is_some_and(|ports| self.leads_to(&service.selector, ports, own))
                        })
                })
            }
        }
    }

    /// Whether a selection leads to the REST port of these JobManagers.
    fn leads_to<'p>(
        &self,
        selector: &Selector,
        ports: impl IntoIterator<Item = &'p ServicePort>,
        own: &OwnJobManagers<'_>,
    ) -> bool {
        let Selector::Labels(labels) = selector else { return false };
        let selects = |own_labels: &PodLabels<'_>| {
            labels.iter().all(|(key, value)| {
                steps::step();
                self.labels.get(key) == Some(value)
                    || operator_label(own.workload, key, value)
                    || may_equal(own_labels.get(key), value)
            })
        };
        let mut selected = own.sets.iter().filter(|(labels, _)| selects(labels)).peekable();
        if selected.peek().is_none() {
            return false;
        }
        let selected: Vec<_> = selected.map(|(_, ports)| ports).collect();
        let mut ports = ports.into_iter().peekable();
        ports.peek().is_none()
            || ports.any(|port| selected.iter().any(|own| own.is_reached_by(port)))
    }

    fn of_backend(&self, backend: &Backend) -> Reach {
        steps::step();
        if let Some(reached) = self.reached() {
            if let Some(service) = reached.services.get(&backend.service) {
                return service.through(backend.port.as_ref());
            }
            if reached.makes_service(&backend.service) {
                return Reach::Yes;
            }
        }
        if self.network.is_some_and(|network| network.is_complete) {
            return Reach::No;
        }
        // Nothing is known of the Service. Operators create Services with these names, which proves
        // nothing.
        let is_named = backend.service.ends_with("-rest") || backend.service.contains("jobmanager");
        let is_rest = match &backend.port {
            Some(PortRef::Number(number)) => *number == REST_PORT,
            Some(PortRef::Name(name)) => is_rest_name(name),
            None => false,
        };
        match self.network {
            _ if !is_named && !is_rest => Reach::No,
            Some(_) => Reach::Unknown,
            None => Reach::Possible,
        }
    }

    /// What an alias leads to: a Service in the cluster by its DNS name (`name.namespace.svc`, or
    /// shorter), a pod by its own name or address, or a host elsewhere.
    pub(super) fn aliased<'n>(&self, alias: &'n str) -> Aliased<'n> {
        let alias = alias.trim_end_matches('.');
        if alias.parse::<IpAddr>().is_ok() {
            return Aliased::Outside(Reach::Possible);
        }
        let mut labels = alias.split('.');
        let (name, namespace) = (labels.next().unwrap_or_default(), labels.next());
        let is_service = labels.next().is_none_or(|third| third.eq_ignore_ascii_case("svc"));
        if !is_service {
            let is_pods =
                |label: &str| ["svc", "pod"].iter().any(|own| label.eq_ignore_ascii_case(own));
            let of_pod = alias.split('.').skip(2).any(is_pods);
            return Aliased::Outside(if of_pod { Reach::Possible } else { Reach::No });
        }
        if namespace.is_some_and(|namespace| !namespace.eq_ignore_ascii_case(self.namespace)) {
            return Aliased::Outside(Reach::Possible);
        }
        Aliased::Service(name)
    }
}

/// What an alias is for.
pub(super) enum Aliased<'n> {
    /// A Service of this name in the same namespace.
    Service(&'n str),
    /// Anything else.
    Outside(Reach),
}

/// Whether a label may have a value.
pub(super) fn may_equal(label: Label<'_>, value: &str) -> bool {
    match label {
        Label::Value(own) => own == value,
        Label::Later | Label::Unique => true,
        Label::Absent => false,
    }
}

/// Whether an operator gives the JobManagers of a workload a label.
pub(super) fn operator_label(workload: &Workload, key: &str, value: &str) -> bool {
    let is_cluster = || {
        let mut clusters = std::iter::once(&workload.cluster).chain(&workload.children);
        workload.declares_cluster && clusters.any(|cluster| cluster == value)
    };
    match (workload.engine, key) {
        (Engine::Operator, "app") => is_cluster(),
        (Engine::Spotify, "cluster") | (Engine::Lyft, "app" | "flink-app") => is_cluster(),
        (Engine::Spotify, "app") => value == "flink",
        (Engine::Spotify, "component") | (Engine::Lyft, "flink-deployment-type") => {
            value == "jobmanager"
        }
        // It has a hash that only the operator knows.
        (Engine::Lyft, HASH_LABEL) => workload.declares_cluster,
        _ => false,
    }
}

/// A label whose value only Lyft's operator knows.
pub(super) const HASH_LABEL: &str = "flink-app-hash";

/// Whether an operator creates a Service of this name for a cluster's REST port.
pub fn makes_service(workload: &Workload, name: &str) -> bool {
    let mut clusters = std::iter::once(&workload.cluster).chain(&workload.children);
    workload.declares_cluster
        && clusters.any(|cluster| {
            name.strip_prefix(cluster.as_str()).is_some_and(|rest| match workload.engine {
                Engine::Operator => rest == "-rest",
                _ => rest.starts_with('-') && !rest.contains("taskmanager"),
            })
        })
}
