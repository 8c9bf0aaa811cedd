//! What Rego is poor at, worked out once in Rust and handed over in `input`: one file a fact.

pub mod convert;
pub mod duplicates;
pub mod memory;
pub mod object;
pub mod operator;
pub mod option_checks;
pub mod options;
pub mod pods;
pub mod problems;
pub mod size;
pub mod tenant;

pub use object::object;

use crate::resource::pointer;
use regorus::Value;

/// A text, or null where there is none.
pub fn text(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Value::from)
}

/// A JSON Pointer as the array of tokens that findings' `path` is made of.
pub fn path(pointer: &str) -> Vec<Value> {
    pointer::tokens(pointer).map(|token| Value::from(&*token)).collect()
}

/// `base` with more tokens, as a value.
pub fn extended<'a>(base: &[Value], tokens: impl IntoIterator<Item = &'a str>) -> Value {
    Value::from(base.iter().cloned().chain(tokens.into_iter().map(Value::from)).collect::<Vec<_>>())
}

/// The value at the end of a chain of keys; `Undefined` where a link is missing.
pub fn get<'a>(value: &'a Value, keys: &[&str]) -> &'a Value {
    keys.iter().fold(value, |value, key| &value[*key])
}

/// The elements of an array; none for anything else.
pub fn elements(value: &Value) -> &[Value] {
    list(value).unwrap_or_default()
}

/// The elements of an array, `None` for anything else. The engine's own way to ask makes an error
/// of every no, which costs more than all else here.
pub fn list(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Array(elements) => Some(elements.as_slice()),
        _ => None,
    }
}

/// A whole number; `None` for anything else.
pub fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        _ => None,
    }
}

/// The text of a string; `None` for anything else.
pub fn as_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}
