//! `flinkgate lint`: files judged as the cluster would judge them.

mod adjust;
mod configured;
mod gates;
mod inner;
mod judge;
mod nothing;
mod output;
mod repeated;
mod suppressions;

use super::args::ManifestArgs;
use super::input::{Selection, Texts};
use super::settings::{Format, SettingsArgs};
use super::{Exit, Outcome};
use crate::report::{Diagnostic, Report, masked};
use crate::resource::yaml::Problem;
use crate::rules::notices::DOUBTFUL_YAML;
use adjust::Adjust;
use gates::Gates;
use nothing::Nothing;
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
    repeated::keep_one_sum(&mut diagnostics);
    let mut suppressed = suppressions.take(&mut diagnostics);
    adjust.choose_rules(&mut diagnostics);
    adjust.choose_rules_of_suppressed(&mut suppressed);
    let is_something = Nothing::check_input(&input, of_run.allow_empty);
    let unreadable = std::mem::take(&mut input.unreadable);
    let report = Report::new(input.files, linted.objects, diagnostics, unreadable)
        .with_suppressed(suppressed);

    input.complain(&report);
    output::write(&of_run.outputs, &report, &input.sources, || gates.rules())?;
    is_something?;
    Ok(adjust.exit(&report))
}

fn doubt(file: Arc<str>, problem: Problem) -> Diagnostic {
    suppressions::finding(&DOUBTFUL_YAML, &file, problem.span, problem.message, None)
}
