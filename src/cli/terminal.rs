//! Writing to standard output as a good citizen: colour only for people, and no complaint about a
//! closed pipe.

use std::io::{self, ErrorKind, IsTerminal, Write};

/// Whether standard output wants colour.
pub fn stdout_wants_colour() -> bool {
    wants_colour(io::stdout().is_terminal(), |name| std::env::var(name).ok())
}

/// Whether standard error wants colour.
pub fn stderr_wants_colour() -> bool {
    wants_colour(io::stderr().is_terminal(), |name| std::env::var(name).ok())
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
