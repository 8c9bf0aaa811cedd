//! `flink.config` and `flink.forbidden`: options and what they amount to.

use super::{as_text, elements, get, object, path};
use crate::flink::image::glob;
use crate::flink::options::names_of;
use crate::flink::{Engine, Workload};
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

/// Options that the tenant forbids: `[{key, pattern, path}]`. What the tenant itself sets is not
/// held against the object, nor what a field of the object implies.
pub fn forbidden(workload: &Workload, tenant: &Value) -> Value {
    let patterns = elements(get(tenant, &["flink", "configuration", "forbidden"]));
    if patterns.is_empty() {
        return Value::new_array();
    }
    let found = workload
        .config
        .iter()
        .filter(|(_, entry)| entry.pointer.is_some() && !is_flinks_own(workload, &entry.value));
    let found = found.filter_map(|(key, entry)| {
        // Flink reads an option under its older names too.
        let means = |pattern: &&str| {
            glob(pattern, key) || names_of(key).iter().any(|name| glob(pattern, name))
        };
        let pattern = patterns
            .iter()
            .filter_map(as_text)
            .find(means)
            .filter(|_| !is_given(tenant, key, &entry.value))?;
        Some(object([
            ("key", Value::from(key)),
            ("pattern", Value::from(pattern)),
            ("path", option_path(workload, key)),
        ]))
    });
    Value::from(found.collect::<Vec<_>>())
}

/// Java's modules as Flink's distribution opens them in its default configuration, which native
/// mode passes on unasked.
fn is_flinks_own(workload: &Workload, value: &str) -> bool {
    let opens = |word: &str| {
        word.starts_with("--add-opens=java.base/") || word.starts_with("--add-exports=java.base/")
    };
    workload.engine == Engine::Native
        && !value.is_empty()
        && value.split_ascii_whitespace().all(opens)
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
    use crate::rego::facts::tenant::tenant_value;
    use serde_json::json;

    #[test]
    fn the_tenants_own_options_are_not_held_against_the_object() {
        let mut workload = Workload::default();
        for (key, value) in [
            ("env.java.opts.all", "-Dx"),
            ("env.java.opts.taskmanager", "-Dy"),
            ("state.backend.type", "rocksdb"),
        ] {
            workload.config.set(key, value, Some(format!("/spec/flinkConfiguration/{key}")));
        }
        workload.config.set("env.java.opts.implied", "x", None);
        let tenant = json!({"flink": {"configuration": {"enforced": {"env.java.opts.all": "-Dx"}, "forbidden": ["env.java.opts.*"]}}});
        let found = forbidden(&workload, &tenant_value(&serde_json::from_value(tenant).unwrap()));
        let expected = json!([{"key": "env.java.opts.taskmanager", "pattern": "env.java.opts.*",
            "path": ["spec", "flinkConfiguration", "env.java.opts.taskmanager"]}]);
        assert_eq!(found, Value::from(expected));
    }

    #[test]
    fn a_forbidden_option_is_forbidden_under_its_older_name() {
        let mut workload = Workload::default();
        workload.config.set(
            "state.backend",
            "rocksdb",
            Some("/spec/flinkConfiguration/state.backend".into()),
        );
        let tenant = json!({"flink": {"configuration": {"forbidden": ["state.backend.type"]}}});
        let found = forbidden(&workload, &tenant_value(&serde_json::from_value(tenant).unwrap()));
        assert_eq!(
            (&found[0]["key"], &found[0]["pattern"]),
            (&Value::from("state.backend"), &Value::from("state.backend.type"))
        );
    }
}
