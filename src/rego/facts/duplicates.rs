//! `flink.duplicates`: options that are written under several spellings of one key.

use super::{object, path};
use crate::flink::Workload;
use regorus::Value;

/// `[{key, value, path, counts}]`: the option, the value that Flink sees, the place of the value
/// that is lost and the place of the one that counts.
pub fn duplicates(workload: &Workload) -> Value {
    let found = workload.config.duplicates().iter().map(|duplicate| {
        object([
            ("key", Value::from(duplicate.key.as_str())),
            ("value", Value::from(workload.config.get(&duplicate.key).unwrap_or_default())),
            ("path", Value::from(path(&duplicate.first))),
            ("counts", Value::from(path(&duplicate.second))),
        ])
    });
    Value::from(found.collect::<Vec<_>>())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::config::FlinkConfig;
    use serde_json::json;

    #[test]
    fn a_key_in_two_spellings_is_told_with_both_places() {
        let config = FlinkConfig::from_object(
            &json!({"state": {"backend.type": "a"}, "state.backend.type": "b"}),
            "/spec",
        );
        let workload = Workload { config, ..Workload::default() };
        let expected = json!([{"key": "state.backend.type", "value": "b", "path": ["spec", "state", "backend.type"],
            "counts": ["spec", "state.backend.type"]}]);
        assert_eq!(duplicates(&workload), Value::from(expected));
    }
}
