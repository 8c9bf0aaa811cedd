//! The environment variables of a container that are written in it, with what Kubernetes and the
//! image's entrypoint fill in.

use super::dynamic_properties::LONGEST;
use crate::resource::fields::{elements, text};
use serde_json::Value;
use std::borrow::Cow;

/// The longest text after variables are filled in; more is not filled in.
const LONGEST_FILLED_IN: usize = 2 * LONGEST;

/// The variables with a value, each with its index in `env`.
pub struct Variables<'v>(Vec<(usize, &'v str, &'v str)>);

impl<'v> Variables<'v> {
    /// The variables of a container.
    pub fn of(container: &'v Value) -> Self {
        let list = elements(container, "env").iter().enumerate();
        let written = list.filter_map(|(index, variable)| {
            let value = variable.get("value").and_then(Value::as_str);
            Some((index, text(variable, "name"), value.filter(|value| value.len() <= LONGEST)?))
        });
        Self(written.collect())
    }

    /// Index, name and value of each.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &'v str, &'v str)> {
        self.0.iter().copied()
    }

    /// A value in which Kubernetes replaced `$(NAME)` by a variable before this one.
    pub fn expanded<'t>(&self, index: usize, value: &'t str) -> Cow<'t, str> {
        filled(value, |rest| {
            let (name, after) = rest.strip_prefix('(')?.split_once(')')?;
            let before = self.0.iter().rev().filter(|(own, _, _)| *own < index);
            Some((before.into_iter().find(|(_, own, _)| *own == name)?.2, after))
        })
    }

    /// A text in which the entrypoint replaced `$NAME` and `${NAME}`.
    pub fn filled_in<'t>(&self, text: &'t str) -> Cow<'t, str> {
        filled(text, |rest| {
            let (name, after) = match rest.strip_prefix('{') {
                Some(rest) => rest.split_once('}')?,
                None => {
                    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    rest.split_at(rest.find(|c| !is_name(c)).unwrap_or(rest.len()))
                }
            };
            Some((self.0.iter().rev().find(|(_, own, _)| *own == name)?.2, after))
        })
    }
}

/// Replaces what follows a dollar sign, where `find` knows a value and the text after it.
fn filled<'t, 'v>(
    text: &'t str,
    find: impl Fn(&'t str) -> Option<(&'v str, &'t str)>,
) -> Cow<'t, str> {
    if !text.contains('$') {
        return text.into();
    }
    let (mut result, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('$') {
        result += before;
        match find(after).filter(|(value, _)| result.len() + value.len() <= LONGEST_FILLED_IN) {
            Some((value, after)) => {
                result += value;
                rest = after;
            }
            None => {
                result.push('$');
                rest = after;
            }
        }
    }
    (result + rest).into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_are_filled_in_as_kubernetes_and_the_entrypoint_do() {
        let container = json!({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)$(C)"},
            {"name": "C", "value": "3"}, {"name": "D", "valueFrom": {}}]});
        let variables = Variables::of(&container);
        assert_eq!(variables.expanded(1, "$(A)$(C)$(D)$$"), "1$(C)$(D)$$");
        assert_eq!(variables.filled_in("$A-${C}-$D-${E}-$"), "1-3-$D-${E}-$");
    }
}
