//! The page of a rule as text, JSON and Markdown: what it checks, its tenant fields, whether mutation
//! supplies what it asks for, how to exempt objects, examples.

use crate::rules::notices::NOTICES;
use crate::rules::{Documentation, Level};
use serde::Serialize;
use std::fmt::Write;

/// Rules whose findings belong to no tenant, so that no FlinkTenant can exempt an object from them.
const WITHOUT_EXEMPTIONS: [&str; 2] =
    ["tenancy/ambiguous-namespace", "tenancy/unassigned-namespace"];

const SUPPLIED: &str = "Mutation adds what this rule asks for, where the tenant does not decide otherwise. \
    The examples are checked as written (`lint --as-is`).";

/// A section of a page.
struct Section {
    heading: &'static str,
    /// The language of a code block; `None` for prose.
    language: Option<&'static str>,
    text: String,
}

/// The page for people.
pub(super) fn text(rule: &Documentation) -> String {
    let mut out = format!("{}\n\n", rule.title);
    // Writing to a String does not fail.
    let _ = writeln!(out, "Rule:   {}\nLevel:  {}", rule.id, rule.level.as_str());
    if let Some(since) = &rule.since {
        let _ = writeln!(out, "Since:  {since}");
    }
    if !rule.builtin {
        let _ = writeln!(out, "File:   {}", rule.path);
    }
    if !rule.description.is_empty() {
        let _ = writeln!(out, "\n{}", rule.description);
    }
    for Section { heading, text, .. } in sections(rule) {
        let _ = writeln!(out, "\n{heading}:\n");
        for line in text.lines() {
            let _ = writeln!(out, "{}", format!("    {line}").trim_end());
        }
    }
    out
}

/// The page for documentation.
pub(super) fn markdown(rule: &Documentation) -> String {
    let mut out = format!("# {}\n\n", rule.title);
    let since = rule.since.as_ref().map(|since| format!(" · since {since}")).unwrap_or_default();
    let _ = writeln!(out, "`{}` · {}{since}", rule.id, rule.level.as_str());
    if !rule.description.is_empty() {
        let _ = writeln!(out, "\n{}", rule.description);
    }
    for Section { heading, language, text } in sections(rule) {
        let text = text.trim_end();
        let _ = match language {
            Some(language) => {
                let fence = fence(text);
                writeln!(out, "\n## {heading}\n\n{fence}{language}\n{text}\n{fence}")
            }
            None => writeln!(out, "\n## {heading}\n\n{text}"),
        };
    }
    out
}

/// The page for programs.
///
/// # Errors
/// When serialisation fails, which none of these types does.
pub(super) fn json(rule: &Documentation) -> serde_json::Result<String> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Page<'r> {
        version: u32,
        #[serde(flatten)]
        rule: &'r Documentation,
        supplied_by_mutation: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        exemption: Option<String>,
    }
    let page = Page {
        version: 1,
        rule,
        supplied_by_mutation: rule.as_is,
        exemption: is_exemptible(rule).then(|| exemptions(rule)),
    };
    Ok(serde_json::to_string_pretty(&page)? + "\n")
}

/// A fence that no line of a text ends.
fn fence(text: &str) -> &'static str {
    if text.contains("```") { "````" } else { "```" }
}

fn sections(rule: &Documentation) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut add = |heading, language, text: String| {
        sections.push(Section { heading, language, text });
    };
    if !rule.tenant_fields.is_empty() {
        add("Tenant fields", Some("text"), rule.tenant_fields.join("\n"));
    }
    if rule.as_is {
        add("Mutation", None, SUPPLIED.into());
    }
    if is_exemptible(rule) {
        add("Exemptions, in the spec of the FlinkTenant", Some("yaml"), exemptions(rule));
    }
    if let Some(help) = &rule.help {
        add("Fix", None, help.clone());
    }
    for (heading, text) in
        [("Tenant of the examples (spec)", &rule.tenant), ("Bad", &rule.bad), ("Good", &rule.good)]
    {
        if let Some(text) = text {
            add(heading, Some("yaml"), text.clone());
        }
    }
    sections
}

fn is_exemptible(rule: &Documentation) -> bool {
    !WITHOUT_EXEMPTIONS.contains(&rule.id.as_str())
        && NOTICES.iter().all(|notice| notice.id != rule.id || notice.is_exemptible)
}

/// The part of a FlinkTenant's spec that exempts objects from the rule, or lowers its level.
fn exemptions(rule: &Documentation) -> String {
    let id = &rule.id;
    let mut out = format!(
        "exemptions:    # no findings for these objects until this day\n  \
         - {{rules: [{id}], names: [\"legacy-*\"], until: \"2027-03-31\", reason: ticket 4711}}"
    );
    let lowered = match rule.level {
        Level::Error => Some(("warnings instead of errors", "Warn")),
        Level::Warning => Some(("information instead of warnings", "Audit")),
        Level::Info => None,
    };
    if let Some((effect, enforcement)) = lowered {
        let _ = write!(
            out,
            "\nrules:         # {effect}, for all objects of the tenant\n  \
             - {{rule: {id}, enforcement: {enforcement}}}"
        );
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::resource::Resource;
    use crate::rules::documentation::built_in;
    use crate::rules::enforcement;
    use crate::tenant::FlinkTenantSpec;

    fn rules() -> Vec<Documentation> {
        let rule = |id: &str| Documentation {
            id: id.into(),
            title: "A title".into(),
            description: "Why.".into(),
            since: Some("0.1.0".into()),
            bad: Some("a:\n  b".into()),
            good: Some("c".into()),
            builtin: true,
            ..Documentation::default()
        };
        ["security/privileged", "security/run-as-non-root", "storage/ha"].map(rule).into()
    }

    #[test]
    fn page_shows_all_parts_in_order() {
        let rule = Documentation {
            tenant_fields: vec!["labels".into(), "security.secrets".into()],
            help: Some("Do it.".into()),
            tenant: Some("labels: {a: b}".into()),
            ..rules()[0].clone()
        };
        let expected = r#"A title

Rule:   security/privileged
Level:  error
Since:  0.1.0

Why.

Tenant fields:

    labels
    security.secrets

Exemptions, in the spec of the FlinkTenant:

    exemptions:    # no findings for these objects until this day
      - {rules: [security/privileged], names: ["legacy-*"], until: "2027-03-31", reason: ticket 4711}
    rules:         # warnings instead of errors, for all objects of the tenant
      - {rule: security/privileged, enforcement: Warn}

Fix:

    Do it.

Tenant of the examples (spec):

    labels: {a: b}

Bad:

    a:
      b

Good:

    c
"#;
        assert_eq!(text(&rule), expected);
    }

    #[test]
    fn page_says_when_examples_are_not_mutated() {
        let page = text(&Documentation { as_is: true, ..rules()[0].clone() });
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
        assert!(at("checked as written (`lint --as-is`)") < at("Bad:"));
    }

    #[test]
    fn markdown_has_headings_and_code() {
        let rule = Documentation { help: Some("Do `it`.".into()), ..rules()[0].clone() };
        let page = markdown(&rule);
        assert!(
            page.starts_with("# A title\n\n`security/privileged` · error · since 0.1.0\n\nWhy.\n")
        );
        for part in ["\n## Fix\n\nDo `it`.\n", "\n## Bad\n\n```yaml\na:\n  b\n```\n"] {
            assert!(page.contains(part), "{page}");
        }
    }

    #[test]
    fn json_says_how_to_exempt_and_what_mutation_supplies() {
        let rule = Documentation { as_is: true, ..rules()[0].clone() };
        let page: serde_json::Value = serde_json::from_str(&json(&rule).unwrap()).unwrap();
        assert_eq!(page["suppliedByMutation"], true);
        assert!(page["exemption"].as_str().unwrap().contains("security/privileged"));
        assert_eq!((&page["id"], &page["version"]), (&"security/privileged".into(), &1.into()));
    }

    #[test]
    fn exemption_snippet_is_a_tenant_spec() {
        let level = |level: Level, snippet: &str| {
            let value = crate::resource::yaml::parse(snippet).remove(0).value;
            let spec: FlinkTenantSpec = serde_json::from_value(value.unwrap()).unwrap();
            let (exempt, today) = (spec.exemptions[0].clone(), "2026-11-27".parse().unwrap());
            let spec = FlinkTenantSpec { exemptions: Vec::new(), ..spec };
            assert_eq!(exempt.rules, ["security/privileged"]);
            enforcement::level(&spec, "security/privileged", level, &Resource::default(), today)
        };
        for (natural, lowered) in [
            (Level::Error, Level::Warning),
            (Level::Warning, Level::Info),
            (Level::Info, Level::Info),
        ] {
            let snippet = exemptions(&Documentation { level: natural, ..rules()[0].clone() });
            assert_eq!(level(natural, &snippet), Some(lowered), "{snippet}");
        }
    }

    #[test]
    fn rules_without_a_tenant_show_no_exemptions() {
        let known: Vec<&str> = built_in().iter().map(|rule| rule.id.as_str()).collect();
        for id in WITHOUT_EXEMPTIONS {
            assert!(known.contains(&id), "{id}");
            let rule = Documentation { id: id.into(), ..rules()[0].clone() };
            assert!(!text(&rule).contains("exemptions"), "{id}");
        }
    }
}
