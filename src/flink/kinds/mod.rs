//! The kinds that Flinkgate lowers, one file each, and the table that finds them.
//!
//! A new kind is one new file with a [`Lowering`] function and one line in [`KINDS`].

mod dynamic_properties;
mod flink_deployment;
mod operator_config;
mod operator_count;
mod operator_size;
mod pod;
pub(crate) mod pod_template;
mod process;

use super::Workload;
use crate::resource::Resource;
use serde_json::Value;

/// Lowers one kind's object.
type Lowering = fn(&Resource, &Value) -> Workload;

/// API group, kind, and what lowers it.
const KINDS: [(&str, &str, Lowering); 2] = [("", "Pod", pod::lower), ("flink.apache.org", "FlinkDeployment", flink_deployment::lower)];

/// Lowers the object of a resource: `None` where it runs no pods that Flinkgate knows of.
///
/// `object` is given apart from the resource so that the mutated object can be lowered too.
pub fn lower(resource: &Resource, object: &Value) -> Option<Workload> {
    let kind = &resource.kind;
    let (_, _, lowering) = KINDS.iter().find(|(group, name, _)| *group == kind.group && *name == kind.kind)?;
    // `status` and `scale` show a spec that is not the one that will be stored, or none at all.
    let whole = matches!(resource.sub_resource.as_deref(), None | Some("" | "ephemeralcontainers" | "resize"));
    (whole && object.is_object()).then(|| lowering(resource, object))
}
