//! `flinkgate lint`: files judged as the cluster would judge them.

mod configured;
mod foreign;
mod inner;
mod judge;
mod repeated;

use super::args::{
    ManifestArgs, OnlyTenantArgs, OperatorArgs, PolicyArgs, TenantArgs, UnassignedArgs,
};
use super::gate;
use super::input::Texts;
use super::{Exit, Outcome, terminal};
use crate::flink::budgets::NamespaceObjects;
use crate::flink::network::NamespaceNetwork;
use crate::flink::version::FlinkVersion;
use crate::kinds;
use crate::rego;
use crate::report::{
    Diagnostic, RenderError, Report, RuleInfo, Sources, github, gitlab, json, junit, masked, sarif,
    text,
};
use crate::resource::yaml::Problem;
use crate::rules::notices::DOUBTFUL_YAML;
use crate::rules::{Facts, Level};
use clap::ValueEnum;
use foreign::ForeignPolicies;
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
    foreign: foreign::ForeignArgs,
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
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The lowest level of findings that gives exit status 1
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t)]
    fail_on: FailOn,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text with source lines
    #[default]
    Text,
    /// JSON
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for test reports
    Junit,
    /// GitHub Actions annotations
    Github,
    /// GitLab Code Quality
    Gitlab,
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

/// Runs the command.
///
/// # Errors
/// When tenants or policies cannot be loaded, or nothing can be written.
pub fn run(args: Args) -> Outcome {
    let texts = Texts::read(&args.manifests.paths);
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
    let policies = rego::foreign::load(&args.policies.policies, &args.foreign.choice())?;
    let unassigned = args.unassigned.unassigned;
    let gate = gate::load(&args.tenants, &args.only, policies.own, unassigned, context, || {
        texts.mentioning("Namespace")
    })?;
    drop(surrounding);
    let gate = gate.with_completed_files();
    let configured = configured::gate(&gate, &texts);
    let foreign = ForeignPolicies::new(policies.foreign, &texts);
    let gates = Gates {
        in_force: &gate,
        configured: configured.as_ref().unwrap_or(&gate),
        foreign: &foreign,
    };
    let (mut input, mut linted) = judge::all(gates, &texts, args.as_is);
    foreign.combined(&texts, &mut input.sources, &mut linted);
    input.notes.extend(foreign.policies().notes());
    input.notes.extend(foreign::note(linted.excepted));
    repeated::keep_one_sum(&mut linted.diagnostics);
    inner::point(&mut linted.diagnostics, &input.sources);
    input.notes.extend(repeated::note(&linted.objects));

    masked::mask(&mut input.sources, &linted.hidden);

    let mut diagnostics: Vec<_> = std::mem::take(&mut input.doubts)
        .into_iter()
        .map(|(file, problem)| doubt(file, problem))
        .collect();
    diagnostics.extend(linted.diagnostics);
    let report = Report::new(
        input.files,
        linted.objects,
        diagnostics,
        std::mem::take(&mut input.unreadable),
    );

    input.complain(&report);
    let mut rules = gate::rules(&gate);
    rules.extend(foreign.policies().rules().map(gate::rule_info));
    let text = written(args.format, &report, &input.sources, rules)?;
    match args.format {
        Format::Text if terminal::stdout_wants_colour() => terminal::print_coloured(&text)?,
        Format::Github => terminal::print_commands(&text)?,
        _ => terminal::print(&text)?,
    }
    Ok(exit(&report, args.fail_on))
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
    }
}

fn written(
    format: Format,
    report: &Report,
    sources: &Sources,
    mut rules: Vec<RuleInfo>,
) -> Result<String, RenderError> {
    Ok(match format {
        Format::Text => text::render(report, sources, terminal::stdout_wants_colour()),
        Format::Json => json::render(report)?,
        Format::Sarif => {
            rules.push(gate::rule_info(&DOUBTFUL_YAML.documentation()));
            sarif::render(report, &rules)?
        }
        Format::Junit => junit::render(report)?,
        Format::Github => github::render(report),
        Format::Gitlab => gitlab::render(report)?,
    })
}

fn exit(report: &Report, fail_on: FailOn) -> Exit {
    let fails = match fail_on {
        FailOn::Error => report.count(Level::Error) > 0,
        FailOn::Warning => report.count(Level::Error) + report.count(Level::Warning) > 0,
        FailOn::Never => false,
    };
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
