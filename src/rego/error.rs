//! Why policies were not taken: always with the file, the line and the column.

use super::conftest::DataError;
use crate::resource::files::FilesError;
use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong with one policy file; line and column count from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyProblem {
    /// The file's path as it was given.
    pub file: String,
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for PolicyProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

impl PolicyProblem {
    /// A problem at the start of a file.
    pub(crate) fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.into(), line: 1, column: 1, message: message.into() }
    }

    /// Reads what regorus renders for people: `--> file:line:column`, the line with a caret,
    /// `error: message`.
    ///
    /// regorus' errors carry their position only in this text. What does not look like it stands at
    /// the file's start.
    pub(super) fn from_rendered(file: &str, text: &str) -> Self {
        let place = text.lines().find_map(|line| {
            let (rest, column) = line.strip_prefix("--> ")?.rsplit_once(':')?;
            let (file, line) = rest.rsplit_once(':')?;
            Some((file, line.parse().ok()?, column.parse().ok()?))
        });
        let message = text.split_once("error: ").map_or(text, |(_, message)| message).trim();
        let message = message.lines().next().unwrap_or(message).to_owned();
        match place {
            Some((file, line, column)) => Self { file: file.into(), line, column, message },
            None => Self::of_file(file, message),
        }
    }
}

/// Why a set of policies was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A path does not exist or cannot be read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A file cannot be read as text.
    #[error("failed to read policy {}, which must be a readable UTF-8 file", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The library has no policy of this name.
    #[error("unknown library policy `{name}`: {advice}")]
    UnknownPolicy {
        /// The name.
        name: String,
        /// What was probably meant.
        advice: String,
    },
    /// The data of conftest's policies.
    #[error(transparent)]
    Data(#[from] DataError),
    /// No package of conftest's policies is chosen.
    #[error(
        "none of the packages that are chosen has rules of conftest; packages with rules: {0}; \
         choose with `--policy-namespace`, or give `--all-policy-namespaces`"
    )]
    NoNamespace(String),
    /// Files that are not policies Flinkgate can run: all problems, sorted by place.
    #[error("{}", lines(.0))]
    Rejected(Vec<PolicyProblem>),
    /// The thread that compiles policies could not be started or died.
    #[error("failed to compile the policies: {0}")]
    Compile(String),
}

impl PolicyError {
    /// The problems with their places; empty where no file is to blame.
    pub fn problems(&self) -> &[PolicyProblem] {
        match self {
            Self::Rejected(problems) => problems,
            _ => &[],
        }
    }
}

fn lines(problems: &[PolicyProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_read_from_a_rendered_error() {
        let text =
            "\n--> C:dir/a b.rego:3:7\n  |\n3 | x := ]\n  |      ^\nerror: expecting expression";
        let problem = PolicyProblem::from_rendered("other", text);
        assert_eq!(problem.to_string(), "C:dir/a b.rego:3:7: expecting expression");
    }

    #[test]
    fn an_error_without_a_place_stands_at_the_start_of_the_file() {
        assert_eq!(
            PolicyProblem::from_rendered("a.rego", "too long").to_string(),
            "a.rego:1:1: too long"
        );
    }
}
