//! `flinkgate lint`: files judged as the cluster would judge them.

mod borrowed;
mod configured;
pub(super) mod fixes;
mod inner;
mod judge;
mod output;
mod repeated;

use super::args::{
    ManifestArgs, OnlyTenantArgs, OperatorArgs, PolicyArgs, TenantArgs, UnassignedArgs,
};
use super::gate;
use super::input::{Input, Texts};
use super::{Exit, Outcome, terminal};
use crate::flink::budgets::NamespaceObjects;
use crate::flink::network::NamespaceNetwork;
use crate::flink::version::FlinkVersion;
use crate::kinds;
use crate::pipeline::Gate;
use crate::report::{Diagnostic, Report, masked};
use crate::resource::yaml::Problem;
use crate::rules::notices::DOUBTFUL_YAML;
use crate::rules::{Facts, Level};
use clap::ValueEnum;
use judge::Gates;
use std::sync::Arc;

/// Arguments of `flinkgate lint`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    manifests: ManifestArgs,
    #[command(flatten)]
    tenants: TenantArgs,
    #[command(flatten)]
    only: OnlyTenantArgs,
    #[command(flatten)]
    policies: PolicyArgs,
    #[command(flatten)]
    unassigned: UnassignedArgs,
    #[command(flatten)]
    operator: OperatorArgs,
    /// Check the objects as written, without the changes that the cluster would make
    #[arg(long)]
    as_is: bool,
    /// Check all objects as if they ran this version of Flink, such as `v2_1`
    ///
    /// For a move to another version: it shows which options, values and addresses that version does
    /// not read, also those that a tenant or the operator's configuration gives. `flinkVersion` and
    /// images stay as they are.
    #[arg(long, value_name = "VERSION", value_parser = parse_version)]
    flink_version: Option<FlinkVersion>,
    #[command(flatten)]
    output: output::OutputArgs,
    /// The lowest level of findings that gives exit status 1
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t)]
    fail_on: FailOn,
    #[command(flatten)]
    fixes: fixes::FixArgs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Errors
    #[default]
    Error,
    /// Errors and warnings
    Warning,
    /// No findings
    Never,
}

impl FailOn {
    /// Whether a finding of this level gives exit status 1.
    fn fails(self, level: Level) -> bool {
        match self {
            Self::Error => level == Level::Error,
            Self::Warning => level >= Level::Warning,
            Self::Never => false,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When tenants or policies cannot be loaded, or nothing can be written.
pub fn run(args: Args) -> Outcome {
    let targets = args.output.targets()?;
    let mut texts = Texts::read(&args.manifests.paths);
    let mut evaluation = evaluate(&args, &texts)?;
    if args.fixes.applies() {
        let may_edit = |file: &str| args.fixes.may_edit(file);
        let judge = |texts: &Texts| evaluate(&args, texts).map(Evaluation::into_judged);
        let first = evaluation.into_judged();
        let fixed = fixes::all(&texts, first, args.fixes.includes_unsafe(), may_edit, judge)?;
        if args.fixes.is_dry() {
            terminal::print(&fixed.diff())?;
            let unreadable = evaluate(&args, &texts)?.input;
            unreadable.complain(&Report::new(
                0,
                Vec::new(),
                Vec::new(),
                unreadable.unreadable.clone(),
            ));
            return Ok(match (unreadable.unreadable.is_empty(), fixed.changed.is_empty()) {
                (false, _) => Exit::CouldNotRun,
                (true, false) => Exit::Findings,
                (true, true) => Exit::Fine,
            });
        }
        fixed.write(&args.manifests.paths)?;
        terminal::report(&fixed.note());
        texts = fixed.texts;
        evaluation = evaluate(&args, &texts)?;
    }
    let Evaluation { gate, mut input, linted } = evaluation;
    masked::mask(&mut input.sources, &linted.hidden);
    let report = Report::new(
        input.files,
        linted.objects,
        linted.diagnostics,
        std::mem::take(&mut input.unreadable),
    );

    if args.output.quiet {
        input.notes.clear();
    }
    input.complain(&report);
    let mut rules = gate::rules(&gate);
    rules.push(gate::rule_info(&DOUBTFUL_YAML.documentation()));
    let result = output::Result {
        report: &report,
        sources: &input.sources,
        hidden: &linted.hidden,
        rules: &rules,
        fails: &|level| args.fail_on.fails(level),
    };
    args.output.write(&targets, &result)?;
    Ok(exit(&report, args.fail_on))
}

/// An input that is judged.
struct Evaluation {
    gate: Gate,
    input: Input<()>,
    linted: judge::Linted,
}

impl Evaluation {
    fn into_judged(self) -> fixes::Judged {
        fixes::Judged {
            diagnostics: self.linted.diagnostics,
            unreadable: self.input.unreadable,
            sources: self.input.sources,
        }
    }
}

/// Judges an input by its tenants and policies.
fn evaluate(args: &Args, texts: &Texts) -> anyhow::Result<Evaluation> {
    let surrounding = texts.surrounding();
    let context = args.operator.context(&surrounding)?.with_assumed_version(args.flink_version);
    let namespace_objects = NamespaceObjects::of_input(
        surrounding.iter().map(|manifest| &manifest.resource),
        |resource| kinds::lower_with_context(resource, &resource.object, &context),
    );
    let networks = NamespaceNetwork::of_input(
        surrounding.iter().map(|manifest| &manifest.resource),
        |resource| kinds::lower_with_context(resource, &resource.object, &context),
    );
    let context = context.with_neighbours(namespace_objects).with_networks(networks);
    let (policies, unassigned) = (&args.policies.policies, args.unassigned.unassigned);
    let gate = gate::load(&args.tenants, &args.only, policies, unassigned, context, || {
        texts.mentioning("Namespace")
    })?;
    drop(surrounding);
    let gate = gate.with_completed_files();
    let configured = configured::gate(&gate, texts);
    let gates = Gates {
        in_force: &gate,
        configured: configured.as_ref().unwrap_or(&gate),
        fix_bytes: match args.fixes.applies() {
            true => fixes::BYTES_TO_APPLY,
            false if args.output.shows_fixes() => fixes::BYTES_TO_SHOW,
            false => 0,
        },
    };
    let (mut input, mut linted) = judge::all(gates, texts, args.as_is);
    borrowed::settle(&mut linted);
    repeated::keep_one_sum(&mut linted.diagnostics);
    repeated::keep_files_own(&mut linted.diagnostics);
    inner::point(&mut linted.diagnostics, &input.sources);
    input.notes.extend(repeated::note(&linted.objects));
    let doubts = std::mem::take(&mut input.doubts);
    linted.diagnostics.extend(doubts.into_iter().map(|(file, problem)| doubt(file, problem)));
    Ok(Evaluation { gate, input, linted })
}

/// `v2_1` or `2.1`.
fn parse_version(text: &str) -> Result<FlinkVersion, UnknownVersion> {
    FlinkVersion::parse(text)
        .or_else(|| FlinkVersion::parse_release(text))
        .ok_or_else(|| UnknownVersion(text.into()))
}

/// A text that is not a version of Flink.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a version of Flink: write `v2_1` or `2.1`")]
struct UnknownVersion(String);

fn doubt(file: Arc<str>, problem: Problem) -> Diagnostic {
    Diagnostic {
        rule: DOUBTFUL_YAML.id.into(),
        level: DOUBTFUL_YAML.level,
        message: problem.message,
        help: None,
        file,
        span: problem.span,
        pointer: String::new(),
        object: None,
        tenant: None,
        facts: Facts::default(),
        within: None,
        fix: None,
    }
}

fn exit(report: &Report, fail_on: FailOn) -> Exit {
    let fails = report.diagnostics.iter().any(|diagnostic| fail_on.fails(diagnostic.level));
    match (report.unreadable.is_empty(), fails) {
        (false, _) => Exit::CouldNotRun,
        (true, true) => Exit::Findings,
        (true, false) => Exit::Fine,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn report(levels: &[Level], unreadable: bool) -> Report {
        let finding =
            |level: &Level| Diagnostic { level: *level, ..doubt("a.yaml".into(), problem()) };
        let unreadable = unreadable.then(|| crate::report::Unreadable {
            file: "b.yaml".into(),
            span: None,
            message: "gone".into(),
        });
        Report::new(
            1,
            Vec::new(),
            levels.iter().map(finding).collect(),
            unreadable.into_iter().collect(),
        )
    }

    fn problem() -> Problem {
        Problem { message: "twice".into(), span: Default::default(), usable: true, limit: false }
    }

    #[test]
    fn the_exit_status_follows_the_fail_level() {
        let cases: [(&[Level], bool, FailOn, Exit); 8] = [
            (&[], false, FailOn::Error, Exit::Fine),
            (&[Level::Warning], false, FailOn::Error, Exit::Fine),
            (&[Level::Warning, Level::Error], false, FailOn::Error, Exit::Findings),
            (&[Level::Info], false, FailOn::Warning, Exit::Fine),
            (&[Level::Warning], false, FailOn::Warning, Exit::Findings),
            (&[Level::Error], false, FailOn::Never, Exit::Fine),
            (&[Level::Error], true, FailOn::Error, Exit::CouldNotRun),
            (&[], true, FailOn::Never, Exit::CouldNotRun),
        ];
        for (levels, unreadable, fail_on, expected) in cases {
            assert_eq!(
                exit(&report(levels, unreadable), fail_on),
                expected,
                "{levels:?} {unreadable} {fail_on:?}"
            );
        }
    }
}
