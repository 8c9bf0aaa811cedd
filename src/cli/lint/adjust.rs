//! What of the findings is reported: the configuration of each file decides.

use crate::cli::Exit;
use crate::cli::input::Texts;
use crate::cli::settings::{Settings, absolute};
use crate::report::{Diagnostic, Report, Suppressed};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The settings of each file.
pub(super) struct Adjust<'t> {
    all: &'t [Settings],
    /// By the names of files; empty where all have the same.
    numbers: BTreeMap<&'t Arc<str>, usize>,
    first: usize,
}

impl<'t> Adjust<'t> {
    pub(super) fn new(texts: &'t Texts) -> Self {
        let mut files = texts.settings_of_files();
        let first = files.next().map_or(0, |(_, number)| number);
        let is_one = files.all(|(_, number)| number == first);
        let numbers = if is_one { BTreeMap::new() } else { texts.settings_of_files().collect() };
        Self { all: texts.settings(), numbers, first }
    }

    /// The number of the settings of a file.
    pub(super) fn number(&self, file: &Arc<str>) -> usize {
        self.numbers.get(file).copied().unwrap_or(self.first)
    }

    /// What holds for a file.
    pub(super) fn settings(&self, file: &Arc<str>) -> Option<&'t Settings> {
        self.all.get(self.number(file))
    }

    /// Leaves out findings of rules that are not selected, and gives the others their levels.
    pub(super) fn choose_rules(&self, diagnostics: &mut Vec<Diagnostic>) {
        if self.all.iter().all(|settings| settings.rules.is_empty()) {
            return;
        }
        diagnostics.retain_mut(|diagnostic| self.choose(diagnostic));
    }

    /// The same for findings that do not count.
    pub(super) fn choose_rules_of_suppressed(&self, suppressed: &mut Vec<Suppressed>) {
        suppressed.retain_mut(|one| self.choose(&mut one.diagnostic));
    }

    /// Gives a finding its level, and says whether its rule is selected.
    fn choose(&self, diagnostic: &mut Diagnostic) -> bool {
        let Some(settings) = self.settings(&diagnostic.file) else { return true };
        let path = absolute(Path::new(&*diagnostic.file));
        let level = settings.rules.level(&diagnostic.rule, &path, diagnostic.level);
        diagnostic.level = level.unwrap_or(diagnostic.level);
        level.is_some()
    }

    /// Whether a finding gives exit status 1, by the fail level of its file.
    pub(super) fn fails(&self, diagnostic: &Diagnostic) -> bool {
        self.settings(&diagnostic.file)
            .is_none_or(|settings| settings.fail_on.fails(diagnostic.level))
    }

    /// The exit status.
    pub(super) fn exit(&self, report: &Report) -> Exit {
        let fails = |diagnostic: &Diagnostic| self.fails(diagnostic);
        match (report.unreadable.is_empty(), report.diagnostics.iter().any(fails)) {
            (false, _) => Exit::CouldNotRun,
            (true, true) => Exit::Findings,
            (true, false) => Exit::Fine,
        }
    }
}
