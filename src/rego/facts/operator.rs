//! `flink.operator`: what the Flink operator refuses in its custom resources, and what it
//! overlooks.

use super::options::is_given;
use super::path;
use crate::flink::Workload;
use crate::flink::operator::{Problem, Weight, problems};
use crate::resource::Resource;
use regorus::Value;
use std::collections::BTreeMap;

/// Findings by subject: `{name: [{msg, path, help?, level?}], …}`; null where there are none, which
/// is the normal case.
pub fn operator(
    workload: &Workload,
    resource: &Resource,
    root: &serde_json::Value,
    tenant: &Value,
) -> Value {
    let problems = problems(resource, root, workload, &|key, value| is_given(tenant, key, value));
    if problems.is_empty() {
        return Value::Null;
    }
    let by_subject =
        problems.chunk_by(|one, next| one.subject == next.subject).filter_map(|group| {
            let subject = group.first()?.subject;
            Some((
                Value::from(subject.as_str()),
                Value::from(group.iter().map(finding).collect::<Vec<_>>()),
            ))
        });
    Value::from(by_subject.collect::<BTreeMap<_, _>>())
}

fn finding(problem: &Problem) -> Value {
    let mut fields = BTreeMap::from([
        (Value::from("msg"), Value::from(problem.message.as_str())),
        (Value::from("path"), Value::from(path(&problem.pointer))),
    ]);
    if let Some(help) = &problem.help {
        fields.insert(Value::from("help"), Value::from(help.as_str()));
    }
    if let Some(weight) = problem.weight {
        let level = match weight {
            Weight::Info => "info",
            Weight::Warning => "warning",
        };
        fields.insert(Value::from("level"), Value::from(level));
    }
    Value::from(fields)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::lower;
    use crate::rego::facts::tenant::tenant_value;
    use serde_json::{Value as Json, json};

    fn told(configuration: &Json, version: &str, tenant: &Json) -> Value {
        let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"}, "spec": {
            "image": "flink:1.20", "flinkVersion": version, "serviceAccount": "flink", "flinkConfiguration": configuration,
            "jobManager": {"resource": {"memory": "2g"}}, "taskManager": {"resource": {"memory": "2g"}}}});
        let resource = Resource::from_manifest(object).unwrap();
        let workload = lower(&resource, &resource.object).unwrap();
        operator(
            &workload,
            &resource,
            &resource.object,
            &tenant_value(&serde_json::from_value(tenant.clone()).unwrap()),
        )
    }

    #[test]
    fn nothing_wrong_is_null() {
        assert_eq!(told(&json!({}), "v1_20", &json!({})), Value::Null);
    }

    #[test]
    fn findings_stand_by_subject_with_help_and_level_where_they_have_their_own() {
        let expected = json!({
            "operatorOptions": [{
                "msg": "kubernetes.operator.cluster.health-check.enabled needs recovery, which kubernetes.operator.jm-deployment-recovery.enabled turns off",
                "path": ["spec", "flinkConfiguration", "kubernetes.operator", "jm-deployment-recovery.enabled"],
                "help": "leave kubernetes.operator.jm-deployment-recovery.enabled out, or turn the health check off",
            }],
        });
        let configuration = json!({"kubernetes.operator": {"cluster.health-check.enabled": true, "jm-deployment-recovery.enabled": false}});
        assert_eq!(told(&configuration, "v1_17", &json!({})), Value::from(expected));
    }

    #[test]
    fn what_the_tenant_gives_is_not_held_against_the_object() {
        let configuration = json!({"kubernetes.container.image.ref": "flink:1.19"});
        let tenant = |value: &str| json!({"flink": {"configuration": {"enforced": {"kubernetes.container.image.ref": value}}}});
        assert_eq!(told(&configuration, "v1_20", &tenant("flink:1.19")), Value::Null);
        assert_ne!(told(&configuration, "v1_20", &tenant("flink:1.18")), Value::Null);
    }
}
