//! Flattening of `flinkConfiguration`, which may be nested, as the operator does it.

use super::FlinkConfig;
use crate::flink::memory::java::double_text;
use crate::resource::limits::Limit;
use crate::resource::{pointer, steps};
use serde_json::{Map, Number, Value};

/// A mapping on the way to an option: its fields that are not read yet, and how long the key and
/// the pointer around it are.
struct Open<'a> {
    fields: serde_json::map::Iter<'a>,
    key: usize,
    place: usize,
}

impl FlinkConfig {
    /// Flattens a `flinkConfiguration` as the operator does. Keys of nested mappings are joined
    /// with dots, elements of a list with semicolons, and all other values become text. Keys are in
    /// byte order, as the API server writes them; of duplicate keys the later one counts. A value
    /// that is not a mapping gives no options. Reading ends where a limit is exceeded: see
    /// [`Self::excess`].
    pub fn from_object(object: &Value, base_pointer: &str) -> Self {
        let mut config = Self::default();
        if let Value::Object(fields) = object {
            config.flatten(fields, base_pointer);
        }
        config
    }

    /// One key and one pointer serve for all options, so that a long key of a mapping is not copied
    /// for each field before the limits are checked.
    fn flatten(&mut self, fields: &Map<String, Value>, base_pointer: &str) {
        let (mut key, mut place) = (String::new(), base_pointer.to_owned());
        // An explicit stack, because the sender chooses the depth of the object.
        let mut open = vec![Open { fields: fields.iter(), key: 0, place: place.len() }];
        while let Some(mapping) = open.last_mut() {
            steps::step();
            key.truncate(mapping.key);
            place.truncate(mapping.place);
            let Some((name, value)) = mapping.fields.next() else {
                open.pop();
                continue;
            };
            if key.len().saturating_add(name.len()) >= Limit::OptionKey.most() {
                return self.exceed(place, Limit::OptionKey);
            }
            if !key.is_empty() {
                key.push('.');
            }
            key.push_str(name);
            pointer::push(&mut place, name);
            match value {
                Value::Object(_) if open.len() >= Limit::OptionLevels.most() => {
                    return self.exceed(place, Limit::OptionLevels);
                }
                Value::Object(fields) => {
                    open.push(Open { fields: fields.iter(), key: key.len(), place: place.len() });
                }
                Value::Array(elements) if elements.is_empty() => {}
                _ if self.is_full() => return self.exceed(base_pointer.to_owned(), Limit::Options),
                _ => {
                    let value = text(value);
                    if let Some(limit) = self.value_excess(&value) {
                        return self.exceed(place, limit);
                    }
                    self.add(key.clone(), value, place.clone());
                }
            }
        }
    }
}

/// A value as the operator's JSON reader writes it. Elements of a list are read individually, so a
/// mapping or list within a list is lost.
pub(in crate::flink) fn text(value: &Value) -> String {
    match value {
        Value::Array(elements) => {
            let texts: Vec<String> = elements
                .iter()
                .map(|element| if element.is_array() { String::new() } else { text(element) })
                .collect();
            texts.join(";")
        }
        Value::Object(_) => String::new(),
        Value::Null => "null".into(),
        Value::Bool(flag) => flag.to_string(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number_text(number),
    }
}

/// The API server writes whole numbers such as `1.0` and `1e3` without point and exponent below
/// 10^21. A number with a fraction is a Java double in the operator.
fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(double) if number.is_f64() => {
            if double.fract() == 0.0 && double.abs() < 1e21 {
                format!("{double:.0}")
            } else {
                double_text(double)
            }
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn flat(object: &Value) -> Vec<(String, String)> {
        let config = FlinkConfig::from_object(object, "/spec/flinkConfiguration");
        config.iter().map(|(key, entry)| (key.to_owned(), entry.value.clone())).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn nested_and_flat_keys_mix() {
        let object = json!({"state": {"checkpoints.dir": "s3://a", "backend": {"type": "rocksdb"}}, "parallelism.default": 2});
        let expected = [
            ("parallelism.default", "2"),
            ("state.backend.type", "rocksdb"),
            ("state.checkpoints.dir", "s3://a"),
        ];
        assert_eq!(flat(&object), pairs(&expected));
    }

    #[test]
    fn values_become_the_text_that_flink_reads() {
        let object = json!({
            "a": true, "b": 0.5, "c": 1.0, "d": 1e3, "e": 1e-7, "f": 18446744073709551615_u64, "g": -3, "h": null, "i": 1e22,
            "j": ["x", 1, {"lost": 1}, [2], null], "k": [], "l": {}, "m": "",
        });
        let expected = [
            ("a", "true"),
            ("b", "0.5"),
            ("c", "1"),
            ("d", "1000"),
            ("e", "1.0E-7"),
            ("f", "18446744073709551615"),
            ("g", "-3"),
            ("h", "null"),
            ("i", "1.0E22"),
            ("j", "x;1;;;null"),
            ("m", ""),
        ];
        assert_eq!(flat(&object), pairs(&expected));
    }

    #[test]
    fn values_other_than_mappings_give_no_options() {
        for object in [json!(null), json!("a: b"), json!(["a"]), json!({})] {
            assert_eq!(
                FlinkConfig::from_object(&object, "/spec/flinkConfiguration"),
                FlinkConfig::default()
            );
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = (0..32).fold(json!(1), |inner, _| json!({ "a": inner }));
        assert_eq!(flat(&deep), pairs(&[(["a"; 32].join(".").as_str(), "1")]));
        let deeper = (0..100).fold(json!(1), |inner, _| json!({ "a": inner }));
        let config = FlinkConfig::from_object(&deeper, "");
        assert_eq!(config.excess().unwrap().limit, Limit::OptionLevels);
    }
}
