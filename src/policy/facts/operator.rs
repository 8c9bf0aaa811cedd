//! `flink.operator`: what the Flink operator refuses in its custom resources, and what it overlooks.

use super::options::is_given;
use super::path;
use crate::flink::Workload;
use crate::flink::operator::{Problem, Weight, problems};
use crate::resource::Resource;
use regorus::Value;
use std::collections::BTreeMap;

/// Findings by subject: `{name: [{msg, path, help?, level?}], …}`; null where there are none, which is the normal case.
pub fn operator(workload: &Workload, resource: &Resource, root: &serde_json::Value, tenant: &Value) -> Value {
    let problems = problems(resource, root, workload, &|key, value| is_given(tenant, key, value));
    if problems.is_empty() {
        return Value::Null;
    }
    let by_subject = problems.chunk_by(|one, next| one.subject == next.subject).filter_map(|group| {
        let subject = group.first()?.subject;
        Some((Value::from(subject.as_str()), Value::from(group.iter().map(finding).collect::<Vec<_>>())))
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
