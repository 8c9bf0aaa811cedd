//! JSON that is kept for long and read rarely.

use serde_json::Value;
use std::sync::Arc;

/// A value as text. A [`Value`] takes more than half a KiB for each of its mappings, however few keys
/// it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompactJson(Arc<str>);

impl CompactJson {
    /// The value.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

impl From<&Value> for CompactJson {
    fn from(value: &Value) -> Self {
        Self(value.to_string().into())
    }
}

impl From<Value> for CompactJson {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}

impl Default for CompactJson {
    fn default() -> Self {
        Self::from(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_stay_the_same() {
        for value in [
            Value::Null,
            json!({"b": [1, 1.5, "x\n\u{e4}"], "a": {"": true}}),
            json!(u64::MAX),
            json!(0.1),
        ] {
            let compact = CompactJson::from(&value);
            assert_eq!(compact.value(), value);
            assert_eq!(compact, CompactJson::from(compact.value()));
        }
        assert_eq!(CompactJson::default().value(), Value::Null);
    }
}
