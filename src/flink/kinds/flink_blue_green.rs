//! `flink.apache.org FlinkBlueGreenDeployment`: a FlinkDeployment that the operator creates twice,
//! as `<name>-blue` and `<name>-green`, and switches between.
//!
//! Both run during a transition, so both count. The template is lowered as a FlinkDeployment, and
//! every place is moved to the template.

use super::flink_deployment;
use super::ingress;
use crate::flink::workload::MergedTemplate;
use crate::flink::{FlinkContext, Template, Workload};
use crate::resource::{Resource, pointer};
use serde_json::Value;

const TEMPLATE: &str = "/spec/template";
const COLOURS: [&str; 2] = ["blue", "green"];

pub(crate) fn lower(resource: &Resource, object: &Value, context: &FlinkContext) -> Workload {
    let name = resource.name_in(object);
    let mut workload = flink_deployment::lower_spec(
        resource,
        pointer::at(object, TEMPLATE).unwrap_or(&Value::Null),
        context,
    );
    workload.cluster = name.into();
    // The operator creates the parent's Ingress, and one for each colour if the template has one.
    let ingresses = ["/spec/ingress", "/spec/template/spec/ingress"].into_iter();
    workload.exposures = ingresses
        .filter_map(|place| ingress::of_operator(object, place, name, &resource.namespace))
        .collect();
    if !workload.declares_cluster {
        return workload;
    }
    workload.children = COLOURS.map(|colour| format!("{name}-{colour}")).into();
    workload.concurrent_clusters = COLOURS.len() as u64;
    let clusters = workload.clusters();
    workload.size.multiply(clusters, TEMPLATE);
    workload.jobs = workload.jobs.saturating_mul(clusters);
    for set in &mut workload.pods {
        set.replicas = set.replicas.saturating_mul(clusters);
        match &mut set.template {
            Template::InObject(place) => place.insert_str(0, TEMPLATE),
            Template::Generated(made) => made.base.insert_str(0, TEMPLATE),
            Template::Merged(MergedTemplate { common, role, .. }) => {
                [common, role].into_iter().for_each(|place| place.insert_str(0, TEMPLATE))
            }
        }
    }
    workload.config.move_below(TEMPLATE);
    let faults = workload.text_faults.iter_mut();
    faults
        .filter_map(|fault| fault.entry.pointer.as_mut())
        .for_each(|place| place.insert_str(0, TEMPLATE));
    workload.config_pointer = workload.config_pointer.map(|place| format!("{TEMPLATE}{place}"));
    workload
        .size
        .problems
        .iter_mut()
        .filter(|problem| problem.pointer != TEMPLATE)
        .for_each(|problem| problem.pointer.insert_str(0, TEMPLATE));
    workload
}
