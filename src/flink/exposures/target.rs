//! What a Service or an Ingress leads to, as its object says. Which pods these are depends on the
//! other objects of its namespace: see [`crate::kubernetes::reach`].

use crate::resource::fields::{elements, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What an exposure leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// Nothing that runs.
    #[default]
    Nothing,
    /// The REST port of the cluster that the same object declares.
    OwnRestPort,
    /// What a Service selects.
    Pods(Selection),
    /// What these Services select.
    Services(Vec<Backend>),
}

/// The pods and ports of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The pods.
    pub selector: Selector,
    /// The ports. Without one, as a headless Service may be, all of the pods' ports are reached.
    pub ports: Vec<ServicePort>,
}

/// How a Service selects pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Selector {
    /// By no selector: EndpointSlices that someone writes name any address.
    #[default]
    ByHand,
    /// By labels.
    Labels(BTreeMap<String, String>),
    /// It is a DNS alias for this name.
    Alias(String),
}

/// A port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name; empty if it has none.
    pub name: String,
    /// Its number.
    pub number: Option<u64>,
    /// The port of the pods.
    pub target: PortRef,
}

/// A port, by its number or by a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortRef {
    /// The number.
    Number(u64),
    /// The name.
    Name(String),
}

/// A Service and port to which an Ingress leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// The name of the Service.
    pub service: String,
    /// The port of the Service; `None` if it is not readable, which may be any.
    pub port: Option<PortRef>,
}

impl PortRef {
    /// Reads a number or a name. Kubernetes takes a text of digits for a number.
    pub fn read(port: &Value) -> Option<Self> {
        match port {
            Value::String(name) => {
                Some(name.parse().map_or_else(|_| Self::Name(name.clone()), Self::Number))
            }
            port => port.as_u64().map(Self::Number),
        }
    }
}

impl Selection {
    /// Reads the spec of a Service.
    pub fn of_service(spec: &Value) -> Self {
        let labels = spec.get("selector").and_then(Value::as_object);
        let selector = match labels.filter(|labels| !labels.is_empty()) {
            _ if text(spec, "type") == "ExternalName" => {
                Selector::Alias(text(spec, "externalName").to_owned())
            }
            Some(labels) => Selector::Labels(
                labels
                    .iter()
                    .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().into()))
                    .collect(),
            ),
            None => Selector::ByHand,
        };
        let port = |port: &Value| {
            let number = port.get("port").and_then(Value::as_u64);
            let target = port.get("targetPort").filter(|target| !target.is_null());
            // Kubernetes reads a target port of 0, or an empty one, as the Service's port.
            let target = target
                .and_then(PortRef::read)
                .filter(|target| {
                    *target != PortRef::Number(0) && *target != PortRef::Name("".into())
                })
                .or(number.map(PortRef::Number))?;
            Some(ServicePort { name: text(port, "name").to_owned(), number, target })
        };
        Self { selector, ports: elements(spec, "ports").iter().filter_map(port).collect() }
    }

    /// The ports that are among these of the Service; `None` if it has none of them. One that is not
    /// readable may be any.
    pub fn through(&self, wanted: &[Option<&PortRef>]) -> Option<Vec<&ServicePort>> {
        let (mut numbers, mut names) = (BTreeSet::new(), BTreeSet::new());
        let mut is_any = false;
        for port in wanted {
            match port {
                None => is_any = true,
                Some(PortRef::Number(number)) => {
                    numbers.insert(*number);
                }
                Some(PortRef::Name(name)) => {
                    names.insert(name.as_str());
                }
            }
        }
        let is_wanted = |own: &&ServicePort| {
            is_any
                || own.number.is_some_and(|number| numbers.contains(&number))
                || names.contains(own.name.as_str())
        };
        let ports: Vec<_> = self.ports.iter().filter(is_wanted).collect();
        (is_any || !ports.is_empty()).then_some(ports)
    }
}

impl Backend {
    /// Reads a backend of an Ingress, of any version of its API; `None` if it is not a Service.
    pub fn read(backend: &Value) -> Option<Self> {
        let service = backend.get("service");
        let name = service.and_then(|service| service.get("name"));
        let name = name.or_else(|| backend.get("serviceName")).and_then(Value::as_str)?;
        let port = service.and_then(|service| service.get("port"));
        let number = port.and_then(|port| port.get("number"));
        let by_name = || port.and_then(|port| port.get("name"));
        let port = number.or_else(by_name).or_else(|| backend.get("servicePort"));
        Some(Self { service: name.to_owned(), port: port.and_then(PortRef::read) })
    }
}
