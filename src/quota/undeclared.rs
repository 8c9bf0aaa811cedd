//! Finds containers without a request or limit for a resource that their tenant limits.
//!
//! Nothing can be counted for such a container, so it is refused, as ResourceQuota does.

use super::limits::{Limits, UndeclaredResource};
use crate::flink::Workload;
use crate::resource::pointer;
use serde_json::Value;

/// The undeclared resources of a pod's containers.
pub fn of_pod(object: &Value, workload: &Workload, limits: &Limits) -> Vec<UndeclaredResource> {
    let limited: Vec<&'static str> =
        ["cpu", "memory"].into_iter().filter(|name| limits.hard.contains_key(*name)).collect();
    let mut undeclared = Vec::new();
    for pods in &workload.pods {
        let template = pods.template(object);
        // Pod-level resources cover all containers.
        let declared_by_pod =
            |resource: &str| declares(pointer::at(template, "/spec/resources"), resource);
        let containers = pointer::at(template, "/spec/containers").and_then(Value::as_array);
        for (index, container) in containers.into_iter().flatten().enumerate() {
            for resource in limited.iter().copied().filter(|resource| {
                !declared_by_pod(resource) && !declares(container.get("resources"), resource)
            }) {
                let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
                undeclared.push(UndeclaredResource {
                    container: name.into(),
                    resource,
                    place: format!("{}/spec/containers/{index}", pods.path()),
                });
            }
        }
    }
    undeclared
}

fn declares(resources: Option<&Value>, resource: &str) -> bool {
    resources.is_some_and(|resources| {
        ["requests", "limits"]
            .iter()
            .any(|kind| resources.get(kind).is_some_and(|amounts| amounts.get(resource).is_some()))
    })
}
