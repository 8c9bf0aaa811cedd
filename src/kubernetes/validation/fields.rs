//! Reads the fields of a pod as the API server does: an empty text is as good as a missing one. A
//! value of another type is not judged here.

use super::fault::{Fault, Report};
use super::forms::Form;
use super::place::Place;
use crate::resource::steps::step;
use serde_json::Value;
use std::collections::BTreeSet;

/// Keys that are compared without a set.
const SHORT: usize = 16;

/// The text of a field that is not empty.
pub fn text<'v>(parent: &'v Value, field: &str) -> Option<&'v str> {
    step();
    parent.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Whether the field has a value of any type, but not an empty text.
pub fn is_given(parent: &Value, field: &str) -> bool {
    step();
    parent.get(field).is_some_and(is_value)
}

/// Whether a value is not as good as a missing one.
fn is_value(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}

/// The object in a field; an empty one counts.
pub fn object<'v>(parent: &'v Value, field: &str) -> Option<&'v Value> {
    step();
    parent.get(field).filter(|value| value.is_object())
}

/// Whether a field is `true`.
pub fn is_true(parent: &Value, field: &str) -> bool {
    parent.get(field) == Some(&Value::Bool(true))
}

/// The elements of a list with their indices and places.
pub fn each<'v>(
    parent: &'v Value,
    field: &'v str,
    at: &Place<'_>,
    mut visit: impl FnMut(&'v Value, &Place<'_>),
) {
    let at = at.field(field);
    for (index, element) in crate::resource::fields::elements(parent, field).iter().enumerate() {
        step();
        visit(element, &at.index(index));
    }
}

/// A field that must not be empty.
pub fn required<'v>(
    parent: &'v Value,
    field: &'static str,
    at: &Place<'_>,
    report: &mut Report<'_>,
) -> Option<&'v str> {
    step();
    match parent.get(field) {
        Some(Value::String(text)) if !text.is_empty() => return Some(text),
        None | Some(Value::Null | Value::String(_)) if parent.is_object() => {
            report(at, Fault::Missing(field));
        }
        _ => {}
    }
    None
}

/// A field whose text must have a form, where it is given.
pub fn formed(
    parent: &Value,
    field: &'static str,
    form: Form,
    at: &Place<'_>,
    report: &mut Report<'_>,
) {
    if let Some(text) = text(parent, field) {
        fits(text, form, &at.field(field), report);
    }
}

/// A field that must have a text of this form.
pub fn required_form<'v>(
    parent: &'v Value,
    field: &'static str,
    form: Form,
    at: &Place<'_>,
    report: &mut Report<'_>,
) -> Option<&'v str> {
    let text = required(parent, field, at, report)?;
    fits(text, form, &at.field(field), report).then_some(text)
}

/// Reports a text that does not have a form.
pub fn fits(text: &str, form: Form, at: &Place<'_>, report: &mut Report<'_>) -> bool {
    let fits = form.fits(text);
    if !fits {
        report(at, Fault::Malformed(text, form));
    }
    fits
}

/// A field that may have one of a few texts.
pub fn one_of(
    parent: &Value,
    field: &str,
    allowed: &'static [&'static str],
    at: &Place<'_>,
    report: &mut Report<'_>,
) {
    if let Some(text) = text(parent, field).filter(|text| !allowed.contains(text)) {
        report(&at.field(field), Fault::Unsupported(text, allowed));
    }
}

/// The first of several fields, of which an object has one at most.
pub fn first_source(
    parent: &Value,
    sources: &'static [&'static str],
    at: &Place<'_>,
    report: &mut Report<'_>,
) -> Option<&'static str> {
    // An object has few fields, and there are many sources.
    let fields = parent.as_object()?;
    let given = fields.iter().inspect(|_| step()).filter(|(_, value)| is_value(value));
    let indices = given.filter_map(|(name, _)| sources.iter().position(|source| source == name));
    let (mut first, mut second) = (None::<usize>, None::<usize>);
    for index in indices {
        let is_first = first.is_none_or(|first| index < first);
        let later = if is_first { first.replace(index) } else { Some(index) };
        second = second.into_iter().chain(later).min();
    }
    let [first, second] = [first, second].map(|at| sources.get(at?).copied());
    if let (Some(first), Some(second)) = (first, second) {
        report(&at.field(second), Fault::Both(first, second));
    }
    first
}

/// The first of several fields, of which an object has exactly one.
pub fn one_source(
    parent: &Value,
    sources: &'static [&'static str],
    at: &Place<'_>,
    report: &mut Report<'_>,
) -> Option<&'static str> {
    let first = first_source(parent, sources, at, report);
    if first.is_none() && parent.is_object() {
        report(at, Fault::MissingOneOf(sources));
    }
    first
}

/// A field that has one of a few texts where it is given: an empty text is none of them.
pub fn one_of_given(
    parent: &Value,
    field: &str,
    allowed: &'static [&'static str],
    at: &Place<'_>,
    report: &mut Report<'_>,
) {
    step();
    let given = parent.get(field).and_then(Value::as_str);
    if let Some(text) = given.filter(|text| !allowed.contains(text)) {
        report(&at.field(field), Fault::Unsupported(text, allowed));
    }
}

/// A whole number in a field, with its bounds.
pub fn within(
    parent: &Value,
    field: &str,
    (least, most): (i64, i64),
    at: &Place<'_>,
    report: &mut Report<'_>,
) -> Option<i64> {
    step();
    let number = parent.get(field)?.as_i64()?;
    if number < least || number > most {
        report(&at.field(field), Fault::OutOfRange(number, least, most));
    }
    Some(number)
}

/// Visits each element that has the key of an earlier one. Elements without a key do not count.
pub fn repeated<'v, K: Ord + Copy>(
    list: &'v [Value],
    key: impl Fn(&'v Value) -> Option<K>,
    mut visit: impl FnMut(usize, K),
) {
    let mut seen = Seen::default();
    for (index, element) in list.iter().enumerate() {
        step();
        if let Some(own) = key(element)
            && !seen.insert(own)
        {
            visit(index, own);
        }
    }
}

/// What was seen so far; the first few need no memory.
#[derive(Debug)]
pub struct Seen<K> {
    few: [Option<K>; SHORT],
    count: usize,
    more: BTreeSet<K>,
}

impl<K: Copy> Default for Seen<K> {
    fn default() -> Self {
        Self { few: [None; SHORT], count: 0, more: BTreeSet::new() }
    }
}

impl<K: Ord + Copy> Seen<K> {
    /// Adds a key; `false` if it was seen before.
    pub fn insert(&mut self, key: K) -> bool {
        if self.few.iter().take(self.count).any(|seen| *seen == Some(key)) {
            return false;
        }
        match self.few.get_mut(self.count) {
            Some(slot) => {
                *slot = Some(key);
                self.count = self.count.saturating_add(1);
                true
            }
            None => self.more.insert(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn repeated_keys_are_found_in_short_and_long_lists() {
        for more in [0, 40] {
            let mut list = vec![json!({"n": "a"}), json!({}), json!({"n": "a"}), json!({})];
            list.extend((0..more).map(|n| json!({"n": format!("x{n}")})));
            let mut found = Vec::new();
            repeated(&list, |element| text(element, "n"), |index, key| found.push((index, key)));
            assert_eq!(found, [(2, "a")]);
        }
    }
}
