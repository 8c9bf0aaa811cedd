//! `flinkgate rules`: the table of all rules.

use super::args::PolicyArgs;
use super::{Exit, Outcome};
use crate::rego::foreign;
use crate::rules::Documentation;
use std::fmt::Write as _;

/// Arguments of `flinkgate rules`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    policies: PolicyArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Aligned columns
    Text,
    /// JSON with the whole documentation of each rule
    Json,
    /// A Markdown table
    Markdown,
}

/// Runs the command.
///
/// # Errors
/// When a policy cannot be loaded.
pub fn run(args: Args) -> Outcome {
    let catalog = foreign::catalog(&args.policies.policies)?;
    let listed = match args.format {
        Format::Text => text(&catalog),
        Format::Json => {
            serde_json::to_string_pretty(&serde_json::json!({"version": 1, "rules": catalog}))?
                + "\n"
        }
        Format::Markdown => markdown(&catalog),
    };
    super::terminal::print(&listed)?;
    Ok(Exit::Fine)
}

const HEADINGS: [&str; 4] = ["RULE", "LEVEL", "SINCE", "TITLE"];

fn cells(rule: &Documentation) -> [&str; 4] {
    [&rule.id, rule.level.as_str(), rule.since.as_deref().unwrap_or("-"), &rule.title]
}

fn text(rules: &[Documentation]) -> String {
    let rows: Vec<[&str; 4]> = std::iter::once(HEADINGS).chain(rules.iter().map(cells)).collect();
    let width = |pick: fn(&[&str; 4]) -> usize| rows.iter().map(pick).max().unwrap_or_default();
    let (id, level, since) = (
        width(|row| row[0].chars().count()),
        width(|row| row[1].chars().count()),
        width(|row| row[2].chars().count()),
    );
    rows.iter().fold(String::new(), |mut out, [rule, severity, version, title]| {
        let _ = writeln!(out, "{rule:id$}  {severity:level$}  {version:since$}  {title}");
        out
    })
}

/// The table in the README.
pub(crate) fn markdown(rules: &[Documentation]) -> String {
    let head = "| Rule | Level | Since | Title |\n|---|---|---|---|\n".to_owned();
    rules.iter().map(cells).fold(head, |mut out, [id, level, since, title]| {
        let _ = writeln!(out, "| `{id}` | {level} | {since} | {} |", title.replace('|', "\\|"));
        out
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn rules() -> Vec<Documentation> {
        let rule = |id: &str, title: &str| Documentation {
            id: id.into(),
            title: title.into(),
            since: Some("0.1.0".into()),
            ..Documentation::default()
        };
        vec![rule("security/a-long-one", "This | that"), rule("storage/b", "Short")]
    }

    #[test]
    fn text_table_is_aligned() {
        let expected = "RULE                 LEVEL  SINCE  TITLE\nsecurity/a-long-one  error  0.1.0  This | that\nstorage/b            error  0.1.0  Short\n";
        assert_eq!(text(&rules()), expected);
    }

    #[test]
    fn markdown_table_escapes_bars() {
        assert!(
            markdown(&rules())
                .contains("| `security/a-long-one` | error | 0.1.0 | This \\| that |\n")
        );
    }
}
