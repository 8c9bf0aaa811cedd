//! `flink.config` and `flink.tolerations`: options and what they amount to.

use super::{get, object, path};
use crate::flink::Workload;
use crate::flink::map_options::map_list;
use crate::flink::values::Pairs;
use crate::resource::pointer;
use regorus::Value;
use std::collections::BTreeMap;

/// All options by flat key.
pub fn config(workload: &Workload) -> Value {
    Value::from(
        workload
            .config
            .iter()
            .map(|(key, entry)| (Value::from(key), Value::from(entry.value.as_str())))
            .collect::<BTreeMap<_, _>>(),
    )
}

/// Where an option is written, or would be.
pub fn option_path(workload: &Workload, key: &str) -> Value {
    let written = workload.config.entry(key).and_then(|entry| entry.pointer.clone());
    let pointer = written.unwrap_or_else(|| {
        pointer::join(workload.config_pointer.as_deref().unwrap_or("/spec/flinkConfiguration"), key)
    });
    Value::from(path(&pointer))
}

/// Whether the tenant's own configuration sets this value, so that nobody who writes an object can
/// help it.
pub fn is_given(tenant: &Value, key: &str, value: &str) -> bool {
    let configuration = get(tenant, &["flink", "configuration"]);
    ["enforced", "defaults"].into_iter().any(|field| match &configuration[field][key] {
        Value::String(text) => &**text == value,
        Value::Undefined => false,
        other => other.to_string() == value,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_that_is_written_twice_in_other_letters_counts_both_ways() {
        let mut workload = Workload::default();
        workload.config.set(
            "kubernetes.taskmanager.tolerations",
            "key:flink,Operator:Exists,Key:gpu",
            Some("/x".into()),
        );
        let found = tolerations(&workload);
        let keys: Vec<_> = super::super::elements(&found)
            .iter()
            .map(|found| found["toleration"]["key"].clone())
            .collect();
        assert_eq!(keys, [Value::from("flink"), Value::from("gpu")]);
        assert_eq!(found[0]["toleration"]["operator"], Value::from("Exists"));
    }

    #[test]
    fn tolerations_are_read_from_options() {
        let mut workload = Workload::default();
        workload.config.set(
            "kubernetes.taskmanager.tolerations",
            "key:a,operator:Exists;key:b,value:'c',effect:NoSchedule",
            Some("/x".into()),
        );
        let found = tolerations(&workload);
        assert_eq!(
            found[1]["toleration"],
            Value::from(json!({"key": "b", "value": "c", "effect": "NoSchedule"}))
        );
    }
}
