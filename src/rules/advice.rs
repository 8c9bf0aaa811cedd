//! Help that is a value: its text and the change of the object come from the same values.

use super::Finding;
use super::fix::{Draft, Step, flow};
use super::words::{alternatives, use_name_like, use_one_of};
use crate::resource::yaml::edit::Change;
use serde_json::Value;

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
