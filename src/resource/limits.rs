//! The limits of one object. They are far above what clusters use, and bound the time and the
//! memory that one object can take: an object beyond a limit is refused before anything else reads
//! it.
//!
//! [`text_excess`] looks at a text before it is parsed, [`object_excess`] at a parsed object. The
//! flattened configuration has limits of its own, which [`FlinkConfig`](crate::flink::config)
//! applies.

use super::pointer;
use serde_json::Value;

/// Most values in the text of one object: each takes some 60 bytes in memory.
pub const VALUES: usize = 131_072;
/// Most mappings in the text of one object: each takes up to a kilobyte in memory.
pub const MAPPINGS: usize = 12_000;
/// Shorter texts are within both limits: a mapping needs three bytes, a value two.
const SHORT_TEXT: usize = 3 * MAPPINGS;

/// Most containers of all pod templates of an object together.
pub const CONTAINERS: usize = 200;
/// Most volumes of all pod templates of an object together.
pub const VOLUMES: usize = 1_000;
/// Most elements of any other list.
pub const ELEMENTS: usize = 4_000;
/// Most entries of a mapping.
pub const ENTRIES: usize = 10_000;
/// Deepest level of an object. JSON from an API server has at most 128 levels.
pub const LEVELS: usize = 128;

/// Most Flink options of one object.
pub const OPTIONS: usize = 5_000;
/// Longest key of a Flink option in bytes, with the keys of the mappings around it.
pub const OPTION_KEY: usize = 500;
/// Longest value of a Flink option in bytes.
pub const OPTION_VALUE: usize = 256 << 10;
/// Most bytes of the long values of all Flink options of one object that may be YAML: to read YAML
/// takes many times the time of its text.
pub const OPTION_YAML: usize = 256 << 10;
/// Shorter values are not counted.
const SHORT_VALUE: usize = 1 << 10;
/// Most mappings around a Flink option.
pub const OPTION_LEVELS: usize = 32;

/// Fields of which Kubernetes or an operator is the author.
const UNREAD: [&str; 2] = ["managedFields", "status"];

/// What an object has too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`VALUES`].
    Values,
    /// [`MAPPINGS`].
    Mappings,
    /// [`CONTAINERS`].
    Containers,
    /// [`VOLUMES`].
    Volumes,
    /// [`ELEMENTS`].
    Elements,
    /// [`ENTRIES`].
    Entries,
    /// [`LEVELS`].
    Levels,
    /// [`OPTIONS`].
    Options,
    /// [`OPTION_KEY`].
    OptionKey,
    /// [`OPTION_VALUE`].
    OptionValue,
    /// [`OPTION_YAML`].
    OptionYaml,
    /// [`OPTION_LEVELS`].
    OptionLevels,
}

impl Limit {
    /// The number.
    pub fn most(self) -> usize {
        match self {
            Self::Values => VALUES,
            Self::Mappings => MAPPINGS,
            Self::Containers => CONTAINERS,
            Self::Volumes => VOLUMES,
            Self::Elements => ELEMENTS,
            Self::Entries => ENTRIES,
            Self::Levels => LEVELS,
            Self::Options => OPTIONS,
            Self::OptionKey => OPTION_KEY,
            Self::OptionValue => OPTION_VALUE,
            Self::OptionYaml => OPTION_YAML,
            Self::OptionLevels => OPTION_LEVELS,
        }
    }

    /// What is counted, in the plural.
    pub fn what(self) -> &'static str {
        match self {
            Self::Values => "values",
            Self::Mappings => "mappings",
            Self::Containers => "containers",
            Self::Volumes => "volumes",
            Self::Elements => "elements",
            Self::Entries => "entries",
            Self::Levels => "nested levels",
            Self::Options => "Flink options",
            Self::OptionKey => "bytes in the key of a Flink option",
            Self::OptionValue => "bytes in the value of a Flink option",
            Self::OptionYaml => "bytes of YAML in the values of Flink options",
            Self::OptionLevels => "nested mappings around a Flink option",
        }
    }
}

impl Limit {
    /// That there is more than the limit.
    pub fn exceeded(self) -> String {
        format!("it has more than {} {}", self.most(), self.what())
    }
}

/// Where an object is over a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excess {
    /// JSON Pointer of the list, mapping or option.
    pub place: String,
    /// The limit.
    pub limit: Limit,
}

/// The limit that a JSON text exceeds, found by its brackets and commas.
pub fn text_excess(text: &str) -> Option<Limit> {
    if text.len() <= SHORT_TEXT {
        return None;
    }
    let (mut values, mut mappings) = (0_usize, 0_usize);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'{' => mappings = mappings.saturating_add(1),
            b',' | b'[' => values = values.saturating_add(1),
            _ => {}
        }
    }
    if mappings > MAPPINGS {
        return Some(Limit::Mappings);
    }
    (values > VALUES).then_some(Limit::Values)
}

/// The limit that a YAML text within an object exceeds, found by the characters that begin entries
/// and elements: a mapping takes many times more memory than its text.
pub fn yaml_excess(text: &str) -> Option<Limit> {
    let (mut entries, mut values) = (0_usize, 0_usize);
    let mut before = b' ';
    for byte in text.bytes().chain([b'\n']) {
        let ends_key = before == b':' && byte.is_ascii_whitespace()
            || byte == b':' && matches!(before, b'"' | b'\'' | b']' | b'}');
        if ends_key || matches!(byte, b'{' | b'?') {
            entries = entries.saturating_add(1);
        }
        if matches!(byte, b',' | b'[' | b'\n' | b'-') {
            values = values.saturating_add(1);
        }
        before = byte;
    }
    if entries > ENTRIES {
        return Some(Limit::Entries);
    }
    (values > VALUES).then_some(Limit::Values)
}

/// The bytes of an option's value that count for [`OPTION_YAML`].
pub fn yaml_bytes(value: &str) -> usize {
    let may_be_yaml =
        || value.contains(['{', '[', '\n']) || value.contains(": ") || value.starts_with('-');
    if value.len() > SHORT_VALUE && may_be_yaml() { value.len() } else { 0 }
}

fn skip_string(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

/// Where an object is over a limit first. Allocates nothing if it is within all of them.
pub fn object_excess(object: &Value) -> Option<Excess> {
    if is_small(object, 0, &mut { CONTAINERS }) {
        return None;
    }
    let (limit, mut reversed) = Walk::default().excess(object, "", 0)?;
    reversed.reverse();
    Some(Excess { place: pointer::from_tokens(reversed.iter().map(String::as_str)), limit })
}

/// Whether an object is so small that no place can be over a limit: all lists together are within the
/// lowest limit of one. Most objects are. `left` are the elements that are not counted yet.
fn is_small(value: &Value, level: usize, left: &mut usize) -> bool {
    let mut is_small_below = |value: &Value| match value {
        Value::Object(_) | Value::Array(_) => is_small(value, level.saturating_add(1), left),
        _ => true,
    };
    match value {
        _ if level > LEVELS => false,
        Value::Object(fields) => fields.len() <= ENTRIES && fields.values().all(is_small_below),
        Value::Array(elements) => {
            elements.iter().all(&mut is_small_below) && {
                let rest = left.checked_sub(elements.len());
                *left = rest.unwrap_or_default();
                rest.is_some()
            }
        }
        _ => true,
    }
}

/// What was counted so far.
#[derive(Default)]
struct Walk {
    containers: usize,
    volumes: usize,
}

/// The limit, and the steps to the value, the last one first.
type Found = Option<(Limit, Vec<String>)>;

impl Walk {
    fn excess(&mut self, value: &Value, field: &str, level: usize) -> Found {
        if level > LEVELS {
            return Some((Limit::Levels, Vec::new()));
        }
        match value {
            Value::Object(fields) => {
                if fields.len() > ENTRIES {
                    return Some((Limit::Entries, Vec::new()));
                }
                let unread = |name: &str| level <= 1 && UNREAD.contains(&name);
                fields.iter().filter(|(name, _)| !unread(name)).find_map(|(name, value)| {
                    let (limit, mut steps) = self.excess(value, name, level.saturating_add(1))?;
                    steps.push(name.clone());
                    Some((limit, steps))
                })
            }
            Value::Array(elements) => {
                let (limit, count) = self.count(field, elements.len());
                if count > limit.most() {
                    return Some((limit, Vec::new()));
                }
                elements.iter().enumerate().find_map(|(index, value)| {
                    let (limit, mut steps) = self.excess(value, "", level.saturating_add(1))?;
                    steps.push(index.to_string());
                    Some((limit, steps))
                })
            }
            _ => None,
        }
    }

    /// The limit of a list in a field of this name, whatever object it is in, and what counts.
    fn count(&mut self, field: &str, length: usize) -> (Limit, usize) {
        let (limit, total) = match field {
            "containers" | "initContainers" | "ephemeralContainers" | "sidecars" => {
                (Limit::Containers, &mut self.containers)
            }
            "volumes" | "volumeClaimTemplates" => (Limit::Volumes, &mut self.volumes),
            _ => return (Limit::Elements, length),
        };
        *total = total.saturating_add(length);
        (limit, *total)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(object: &Value) -> Option<(String, Limit)> {
        object_excess(object).map(|excess| (excess.place, excess.limit))
    }

    #[test]
    fn an_object_at_every_limit_is_within_them() {
        let list = |count: usize| Value::Array(vec![json!({"name": "a"}); count]);
        let map = |count: usize| (0..count).map(|n| (n.to_string(), json!(n))).collect::<Value>();
        let template = |more: usize| json!({"spec": {"containers": list(CONTAINERS + more), "volumes": list(VOLUMES + more)}});
        assert_eq!(
            found(&json!({"spec": {"podTemplate": template(0), "a": list(ELEMENTS)}})),
            None
        );
        assert_eq!(found(&json!({"metadata": {"labels": map(ENTRIES)}})), None);
        let containers = found(&json!({"spec": {"podTemplate": template(1)}}));
        let place = "/spec/podTemplate/spec/containers".to_owned();
        assert_eq!(containers, Some((place, Limit::Containers)));
        let labels = found(&json!({"metadata": {"labels": map(ENTRIES + 1)}}));
        assert_eq!(labels, Some(("/metadata/labels".into(), Limit::Entries)));
        let elements = found(&json!({"spec": [{"a/b": list(ELEMENTS + 1)}]}));
        assert_eq!(elements, Some(("/spec/0/a~1b".into(), Limit::Elements)));
    }

    #[test]
    fn deep_objects_are_over_the_limit_of_levels() {
        let deep = (0..=LEVELS).fold(json!(1), |inner, _| json!([inner]));
        assert_eq!(found(&json!({ "spec": deep })).unwrap().1, Limit::Levels);
    }

    #[test]
    fn fields_of_the_api_server_have_no_limit() {
        let long = Value::Array(vec![json!(1); ELEMENTS + 1]);
        assert_eq!(
            found(&json!({"metadata": {"managedFields": long}, "status": {"a": long}})),
            None
        );
    }

    #[test]
    fn text_is_counted_outside_of_strings() {
        let braces = format!("[\"{}\\\"{{\"]", "{,".repeat(MAPPINGS * 2));
        assert_eq!(text_excess(&braces), None);
        assert_eq!(text_excess(&format!("[{}1]", "{},".repeat(MAPPINGS))), None);
        assert_eq!(
            text_excess(&format!("[{}1]", "{},".repeat(MAPPINGS + 1))),
            Some(Limit::Mappings)
        );
        assert_eq!(text_excess(&format!("[{}1]", "1,".repeat(VALUES + 1))), Some(Limit::Values));
    }
}
