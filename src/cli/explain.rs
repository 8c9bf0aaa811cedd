//! `flinkgate explain`: the page of one rule.

use super::args::PolicyArgs;
use super::{Exit, Outcome};
use crate::rego::{foreign, library};
use crate::rules::notices::NOTICES;
use crate::rules::{Documentation, Level};
use crate::spelling::distance;
use anyhow::bail;
use std::fmt::Write as _;

/// Rules whose findings belong to no tenant, so that no FlinkTenant can exempt an object from them.
const WITHOUT_EXEMPTIONS: [&str; 2] =
    ["tenancy/ambiguous-namespace", "tenancy/unassigned-namespace"];

/// Arguments of `flinkgate explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Rule id, such as `security/privileged`
    #[arg(value_name = "RULE")]
    rule: String,
    #[command(flatten)]
    policies: PolicyArgs,
}

/// Runs the command.
///
/// # Errors
/// When the rule is unknown or a policy cannot be loaded.
pub fn run(args: Args) -> Outcome {
    if let Some(notice) = NOTICES.iter().find(|notice| args.rule == notice.id) {
        super::terminal::print(&page(&notice.documentation()))?;
        return Ok(Exit::Fine);
    }
    let catalog = foreign::catalog(&args.policies.policies)?;
    let library = library_rules()?;
    let of_library = || library.iter().find(|rule| rule.id == args.rule);
    let found = catalog.iter().find(|rule| rule.id == args.rule);
    let Some(rule) = found.or_else(of_library) else {
        let notices = NOTICES.iter().map(|notice| notice.documentation());
        let known: Vec<_> = catalog.iter().cloned().chain(notices).chain(library).collect();
        let near = nearest(&args.rule, &known);
        if near.is_empty() {
            bail!("unknown rule `{}`: `flinkgate rules` lists all rules", args.rule);
        }
        bail!("unknown rule `{}`: did you mean `{}`?", args.rule, near.join("` or `"));
    };
    super::terminal::print(&page(rule))?;
    Ok(Exit::Fine)
}

/// The rules of the library: `lint --policies library` prints their ids.
fn library_rules() -> anyhow::Result<Vec<Documentation>> {
    let rules = library::policies().iter().map(|policy| Ok(policy.documentation()?));
    rules.collect()
}

fn page(rule: &Documentation) -> String {
    let mut out = format!("{}\n\n", rule.title);
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
    let section = |out: &mut String, heading: &str, text: &str| {
        let _ = writeln!(out, "\n{heading}:\n");
        for line in text.lines() {
            let _ = writeln!(out, "{}", format!("    {line}").trim_end());
        }
    };
    if !rule.tenant_fields.is_empty() {
        section(&mut out, "Tenant fields", &rule.tenant_fields.join("\n"));
    }
    let mut notices = NOTICES.iter();
    if !WITHOUT_EXEMPTIONS.contains(&rule.id.as_str())
        && notices.all(|notice| notice.id != rule.id || notice.is_exemptible)
    {
        section(&mut out, "Exemptions, in the spec of the FlinkTenant", &exemptions(rule));
    }
    if let Some(help) = &rule.help {
        section(&mut out, "Fix", help);
    }
    if rule.as_is && (rule.bad.is_some() || rule.good.is_some()) {
        let _ = writeln!(
            out,
            "\nThe examples are checked as written (`lint --as-is`): mutation would complete the bad one."
        );
    }
    let examples =
        [("Tenant of the examples (spec)", &rule.tenant), ("Bad", &rule.bad), ("Good", &rule.good)];
    for (heading, text) in examples {
        if let Some(text) = text {
            section(&mut out, heading, text);
        }
    }
    out
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

/// At most three ids that are similar to the wanted one.
fn nearest<'a>(wanted: &str, rules: &'a [Documentation]) -> Vec<&'a str> {
    let name = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
    let mut near: Vec<(usize, &str)> = rules
        .iter()
        .map(|rule| {
            let whole = distance(wanted, &rule.id);
            let short =
                if wanted.contains('/') { whole } else { distance(wanted, &name(&rule.id)) };
            let within = name(&rule.id).contains(&name(wanted)) && !wanted.is_empty();
            (if within { 1.min(whole) } else { whole.min(short) }, rule.id.as_str())
        })
        .filter(|(distance, _)| *distance <= wanted.chars().count() / 3 + 1)
        .collect();
    near.sort();
    near.into_iter().map(|(_, id)| id).take(3).collect()
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
        assert_eq!(page(&rule), expected);
    }

    #[test]
    fn page_says_when_examples_are_not_mutated() {
        let page = page(&Documentation { as_is: true, ..rules()[0].clone() });
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
        assert!(at("checked as written (`lint --as-is`)") < at("Bad:"));
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
            assert!(!page(&rule).contains("exemptions"), "{id}");
        }
    }

    #[test]
    fn similar_ids_are_offered() {
        for (wanted, expected) in [
            ("security/priviledged", vec!["security/privileged"]),
            ("privileged", vec!["security/privileged"]),
            ("storage/privileged", vec!["security/privileged"]),
            ("non-root", vec!["security/run-as-non-root"]),
            ("something/else", vec![]),
        ] {
            assert_eq!(nearest(wanted, &rules()), expected, "{wanted}");
        }
    }
}
