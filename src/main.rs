//! The `flinkgate` binary: parse the arguments, run the command, exit with its status.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    flinkgate::cli::run()
}
