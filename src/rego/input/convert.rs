//! serde_json → regorus in one walk: regorus' own conversion goes through serde and costs several
//! times as much.

use regorus::Value;
use std::collections::BTreeMap;

/// The same value for the policy engine. Numbers keep their kind: integers stay exact.
pub fn convert(value: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match value {
        Json::Null => Value::Null,
        Json::Bool(bool) => Value::Bool(*bool),
        Json::Number(number) => convert_number(number),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(elements) => Value::from(elements.iter().map(convert).collect::<Vec<_>>()),
        // The map's keys come sorted, which the collection into a BTreeMap uses.
        Json::Object(fields) => Value::from(
            fields
                .iter()
                .map(|(key, value)| (Value::from(key.as_str()), convert(value)))
                .collect::<BTreeMap<_, _>>(),
        ),
    }
}

fn convert_number(number: &serde_json::Number) -> Value {
    if let Some(number) = number.as_u64() {
        Value::from(number)
    } else if let Some(number) = number.as_i64() {
        Value::from(number)
    } else {
        // Neither integer: a finite double, for serde_json holds no other.
        number.as_f64().map_or(Value::Null, Value::from)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_conversion_says_what_regorus_own_says() {
        let value = json!({"b": [1, -2, 1.5, null, true, "x", {}], "a": {"z": {"y": []}}, "": 18446744073709551615u64});
        assert_eq!(convert(&value), Value::from(value));
    }
}
