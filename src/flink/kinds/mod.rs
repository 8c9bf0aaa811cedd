//! The kinds that Flinkgate lowers, with one file per kind, and the table that finds them.
//!
//! To add a kind, add a file with a [`Lowering`] function and a line in [`KINDS`]. This folder does
//! not judge objects: rules do.

mod config_map;
mod counts;
mod dynamic_properties;
mod flink_application;
mod flink_blue_green;
mod flink_cluster;
mod flink_deployment;
mod flink_session_job;
mod flink_state_snapshot;
mod generated_template;
mod growth;
mod ingress;
mod mounted_config;
mod operator_config;
mod operator_count;
mod operator_size;
mod persistent_volume_claim;
mod pod;
mod pod_disruption_budget;
pub(crate) mod pod_template;
mod pod_template_workload;
mod process;
mod service;
mod slot_limits;
mod standalone;

pub use config_map::is_same_configuration;
pub use ingress::has_same_annotations;
pub use persistent_volume_claim::{CLASS_ANNOTATION, is_claim, requests_no_more};
pub use standalone::{is_made_by_operator, only_shrinks};

use super::{Surroundings, Workload};
use crate::resource::Resource;
use serde_json::Value;

/// Lowers one kind's object.
type Lowering = fn(&Resource, &Value, &Surroundings) -> Workload;

/// API group, kind, and its lowering.
const KINDS: [(&str, &str, Lowering); 17] = [
    ("", "Pod", pod::lower),
    ("", "ConfigMap", config_map::lower),
    ("", "PersistentVolumeClaim", persistent_volume_claim::lower),
    ("", "Service", service::lower),
    ("networking.k8s.io", "Ingress", ingress::lower),
    ("extensions", "Ingress", ingress::lower),
    ("policy", "PodDisruptionBudget", pod_disruption_budget::lower),
    ("apps", "Deployment", standalone::lower),
    ("apps", "StatefulSet", standalone::lower),
    ("batch", "Job", standalone::lower),
    ("batch", "CronJob", standalone::lower),
    ("flink.apache.org", "FlinkDeployment", flink_deployment::lower),
    ("flink.apache.org", "FlinkBlueGreenDeployment", flink_blue_green::lower),
    ("flink.apache.org", "FlinkSessionJob", flink_session_job::lower),
    ("flink.apache.org", "FlinkStateSnapshot", flink_state_snapshot::lower),
    ("flinkoperator.k8s.io", "FlinkCluster", flink_cluster::lower),
    ("flink.k8s.io", "FlinkApplication", flink_application::lower),
];

/// Lowers the object of a resource; `None` if it runs no pods that Flinkgate knows.
///
/// `object` is separate from the resource, so that the mutated object can be lowered too.
pub fn lower(resource: &Resource, object: &Value) -> Option<Workload> {
    lower_within(resource, object, &Surroundings::default())
}

/// [`lower`], where more is known than the object says itself.
pub fn lower_within(
    resource: &Resource,
    object: &Value,
    surroundings: &Surroundings,
) -> Option<Workload> {
    let kind = &resource.kind;
    let (_, _, lowering) =
        KINDS.iter().find(|(group, name, _)| *group == kind.group && *name == kind.kind)?;
    // `status` contains a spec that will not be stored. `scale` is a separate object
    // (`autoscaling/v1 Scale`) that contains only the number of pods. If the scaled object can be
    // read, it is checked with the new number. Otherwise the request passes, and each pod is
    // checked and counted when it is created.
    let whole = matches!(
        resource.sub_resource.as_deref(),
        None | Some("" | "ephemeralcontainers" | "resize")
    );
    (whole && object.is_object()).then(|| Workload {
        claims: surroundings.claims(&resource.namespace),
        namespace_objects: surroundings.namespace_objects(&resource.namespace),
        ..lowering(resource, object, surroundings)
    })
}
