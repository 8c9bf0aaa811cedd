//! What a check of one part of a pod needs to know of the rest.

use crate::resource::fields::{ByName, elements};
use serde_json::Value;

/// What is known of a pod in addition to its template.
#[derive(Clone, Copy)]
pub struct Options<'o> {
    /// Whether the template is a Pod itself.
    pub is_pod: bool,
    /// Index of the container that gets its image, and its amounts of CPU and memory, elsewhere.
    pub completed: Option<usize>,
    /// Whether a container is added to those of the template.
    pub adds_container: bool,
    /// Whether a volume with this name is added to those of the template.
    pub adds_volume: &'o dyn Fn(&str) -> bool,
    /// Whether values of labels, annotations and variables are checked to be texts.
    pub checks_types: bool,
}

impl Options<'_> {
    /// A Pod, or the template of a workload of Kubernetes.
    pub fn of_kubernetes(is_pod: bool) -> Options<'static> {
        Options {
            is_pod,
            completed: None,
            adds_container: false,
            adds_volume: &|_| false,
            checks_types: true,
        }
    }
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { is_pod, completed, adds_container, .. } = self;
        write!(f, "Options({is_pod}, {completed:?}, {adds_container})")
    }
}

/// One pod while it is checked.
#[derive(Debug)]
pub struct Context<'c> {
    /// What is known of the pod.
    pub options: &'c Options<'c>,
    /// Its `spec`.
    pub spec: &'c Value,
    /// Its volumes.
    pub volumes: ByName<'c>,
    /// Seconds that it may take to end.
    pub grace_period: i64,
    /// Whether its users are those of the node.
    pub host_users: bool,
}

impl<'c> Context<'c> {
    /// The context of a template's `spec`.
    pub fn new(spec: &'c Value, options: &'c Options<'c>) -> Self {
        let grace_period = spec.get("terminationGracePeriodSeconds").and_then(Value::as_i64);
        Self {
            options,
            spec,
            volumes: ByName::new(elements(spec, "volumes")),
            grace_period: grace_period.unwrap_or(30),
            host_users: spec.get("hostUsers").and_then(Value::as_bool) != Some(false),
        }
    }

    /// Whether the pod will have a volume with this name.
    pub fn has_volume(&self, name: &str) -> bool {
        self.volumes.find(name).is_some()
            || (self.options.adds_volume)(name)
            || !self.knows_volumes()
    }

    /// Whether all volumes can be read. One that cannot may have any name.
    fn knows_volumes(&self) -> bool {
        match self.spec.get("volumes") {
            Some(Value::Array(volumes)) => volumes.iter().all(Value::is_object),
            volumes => volumes.is_none_or(Value::is_null),
        }
    }
}
