//! The pod templates that an operator merges or generates from a custom resource.

use crate::flink::{Template, Workload};
use crate::kinds;
use crate::pipeline::Gate;
use crate::report::yaml;
use crate::resource::Resource;
use serde_json::{Value, json};

/// One PodTemplate for each role of an object after mutation; empty where no operator makes its
/// pods. Flink and its operator complete them: the image, the amounts and the configuration.
pub fn of(gate: &Gate, resource: &Resource, object: Value) -> String {
    let resource = Resource { object, ..resource.clone() };
    let context = gate.context();
    let Some(workload) = kinds::lower_with_context(&resource, &resource.object, &context) else {
        return String::new();
    };
    let parts = templates(&resource, &workload);
    parts.iter().map(yaml::emit).collect::<Vec<_>>().join("---\n")
}

fn templates(resource: &Resource, workload: &Workload) -> Vec<Value> {
    let made = workload.pods.iter().filter(|set| !matches!(set.template, Template::InObject(_)));
    made.map(|set| {
        let name = resource.name_in(&resource.object);
        let role = set.role.component().unwrap_or("pods");
        let name = format!("{name}-{role}");
        let metadata = match resource.namespace.as_str() {
            "" => json!({ "name": name }),
            namespace => json!({"name": name, "namespace": namespace}),
        };
        json!({
            "apiVersion": "v1",
            "kind": "PodTemplate",
            "metadata": metadata,
            "template": set.template(&resource.object),
        })
    })
    .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_its_merged_template() {
        let resource = Resource::from_manifest(json!({
            "apiVersion": "flink.apache.org/v1beta1",
            "kind": "FlinkDeployment",
            "metadata": {"name": "etl", "namespace": "team-a"},
            "spec": {
                "podTemplate": {"spec": {"containers": [{"name": "flink-main-container"}]}},
                "taskManager": {"podTemplate": {"spec": {"containers": [{"name": "envoy"}]}}},
            },
        }))
        .unwrap();
        let workload = kinds::lower(&resource, &resource.object).unwrap();
        let all = templates(&resource, &workload);
        let names: Vec<_> = all
            .iter()
            .map(|template| {
                (
                    &template["metadata"]["name"],
                    &template["template"]["spec"]["containers"][0]["name"],
                )
            })
            .collect();
        assert_eq!(
            names,
            [
                (&json!("etl-jobmanager"), &json!("flink-main-container")),
                (&json!("etl-taskmanager"), &json!("envoy")),
            ]
        );
    }
}
