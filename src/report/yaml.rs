//! Objects as YAML that every reader parses to the same value, also YAML 1.1 readers (Go, Python).
//!
//! The same value always gives the same text: `apiVersion`, `kind`, `metadata` and `spec` first, as
//! people write them, everything else in the value's own order.

use crate::resource::yaml::write::{Layout, Place, mapping, node};
use serde_json::Value;

/// The value as one YAML document with a line break at its end, without `---`.
pub fn emit(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let (head, tail): (Vec<_>, Vec<_>) =
                fields.iter().partition(|(key, _)| rank(key) < LEADING.len());
            let mut head = head;
            head.sort_by_key(|(key, _)| rank(key));
            mapping(&mut out, head.into_iter().chain(tail), 0, Layout::default());
        }
        other => node(&mut out, other, 0, Place::Root, Layout::default()),
    }
    out
}

const LEADING: [&str; 4] = ["apiVersion", "kind", "metadata", "spec"];

fn rank(key: &str) -> usize {
    LEADING.iter().position(|leading| *leading == key).unwrap_or(LEADING.len())
}

#[cfg(test)]
#[path = "yaml_tests.rs"]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests;
