//! `flink.config` and `flink.tolerations`: options and what they amount to.

use super::{get, object, path};
use crate::flink::Workload;
use crate::flink::map_options::map_list;
use crate::flink::values::Pairs;
use crate::resource::pointer;
use regorus::Value;
use std::collections::BTreeMap;

/// Readings of one toleration; nobody writes a field so often.
const MOST_READINGS: usize = 16;

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

/// Tolerations that options give pods: `[{key, path, toleration}]`, from
/// `key:k,operator:Exists;key:…`.
pub fn tolerations(workload: &Workload) -> Value {
    let mut found = Vec::new();
    for option in ["kubernetes.jobmanager.tolerations", "kubernetes.taskmanager.tolerations"] {
        for fields in map_list(&workload.config, option).map(|(_, maps)| maps).unwrap_or_default() {
            for toleration in readings(fields) {
                let toleration = Value::from(toleration);
                found.push(object([
                    ("key", Value::from(option)),
                    ("path", option_path(workload, option)),
                    ("toleration", toleration),
                ]));
            }
        }
    }
    Value::from(found)
}

/// What Flink may take a toleration for: it reads `Key` as `key`, and of both written takes either.
fn readings(fields: Pairs) -> Vec<BTreeMap<Value, Value>> {
    let (mut first, mut others) = (BTreeMap::new(), Vec::new());
    for (key, value) in fields {
        let (key, value) = (Value::from(key.to_ascii_lowercase()), Value::from(value));
        if first.get(&key).is_some_and(|other| *other != value) && others.len() < MOST_READINGS {
            others.push((key, value));
        } else {
            first.insert(key, value);
        }
    }
    let others = others
        .into_iter()
        .map(|field| first.clone().into_iter().chain([field]).collect())
        .collect::<Vec<_>>();
    std::iter::once(first).chain(others).collect()
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
