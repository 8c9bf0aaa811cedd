//! Which rules a report shows, and at which level.

use super::file::ConfigFile;
use super::{Patterns, SettingsArgs};
use crate::rules::Level;
use crate::tenant::{rule_match, unknown_rule};
use std::path::Path;
use std::sync::Arc;

/// One choice of rules; a later one wins over an earlier one.
#[derive(Clone, Debug, Default)]
struct Choice {
    /// Where it applies; everywhere if `None`.
    paths: Option<Patterns>,
    select: Option<Vec<String>>,
    ignore: Vec<String>,
    levels: Vec<(String, Level)>,
    /// Where each pattern is written, for messages: a flag, or a key of the file.
    origin: Origin,
}

#[derive(Clone, Debug, Default)]
enum Origin {
    #[default]
    Flags,
    File(Arc<ConfigFile>, String),
}

/// The choices of a configuration file and of the flags, in their order.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct RuleChoice(Vec<Choice>);

/// Patterns that match no rule, one sentence each.
#[derive(Debug, thiserror::Error)]
#[error("unknown rules:\n  {}", .0.join("\n  "))]
pub(in crate::cli) struct UnknownRules(pub(in crate::cli) Vec<String>);

impl RuleChoice {
    pub(super) fn new(
        flags: &SettingsArgs,
        file: Option<&Arc<ConfigFile>>,
    ) -> Result<Self, ignore::Error> {
        let mut choices = Vec::new();
        if let Some(file) = file {
            let (keys, levels) = (&file.keys.rules, file.keys.rules.levels.clone());
            choices.push(Choice {
                paths: None,
                select: keys.select.clone(),
                ignore: keys.ignore.clone(),
                levels: levels.into_iter().collect(),
                origin: Origin::File(Arc::clone(file), "/rules".into()),
            });
            for (index, one) in file.keys.overrides.iter().enumerate() {
                choices.push(Choice {
                    paths: Some(Patterns::new(&file.folder, &one.paths)?),
                    select: one.select.clone(),
                    ignore: one.ignore.clone(),
                    levels: one.levels.clone().into_iter().collect(),
                    origin: Origin::File(Arc::clone(file), format!("/overrides/{index}")),
                });
            }
        }
        choices.push(Choice {
            paths: None,
            select: Some(flags.select.clone()).filter(|select| !select.is_empty()),
            ignore: flags.ignore.clone(),
            levels: flags.level.clone(),
            origin: Origin::Flags,
        });
        choices.retain(|choice| {
            choice.select.is_some() || !choice.ignore.is_empty() || !choice.levels.is_empty()
        });
        Ok(Self(choices))
    }

    /// Whether all findings are reported as they are.
    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The level of a finding in an absolute path; `None` where it is not reported.
    pub(in crate::cli) fn level(&self, rule: &str, path: &Path, own: Level) -> Option<Level> {
        let is_among = |patterns: &[String]| {
            patterns.iter().any(|pattern| rule_match(pattern, rule).is_some())
        };
        let (mut is_reported, mut level) = (true, own);
        let applies = |choice: &&Choice| {
            choice.paths.as_ref().is_none_or(|paths| paths.match_path(path, false))
        };
        for choice in self.0.iter().filter(applies) {
            if let Some(select) = &choice.select {
                is_reported = is_among(select);
            }
            is_reported &= !is_among(&choice.ignore);
            let levels = choice.levels.iter();
            let exact = levels.filter_map(|(pattern, to)| Some((rule_match(pattern, rule)?, *to)));
            if let Some((_, to)) = exact.max_by_key(|(exactness, _)| *exactness) {
                level = to;
            }
        }
        is_reported.then_some(level)
    }

    /// The messages about patterns that match none of these rules.
    pub(in crate::cli) fn unknown(&self, known: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for choice in &self.0 {
            let select = choice.select.iter().flatten().enumerate();
            let select = select.map(|(n, rule)| ("--select", format!("/select/{n}"), rule));
            let ignore = choice.ignore.iter().enumerate();
            let ignore = ignore.map(|(n, rule)| ("--ignore", format!("/ignore/{n}"), rule));
            let levels = choice.levels.iter().map(|(rule, _)| {
                ("--level", crate::resource::pointer::join("/levels", rule), rule)
            });
            for (flag, place, rule) in select.chain(ignore).chain(levels) {
                let Some(message) = unknown_rule(rule, known) else { continue };
                found.push(match &choice.origin {
                    Origin::Flags => format!("{flag}: {message}"),
                    Origin::File(file, base) => file.message(&format!("{base}{place}"), &message),
                });
            }
        }
        found
    }
}
