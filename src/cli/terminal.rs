//! The one place that writes to standard output and standard error: colour only for people, no
//! complaint about a closed pipe, and nothing from the input that a terminal or the log of a CI
//! system acts on ([`crate::printable`]).

use crate::printable;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

/// When text is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set; also with `CLICOLOR_FORCE`
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What the user asked for, if anything.
static COLOUR: OnceLock<Colour> = OnceLock::new();

/// Follows `--color`, from now on.
pub fn set_colour(colour: Colour) {
    // The arguments are parsed once.
    let _ = COLOUR.set(colour);
}

/// Whether standard output wants colour.
pub fn stdout_wants_colour() -> bool {
    is_coloured(io::stdout().is_terminal())
}

/// Whether standard error wants colour.
pub fn stderr_wants_colour() -> bool {
    is_coloured(io::stderr().is_terminal())
}

fn is_coloured(is_terminal: bool) -> bool {
    match COLOUR.get().copied().unwrap_or_default() {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => wants_colour(is_terminal, |name| std::env::var(name).ok()),
    }
}

/// `NO_COLOR` forbids, `CLICOLOR_FORCE` demands, else a terminal that is not dumb wants it.
fn wants_colour(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    if set("NO_COLOR") {
        return false;
    }
    if variable("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0") {
        return true;
    }
    is_terminal && variable("TERM").as_deref() != Some("dumb")
}

/// Writes to standard output; a reader that has seen enough (`| head`) is no error.
///
/// # Errors
/// When writing fails for any other reason, such as a full disk.
pub fn print(text: &str) -> io::Result<()> {
    write(&printable::escape(text))
}

/// [`print`] for text that this program coloured.
///
/// # Errors
/// Like [`print`].
pub fn print_coloured(text: &str) -> io::Result<()> {
    write(&printable::escape_keeping_colours(text))
}

/// [`print`] for the commands of `--format github`.
///
/// # Errors
/// Like [`print`].
pub fn print_commands(text: &str) -> io::Result<()> {
    write(&printable::escape_keeping_commands(text))
}

/// Writes a line to standard error. There is no other place to report that this fails.
pub fn report(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", printable::escape(text));
}

/// Writes text that this program coloured to standard error.
pub fn report_coloured(text: &str) {
    let _ = write!(io::stderr().lock(), "{}", printable::escape_keeping_colours(text));
}

fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_for_terminals_unless_the_user_says_otherwise() {
        type Variables = &'static [(&'static str, &'static str)];
        let cases: [(bool, Variables, bool); 8] = [
            (true, &[], true),
            (false, &[], false),
            (true, &[("NO_COLOR", "1")], false),
            (true, &[("NO_COLOR", "")], true),
            (true, &[("TERM", "dumb")], false),
            (false, &[("CLICOLOR_FORCE", "1")], true),
            (false, &[("CLICOLOR_FORCE", "0")], false),
            (true, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
        ];
        for (is_terminal, variables, expected) in cases {
            let variable = |name: &str| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(
                wants_colour(is_terminal, variable),
                expected,
                "{is_terminal} {variables:?}"
            );
        }
    }
}
