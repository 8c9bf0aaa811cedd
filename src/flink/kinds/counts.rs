//! Reads fields and options that hold a count.

use super::operator_config::shown;
use crate::flink::config::{Entry, FlinkConfig};
use crate::flink::memory::{self, java::parse_int};
use crate::flink::options::Names;
use crate::flink::sizing::SizeProblem;
use crate::resource::pointer;
use serde_json::Value;

/// The count in a field, at least `least`. `None` if the field is missing; any other value is a
/// problem.
pub fn count(
    object: &Value,
    place: &str,
    least: i32,
    problems: &mut Vec<SizeProblem>,
) -> Option<u64> {
    let value = pointer::at(object, place).filter(|value| !value.is_null())?;
    let count =
        value.as_i64().and_then(|count| i32::try_from(count).ok()).filter(|count| *count >= least);
    let count = count.and_then(|count| u64::try_from(count).ok());
    if count.is_none() {
        let field = pointer::tokens(place).last().unwrap_or_default().into_owned();
        let message = format!("invalid value for `{field}`: {}", shown(value));
        problems.push(SizeProblem::new(place, message, whole_number(least)));
    }
    count
}

/// The count in an option; any other value is a problem.
pub fn option(
    config: &FlinkConfig,
    names: Names,
    least: i32,
    problems: &mut Vec<SizeProblem>,
) -> Option<u64> {
    let (key, entry) = config.first(names)?;
    let count = parse_int(&entry.value)
        .filter(|count| *count >= least)
        .and_then(|count| u64::try_from(count).ok());
    if count.is_none() {
        problems.push(wrong_option(key, entry, least));
    }
    count
}

fn wrong_option(key: &str, entry: &Entry, least: i32) -> SizeProblem {
    let value: String = entry.value.chars().take(64).collect();
    let pointer = entry.pointer.clone().unwrap_or_default();
    SizeProblem::new(pointer, format!("invalid value for `{key}`: `{value}`"), whole_number(least))
}

fn whole_number(least: i32) -> String {
    format!("write a whole number from {least} to {}", i32::MAX)
}

/// Slots of one TaskManager: at least one, even if the option is invalid.
pub fn slots(config: &FlinkConfig, problems: &mut Vec<SizeProblem>) -> u64 {
    memory::task_slots(config).unwrap_or_else(|error| {
        if let Some(entry) = config.entry(&error.option) {
            problems.push(wrong_option(&error.option, entry, 1));
        }
        1
    })
}
