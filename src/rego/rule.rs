//! The documentation of a user's rule, read from its OPA metadata block.

use super::error::PolicyProblem;
use super::source::PolicySource;
use crate::resource::pointer;
use crate::resource::yaml::{self, Document};
use crate::rules::{Documentation, FAMILIES, Level};
use crate::spelling::{closest, distance};
use serde_json::Value;

/// Family of users' rules that name no other.
pub const USER_FAMILY: &str = "user";

/// Fields of a metadata block that are texts, and the others that OPA knows.
const TEXTS: [&str; 3] = ["title", "description", "scope"];
const OTHERS: [&str; 7] =
    ["custom", "authors", "organizations", "related_resources", "schemas", "entrypoint", "compile"];
/// Fields of `custom` that are texts, and the others.
const CUSTOM: [&str; 6] = ["level", "since", "bad", "good", "tenant", "help"];
const CUSTOM_OTHERS: [&str; 2] = ["id", "asIs"];

/// Reads the metadata of a file with rules; without any the id comes from the package.
pub(super) fn read(
    source: &PolicySource,
    package: &[String],
) -> Result<Documentation, PolicyProblem> {
    let (line, document) = match metadata_block(&source.text) {
        Some((line, text)) => {
            let document = parse_yaml(&text).map_err(|found| PolicyProblem {
                file: source.path.clone(),
                line: line + found.span.line,
                // What stands before the YAML in a comment.
                column: found.span.column + "# ".len(),
                message: format!("the metadata cannot be read: {}", found.message),
            })?;
            (line, document)
        }
        None => (1, Document::default()),
    };
    let block = document.value.clone().unwrap_or_default();
    if let Some(mistake) = mistake(&block) {
        let span = document.positions.nearest(&mistake.pointer);
        return Err(PolicyProblem {
            file: source.path.clone(),
            line: line + span.line,
            column: span.column + "# ".len(),
            message: mistake.message,
        });
    }
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
        .and_then(|(_, text)| parse_yaml(&text).ok()?.value)
        .is_some_and(|block| block.get("custom").is_some_and(|custom| custom.get("id").is_some()))
}

/// A mistake in metadata.
struct Mistake {
    /// Where it is in the block.
    pointer: String,
    message: String,
}

/// A field that is misspelled, or is not a text. Other fields than ours may be anything.
fn mistake(block: &Value) -> Option<Mistake> {
    let of = |pointer: String, message: String| Some(Mistake { pointer, message });
    if !block.is_null() && !block.is_object() {
        return of(String::new(), "the metadata is not a mapping: write `title: …`".into());
    }
    for (base, texts, others) in
        [("", &TEXTS[..], &OTHERS[..]), ("custom", &CUSTOM, &CUSTOM_OTHERS)]
    {
        let fields = if base.is_empty() { Some(block) } else { block.get(base) };
        let at = |name: &str| match base {
            "" => pointer::join("", name),
            base => pointer::join(&format!("/{base}"), name),
        };
        let shown = |name: &str| at(name).trim_start_matches('/').replace('/', ".");
        let fields = match fields {
            None | Some(Value::Null) => continue,
            Some(Value::Object(fields)) => fields,
            Some(_) => return of(format!("/{base}"), format!("{base} is not a mapping")),
        };
        for (name, value) in fields {
            let name = name.as_str();
            let is_text = value.is_string() || value.is_number() || value.is_null();
            if texts.contains(&name) && !is_text {
                return of(at(name), format!("{} is not a text", shown(name)));
            }
            let known = [texts, others].concat();
            if known.contains(&name) {
                continue;
            }
            if let Some(near) = misspelled(name, &known) {
                let message = format!("unknown field {}: did you mean `{near}`?", shown(name));
                return of(at(name), message);
            }
        }
    }
    None
}

/// The field that a name is most likely meant to be. Users have fields of their own, such as `kind`.
fn misspelled<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = closest(name, known)?;
    let most = match name.len() {
        0..=3 => 0,
        4 => 1,
        _ => 2,
    };
    (distance(&name.to_lowercase(), &near.to_lowercase()) <= most).then_some(near)
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

/// Title and description of the metadata block in the comment that ends above a line, from 1.
pub(super) fn annotation_above(text: &str, line: usize) -> (Option<String>, Option<String>) {
    let lines: Vec<&str> = text.lines().take(line.saturating_sub(1)).collect();
    let comment = lines.iter().rev().take_while(|line| line.starts_with('#')).count();
    let comment = lines.get(lines.len().saturating_sub(comment)..).unwrap_or_default().join("\n");
    let block = metadata_block(&comment).and_then(|(_, text)| parse_yaml(&text).ok()?.value);
    let block = block.unwrap_or_default();
    (self::text(&block, "title"), self::text(&block, "description"))
}

/// The one document of a metadata block; a key that is there twice is an error too.
fn parse_yaml(text: &str) -> Result<Document, yaml::Problem> {
    let mut documents = yaml::parse(text).into_iter();
    let mut first = documents.next().unwrap_or_default();
    if !first.problems.is_empty() {
        return Err(first.problems.swap_remove(0));
    }
    match documents.next() {
        None => Ok(first),
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
    fn fields_of_the_users_own_are_fine() {
        let text = "# METADATA\n# title: x\n# authors: [a]\n# custom: {id: user/x, kind: a, owner: [b], ids: 1, severity: {c: 1}}\npackage x\n";
        assert_eq!(rule(text).unwrap().id, "user/x");
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
            ("titel: x", "unknown field titel: did you mean `title`?"),
            (
                "custom: {id: user/x, levle: error}",
                "unknown field custom.levle: did you mean `level`?",
            ),
            ("custom: {help: [a]}", "custom.help is not a text"),
            ("custom: x", "custom is not a mapping"),
            ("title: [a]", "title is not a text"),
        ] {
            let error = rule(&format!("\n# METADATA\n# {yaml}\npackage x\n")).unwrap_err();
            assert!(error.starts_with("a.rego:") && error.contains(message), "{error}");
        }
    }
}
