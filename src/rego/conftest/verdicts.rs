//! The names of the rules that conftest evaluates.

use crate::rules::Level;

/// The level of a rule's results; `None` for a rule that conftest does not evaluate.
pub(in crate::rego) fn level(rule: &str) -> Option<Level> {
    let is = |prefix: &str| {
        let rest = rule.strip_prefix(prefix);
        rest.is_some_and(|rest| {
            rest.is_empty()
                || rest.strip_prefix('_').is_some_and(|rest| {
                    rest.split('_').all(|part| {
                        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
                    })
                })
        })
    };
    match rule {
        _ if is("deny") || is("violation") => Some(Level::Error),
        _ if is("warn") => Some(Level::Warning),
        _ => None,
    }
}

/// Whether conftest evaluates a rule of this name, and Flinkgate's own policies have none.
pub(in crate::rego) fn is_only_conftests(rule: &str) -> bool {
    rule == "exception" || (!matches!(rule, "deny" | "warn") && level(rule).is_some())
}

/// The name by which an exception names the rule.
pub(super) fn without_prefix(rule: &str) -> &str {
    ["violation", "deny", "warn"]
        .iter()
        .find_map(|prefix| rule.strip_prefix(prefix))
        .map_or(rule, |rest| rest.strip_prefix('_').unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_told_by_their_names() {
        for (rule, expected) in [
            ("deny", Some(Level::Error)),
            ("violation", Some(Level::Error)),
            ("warn", Some(Level::Warning)),
            ("deny_run_as_root", Some(Level::Error)),
            ("warn_1", Some(Level::Warning)),
            ("deny_", None),
            ("deny__x", None),
            ("denying", None),
            ("warning", None),
            ("info", None),
            ("exception", None),
        ] {
            assert_eq!(level(rule), expected, "{rule}");
        }
        assert_eq!(without_prefix("violation_a_b"), "a_b");
        assert_eq!(without_prefix("deny"), "");
    }
}
