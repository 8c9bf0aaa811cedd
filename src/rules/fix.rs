//! What a finding's help writes, as operations on the object.

use super::Finding;
use crate::flink::Workload;
use crate::resource::pointer;
use crate::resource::yaml::edit::{Change, Operation, rename_option};
use serde_json::Value;

/// What a finding's help writes: operations on the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The operations, at the fields that hold the values.
    pub operations: Vec<Operation>,
    /// Whether the author cannot have meant anything else. A deletion, another image or another size
    /// is not safe.
    pub safe: bool,
}

impl Fix {
    /// The values that it writes, as text.
    pub fn values(&self) -> impl Iterator<Item = String> {
        self.operations.iter().filter_map(|operation| match operation {
            Operation::Set { value, .. } | Operation::Within { change: Change::Set(value), .. } => {
                Some(flow(value))
            }
            _ => None,
        })
    }
}

/// One change, before it is known where the object holds the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A field at the finding's place, or next to it.
    Set(String, Value),
    /// The value at the finding's place.
    Replace(Value),
    /// The key at the finding's place.
    Rename(String),
    /// What is at the finding's place.
    Remove,
    /// What is at a number of levels above the finding's place.
    RemoveAbove(usize),
    /// A field of the object.
    SetAt(String, Value),
    /// An option, wherever it is written.
    Option(String, Change),
}

/// A fix before it is known where the object holds the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub(super) steps: Vec<Step>,
    pub(super) safe: bool,
}

/// A value in one line, as a help shows it.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(elements) => {
            format!("[{}]", elements.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| format!("{key}: {}", flow(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Turns a finding's draft into its fix. `place` is the finding's pointer before it was located.
pub(super) fn locate(object: &Value, workload: &Workload, place: &str, finding: &mut Finding) {
    let Some(draft) = finding.draft.take() else { return };
    let Draft { steps, safe } = *draft;
    let at = At { object, workload, place, finding };
    let mut operations = Vec::new();
    for step in steps {
        match at.operations(step) {
            Some(more) => operations.extend(more),
            None => return,
        }
    }
    finding.fix = Some(Box::new(Fix { operations, safe }));
}

/// Where a finding is.
struct At<'a> {
    object: &'a Value,
    workload: &'a Workload,
    place: &'a str,
    finding: &'a Finding,
}

impl At<'_> {
    fn operations(&self, step: Step) -> Option<Vec<Operation>> {
        let here = self.finding.pointer.as_str();
        let step = self.within_text(step)?;
        // A place that only the merged template has can be elsewhere than the field.
        let is_same = pointer::tokens(self.place).last() == pointer::tokens(here).last();
        let found = pointer::at(self.object, here);
        Some(vec![match step {
            Step::Option(key, change) => return self.option(&key, change),
            Step::SetAt(pointer, value) => {
                let pointer = super::locate::locate(self.object, self.workload, &pointer);
                Operation::Set { pointer, value }
            }
            _ if !is_same || here.is_empty() => return None,
            Step::Set(field, value) => Operation::Set { pointer: self.near(&field), value },
            Step::Replace(value) => {
                // A list in an option has more than the value that was found.
                let is_found = match found {
                    Some(Value::String(text)) => {
                        self.finding.facts.found.as_deref().is_none_or(|found| found == text)
                    }
                    Some(_) => false,
                    // The default is wrong.
                    None => true,
                };
                is_found.then_some(())?;
                Operation::Set { pointer: here.to_owned(), value }
            }
            Step::Rename(to) => {
                found?;
                Operation::RenameKey { pointer: here.to_owned(), to }
            }
            Step::Remove => {
                found?;
                // Of a list in an option, only one element may be wrong.
                if here.starts_with(self.workload.options_place()) {
                    return None;
                }
                Operation::Remove { pointer: here.to_owned() }
            }
            Step::RemoveAbove(levels) => {
                let above = (0..levels).try_fold(here, |place, _| pointer::parent(place))?;
                Operation::Remove { pointer: above.to_owned() }
            }
        }])
    }

    /// The place of a field: that of the finding, or next to it or below it.
    fn near(&self, field: &str) -> String {
        let here = self.finding.pointer.as_str();
        if pointer::tokens(here).last().is_some_and(|last| last == field) {
            return here.to_owned();
        }
        if let Some(end) = here.find(&format!("/{field}/")) {
            return pointer::join(here.get(..end).unwrap_or_default(), field);
        }
        match pointer::at(self.object, here) {
            Some(Value::Object(_)) => pointer::join(here, field),
            _ => pointer::join(pointer::parent(here).unwrap_or_default(), field),
        }
    }

    /// A step at a text with options is one of the option; `None` where that is not known.
    fn within_text(&self, step: Step) -> Option<Step> {
        let change = match &step {
            Step::Option(..) | Step::SetAt(..) => return Some(step),
            Step::Set(_, value) | Step::Replace(value) => Change::Set(value.clone()),
            Step::Rename(to) => Change::Rename(to.clone()),
            Step::Remove | Step::RemoveAbove(_) => Change::Remove,
        };
        let here = self.finding.pointer.as_str();
        let is_text = |place: &str| pointer::at(self.object, place).is_some_and(Value::is_string);
        let options = self.workload.config_pointer.as_deref();
        let is_in_text =
            options.is_some_and(|options| is_text(options) && here.starts_with(options));
        if !is_in_text {
            return Some(step);
        }
        let key = self.finding.facts.key.clone()?;
        Some(Step::Option(key, change))
    }

    fn option(&self, key: &str, change: Change) -> Option<Vec<Operation>> {
        let options = self.workload.options_place();
        let in_text = |pointer: &str, change: Change| {
            let change = match change {
                Change::Set(value) => Change::Set(typed(value)),
                other => other,
            };
            let (pointer, option) = (pointer.to_owned(), key.to_owned());
            Some(vec![Operation::Within { pointer, option, change }])
        };
        if pointer::at(self.object, options).is_some_and(Value::is_string) {
            return in_text(options, change);
        }
        let is_own = |place: &&str| {
            place
                .strip_prefix(options)
                .is_some_and(|below| pointer::tokens(below).collect::<Vec<_>>().join(".") == key)
        };
        // The option can be there although something else takes precedence.
        let here = Some(self.finding.pointer.as_str());
        let here = here.filter(is_own).filter(|place| pointer::at(self.object, place).is_some());
        let entry = self.workload.config.exact(key).and_then(|entry| entry.pointer.as_deref());
        let Some(place) = here.or(entry) else {
            let Change::Set(value) = change else { return None };
            let is_cluster =
                self.workload.declares_cluster || self.workload.config_pointer.is_some();
            let pointer = pointer::join(options, key);
            return is_cluster.then(|| vec![Operation::Set { pointer, value }]);
        };
        if is_own(&place) {
            let pointer = place.to_owned();
            return match change {
                Change::Set(value) => Some(vec![Operation::Set { pointer, value }]),
                Change::Remove => Some(vec![Operation::Remove { pointer }]),
                Change::Rename(to) => rename_option(options, place, &to, self.object).ok(),
            };
        }
        let text = pointer::at(self.object, place).and_then(Value::as_str)?;
        text.contains('\n').then(|| in_text(place, change)).flatten()
    }
}

/// The value as a configuration file has it, where numbers have no quotes.
fn typed(value: Value) -> Value {
    let parsed = value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    parsed.filter(|parsed| parsed.is_number() || parsed.is_boolean()).unwrap_or(value)
}
