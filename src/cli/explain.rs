//! `flinkgate explain`.

use super::{Exit, Outcome};
use crate::rego::PolicySet;
use crate::rules::Documentation;
use crate::spelling::distance;
use anyhow::bail;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Arguments of `flinkgate explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Rule id, such as security/privileged
    #[arg(value_name = "RULE")]
    rule: String,
    /// More policies: files or folders of *.rego (repeatable)
    #[arg(long, value_name = "PATH")]
    policies: Vec<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When there is no such rule or a policy cannot be loaded.
pub fn run(args: Args) -> Outcome {
    let own = super::lint::doubtful_yaml();
    if args.rule == own.id {
        super::terminal::print(&format!(
            "{}\n\nRule:   {}\nLevel:  {}\n\n{}\n\nWhat to do:\n\n    {}\n",
            own.title,
            own.id,
            own.level.as_str(),
            own.description,
            own.help
        ))?;
        return Ok(Exit::Fine);
    }
    let set = PolicySet::load(&args.policies)?;
    let Some(rule) = set.documentation(&args.rule) else {
        let near = nearest(&args.rule, set.catalog());
        if near.is_empty() {
            bail!("unknown rule {:?}: `flinkgate rules` lists all", args.rule);
        }
        bail!("unknown rule {:?}: did you mean {}?", args.rule, near.join(", "));
    };
    super::terminal::print(&page(rule))?;
    Ok(Exit::Fine)
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
    if rule.as_is && (rule.bad.is_some() || rule.good.is_some()) {
        let _ = writeln!(
            out,
            "\nThe examples are judged as they stand (`lint --as-is`): the cluster would complete them first."
        );
    }
    let sections = [
        ("What to do", &rule.help),
        ("Under a tenant with this spec", &rule.tenant),
        ("Refused or warned of", &rule.bad),
        ("Fine", &rule.good),
    ];
    for (heading, text) in
        sections.into_iter().filter_map(|(heading, text)| Some((heading, text.as_ref()?)))
    {
        let _ = writeln!(out, "\n{heading}:\n");
        for line in text.lines() {
            let _ = writeln!(out, "{}", format!("    {line}").trim_end());
        }
    }
    out
}

/// At most three ids that look like what was asked for.
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
    fn the_page_has_all_that_is_known_of_the_rule() {
        let expected = "A title\n\nRule:   security/privileged\nLevel:  error\nSince:  0.1.0\n\nWhy.\n\nRefused or warned of:\n\n    a:\n      b\n\nFine:\n\n    c\n";
        assert_eq!(page(&rules()[0]), expected);
    }

    #[test]
    fn the_page_says_under_which_tenant_and_how_the_examples_are_judged() {
        let rule = Documentation {
            tenant: Some("labels: {a: b}".into()),
            as_is: true,
            ..rules()[0].clone()
        };
        let page = page(&rule);
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
        assert!(
            at("judged as they stand (`lint --as-is`)")
                < at("Under a tenant with this spec:\n\n    labels: {a: b}\n")
        );
        assert!(at("Under a tenant") < at("Refused or warned of:"));
    }

    #[test]
    fn near_misses_are_offered() {
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
