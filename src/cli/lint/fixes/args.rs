//! Which fixes are applied, and where.

use super::Writer;
use crate::cli::input::STDIN;

/// Arguments of fixes.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct FixArgs {
    /// Apply the safe fixes to the files
    ///
    /// A fix is safe if the author cannot have meant anything else, such as for a misspelt field. It is
    /// applied only if that makes no other finding. Templates of Helm charts and standard input are
    /// not written. What remains is reported.
    #[arg(long)]
    fix: bool,
    /// With `--fix` or `--diff`, apply the other fixes too: deletions, other images, other sizes
    #[arg(long)]
    unsafe_fixes: bool,
    /// Print what `--fix` would change as a unified diff, and write nothing
    ///
    /// The exit status is 1 if anything would change. The diff shows the lines of the files as they
    /// are, secrets too.
    #[arg(long, conflicts_with = "fix")]
    diff: bool,
}

impl FixArgs {
    /// Whether fixes are applied, be it only for a diff.
    pub fn applies(self) -> bool {
        self.fix || self.diff
    }

    /// Whether nothing is written.
    pub fn is_dry(self) -> bool {
        self.diff
    }

    /// Whether unsafe fixes are applied too.
    pub fn includes_unsafe(self) -> bool {
        self.unsafe_fixes
    }

    /// Whether a file may be edited. Standard input cannot be written.
    pub fn may_edit(self, file: &str) -> bool {
        if file == STDIN { self.diff } else { Writer::may_edit(file) }
    }
}
