//! The command line: one file a subcommand, exit statuses in one place.

pub mod args;
pub mod certs;
pub mod config;
pub mod crds;
pub mod eval;
pub mod explain;
pub mod gate;
pub mod impact;
pub mod input;
pub mod lint;
pub mod new;
pub mod policies;
pub mod policy_input;
pub mod render;
pub mod review;
pub mod rules;
pub mod serve;
pub mod settings;
pub mod size;
pub mod terminal;
pub mod test;
mod value_enums;
mod version;
pub mod webhooks;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// How a command ended; the number is the process's exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Success: 0.
    Fine = 0,
    /// Findings at or above the fail level, a refused review, a failed policy test: 1.
    Findings = 1,
    /// Could not run: bad arguments, an unreadable or malformed file, a bad policy or tenant: 2.
    CouldNotRun = 2,
}

/// What every command returns; the error is printed as `error: …` and ends with status 2.
pub type Outcome = anyhow::Result<Exit>;

/// Admission gate for Apache Flink on Kubernetes.
#[derive(Debug, Parser)]
#[command(
    name = "flinkgate",
    version,
    long_version = version::long(),
    about,
    after_help = "Exit status: 0 success, 1 findings at or above the fail level, 2 could not run"
)]
pub struct Cli {
    /// When to colour text
    #[arg(
        long = "color",
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        help = "When to colour text: auto, always, never"
    )]
    colour: terminal::Colour,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the admission webhooks over TLS
    Serve(Box<serve::Args>),
    /// Check manifests as the cluster would
    Lint(Box<lint::Args>),
    /// Show the configuration that holds for a path, and from where
    Config(config::Args),
    /// Show manifests as the cluster would store them after mutation
    Render(render::Args),
    /// Answer one AdmissionReview
    Review(review::Args),
    /// Show what each Flink cluster requests from Kubernetes, and its memory breakdown
    Size(size::Args),
    /// Name the clusters that have values of an earlier spec of their tenant
    Impact(impact::Args),
    /// Run the tests of policies
    Test(test::Args),
    /// Begin a policy with metadata, tests and an example
    New(new::Args),
    /// Show the `input` document that policies see
    Input(policy_input::Args),
    /// Evaluate a Rego expression over the `input` of objects
    Eval(eval::Args),
    /// List the library of policies, or print one to copy
    Policies(policies::Args),
    /// List all rules
    Rules(rules::Args),
    /// Explain one rule
    Explain(explain::Args),
    /// Print the custom resource definitions
    Crds(crds::Args),
    /// Print the webhook configurations
    Webhooks(webhooks::Args),
    /// Create a development certificate authority and a serving certificate
    Certs(certs::Args),
}

/// Runs the command that the arguments name and gives its exit status.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    terminal::set_colour(cli.colour);
    let outcome = match cli.command {
        Command::Serve(args) => serve::run(*args),
        Command::Lint(args) => lint::run(*args),
        Command::Config(args) => config::run(args),
        Command::Render(args) => render::run(args),
        Command::Review(args) => review::run(args),
        Command::Size(args) => size::run(args),
        Command::Impact(args) => impact::run(args),
        Command::Test(args) => test::run(args),
        Command::New(args) => new::run(args),
        Command::Input(args) => policy_input::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Policies(args) => policies::run(args),
        Command::Rules(args) => rules::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Crds(args) => crds::run(args),
        Command::Webhooks(args) => webhooks::run(args),
        Command::Certs(args) => certs::run(args),
    };
    let exit = outcome.unwrap_or_else(|error| {
        terminal::report(&format!("error: {error:#}"));
        Exit::CouldNotRun
    });
    ExitCode::from(exit as u8)
}

/// Prints what clap says of the arguments: help, or an error, which quotes them. An argument may be
/// the name of a file, which is text of a repository.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // There is no other place to report that this fails.
        let _ = error.print();
        return ExitCode::from(Exit::Fine as u8);
    }
    let text = error.render();
    terminal::report_coloured(&match terminal::stderr_wants_colour() {
        true => text.ansi().to_string(),
        false => text.to_string(),
    });
    ExitCode::from(Exit::CouldNotRun as u8)
}
