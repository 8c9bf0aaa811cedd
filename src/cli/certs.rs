//! `flinkgate certs`.

use super::{Exit, Outcome};

/// Arguments of `flinkgate certs`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// When it could not run.
pub fn run(args: Args) -> Outcome {
    let _ = args;
    Ok(Exit::Fine)
}
