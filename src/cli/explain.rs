//! `flinkgate explain`: the page of one rule.

mod page;

use super::args::PolicyArgs;
use super::{Exit, Outcome};
use crate::rego::{foreign, library};
use crate::rules::Documentation;
use crate::rules::notices::NOTICES;
use crate::spelling::distance;
use anyhow::bail;
use clap::ValueEnum;

/// Arguments of `flinkgate explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Rule id, such as `security/privileged`
    #[arg(value_name = "RULE")]
    rule: String,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    policies: PolicyArgs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For documentation
    Markdown,
}

impl Format {
    fn print(self, rule: &Documentation) -> anyhow::Result<()> {
        super::terminal::print(&match self {
            Self::Text => page::text(rule),
            Self::Json => page::json(rule)?,
            Self::Markdown => page::markdown(rule),
        })?;
        Ok(())
    }
}

/// Runs the command.
///
/// # Errors
/// When the rule is unknown or a policy cannot be loaded.
pub fn run(args: Args) -> Outcome {
    if let Some(notice) = NOTICES.iter().find(|notice| args.rule == notice.id) {
        args.format.print(&notice.documentation())?;
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
    args.format.print(rule)?;
    Ok(Exit::Fine)
}

/// The rules of the library: `lint --policies library` prints their ids.
fn library_rules() -> anyhow::Result<Vec<Documentation>> {
    let rules = library::policies().iter().map(|policy| Ok(policy.documentation()?));
    rules.collect()
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

    #[test]
    fn similar_ids_are_offered() {
        let rule = |id: &str| Documentation { id: id.into(), ..Documentation::default() };
        let rules = ["security/privileged", "security/run-as-non-root", "storage/ha"].map(rule);
        for (wanted, expected) in [
            ("security/priviledged", vec!["security/privileged"]),
            ("privileged", vec!["security/privileged"]),
            ("storage/privileged", vec!["security/privileged"]),
            ("non-root", vec!["security/run-as-non-root"]),
            ("something/else", vec![]),
        ] {
            assert_eq!(nearest(wanted, &rules), expected, "{wanted}");
        }
    }
}
