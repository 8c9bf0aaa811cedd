//! `flinkgate lint`: files judged as the cluster would judge them.

mod adjust;
mod baseline;
mod borrowed;
mod changed_lines;
mod configured;
pub(super) mod fixes;
mod foreign;
mod gates;
mod inner;
mod judge;
mod nothing;
mod output;
mod repeated;
mod suppressions;

use super::args::ManifestArgs;
use super::input::{Input, Selection, Texts};
use super::settings::{Settings, SettingsArgs};
use super::{Exit, Outcome, terminal};
use crate::report::masked::{self, HiddenSpans};
use crate::report::{Diagnostic, Judged, Report, Suppressed};
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
    #[command(flatten)]
    foreign: foreign::ForeignArgs,
    /// Check the objects as written, without the changes that the cluster would make
    #[arg(long)]
    as_is: bool,
    #[command(flatten)]
    output: output::OutputArgs,
    /// Write all findings to this file, for `--baseline`, and end with exit status 0
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fix", "unsafe_fixes", "diff"])]
    write_baseline: Option<PathBuf>,
    /// Report only what the current branch adds to this git revision, such as `origin/main`
    ///
    /// Compared with their last common commit, these are findings at new or changed lines, and in
    /// changed files those that the objects did not have before.
    #[arg(long, value_name = "REVISION")]
    diff_base: Option<String>,
    #[command(flatten)]
    fixes: fixes::FixArgs,
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
    let flags = SettingsArgs { outputs: args.output.outputs()?, ..args.settings.clone() };
    let selection = Selection::with_settings(&args.manifests, &flags)?;
    let mut texts = Texts::read(&args.manifests.paths, selection)?;
    let Some(of_run) = texts.settings_of_run().cloned() else { return Ok(Exit::CouldNotRun) };
    let mut evaluation = evaluate(&args, &of_run, &texts)?;
    if args.fixes.applies() {
        let may_edit = |file: &str| args.fixes.may_edit(file);
        let judge = |texts: &Texts| evaluate(&args, &of_run, texts).map(Evaluation::into_judged);
        let is_unreadable = !evaluation.input.unreadable.is_empty();
        if args.fixes.is_dry() {
            let unreadable = evaluation.input.unreadable.clone();
            evaluation.input.complain(&Report::new(0, Vec::new(), Vec::new(), unreadable));
        }
        let first = evaluation.into_judged();
        let fixed = fixes::all(&texts, first, args.fixes.includes_unsafe(), may_edit, judge)?;
        if args.fixes.is_dry() {
            terminal::print(&fixed.diff())?;
            return Ok(match (is_unreadable, fixed.changed.is_empty()) {
                (true, _) => Exit::CouldNotRun,
                (false, false) => Exit::Findings,
                (false, true) => Exit::Fine,
            });
        }
        fixed.write(&args.manifests.paths)?;
        terminal::report(&fixed.note());
        texts = fixed.texts;
        evaluation = evaluate(&args, &of_run, &texts)?;
    }
    let Evaluation { gates, mut input, objects, diagnostics, suppressed, hidden } = evaluation;
    masked::mask(&mut input.sources, &hidden);
    let is_something = Nothing::check_input(&input, of_run.allow_empty);
    let unreadable = std::mem::take(&mut input.unreadable);
    let report =
        Report::new(input.files, objects, diagnostics, unreadable).with_suppressed(suppressed);
    if args.output.quiet {
        input.notes.clear();
    }
    input.complain(&report);
    let adjust = Adjust::new(&texts);
    let result = output::Result {
        report: &report,
        sources: &input.sources,
        hidden: &hidden,
        rules: &|| gates.rules(),
        fails: &|diagnostic| adjust.fails(diagnostic),
    };
    args.output.write(&of_run.outputs, &result)?;
    is_something?;
    Ok(adjust.exit(&report))
}

/// An input that is judged.
struct Evaluation {
    gates: Gates,
    input: Input<()>,
    objects: Vec<Judged>,
    /// What counts.
    diagnostics: Vec<Diagnostic>,
    suppressed: Vec<Suppressed>,
    /// Where the files have secrets.
    hidden: HiddenSpans,
}

impl Evaluation {
    fn into_judged(self) -> fixes::Judged {
        fixes::Judged {
            diagnostics: self.diagnostics,
            unreadable: self.input.unreadable,
            sources: self.input.sources,
        }
    }
}

/// Judges an input by its configurations, and takes out what it suppresses or a baseline knows.
fn evaluate(args: &Args, of_run: &Settings, texts: &Texts) -> anyhow::Result<Evaluation> {
    let gates = Gates::load(texts, &args.foreign.choice())?;
    let fix_bytes = match args.fixes.applies() {
        true => fixes::BYTES_TO_APPLY,
        false if output::shows_fixes(&of_run.outputs) => fixes::BYTES_TO_SHOW,
        false => 0,
    };
    let (mut input, mut linted) = args.found(&gates, texts, fix_bytes);
    for pair in gates.all() {
        pair.foreign.combined(texts, &mut input.sources, &mut linted);
        input.notes.extend(pair.foreign.policies().notes());
    }
    input.notes.extend(foreign::note(linted.excepted));
    input.notes.extend(repeated::note(&linted.objects));

    let adjust = Adjust::new(texts);
    let mut suppressions = Suppressions::read(texts, linted.annotated, &gates, &adjust);
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
        let before = texts.with_only(std::mem::take(&mut changes.before));
        changes.know(&args.found(&gates, &before, 0).1.diagnostics);
        changes.retain(&mut diagnostics);
    }
    repeated::keep_one_sum(&mut diagnostics);
    let mut suppressed = suppressions.take(&mut diagnostics);
    adjust.choose_rules(&mut diagnostics);
    adjust.choose_rules_of_suppressed(&mut suppressed);
    suppressed.extend(args.baseline(of_run, &mut input, &mut diagnostics)?);
    let (objects, hidden) = (linted.objects, linted.hidden);
    Ok(Evaluation { gates, input, objects, diagnostics, suppressed, hidden })
}

impl Args {
    /// What the rules find, each finding at its place.
    fn found(&self, gates: &Gates, texts: &Texts, fix_bytes: usize) -> (Input<()>, judge::Linted) {
        let (input, mut linted) =
            judge::all(gates, texts, judge::How { as_is: self.as_is, fix_bytes });
        borrowed::settle(&mut linted);
        repeated::keep_files_own(&mut linted.diagnostics);
        inner::point(&mut linted.diagnostics, &input.sources);
        (input, linted)
    }

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
