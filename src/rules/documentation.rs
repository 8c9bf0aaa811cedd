//! What `explain`, the rule table, SARIF and the book show of a rule: the same for a built-in rule
//! and for a user's policy.

use super::{Level, Rule};
use serde::Serialize;
use std::sync::LazyLock;

/// The documentation of one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Documentation {
    /// `<family>/<name>` in kebab-case.
    pub id: String,
    /// The part of the id before the slash.
    pub family: String,
    /// One line: a noun phrase that names the subject.
    pub title: String,
    /// What the rule wants and why.
    pub description: String,
    /// Level of its findings unless a finding has its own.
    pub level: Level,
    /// Version of Flinkgate that first had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Manifests that the rule reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bad: Option<String>,
    /// The same manifests as the rule accepts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub good: Option<String>,
    /// Spec of the FlinkTenant that owns the namespace of the examples; an empty spec if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Whether the examples are judged without mutation, which would complete the bad one.
    #[serde(rename = "asIs", skip_serializing_if = "std::ops::Not::not")]
    pub as_is: bool,
    /// Fields of a FlinkTenant's spec that the rule reads, with dots.
    #[serde(rename = "tenantFields", skip_serializing_if = "Vec::is_empty")]
    pub tenant_fields: Vec<String>,
    /// What to do, for findings without their own help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Whether the rule comes with the binary.
    pub builtin: bool,
    /// The source file.
    pub path: String,
}

/// The documentation of the built-in rules, sorted by id.
pub fn built_in() -> &'static [Documentation] {
    static BUILT_IN: LazyLock<Vec<Documentation>> = LazyLock::new(|| {
        let mut all: Vec<Documentation> = super::all().map(Documentation::of).collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    });
    &BUILT_IN
}

impl Documentation {
    /// Reads the page of a built-in rule: a description, then the sections `## Fix`, `## Tenant`,
    /// `## Bad` and `## Good`; the last three hold one fenced block each.
    fn of(rule: &Rule) -> Self {
        let mut sections = rule.page.split("\n## ");
        let description = sections.next().unwrap_or_default().trim().to_owned();
        let mut page = Self {
            id: rule.id.into(),
            family: rule.family().into(),
            title: rule.title.into(),
            description,
            level: rule.level,
            since: Some(rule.since.into()),
            as_is: rule.as_is,
            tenant_fields: rule.tenant_fields.iter().map(|field| (*field).into()).collect(),
            builtin: true,
            path: format!("src/rules/{}.rs", rule.id.replace('-', "_")),
            ..Self::default()
        };
        for section in sections {
            let (heading, body) = section.split_once('\n').unwrap_or((section, ""));
            match heading.trim() {
                "Fix" => page.help = Some(body.trim().into()),
                "Tenant" => page.tenant = fenced(body),
                "Bad" => page.bad = fenced(body),
                "Good" => page.good = fenced(body),
                _ => {}
            }
        }
        page
    }
}

/// The content of the first fenced block of a section.
fn fenced(section: &str) -> Option<String> {
    let (_, rest) = section.split_once("```")?;
    let (_, rest) = rest.split_once('\n')?;
    let (block, _) = rest.split_once("```")?;
    Some(block.trim_end().to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::tenant::FAMILIES;
    use std::collections::BTreeSet;

    #[test]
    fn every_page_has_only_known_sections() {
        for rule in super::super::all() {
            let headings: Vec<&str> =
                rule.page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
            for heading in &headings {
                let known = ["Fix", "Tenant", "Bad", "Good"].contains(heading);
                assert!(known, "{}: unknown section {heading}", rule.id);
            }
            let distinct: BTreeSet<&&str> = headings.iter().collect();
            assert_eq!(distinct.len(), headings.len(), "{}: a section stands twice", rule.id);
        }
    }

    #[test]
    fn every_rule_is_documented() {
        for rule in built_in() {
            let Documentation { id, title, description, .. } = rule;
            assert!(FAMILIES.contains(&rule.family.as_str()), "{id}");
            assert!(!title.is_empty() && !title.ends_with('.'), "{id}: {title:?}");
            assert!(description.len() > 40, "{id}: {description:?}");
            for (section, text) in [("Fix", &rule.help), ("Bad", &rule.bad), ("Good", &rule.good)] {
                assert!(text.as_ref().is_some_and(|text| !text.is_empty()), "{id}: no {section}");
            }
        }
    }
}
