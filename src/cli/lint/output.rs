//! Writes a report in the formats of a run.

use crate::cli::gate::rule_info;
use crate::cli::settings::{Format, Output};
use crate::cli::terminal;
use crate::printable;
use crate::report::{
    RenderError, Report, RuleInfo, Sources, github, gitlab, json, junit, sarif, text,
};
use crate::rules::notices;
use anyhow::Context;

/// Writes to standard output and to files.
pub(super) fn write(
    outputs: &[Output],
    report: &Report,
    sources: &Sources,
    rules: impl Fn() -> Vec<RuleInfo>,
) -> anyhow::Result<()> {
    for output in outputs {
        let colour = output.file.is_none() && terminal::stdout_wants_colour();
        let text = rendered(output.format, report, sources, colour, &rules)?;
        match (&output.file, output.format) {
            (Some(file), format) => {
                let text = match format {
                    Format::Github => printable::escape_keeping_commands(&text),
                    _ => printable::escape(&text),
                };
                std::fs::write(file, text.as_bytes())
                    .with_context(|| format!("failed to write `{}`", file.display()))?;
            }
            (None, Format::Text) if colour => terminal::print_coloured(&text)?,
            (None, Format::Github) => terminal::print_commands(&text)?,
            (None, _) => terminal::print(&text)?,
        }
    }
    Ok(())
}

fn rendered(
    format: Format,
    report: &Report,
    sources: &Sources,
    colour: bool,
    rules: impl Fn() -> Vec<RuleInfo>,
) -> Result<String, RenderError> {
    Ok(match format {
        Format::Text => text::render(report, sources, colour),
        Format::Json => json::render(report)?,
        Format::Sarif => {
            let mut rules = rules();
            rules.extend(notices::OF_LINT.map(|notice| rule_info(&notice.documentation())));
            sarif::render(report, &rules)?
        }
        Format::Junit => junit::render(report)?,
        Format::Github => github::render(report),
        Format::Gitlab => gitlab::render(report)?,
    })
}
