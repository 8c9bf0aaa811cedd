//! Where the reports of `lint` go, and in which formats.

use crate::cli::gate::rule_info;
use crate::cli::settings::{Format, Output};
use crate::cli::terminal;
use crate::printable;
use crate::report::line_hash::LineHashes;
use crate::report::masked::HiddenSpans;
use crate::report::repository::Repository;
use crate::report::{
    Diagnostic, RenderError, Report, RuleInfo, Sources, github, gitlab, json, junit, markdown,
    sarif, statistics, text,
};
use crate::rules::notices;
use anyhow::{Context, bail};
use clap::ValueEnum;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The variable with the file that GitHub shows as the summary of a step. What other commands wrote into it
/// stays.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// Arguments about the output of `lint`.
#[derive(Debug, clap::Args)]
pub(super) struct OutputArgs {
    /// Output format, with a file to write it to: `text`, `sarif=flinkgate.sarif`; can be repeated
    ///
    /// - text:     with source lines, for people (the default)
    /// - json:     Flinkgate's own, for programs
    /// - sarif:    SARIF 2.1.0, for code scanning
    /// - junit:    JUnit XML, for test reports; what gives exit status 1 is a failure
    /// - github:   annotations of GitHub Actions
    /// - gitlab:   GitLab Code Quality
    /// - markdown: a summary, for `markdown=$GITHUB_STEP_SUMMARY` and notes at merge requests
    ///
    /// In sarif, github, gitlab and markdown, files are relative to the root of the repository.
    #[arg(long = "format", value_name = "FORMAT[=FILE]", verbatim_doc_comment)]
    formats: Vec<Output>,
    /// File for the format that has none
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print findings and errors only: no notes, no summary
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Print how many findings each rule has, instead of the findings, as text
    #[arg(long)]
    statistics: bool,
    /// Print each finding as one line, with its help below it, as text
    #[arg(long, overrides_with = "_show_source")]
    no_source: bool,
    /// Print the source line of each finding, as text (the default)
    #[arg(long = "show-source", overrides_with = "no_source")]
    _show_source: bool,
}

/// A text that names no format.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no format: write one of {names}, and `=FILE` after it to write it to a file", names = names())]
pub(in crate::cli) struct UnknownFormat(String);

fn names() -> String {
    let names = Format::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    names.map(|value| format!("`{}`", value.get_name())).collect::<Vec<_>>().join(", ")
}

impl FromStr for Output {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> std::result::Result<Self, UnknownFormat> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) if !file.is_empty() => (name, Some(file.into())),
            Some(_) => return Err(UnknownFormat(text.into())),
            None => (text, None),
        };
        let format = Format::from_str(name, false).map_err(|_| UnknownFormat(name.into()))?;
        Ok(Self { format, file })
    }
}

/// What a run found.
pub(super) struct Result<'r> {
    pub(super) report: &'r Report,
    pub(super) sources: &'r Sources,
    /// The places that are masked in the sources.
    pub(super) hidden: &'r HiddenSpans,
    pub(super) rules: &'r dyn Fn() -> Vec<RuleInfo>,
    /// Whether a finding gives exit status 1.
    pub(super) fails: &'r dyn Fn(&Diagnostic) -> bool,
}

impl OutputArgs {
    /// What the flags say of what is written where; nothing if they leave it to the configuration.
    ///
    /// # Errors
    /// When two formats have the same place.
    pub(super) fn outputs(&self) -> anyhow::Result<Vec<Output>> {
        let mut targets = self.formats.clone();
        if targets.is_empty() && self.output.is_some() {
            targets.push(Output { format: Format::Text, file: None });
        }
        if let Some(file) = &self.output {
            match targets.iter_mut().find(|target| target.file.is_none()) {
                Some(target) => target.file = Some(file.clone()),
                None => bail!("`--output` has no format: each `--format` has a file already"),
            }
        }
        for (number, target) in targets.iter().enumerate() {
            let before = targets.get(..number).unwrap_or_default();
            if before.iter().any(|other| other.file == target.file) {
                match &target.file {
                    Some(file) => bail!("two formats have the same file, `{}`", file.display()),
                    None => bail!(
                        "two formats are for standard output: give one a file, such as `--format sarif=flinkgate.sarif`"
                    ),
                }
            }
        }
        Ok(targets)
    }

    /// Writes the result to all targets.
    ///
    /// # Errors
    /// When a report cannot be made or written.
    pub(super) fn write(&self, targets: &[Output], result: &Result<'_>) -> anyhow::Result<()> {
        let repository = std::env::current_dir().map(|folder| Repository::around(&folder));
        let repository = repository.unwrap_or_default();
        for Output { format, file } in targets {
            let colour =
                *format == Format::Text && file.is_none() && terminal::stdout_wants_colour();
            let text = self.rendered(*format, colour, result, &repository)?;
            match file {
                Some(file) => write_file(file, *format, &text)
                    .with_context(|| format!("failed to write `{}`", file.display()))?,
                None if colour => terminal::print_coloured(&text)?,
                None if *format == Format::Github => terminal::print_commands(&text)?,
                None => terminal::print(&text)?,
            }
        }
        let is_silent = targets.iter().all(|target| target.file.is_some());
        if is_silent && !self.quiet {
            terminal::report(&text::summary(result.report));
        }
        Ok(())
    }

    fn rendered(
        &self,
        format: Format,
        colour: bool,
        result: &Result<'_>,
        repository: &Repository,
    ) -> std::result::Result<String, RenderError> {
        let report = result.report;
        Ok(match format {
            Format::Text if self.statistics => {
                let summary = format!("{}\n", text::summary(report));
                statistics::render(report) + if self.quiet { "" } else { &summary }
            }
            Format::Text => {
                let style = text::Style { colour, source: !self.no_source, summary: !self.quiet };
                text::render(report, result.sources, style)
            }
            Format::Json => json::render(report)?,
            Format::Junit => junit::render(report, result.fails)?,
            Format::Sarif => {
                let hashes = LineHashes::of(report, result.sources, result.hidden, |file| {
                    repository.relative(file)
                });
                let mut rules = (result.rules)();
                rules.extend(notices::OF_LINT.map(|notice| rule_info(&notice.documentation())));
                sarif::render(&repository.report(report), &rules, &hashes)?
            }
            Format::Github => github::render(&repository.report(report)),
            Format::Gitlab => gitlab::render(&repository.report(report))?,
            Format::Markdown => markdown::render(&repository.report(report)),
        })
    }
}

/// Whether a format has the edits of fixes.
pub(super) fn shows_fixes(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| matches!(output.format, Format::Json | Format::Sarif))
}

fn write_file(path: &Path, format: Format, text: &str) -> io::Result<()> {
    let is_step_summary =
        std::env::var_os(STEP_SUMMARY).is_some_and(|summary| summary == path.as_os_str());
    let mut file = if is_step_summary {
        OpenOptions::new().append(true).create(true).open(path)?
    } else {
        File::create(path)?
    };
    // A file is printed sooner or later.
    let text = match format {
        Format::Github => printable::escape_keeping_commands(text),
        _ => printable::escape(text),
    };
    file.write_all(text.as_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn args(formats: &[&str], output: Option<&str>) -> OutputArgs {
        OutputArgs {
            formats: formats.iter().map(|text| text.parse().unwrap()).collect(),
            output: output.map(Into::into),
            quiet: false,
            statistics: false,
            no_source: false,
            _show_source: false,
        }
    }

    #[test]
    fn every_format_has_a_place_of_its_own() {
        let places = |formats: &[&str], output| {
            let targets = args(formats, output).outputs();
            targets.map(|targets| {
                let files = targets.into_iter().map(|target| target.file);
                files
                    .map(|file| file.map_or("-".into(), |file| file.display().to_string()))
                    .collect::<Vec<_>>()
                    .join(" ")
            })
        };
        assert_eq!(places(&[], None).unwrap(), "");
        assert_eq!(places(&[], Some("a.txt")).unwrap(), "a.txt");
        assert_eq!(places(&["sarif=a", "text", "junit=b"], None).unwrap(), "a - b");
        assert_eq!(places(&["sarif=a", "json"], Some("b")).unwrap(), "a b");
        for (formats, output) in [
            (["sarif", "text"].as_slice(), None),
            (&["sarif=a", "text=a"], None),
            (&["sarif=a"], Some("b")),
            (&["sarif=a", "text"], Some("a")),
        ] {
            assert!(places(formats, output).is_err(), "{formats:?}");
        }
    }

    #[test]
    fn unknown_formats_are_named_with_the_known_ones() {
        for text in ["yaml", "SARIF", "sarif=", "=a"] {
            let error = text.parse::<Output>().unwrap_err().to_string();
            assert!(error.contains("`markdown`"), "{error}");
        }
    }
}
