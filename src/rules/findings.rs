//! The findings of one object, collected while rules run.

use super::Rule;
use super::finding::Finding;
use crate::resource::steps;

/// The number of findings that one rule reports about one object; more would hide the first.
pub const MOST: usize = 50;

/// The findings of one object. A rule adds one with [`Findings::at`].
#[derive(Debug)]
pub struct Findings {
    rule: &'static Rule,
    /// Index of the running rule's first finding.
    start: usize,
    list: Vec<Finding>,
    /// The number of findings that one rule reports: [`MOST`], or all.
    most: usize,
    /// Takes what a rule reports beyond that.
    overflow: Finding,
}

impl Findings {
    /// No findings yet; `rule` is the first to run.
    pub fn new(rule: &'static Rule) -> Self {
        Self { rule, start: 0, list: Vec::new(), most: MOST, overflow: Finding::default() }
    }

    /// The same without a limit: to compare two states of an object.
    pub(super) fn with_all(self) -> Self {
        Self { most: usize::MAX, ..self }
    }

    /// Starts the next rule.
    pub(super) fn start(&mut self, rule: &'static Rule) {
        self.rule = rule;
        self.start = self.list.len();
    }

    /// Adds a finding of the running rule at a JSON Pointer of the object. The pointer may be within
    /// the place of a pod set ([`PodSet::path`](crate::flink::PodSet::path)); it is translated to
    /// the field that holds the value.
    pub fn at(&mut self, pointer: impl Into<String>) -> &mut Finding {
        steps::step();
        let finding = Finding {
            rule: self.rule.id.into(),
            level: self.rule.level,
            pointer: pointer.into(),
            ..Finding::default()
        };
        if self.list.len() >= self.start.saturating_add(self.most) {
            self.overflow = finding;
            return &mut self.overflow;
        }
        self.list.push(finding);
        match self.list.last_mut() {
            Some(last) => last,
            None => &mut self.overflow,
        }
    }

    /// Whether nothing was reported yet.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether the running rule has reported as much as it may, and can stop looking.
    pub fn is_full(&self) -> bool {
        self.list.len() >= self.start.saturating_add(self.most)
    }

    /// All findings in the order in which rules reported them.
    pub(super) fn into_list(self) -> Vec<Finding> {
        self.list
    }
}
