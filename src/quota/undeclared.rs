//! Finds containers without a request or limit for a resource that their tenant limits.
//!
//! Nothing can be counted for such a container, so its pod is refused, as ResourceQuota does.

use super::Usage;
use super::limits::{Limits, UndeclaredResource};
use crate::flink::workload::MAIN_CONTAINER;
use crate::flink::{PodSet, Template, Workload};
use crate::resource::fields::{elements_at, text};
use crate::resource::quantity::Quantity;
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
            for (index, container) in undeclared_containers(pods, template, resource) {
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

/// What LimitRanges of the namespace add to the requests of an object's pods when they are created.
pub fn given_by_limit_ranges(object: &Value, workload: &Workload) -> Usage {
    let mut given = Usage::default();
    for resource in ["cpu", "memory"] {
        let Some(each) = workload.container_defaults.get(resource) else { continue };
        for pods in &workload.pods {
            let template = pods.template(object);
            if declares(pointer::at(template, "/spec/resources"), resource) {
                continue;
            }
            let containers = undeclared_containers(pods, template, resource).count();
            let containers = u64::try_from(containers).unwrap_or(u64::MAX);
            let amount = each.checked_mul(containers.saturating_mul(pods.replicas));
            given.add(&[(resource, amount.unwrap_or(Quantity::MAX))].into_iter().collect());
        }
    }
    given
}

/// The containers of a pod template without a request or limit, with their indices.
fn undeclared_containers<'t>(
    pods: &'t PodSet,
    template: &'t Value,
    resource: &'t str,
) -> impl Iterator<Item = (usize, &'t Value)> {
    elements_at(template, "/spec/containers").iter().enumerate().filter(move |(_, container)| {
        steps::step();
        !declares(container.get("resources"), resource) && !is_sized_by_operator(pods, container)
    })
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
