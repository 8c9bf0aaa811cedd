//! `flink/invalid-value`

use crate::flink::catalog::OptionFault;
use crate::flink::options::RESTART_STRATEGY;
use crate::flink::redaction::{is_sensitive, uri};
use crate::flink::values::ValueError;
use crate::rules::words::{alternatives, shown};
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Values that Flink cannot read.
pub static RULE: Rule = Rule {
    id: "flink/invalid-value",
    level: Level::Error,
    since: "0.1.0",
    title: "Invalid option values",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("invalid_value.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for option in subject.faulty_options() {
        let OptionFault::Invalid(error) = &option.fault else { continue };
        let (key, place) = (option.key, option.entry.pointer.as_deref());
        // `flink/restart-strategy` reports every name that the tenant does not allow.
        let limits = subject.tenant.spec.flink.restart_strategy.as_ref();
        if RESTART_STRATEGY.contains(&key) && limits.is_some_and(|limits| limits.types.is_some()) {
            continue;
        }
        // `flink/size` reports the values that sizes are calculated from.
        if place.is_some_and(|place| subject.is_size_problem(place)) {
            continue;
        }
        let finding =
            findings.at(subject.option_place(key, option.entry)).advise(help(error)).key(key);
        // The error shows the value.
        if is_sensitive(key) || uri(&option.entry.value) != option.entry.value {
            finding.message(format!("the value of `{key}` is invalid"));
        } else {
            finding
                .message(format!("invalid value for `{key}`: {error}"))
                .found(shown(&option.entry.value));
        }
    }
}

/// What to write instead.
fn help(error: &ValueError) -> Advice {
    let help = match error {
        ValueError::Boolean(_) => "write `true` or `false`",
        ValueError::Integer(_) => "write a whole number from -2147483648 to 2147483647",
        ValueError::Long(_) => "write a whole number, such as `60000`",
        ValueError::Number(_) => "write a number, such as `0.5`",
        ValueError::Duration(_) => {
            "write a whole number and a unit, such as `10 s`, `5 min` or `500 ms`"
        }
        ValueError::MemorySize(error) => error.help(),
        ValueError::Enum { allowed, .. } => {
            return Advice::word_of(&allowed.split('|').collect::<Vec<_>>());
        }
        ValueError::Name { known, class, .. } => {
            let names = alternatives(known);
            return match class {
                Some(class) => Advice::words(format!("use {names}, or {class}")),
                None => Advice::word_of(known),
            };
        }
        ValueError::List(_) => "separate the elements with semicolons, and close every quote",
        ValueError::Map(_) => "write `key:value` pairs, separated by commas",
    };
    Advice::words(help)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::Workload;
    use crate::rules::testing::reported;
    use serde_json::json;

    fn finding(key: &str, value: &str) -> (String, Option<String>) {
        let mut workload = Workload::default();
        workload.config.set(key, value, Some("/x".into()));
        let [finding] = &mut reported(&RULE, &workload, json!({}))[..] else { panic!("{key}") };
        (std::mem::take(&mut finding.message), finding.facts.found.take())
    }

    #[test]
    fn the_value_is_shown_unless_it_is_a_secret() {
        assert_eq!(
            finding("parallelism.default", "many"),
            (
                "invalid value for `parallelism.default`: `many` is not a 32-bit integer".into(),
                Some("many".into())
            )
        );
        let secret = "high-availability.zookeeper.client.authorization";
        assert_eq!(
            finding(secret, "hunter2"),
            (format!("the value of `{secret}` is invalid"), None)
        );
    }
}
