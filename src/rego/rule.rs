//! The documentation of a user's rule, read from its OPA metadata block.

use super::error::PolicyProblem;
use super::source::PolicySource;
use crate::resource::yaml;
use crate::rules::{Documentation, FAMILIES, Level};
use serde_json::Value;

/// Family of users' rules that name no other.
pub const USER_FAMILY: &str = "user";

/// Reads the metadata of a file with rules; without any the id comes from the package.
pub(super) fn read(
    source: &PolicySource,
    package: &[String],
) -> Result<Documentation, PolicyProblem> {
    let (line, block) = match metadata_block(&source.text) {
        Some((line, text)) => {
            let value = parse_yaml(&text).map_err(|found| PolicyProblem {
                file: source.path.clone(),
                line: line + found.span.line,
                // What stands before the YAML in a comment.
                column: found.span.column + "# ".len(),
                message: format!("the metadata cannot be read: {}", found.message),
            })?;
            (line, value)
        }
        None => (1, Value::Null),
    };
    let custom = block.get("custom").unwrap_or(&Value::Null);
    let id = match custom.get("id") {
        None => derived_id(package),
        Some(Value::String(id)) => id.clone(),
        Some(_) => {
            return Err(problem(
                source,
                line,
                "custom.id is not a string: write <family>/<name>".into(),
            ));
        }
    };
    let family =
        check_id(&id).map_err(|error| problem(source, line, error.to_string()))?.to_owned();
    let level = match text(custom, "level").as_deref() {
        None | Some("error") => Level::Error,
        Some("warning") => Level::Warning,
        Some("info") => Level::Info,
        Some(other) => {
            let message = format!("unknown custom.level {other:?}: write error, warning or info");
            return Err(problem(source, line, message));
        }
    };
    Ok(Documentation {
        tenant_fields: Vec::new(),
        title: text(&block, "title").unwrap_or_else(|| id.clone()),
        description: text(&block, "description").unwrap_or_default(),
        since: text(custom, "since"),
        bad: text(custom, "bad"),
        good: text(custom, "good"),
        tenant: text(custom, "tenant"),
        as_is: custom.get("asIs").and_then(Value::as_bool).unwrap_or_default(),
        help: text(custom, "help"),
        builtin: false,
        path: source.path.clone(),
        id,
        family,
        level,
    })
}

/// Whether the file names the rule's id itself.
pub(super) fn names_itself(source: &PolicySource) -> bool {
    metadata_block(&source.text)
        .and_then(|(_, text)| parse_yaml(&text).ok())
        .is_some_and(|block| block.get("custom").is_some_and(|custom| custom.get("id").is_some()))
}

fn problem(source: &PolicySource, line: usize, message: String) -> PolicyProblem {
    PolicyProblem { line, ..PolicyProblem::of_file(&source.path, message) }
}

/// A scalar as trimmed text: `since: 0.1` is a number to YAML and a version to people.
fn text(value: &Value, field: &str) -> Option<String> {
    let text = match value.get(field)? {
        Value::String(text) => text.trim_end().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The first `# METADATA` block: its line and its YAML, freed of the comment signs.
fn metadata_block(text: &str) -> Option<(usize, String)> {
    let mut lines = text.lines().enumerate();
    let (index, _) = lines
        .find(|(_, line)| line.strip_prefix('#').is_some_and(|rest| rest.trim() == "METADATA"))?;
    let comments = lines.map_while(|(_, line)| line.strip_prefix('#'));
    let yaml =
        comments.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n");
    Some((index + 1, yaml + "\n"))
}

/// The one document of a metadata block; a key that is there twice is an error too.
fn parse_yaml(text: &str) -> Result<Value, yaml::Problem> {
    let mut documents = yaml::parse(text).into_iter();
    let first = documents.next().unwrap_or_default();
    if let Some(problem) = first.problems.into_iter().next() {
        return Err(problem);
    }
    match documents.next() {
        None => Ok(first.value.unwrap_or_default()),
        Some(second) => Err(yaml::Problem {
            message: "a second document begins here: metadata is one".into(),
            span: second.positions.nearest(""),
            usable: false,
            limit: false,
        }),
    }
}

fn derived_id(package: &[String]) -> String {
    let name: String = package
        .last()
        .map_or("policy", String::as_str)
        .to_lowercase()
        .replace(['_', '.', ' '], "-");
    format!("{USER_FAMILY}/{name}")
}

/// Why a text is not a rule id.
#[derive(Debug, thiserror::Error)]
enum RuleIdError {
    #[error("rule id {0:?} has no family: write <family>/<name>")]
    NoFamily(String),
    #[error("rule id {0:?} is not in kebab-case: write <family>/<name> in lower case with hyphens")]
    Case(String),
    #[error(
        "rule id {0:?} is of an unknown family: use {USER_FAMILY} or one of {families}",
        families = FAMILIES.join(", ")
    )]
    UnknownFamily(String),
}

/// The family of a well-formed id.
fn check_id(id: &str) -> Result<&str, RuleIdError> {
    let kebab = |text: &str| {
        !text.is_empty()
            && text.split('-').all(|part| {
                !part.is_empty()
                    && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            })
    };
    let (family, name) = id.split_once('/').ok_or_else(|| RuleIdError::NoFamily(id.to_owned()))?;
    if !kebab(name) {
        return Err(RuleIdError::Case(id.to_owned()));
    }
    if family != USER_FAMILY && !FAMILIES.contains(&family) {
        return Err(RuleIdError::UnknownFamily(id.to_owned()));
    }
    Ok(family)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Result<Documentation, String> {
        let source =
            PolicySource { path: "a.rego".into(), text: text.into(), ..PolicySource::default() };
        read(&source, &["my".into(), "Some_Rule".into()]).map_err(|problem| problem.to_string())
    }

    #[test]
    fn the_metadata_block_is_the_rules_documentation() {
        let text = "# a licence\n\n# METADATA\n# title: No privileged containers\n# description: |\n#   One.\n#\n#   Two.\n# custom:\n#   id: security/privileged\n#   level: warning\n#   since: 0.1\n#   asIs: true\n#   tenant: |\n#     labels: {a: b}\n#   bad: |\n#     a:\n#       b: 1\npackage x\n# title: other\n";
        let rule = rule(text).unwrap();
        assert_eq!(
            (rule.id.as_str(), rule.family.as_str(), rule.level, rule.since.as_deref()),
            ("security/privileged", "security", Level::Warning, Some("0.1"))
        );
        assert_eq!(rule.title, "No privileged containers");
        assert_eq!(rule.description, "One.\n\nTwo.");
        assert_eq!(rule.bad.as_deref(), Some("a:\n  b: 1"));
        assert_eq!((rule.tenant.as_deref(), rule.as_is), (Some("labels: {a: b}"), true));
    }

    #[test]
    fn a_policy_without_metadata_is_named_after_its_package() {
        let rule = rule("package my.Some_Rule\n").unwrap();
        assert_eq!(
            (rule.id.as_str(), rule.title.as_str(), rule.level),
            ("user/some-rule", "user/some-rule", Level::Error)
        );
    }

    #[test]
    fn metadata_that_is_no_yaml_is_refused_where_it_is_wrong() {
        for (block, place, message) in [
            ("# title: a\n# title: b\n", "a.rego:3:3: ", "title"),
            ("# custom:\n#   id: user/x\n#  level: error\n", "a.rego:4:", "cannot be read"),
            ("# title: a\n# ---\n# title: b\n", "a.rego:4:3: ", "second document"),
        ] {
            let error = rule(&format!("# METADATA\n{block}package x\n")).unwrap_err();
            assert!(error.starts_with(place) && error.contains(message), "{error}");
        }
    }

    #[test]
    fn wrong_metadata_is_refused_with_its_line() {
        for (yaml, message) in [
            ("title: [", "the metadata cannot be read"),
            ("custom: {id: nonsense/x}", "unknown family"),
            ("custom: {id: security}", "has no family"),
            ("custom: {id: security/Not_Kebab}", "not in kebab-case"),
            ("custom: {id: 7}", "custom.id is not a string"),
            ("custom: {id: user/x, level: fatal}", "unknown custom.level \"fatal\""),
        ] {
            let error = rule(&format!("\n# METADATA\n# {yaml}\npackage x\n")).unwrap_err();
            assert!(error.starts_with("a.rego:") && error.contains(message), "{error}");
        }
    }
}
