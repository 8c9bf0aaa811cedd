//! When no rule at all can have anything to say: most rules name a list in `input` (`custom.when`)
//! that is empty for an object that is as it should be. A look at those lists, without the rest of
//! `input`, then settles it.

use super::evaluate::is_something;
use super::input::Draft;
use crate::rules::Documentation;
use regorus::Value;

/// Places that [`Draft`] has, with how much of a place is looked at: below an object that is empty
/// when all is well, nothing need be.
const DRAFTED: [(&str, &str, usize); 12] = [
    ("flink", "duplicates", 2),
    ("flink", "forbidden", 2),
    ("flink", "memory", 3),
    ("flink", "operator", 2),
    ("flink", "options", 2),
    ("flink", "problems", 2),
    ("flink", "size", 3),
    ("mutation", "conflicts", 2),
    ("quota", "exceeded", 2),
    ("quota", "undeclared", 2),
    ("tenancy", "claimants", 2),
    ("tenancy", "unassigned", 2),
];

/// The conditions of a set of rules.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    /// Whether a rule has none that a draft could tell.
    always: bool,
    /// Places of which one must hold something.
    places: Vec<Vec<Value>>,
}

impl Conditions {
    pub(super) fn of(rules: &[Documentation]) -> Self {
        let mut conditions = Self::default();
        for rule in rules {
            let places = rule.when.iter().map(|place| {
                place.iter().map(|field| Value::from(field.as_str())).collect::<Vec<_>>()
            });
            match places.filter_map(|place| drafted(&place).map(<[Value]>::to_vec)).next() {
                None => conditions.always = true,
                Some(place) if conditions.places.contains(&place) => {}
                Some(place) => conditions.places.push(place),
            }
        }
        conditions
    }

    /// Whether any of them may hold.
    pub(super) fn may_hold(&self, draft: &Draft<'_>) -> bool {
        self.always || self.places.iter().any(|place| is_something(draft.at(place)))
    }
}

fn drafted(place: &[Value]) -> Option<&[Value]> {
    let [first, second, ..] = place else { return None };
    let same = |value: &Value, name: &str| matches!(value, Value::String(text) if &**text == name);
    let (_, _, depth) =
        DRAFTED.iter().find(|(one, two, _)| same(first, one) && same(second, two))?;
    place.get(..*depth)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::rego::built_in;

    fn place(text: &str) -> Vec<Value> {
        text.split('.').map(Value::from).collect()
    }

    #[test]
    fn a_place_is_looked_at_as_far_as_a_draft_tells() {
        for (written, looked_at) in [
            ("flink.problems.secrets", Some("flink.problems")),
            ("flink.size.problems", Some("flink.size.problems")),
            ("mutation.conflicts", Some("mutation.conflicts")),
            ("flink.config", None),
            ("tenant.scheduling", None),
            ("quota", None),
        ] {
            assert_eq!(
                drafted(&place(written)).map(<[Value]>::to_vec),
                looked_at.map(place),
                "{written}"
            );
        }
    }

    #[test]
    fn only_a_users_rule_may_have_no_condition() {
        let mut rules = built_in::set().unwrap().rules().to_vec();
        let unconditional = rules.iter().filter(|rule| {
            let drafted = |names: &Vec<String>| drafted(&place(&names.join("."))).is_some();
            !rule.when.iter().any(drafted)
        });
        assert_eq!(
            unconditional.map(|rule| rule.id.as_str()).collect::<Vec<_>>(),
            Vec::<&str>::new()
        );
        assert!(!Conditions::of(&rules).always);
        rules[0].when.clear();
        assert!(Conditions::of(&rules).always);
    }
}
