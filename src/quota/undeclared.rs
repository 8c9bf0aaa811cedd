//! Finds containers without a request or limit for a resource that their tenant limits.
//!
//! Nothing can be counted for such a container, so its pod is refused, as ResourceQuota does.

use super::limits::{Limits, UndeclaredResource};
use crate::flink::workload::MAIN_CONTAINER;
use crate::flink::{PodSet, Template, Workload};
use crate::resource::fields::{elements_at, text};
use crate::resource::{pointer, steps};
use serde_json::Value;

/// The undeclared resources of a pod's containers, or of those in an object's templates.
pub fn of_pods(object: &Value, workload: &Workload, limits: &Limits) -> Vec<UndeclaredResource> {
    let mut undeclared = Vec::new();
    let is_limited = |name: &&str| {
        // A LimitRange gives containers a request when their pod is created.
        limits.hard.contains_key(*name) && !workload.container_defaults.has(name)
    };
    for pods in &workload.pods {
        let template = pods.template(object);
        // Pod-level resources cover all containers.
        let of_pod = pointer::at(template, "/spec/resources");
        for resource in ["cpu", "memory"].into_iter().filter(is_limited) {
            if declares(of_pod, resource) {
                continue;
            }
            let containers = elements_at(template, "/spec/containers").iter().enumerate();
            for (index, container) in containers {
                steps::step();
                let is_declared = declares(container.get("resources"), resource);
                if is_declared || is_sized_by_operator(pods, container) {
                    continue;
                }
                undeclared.push(UndeclaredResource {
                    container: text(container, "name").into(),
                    resource,
                    place: format!("{}/spec/containers/{index}", pods.path()),
                    in_template: !pods.path().is_empty(),
                });
            }
        }
    }
    undeclared
}

/// Whether the operator overwrites the requests of a container.
fn is_sized_by_operator(pods: &PodSet, container: &Value) -> bool {
    matches!(pods.template, Template::Merged(_)) && text(container, "name") == MAIN_CONTAINER
}

/// Whether the resources of a container or pod have a request or a limit.
pub fn declares(resources: Option<&Value>, resource: &str) -> bool {
    resources.is_some_and(|resources| {
        ["requests", "limits"]
            .iter()
            .any(|kind| resources.get(kind).is_some_and(|amounts| amounts.get(resource).is_some()))
    })
}
