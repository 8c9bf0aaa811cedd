//! Whether a Service or an Ingress leads to the REST port of a JobManager.
//!
//! The pods that a selector matches decide, not the names of objects and ports. Where none of these
//! pods is known, only the labels that Flink and its operators set on every JobManager are certain.

use super::placement::{Label, PodLabels};
use crate::flink::config::FlinkConfig;
use crate::flink::exposures::{Backend, PortRef, Selection, Selector, Target};
use crate::flink::network::NamespaceNetwork;
use crate::flink::{Engine, Role, Workload};
use crate::resource::fields::{elements, elements_at, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// Flink's default REST port (`rest.port`).
const REST_PORT: u64 = 8081;
/// Names of that port in the manifests of Flink and its operators.
const REST_PORT_NAMES: [&str; 6] = ["rest", "ui", "webui", "web-ui", "flink-ui", "jobmanager-ui"];
/// Other ports of a JobManager: RPC, blobs, queryable state and metrics. Every other one may be a
/// REST port with a different number, or that of a proxy.
const OTHER_PORTS: [u64; 5] = [6123, 6124, 6125, 9249, 9250];
const OTHER_NAMES: [&str; 8] =
    ["rpc", "jobmanager-rpc", "blob", "blobserver", "blob-server", "query", "metrics", "prom"];
/// Labels by which Flink, its operators and charts identify JobManagers.
const COMPONENT_LABELS: [&str; 3] =
    ["component", "app.kubernetes.io/component", "flink-deployment-type"];

/// What is known of an exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// It does not lead to a JobManager.
    No,
    /// Nothing is known of what it selects: its pods, or its Service, are not in the input.
    Unknown,
    /// It may lead to one, and no list of pods can show whether it does: addresses that a user
    /// writes, an alias, or a review without access to a cluster.
    Possible,
    /// It leads to a JobManager's REST port.
    Yes,
}

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

impl Surroundings<'_> {
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

    fn of_selection(&self, selection: &Selection) -> Reach {
        let labels = match &selection.selector {
            Selector::ByHand => return Reach::Possible,
            Selector::Alias(name) => return self.of_alias(name),
            Selector::Labels(labels) => labels,
        };
        let known = self.network.map(|network| network.job_managers.as_slice()).unwrap_or_default();
        let mut is_selected = false;
        for one in known {
            match self.through(selection, &one.object, &one.workload) {
                Some(true) => return Reach::Yes,
                Some(false) => is_selected = true,
                None => {}
            }
        }
        if is_selected {
            return Reach::No;
        }
        let components = || COMPONENT_LABELS.iter().filter_map(|key| labels.get(*key));
        let may_be_rest = selection.ports.is_empty()
            || selection.ports.iter().any(|port| !is_other(&port.target));
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

    /// Whether a selection leads to the REST port of an object's JobManagers.
    pub fn leads_to(&self, selection: &Selection, object: &Value, workload: &Workload) -> bool {
        self.through(selection, object, workload) == Some(true)
    }

    /// Whether the ports of a selection lead to the REST port of an object's JobManagers; `None` if
    /// it selects none of them.
    fn through(&self, selection: &Selection, object: &Value, workload: &Workload) -> Option<bool> {
        let Selector::Labels(labels) = &selection.selector else { return None };
        let sets = workload.pods.iter().filter(|set| set.role == Role::JobManager);
        sets.filter_map(|set| {
            let template = set.template(object);
            let own = PodLabels::of(set, template, workload);
            labels
                .iter()
                .all(|(key, value)| has_label(workload, &own, (key, value), self.labels))
                .then(|| reaches_port(selection, template, &workload.config))
        })
        .max()
    }

    /// Whether a target that exists already leads to the REST port of an object's JobManagers.
    pub fn target_leads_to(&self, target: &Target, object: &Value, workload: &Workload) -> bool {
        match target {
            Target::Nothing | Target::OwnRestPort => false,
            Target::Pods(selection) => self.leads_to(selection, object, workload),
            Target::Services(backends) => backends.iter().any(|backend| {
                makes_service(workload, &backend.service)
                    || self
                        .network
                        .and_then(|network| network.services.get(&backend.service))
                        .and_then(|service| service.through(backend.port.as_ref()))
                        .is_some_and(|selection| self.leads_to(&selection, object, workload))
            }),
        }
    }

    fn of_backend(&self, backend: &Backend) -> Reach {
        let services = self.network.map(|network| &network.services);
        if let Some(service) = services.and_then(|services| services.get(&backend.service)) {
            let through = service.through(backend.port.as_ref());
            return through.map_or(Reach::No, |selection| self.of_selection(&selection));
        }
        let known = self.network.map(|network| network.job_managers.as_slice()).unwrap_or_default();
        if known.iter().any(|one| makes_service(&one.workload, &backend.service)) {
            return Reach::Yes;
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
    fn of_alias(&self, alias: &str) -> Reach {
        let alias = alias.trim_end_matches('.');
        if alias.parse::<IpAddr>().is_ok() {
            return Reach::Possible;
        }
        let mut labels = alias.split('.');
        let (name, namespace) = (labels.next().unwrap_or_default(), labels.next());
        let is_service = labels.next().is_none_or(|third| third.eq_ignore_ascii_case("svc"));
        if !is_service {
            let is_pods =
                |label: &str| ["svc", "pod"].iter().any(|own| label.eq_ignore_ascii_case(own));
            let of_pod = alias.split('.').skip(2).any(is_pods);
            return if of_pod { Reach::Possible } else { Reach::No };
        }
        if namespace.is_some_and(|namespace| !namespace.eq_ignore_ascii_case(self.namespace)) {
            return Reach::Possible;
        }
        let services = self.network.map(|network| &network.services);
        match services.and_then(|services| services.get(name)) {
            Some(Selection { selector: Selector::Alias(_), .. }) => Reach::Possible,
            Some(selection) => self.of_selection(selection),
            None => Reach::Possible,
        }
    }
}

/// Whether JobManagers have a label, or may have it.
fn has_label(
    workload: &Workload,
    own: &PodLabels<'_>,
    (key, value): (&str, &str),
    given: &BTreeMap<String, String>,
) -> bool {
    let is_cluster = || {
        let mut clusters = std::iter::once(&workload.cluster).chain(&workload.children);
        workload.declares_cluster && clusters.any(|cluster| cluster == value)
    };
    let by_operator = match (workload.engine, key) {
        (Engine::Operator, "app") => is_cluster(),
        (Engine::Spotify, "cluster") | (Engine::Lyft, "app" | "flink-app") => is_cluster(),
        (Engine::Spotify, "app") => value == "flink",
        (Engine::Spotify, "component") | (Engine::Lyft, "flink-deployment-type") => {
            value == "jobmanager"
        }
        // It has a hash that only the operator knows.
        (Engine::Lyft, "flink-app-hash") => workload.declares_cluster,
        _ => false,
    };
    by_operator
        || given.get(key).is_some_and(|given| given == value)
        || match own.get(key) {
            Label::Value(own) => own == value,
            Label::Later | Label::Unique => true,
            Label::Absent => false,
        }
}

fn reaches_port(selection: &Selection, template: &Value, config: &FlinkConfig) -> bool {
    if selection.ports.is_empty() {
        return true;
    }
    let ports = container_ports(template);
    let mut own = OwnPorts::of(config);
    let named = ports.iter().filter(|(name, _)| is_rest_name(name)).map(|(_, number)| *number);
    own.rest.extend(named.map(|number| number..=number));
    selection.ports.iter().any(|port| match &port.target {
        PortRef::Name(name) => {
            let mut numbers = ports.iter().filter(|(own, _)| own == name).peekable();
            if numbers.peek().is_some() {
                numbers.any(|(_, number)| !own.is_other(*number))
            } else {
                !OTHER_NAMES.contains(&name.as_str())
            }
        }
        PortRef::Number(number) => !own.is_other(*number),
    })
}

/// The named ports of all containers.
fn container_ports(template: &Value) -> Vec<(&str, u64)> {
    let lists = ["/spec/containers", "/spec/initContainers"];
    let containers = lists.iter().flat_map(|list| elements_at(template, list));
    let ports = containers.flat_map(|container| elements(container, "ports"));
    ports
        .filter_map(|port| Some((text(port, "name"), port.get("containerPort")?.as_u64()?)))
        .collect()
}

/// The ports of a JobManager's processes, according to its options.
struct OwnPorts {
    /// Of its REST port.
    rest: Vec<RangeInclusive<u64>>,
    /// Of Flink's RPC, blobs and metrics, besides [`OTHER_PORTS`].
    others: Vec<RangeInclusive<u64>>,
}

impl OwnPorts {
    fn of(config: &FlinkConfig) -> Self {
        let of = |key: &str| config.get(key).map(ranges).unwrap_or_default();
        let mut rest: Vec<_> = ["rest.bind-port", "rest.port"].into_iter().flat_map(of).collect();
        rest.push(REST_PORT..=REST_PORT);
        let mut others: Vec<_> =
            ["jobmanager.rpc.port", "blob.server.port"].into_iter().flat_map(of).collect();
        for (key, entry) in config.under("metrics.reporter.") {
            // Those that listen; others send to a port elsewhere.
            let listens = |reporter: &str| {
                let class = config.get(&format!("{reporter}.factory.class")).unwrap_or_default();
                ["PrometheusReporterFactory", "JMXReporterFactory"]
                    .iter()
                    .any(|own| class.ends_with(own))
            };
            if key.strip_suffix(".port").is_some_and(listens) {
                others.extend(ranges(&entry.value));
            }
        }
        for (_, entry) in config.under("env.java.") {
            let ports = entry.value.split("jmxremote.port=").skip(1);
            others.extend(ports.filter_map(|rest| {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                let port = rest.get(..end)?.parse().ok()?;
                Some(port..=port)
            }));
        }
        Self { rest, others }
    }

    /// Whether a port is one of its others and never its REST port.
    fn is_other(&self, number: u64) -> bool {
        let within =
            |ranges: &[RangeInclusive<u64>]| ranges.iter().any(|range| range.contains(&number));
        (OTHER_PORTS.contains(&number) || within(&self.others)) && !within(&self.rest)
    }
}

/// The numbers of a port option, which may be lists and ranges.
fn ranges(value: &str) -> Vec<RangeInclusive<u64>> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    };
    value.split(',').filter_map(range).collect()
}

/// Whether a port is by its number or name one of a JobManager's others.
fn is_other(port: &PortRef) -> bool {
    match port {
        PortRef::Number(number) => OTHER_PORTS.contains(number),
        PortRef::Name(name) => OTHER_NAMES.contains(&name.as_str()),
    }
}

/// Whether one of the ports has the number or a usual name of the REST port. That proves nothing.
pub fn has_rest_port(selection: &Selection) -> bool {
    selection.ports.iter().any(|port| match &port.target {
        PortRef::Number(number) => *number == REST_PORT,
        PortRef::Name(name) => is_rest_name(name),
    })
}

fn is_rest_name(name: &str) -> bool {
    REST_PORT_NAMES.iter().any(|rest| name.eq_ignore_ascii_case(rest))
}

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
