//! `flinkgate lint`: files judged as the cluster would judge them.

mod adjust;
mod baseline;
mod changed_lines;
mod configured;
mod gates;
mod inner;
mod judge;
mod nothing;
mod output;
mod repeated;
mod suppressions;

use super::args::ManifestArgs;
use super::input::{Input, Selection, Texts};
use super::settings::{Format, Settings, SettingsArgs};
use super::{Exit, Outcome};
use crate::report::{Diagnostic, Report, Suppressed, masked};
use crate::resource::yaml::Problem;
use crate::rules::notices::DOUBTFUL_YAML;
use adjust::Adjust;
use baseline::Baseline;
use changed_lines::Changes;
use gates::Gates;
use nothing::Nothing;
use std::path::PathBuf;
use std::sync::Arc;
use suppressions::Suppressions;

/// Arguments of `flinkgate lint`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    #[command(flatten)]
    manifests: ManifestArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Check the objects as written, without the changes that the cluster would make
    #[arg(long)]
    as_is: bool,
    /// Output format [default: text]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write all findings to this file, for `--baseline`, and end with exit status 0
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// Report only what the current branch adds to this git revision, such as `origin/main`
    ///
    /// Compared with their last common commit, these are findings at new or changed lines, and in
    /// changed files those that the objects did not have before.
    #[arg(long, value_name = "REVISION")]
    diff_base: Option<String>,
}

const HELP: &str =
    "Exit status: 0 no findings at the fail level, 1 such findings, 2 could not run: \
a file or document cannot be read, there are no Kubernetes objects, standard input is empty, the \
configuration or a rule id is wrong

docs/lint.md describes the configuration file, suppressions and baselines.";

/// Runs the command.
///
/// # Errors
/// When the configuration, tenants or policies cannot be loaded, there is nothing to check, or
/// nothing can be written.
pub fn run(args: Args) -> Outcome {
    let flags = SettingsArgs { format: args.format, ..args.settings.clone() };
    let selection = Selection::with_settings(&args.manifests, &flags)?;
    let texts = Texts::read(&args.manifests.paths, selection)?;
    let Some(of_run) = texts.settings_of_run() else { return Ok(Exit::CouldNotRun) };
    let gates = Gates::load(&texts)?;
    let (mut input, mut linted) = judge::all(&gates, &texts, args.as_is);
    inner::point(&mut linted.diagnostics, &input.sources);
    input.notes.extend(repeated::note(&linted.objects));
    masked::mask(&mut input.sources, &linted.hidden);

    let adjust = Adjust::new(&texts);
    let mut suppressions = Suppressions::read(&texts, linted.annotated, &gates, &adjust);
    let mut diagnostics: Vec<_> = std::mem::take(&mut input.doubts)
        .into_iter()
        .map(|(file, problem)| doubt(file, problem))
        .collect();
    diagnostics.extend(linted.diagnostics);
    suppressions.mark(&diagnostics);
    diagnostics.append(&mut suppressions.invalid);
    diagnostics.extend(suppressions.unused(&adjust));
    if let Some(revision) = &args.diff_base {
        let mut changes = Changes::since(revision, texts.files())?;
        let before = texts.with(std::mem::take(&mut changes.before));
        changes.know(&judge::all(&gates, &before, args.as_is).1.diagnostics);
        changes.retain(&mut diagnostics);
    }
    repeated::keep_one_sum(&mut diagnostics);
    let mut suppressed = suppressions.take(&mut diagnostics);
    adjust.choose_rules(&mut diagnostics);
    adjust.choose_rules_of_suppressed(&mut suppressed);
    suppressed.extend(args.baseline(of_run, &mut input, &mut diagnostics)?);
    let is_something = Nothing::check_input(&input, of_run.allow_empty);
    let unreadable = std::mem::take(&mut input.unreadable);
    let report = Report::new(input.files, linted.objects, diagnostics, unreadable)
        .with_suppressed(suppressed);

    input.complain(&report);
    output::write(&of_run.outputs, &report, &input.sources, || gates.rules())?;
    is_something?;
    Ok(adjust.exit(&report))
}

impl Args {
    /// Takes the findings out that the baseline has, which may be written now.
    fn baseline(
        &self,
        of_run: &Settings,
        input: &mut Input<()>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> anyhow::Result<Vec<Suppressed>> {
        let mut baseline = match (&self.write_baseline, &of_run.baseline) {
            // What could not be read would be missing in it.
            (Some(file), _) if !input.unreadable.is_empty() => {
                input.notes.push(format!("the baseline `{}` is not written", file.display()));
                return Ok(Vec::new());
            }
            (Some(file), _) => {
                let baseline = Baseline::of(file, diagnostics);
                baseline.write()?;
                baseline
            }
            (None, Some(file)) => Baseline::read(file)?,
            (None, None) => return Ok(Vec::new()),
        };
        let known = baseline.take(diagnostics);
        // What a branch did not change may well match an entry.
        if of_run.report_unused && self.diff_base.is_none() {
            diagnostics.extend(baseline.unused());
        }
        Ok(known)
    }
}

fn doubt(file: Arc<str>, problem: Problem) -> Diagnostic {
    suppressions::finding(&DOUBTFUL_YAML, &file, problem.span, problem.message, None)
}
