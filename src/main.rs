//! The `flinkgate` binary: parses the arguments, runs the command, exits with its status.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    flinkgate::cli::run()
}
