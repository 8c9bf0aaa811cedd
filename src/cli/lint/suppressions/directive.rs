//! What a suppression says: `RULE[, RULE] -- reason`.

/// What begins the comments that are for Flinkgate.
const PREFIX: &str = "flinkgate:";
/// The only thing that a comment can do.
const ALLOW: &str = "allow";
/// What comes before the reason.
const SEPARATOR: &str = "--";

/// Rules that are allowed, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) rules: Vec<String>,
    pub(super) reason: String,
}

/// Why a suppression cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DirectiveError {
    /// A word that is not `allow`.
    #[error("unknown directive `{0}`: only `allow` suppresses findings")]
    Unknown(String),
    /// No rule is named.
    #[error("the suppression names no rule")]
    NoRule,
    /// All rules are named.
    #[error("`*` cannot be suppressed: name the rules or their family")]
    AllRules,
    /// There is no reason.
    #[error("the suppression of `{0}` has no reason, so it suppresses nothing")]
    NoReason(String),
}

impl DirectiveError {
    /// What to write.
    pub(super) const HELP: &str =
        "write `allow RULE -- reason`, with the reason why it is accepted";
}

/// The suppression of a comment, of which `text` is what follows the `#`; `None` for other comments.
pub(super) fn of_comment(text: &str) -> Option<Result<Directive, DirectiveError>> {
    let rest = text.trim().strip_prefix(PREFIX)?.trim_start();
    let (word, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    Some(match word {
        ALLOW => parse(rest),
        other => Err(DirectiveError::Unknown(other.to_owned())),
    })
}

/// The suppressions of an annotation: one a line, or separated by `;`.
pub(super) fn of_annotation(text: &str) -> Vec<Result<Directive, DirectiveError>> {
    let parts = text.split(['\n', ';']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(parse).collect()
}

fn parse(text: &str) -> Result<Directive, DirectiveError> {
    let (rules, reason) = text.split_once(SEPARATOR).unwrap_or((text, ""));
    let rules: Vec<String> = rules
        .split(',')
        .map(|rule| rule.trim().to_owned())
        .filter(|rule| !rule.is_empty())
        .collect();
    if rules.is_empty() {
        return Err(DirectiveError::NoRule);
    }
    if rules.iter().any(|rule| rule == "*") {
        return Err(DirectiveError::AllRules);
    }
    match reason.trim() {
        "" => Err(DirectiveError::NoReason(rules.join("`, `"))),
        reason => Ok(Directive { rules, reason: reason.to_owned() }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn allowed(rules: &[&str], reason: &str) -> Result<Directive, DirectiveError> {
        let rules = rules.iter().map(ToString::to_string).collect();
        Ok(Directive { rules, reason: reason.into() })
    }

    #[test]
    fn comments_are_read_as_they_are_documented() {
        for (text, expected) in [
            (" flinkgate: allow a/b -- why", Some(allowed(&["a/b"], "why"))),
            ("flinkgate:allow a/b,c/* -- a -- b", Some(allowed(&["a/b", "c/*"], "a -- b"))),
            (" flinkgate: allow a/b", Some(Err(DirectiveError::NoReason("a/b".into())))),
            (" flinkgate: allow a/b --  ", Some(Err(DirectiveError::NoReason("a/b".into())))),
            (" flinkgate: allow -- why", Some(Err(DirectiveError::NoRule))),
            (" flinkgate: allow * -- why", Some(Err(DirectiveError::AllRules))),
            (" flinkgate: alow a/b -- x", Some(Err(DirectiveError::Unknown("alow".into())))),
            (" about flinkgate: allow a/b -- x", None),
            (" flinkgate", None),
        ] {
            assert_eq!(of_comment(text), expected, "{text}");
        }
    }

    #[test]
    fn an_annotation_has_several() {
        let expected = [allowed(&["a/b"], "one"), allowed(&["c/d"], "two"), allowed(&["e/f"], "3")];
        assert_eq!(of_annotation("a/b -- one; c/d -- two\n\ne/f -- 3\n"), expected);
    }
}
