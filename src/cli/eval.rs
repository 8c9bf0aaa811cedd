//! `flinkgate eval`: a Rego expression over what policies see of objects.

use super::args::ManifestArgs;
use super::input::Input;
use super::policy_input::SeenArgs;
use super::{Exit, Outcome, terminal};
use crate::rego::expression::{Expression, Outcome as Evaluated};
use crate::rego::source;
use anyhow::ensure;
use std::path::PathBuf;

const EXAMPLES: &str = "Examples:
  What an expression is for a FlinkDeployment:
    flinkgate eval 'input.flink.size.total' etl.yaml

  What a rule of a policy says of it:
    flinkgate eval data.user.team_label.deny etl.yaml --policies policies/

  Of the object as it is written, which policies of conftest see:
    flinkgate eval --object 'input.spec.template.spec.containers[_].name' deployment.yaml";

/// Arguments of `flinkgate eval`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Rego expression, such as `count(input.flink.pods)`
    #[arg(value_name = "EXPRESSION")]
    expression: String,
    /// Files with manifests or AdmissionReviews, or `-` for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,
    /// Let `input` be the object as it is written
    #[arg(long)]
    object: bool,
    /// File or folder with Rego policies, or `library/NAME`, whose rules are below `data`; can be
    /// repeated
    #[arg(long, value_name = "PATH")]
    policies: Vec<PathBuf>,
    #[command(flatten)]
    seen: SeenArgs,
}

/// Runs the command: a line of JSON for each value, and status 1 if there is none.
///
/// # Errors
/// When a file cannot be read, the expression is none, or it cannot be evaluated.
pub fn run(args: Args) -> Outcome {
    let sources = source::read(&args.policies)?;
    let expression = Expression::new(&args.expression, &sources)?;
    let input = Input::read(&ManifestArgs::of(&args.files))?;
    input.complain(&input.report());
    let inputs = match args.object {
        true => input.manifests().map(|manifest| manifest.resource.object.clone()).collect(),
        false => args.seen.documents(&input, |_| {}, |input| serde_json::to_value(input))?,
    };
    ensure!(
        !inputs.is_empty() || !input.unreadable.is_empty(),
        "there is no object that policies see: `--object` takes any"
    );
    let (mut out, mut any) = (String::new(), false);
    for document in inputs {
        let Evaluated { values, prints } = expression.evaluate(&document)?;
        prints.iter().for_each(|line| terminal::report(line));
        any |= !values.is_empty();
        values.iter().for_each(|value| out += &(value.clone() + "\n"));
    }
    terminal::print(&out)?;
    Ok(match (input.unreadable.is_empty(), any) {
        (false, _) => Exit::CouldNotRun,
        (true, true) => Exit::Fine,
        (true, false) => Exit::Findings,
    })
}
