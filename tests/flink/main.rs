//! Real Flink and its real operator, with Flinkgate in front of them.
//!
//! The program starts itself again in mount, network and process namespaces of its own: whatever
//! ends it, no process, mount or network device is left. README.md says what it needs and what it
//! showed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod api;
mod check;
mod cluster;
mod evidence;
mod kubelet;
mod manifest;
mod names;
mod needs;
mod network;
mod operator;
mod outage;
mod play;
mod scenarios;
mod step;
#[allow(unused_imports)]
#[path = "../cluster/support/mod.rs"]
mod support;
mod world;

use needs::Needs;
use std::process::{Command, ExitCode};

const INSIDE: &str = "FLINK_TEST_INSIDE";

fn main() -> ExitCode {
    let outcome = match std::env::var_os(INSIDE) {
        Some(folder) => {
            Needs::find(std::path::Path::new(&folder)).map(|needs| play::run(needs, &filters()))
        }
        None => outside(),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Names of scenarios, or parts of names, from the command line.
fn filters() -> Vec<String> {
    std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect()
}

/// Builds what needs the network, and starts this program again inside.
fn outside() -> Result<bool, String> {
    needs::check_machine()?;
    support::binaries::control_plane()?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let needs = Needs::find(folder.path())?;
    // Ends with this process, however that one ends.
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "unshare"])
        .args([
            "--mount",
            "--net",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "--propagation=private",
        ])
        .arg(std::env::current_exe().map_err(|error| error.to_string())?)
        .args(std::env::args_os().skip(1))
        .env(INSIDE, folder.path());
    if let Some(operator) = &needs.operator {
        command.env("FLINK_CRDS", operator.join("crds"));
    }
    command.status().map(|status| status.success()).map_err(|error| format!("unshare: {error}"))
}
