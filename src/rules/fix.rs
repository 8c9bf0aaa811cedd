//! Help that is a value, as data: the text of the help and the change of the object come from the same
//! values.

use super::Finding;
use super::words::{alternatives, use_name_like, use_one_of};
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

/// Help that is a value.
#[derive(Clone, Debug)]
pub struct Advice {
    text: String,
    steps: Vec<Step>,
    safe: bool,
}

impl Advice {
    fn new(text: String, step: Step) -> Self {
        Self { text, steps: vec![step], safe: false }
    }

    /// `` set `field: value` `` at the finding's place or next to it.
    pub fn set(field: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        Self::new(format!("set `{field}: {}`", flow(&value)), Step::Set(field.to_owned(), value))
    }

    /// `` set `field: value` `` at a place of the object.
    pub fn set_at(pointer: String, field: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        Self::new(format!("set `{field}: {}`", flow(&value)), Step::SetAt(pointer, value))
    }

    /// `` set `key: value` `` for an option.
    pub fn set_option(key: &str, value: impl ToString) -> Self {
        let value = value.to_string();
        let text = format!("set `{key}: {value}`");
        Self::new(text, Step::Option(key.to_owned(), Change::Set(value.into())))
    }

    /// `` remove `name` ``, which is at the finding's place.
    pub fn remove(name: &str) -> Self {
        Self::new(format!("remove `{name}`"), Step::Remove)
    }

    /// The removal of what is a number of levels above the finding's place.
    pub fn remove_above(levels: usize, text: &str) -> Self {
        Self::new(text.to_owned(), Step::RemoveAbove(levels))
    }

    /// The removal of what is at the finding's place, in words such as `remove it`.
    pub fn remove_in_words(text: impl Into<String>) -> Self {
        Self::new(text.into(), Step::Remove)
    }

    /// `` remove `key` `` for an option.
    pub fn remove_option(key: &str) -> Self {
        Self::new(format!("remove `{key}`"), Step::Option(key.to_owned(), Change::Remove))
    }

    /// `` use `value` `` for the value at the finding's place.
    pub fn replace(value: &str) -> Self {
        Self::new(format!("use `{value}`"), Step::Replace(value.into()))
    }

    /// `` use `name` `` for the key at the finding's place.
    pub fn rename(to: &str) -> Self {
        Self::new(format!("use `{to}`"), Step::Rename(to.to_owned()))
    }

    /// `` use `key` `` for an option.
    pub fn rename_option(from: &str, to: &str) -> Self {
        let change = Change::Rename(to.to_owned());
        Self::new(format!("use `{to}`"), Step::Option(from.to_owned(), change))
    }

    /// Help that leaves a choice, or names no value.
    pub fn words(text: impl Into<String>) -> Self {
        Self { text: text.into(), steps: Vec::new(), safe: false }
    }

    /// The advice to use one of the values that a tenant allows, which is a value where it allows one or
    /// none.
    pub fn one_of<P: AsRef<str>>(allowed: &[P]) -> Self {
        Self::of_allowed(use_one_of(allowed), allowed)
    }

    /// [`Self::one_of`] for names that a tenant allows by patterns with stars.
    pub fn name_like<P: AsRef<str>>(patterns: &[P]) -> Self {
        let text = use_name_like(patterns);
        match patterns.iter().any(|pattern| pattern.as_ref().contains('*')) {
            true => Self::words(text),
            false => Self::of_allowed(text, patterns),
        }
    }

    /// `` use `a` or `b` ``, which is a value where there is one. A wrong word with one near word is safe.
    pub fn word_of<P: AsRef<str>>(words: &[P]) -> Self {
        let text = format!("use {}", alternatives(words));
        match words {
            [] => Self::words(text),
            words => Self::of_allowed(text, words).safe(),
        }
    }

    fn of_allowed<P: AsRef<str>>(text: String, allowed: &[P]) -> Self {
        match allowed {
            [] => Self::new(text, Step::Remove),
            [only] => Self::new(text, Step::Replace(only.as_ref().into())),
            _ => Self::words(text),
        }
    }

    /// The help's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same change in other words.
    #[must_use]
    pub fn in_words(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// More words after it.
    #[must_use]
    pub fn then(mut self, rest: &str) -> Self {
        self.text.push_str(rest);
        self
    }

    /// Two changes: `` set `a: 1` and `b: 2` ``.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.text.push_str(" and ");
        self.text.push_str(other.text.strip_prefix("set ").unwrap_or(&other.text));
        self.steps.extend(other.steps);
        self
    }

    /// The author cannot have meant anything else.
    #[must_use]
    pub fn safe(self) -> Self {
        self.safe_if(true)
    }

    /// [`Self::safe`] under a condition.
    #[must_use]
    pub fn safe_if(mut self, safe: bool) -> Self {
        self.safe = safe && !self.steps.is_empty();
        self
    }
}

/// A fix before it is known where the object holds the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    steps: Vec<Step>,
    safe: bool,
}

impl From<&str> for Advice {
    fn from(text: &str) -> Self {
        Self::words(text)
    }
}

impl From<String> for Advice {
    fn from(text: String) -> Self {
        Self::words(text)
    }
}

impl Finding {
    /// What to write instead, as help and as a fix.
    pub fn advise(&mut self, advice: Advice) -> &mut Self {
        let Advice { text, steps, safe } = advice;
        self.help = Some(text);
        self.draft = (!steps.is_empty()).then(|| Box::new(Draft { steps, safe }));
        self
    }
}

/// A value in one line, as a help shows it.
fn flow(value: &Value) -> String {
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
