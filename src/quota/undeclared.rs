//! Containers that declare neither request nor limit for a resource that their tenant limits:
//! nothing could be counted for them, so they are refused, as ResourceQuota refuses them.

use super::limits::Limits;
use crate::flink::Workload;
use crate::resource::pointer;
use serde_json::Value;

/// A resource that the tenant limits and a container does not declare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undeclared {
    /// The container's name.
    pub container: String,
    /// `cpu` or `memory`.
    pub resource: &'static str,
    /// JSON Pointer of the container.
    pub place: String,
}

/// The undeclared requests of a Pod's containers.
pub fn of_pod(object: &Value, workload: &Workload, limits: &Limits) -> Vec<Undeclared> {
    let limited: Vec<&'static str> =
        ["cpu", "memory"].into_iter().filter(|name| limits.hard.contains_key(*name)).collect();
    let mut found = Vec::new();
    for pods in &workload.pods {
        let template = pods.template(object);
        // Requests of the whole pod, where given, stand for all of its containers.
        let declared_by_pod =
            |resource: &str| declares(pointer::at(template, "/spec/resources"), resource);
        let containers = pointer::at(template, "/spec/containers").and_then(Value::as_array);
        for (index, container) in containers.into_iter().flatten().enumerate() {
            for resource in limited.iter().copied().filter(|resource| {
                !declared_by_pod(resource) && !declares(container.get("resources"), resource)
            }) {
                let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
                found.push(Undeclared {
                    container: name.into(),
                    resource,
                    place: format!("{}/spec/containers/{index}", pods.path()),
                });
            }
        }
    }
    found
}

fn declares(resources: Option<&Value>, resource: &str) -> bool {
    resources.is_some_and(|resources| {
        ["requests", "limits"]
            .iter()
            .any(|kind| resources.get(kind).is_some_and(|amounts| amounts.get(resource).is_some()))
    })
}
