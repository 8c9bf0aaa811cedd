//! Variables in a container's command and arguments (`$(NAME)`), which Kubernetes replaces with the
//! values of its environment.

use crate::resource::fields::{elements, text};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;

/// Values may contain variables. Each level may multiply the length.
const LEVELS: u8 = 4;
/// Bytes that all replacements of a container may write. Flink's programs have short names.
const BUDGET: usize = 64 << 10;

/// No longer name is looked for.
const LONGEST_NAME: usize = 256;

/// The values that a container's environment states.
#[derive(Debug, Default)]
pub(super) struct Variables<'v> {
    values: HashMap<&'v str, &'v str>,
    budget: usize,
}

impl<'v> Variables<'v> {
    /// The variables of a container; empty if its command and arguments use none.
    pub(super) fn of(container: &'v Value) -> Self {
        let uses = |field: &str| {
            elements(container, field)
                .iter()
                .filter_map(Value::as_str)
                .any(|argument| argument.contains("$("))
        };
        if !uses("command") && !uses("args") {
            return Self::default();
        }
        // The last value of a name counts.
        let value =
            |variable: &'v Value| Some((text(variable, "name"), variable.get("value")?.as_str()?));
        let values = elements(container, "env").iter().filter_map(value).collect();
        Self { values, budget: BUDGET }
    }

    /// An argument with these values. Variables with other sources stay.
    pub(super) fn expand<'a>(&mut self, argument: &'a str) -> Cow<'a, str> {
        let mut out = Cow::Borrowed(argument);
        if self.values.is_empty() {
            return out;
        }
        for _ in 0..LEVELS {
            match self.expand_once(&out) {
                Some(text) => out = Cow::Owned(text),
                None => break,
            }
        }
        out
    }

    /// The text with one level of variables replaced; `None` if there are none with a value.
    fn expand_once(&mut self, argument: &str) -> Option<String> {
        let mut out = String::new();
        let (mut rest, mut is_changed) = (argument, false);
        while let Some((before, after)) = rest.split_once("$(") {
            out.push_str(before);
            // `$$(` stands for `$(`.
            let named = split_name(after).filter(|_| !before.ends_with('$'));
            let value = named.and_then(|(name, tail)| Some((*self.values.get(name)?, tail)));
            match value.filter(|(value, _)| value.len() <= self.budget) {
                Some((value, tail)) => {
                    self.budget = self.budget.saturating_sub(value.len());
                    out.push_str(value);
                    (rest, is_changed) = (tail, true);
                }
                None => {
                    out.push_str("$(");
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        is_changed.then_some(out)
    }
}

/// The name up to its closing bracket, and the rest.
fn split_name(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().take(LONGEST_NAME).position(|byte| byte == b')')?;
    Some((text.get(..end)?, text.get(end..)?.strip_prefix(')')?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn stated_values_replace_variables() {
        let container = json!({"args": ["$(A)"], "env": [{"name": "A", "value": "stand"}, {"name": "B", "value": "$(A)alone"},
            {"name": "P", "valueFrom": {}}, {"name": "L", "value": "$(L)$(L)"}]});
        let mut variables = Variables::of(&container);
        for (argument, expected) in [
            ("plain $A $", "plain $A $"),
            ("$(B)-job", "standalone-job"),
            ("$(P) $(Q) $(A", "$(P) $(Q) $(A"),
            ("$$(A) $(A)", "$$(A) stand"),
        ] {
            assert_eq!(variables.expand(argument), expected);
        }
        let long = "$(L)".repeat(20_000);
        assert!(variables.expand(&long).len() <= long.len() + BUDGET);
        assert_eq!(variables.expand(&long).len(), long.len());
    }
}
