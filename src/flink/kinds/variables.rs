//! The environment variables of a container that are written in it, with what Kubernetes and the
//! image's entrypoint fill in.

use super::dynamic_properties::LONGEST;
use crate::resource::fields::{elements, text};
use serde_json::Value;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::collections::HashMap;

/// The most that is filled in for one container: Linux starts no process with more arguments and
/// variables.
const MOST_FILLED_IN: usize = 2 * 1024 * 1024;

/// The longest name of a variable that is filled in.
const LONGEST_NAME: usize = 1024;

/// The variables with a value, each with its index in `env`.
pub struct Variables<'v> {
    list: Vec<(usize, &'v str, &'v str)>,
    /// For each name, the indices in `list`.
    by_name: OnceCell<HashMap<&'v str, Vec<usize>>>,
    left: Cell<usize>,
}

impl<'v> Variables<'v> {
    /// The variables of a container.
    pub fn of(container: &'v Value) -> Self {
        let list = elements(container, "env").iter().enumerate();
        let written = list.filter_map(|(index, variable)| {
            let value = variable.get("value").and_then(Value::as_str);
            Some((index, text(variable, "name"), value.filter(|value| value.len() <= LONGEST)?))
        });
        let left = Cell::new(MOST_FILLED_IN);
        Self { list: written.collect(), by_name: OnceCell::new(), left }
    }

    /// Index and value of the last variable with this name, which is the one that counts.
    pub fn last(&self, name: &str) -> Option<(usize, &'v str)> {
        let found = self.list.iter().rev().find(|(_, own, _)| *own == name);
        found.map(|(index, _, value)| (*index, *value))
    }

    /// A value in which Kubernetes replaced `$(NAME)` by a variable before this one.
    pub fn expanded<'t>(&self, index: usize, value: &'t str) -> Cow<'t, str> {
        self.filled(value, |rest| {
            let (name, after) = name_until(rest.strip_prefix('(')?, b')')?;
            Some((self.value_before(index, name)?, after))
        })
    }

    /// A text in which the entrypoint replaced `$NAME` and `${NAME}`.
    pub fn filled_in<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.filled(text, |rest| {
            let (name, after) = match rest.strip_prefix('{') {
                Some(rest) => name_until(rest, b'}')?,
                None => {
                    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    rest.split_at(rest.find(|c| !is_name(c)).unwrap_or(rest.len()))
                }
            };
            Some((self.value_before(usize::MAX, name)?, after))
        })
    }

    /// The last value of a variable before an index in `env`.
    fn value_before(&self, index: usize, name: &str) -> Option<&'v str> {
        let by_name = self.by_name.get_or_init(|| {
            let mut by_name: HashMap<_, Vec<usize>> = HashMap::new();
            for (place, (_, name, _)) in self.list.iter().enumerate() {
                by_name.entry(*name).or_default().push(place);
            }
            by_name
        });
        let places = by_name.get(name)?;
        let is_before =
            |place: &usize| self.list.get(*place).is_some_and(|(own, _, _)| *own < index);
        let last = places.get(places.partition_point(is_before).checked_sub(1)?)?;
        self.list.get(*last).map(|(_, _, value)| *value)
    }

    /// Replaces what follows a dollar sign, where `find` knows a value and the text after it.
    fn filled<'t>(
        &self,
        text: &'t str,
        find: impl Fn(&'t str) -> Option<(&'v str, &'t str)>,
    ) -> Cow<'t, str> {
        if self.list.is_empty() || !text.contains('$') {
            return text.into();
        }
        let (mut result, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once('$') {
            result += before;
            rest = after;
            let found = find(after).filter(|(value, _)| value.len() <= self.left.get());
            match found {
                Some((value, after)) => {
                    self.left.set(self.left.get().saturating_sub(value.len()));
                    result += value;
                    rest = after;
                }
                None => result.push('$'),
            }
        }
        (result + rest).into()
    }
}

/// A name before its closing bracket, and the text after the bracket.
fn name_until(text: &str, bracket: u8) -> Option<(&str, &str)> {
    let end = text.bytes().take(LONGEST_NAME).position(|byte| byte == bracket)?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_are_filled_in_as_kubernetes_and_the_entrypoint_do() {
        let container = json!({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)$(C)"},
            {"name": "C", "value": "3"}, {"name": "D", "valueFrom": {}}, {"name": "A", "value": "4"}]});
        let variables = Variables::of(&container);
        assert_eq!(variables.expanded(1, "$(A)$(C)$(D)$$"), "1$(C)$(D)$$");
        assert_eq!(variables.filled_in("$A-${C}-$D-${E}-$"), "4-3-$D-${E}-$");
        assert_eq!(variables.last("A"), Some((4, "4")));
    }

    #[test]
    fn filling_in_is_bounded() {
        let long = "x".repeat(LONGEST);
        let container = json!({"env": [{"name": "A", "value": long}]});
        let filled = Variables::of(&container).filled_in(&"$A".repeat(1000)).len();
        assert!(filled <= MOST_FILLED_IN + 2000, "{filled}");
    }
}
