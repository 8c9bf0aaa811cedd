//! The references of a Rego module: which other rules it uses, and which parts of `input`. The
//! [walker](super::walker) collects them.

use super::compat::{self, Call, Hoisted, Statement};
use super::error::PolicyProblem;
use super::syntax::Pattern;
use std::collections::BTreeMap;

/// One definition of one rule or function.
#[derive(Debug)]
pub(super) struct Definition {
    /// Package and name, without `data`.
    pub path: Vec<String>,
    /// The name alone, as far as it is constant.
    pub name: String,
    /// Whether it takes arguments.
    pub is_function: bool,
    /// File, line and column of the head.
    pub place: PolicyProblem,
    /// What it refers to below `data`, with the place.
    pub references: Vec<Reference>,
}

/// One mention of something below `data` or `input`.
#[derive(Debug)]
pub(super) struct Reference {
    /// What is meant.
    pub pattern: Pattern,
    /// Whether it was written without `data`: then only rules of its own package are meant.
    pub package: Option<usize>,
    /// Line and column.
    pub place: (usize, usize),
}

/// One file's definitions.
#[derive(Debug)]
pub(super) struct ModuleFacts {
    /// Package path, without `data`.
    pub package: Vec<String>,
    /// Rules and functions, a definition each.
    pub definitions: Vec<Definition>,
    /// What is read below `input`, each mention.
    pub inputs: Vec<Reference>,
    /// What this walk itself refuses.
    pub problems: Vec<PolicyProblem>,
    /// Uses of imported packages, by their place in the text.
    pub imported: BTreeMap<usize, ImportedName>,
    /// Calls that OPA knows and the virtual machine does not, by their place in the text.
    pub calls: BTreeMap<usize, Call>,
    /// Arguments of negated calls that OPA evaluates before, by the place of `not`.
    pub negated: BTreeMap<usize, Vec<Hoisted>>,
    /// Statements that the virtual machine does not take as they are, by their place.
    pub statements: BTreeMap<usize, Statement>,
}

/// A name that stands for an imported path below `data`.
#[derive(Debug)]
pub(super) struct ImportedName {
    /// Where it ends in the text, in bytes.
    pub end: usize,
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
    /// What it stands for, written out.
    pub path: String,
}

impl ModuleFacts {
    /// The text with imported names written out: `pods.judged` becomes `data.lib.pods.judged`.
    ///
    /// For an imported name regorus' virtual machine first evaluates the whole package and then
    /// picks the rule, and in suspendable mode it gets nothing that way: the condition would
    /// silently never hold.
    pub(super) fn without_imports(&self, text: &str) -> String {
        compat::without_imports(self, text)
    }

    /// The column in the file of a column in the text that [`Self::without_imports`] made.
    pub(super) fn original_column(&self, line: usize, column: usize) -> usize {
        let names = self.imported.iter().filter(|(_, name)| name.line == line);
        names
            .fold((0, column), |(grown, result), (&start, name)| {
                let growth = name.path.len().saturating_sub(name.end - start);
                if column > name.column + grown {
                    (grown + growth, result.saturating_sub(growth).max(name.column))
                } else {
                    (grown, result)
                }
            })
            .1
    }
}
