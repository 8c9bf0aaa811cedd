//! Findings that are known: a file lists them, and `lint` reports the others.

use super::suppressions::finding;
use crate::report::fingerprint::{lasting, without_figures};
use crate::report::{Diagnostic, Suppressed, Suppressor};
use crate::resource::yaml::Span;
use crate::rules::notices::UNUSED;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The version of the file's format.
const VERSION: u32 = 1;

/// A baseline file. Its entries are sorted, so that a change is easy to review.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    findings: Vec<Entry>,
}

/// Findings with the same fingerprint.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    fingerprint: String,
    rule: String,
    /// For people.
    object: String,
    /// The message without figures, for people.
    message: String,
    count: usize,
}

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum BaselineError {
    /// It cannot be read.
    #[error("failed to read the baseline `{}`: write it with `--write-baseline`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("`{}` is not a baseline: write it with `--write-baseline`", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// It is of a later release.
    #[error("the baseline `{}` has version {version}, but this release reads version 1", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// It cannot be written.
    #[error("failed to write the baseline `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The entries of a baseline, with how many findings each still matches.
#[derive(Debug)]
pub(super) struct Baseline {
    path: PathBuf,
    text: String,
    entries: BTreeMap<String, Entry>,
}

impl Baseline {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, BaselineError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| BaselineError::Read { path: path.into(), source })?;
        let File { version, findings } = serde_json::from_str(&text)
            .map_err(|source| BaselineError::Malformed { path: path.into(), source })?;
        if version != VERSION {
            return Err(BaselineError::Version { path: path.into(), version });
        }
        let mut entries = BTreeMap::<String, Entry>::new();
        for entry in findings {
            // A merge of two branches may list a finding twice.
            let known = entries.entry(entry.fingerprint.clone());
            let count = entry.count;
            known.and_modify(|known| known.count = known.count.max(count)).or_insert(entry);
        }
        Ok(Self { path: path.into(), text, entries })
    }

    /// The baseline that has exactly these findings.
    pub(super) fn of(path: &Path, diagnostics: &[Diagnostic]) -> Self {
        let mut entries = BTreeMap::<String, Entry>::new();
        for diagnostic in diagnostics {
            let fingerprint = lasting(diagnostic);
            let entry = entries.entry(fingerprint.clone()).or_insert_with(|| Entry {
                fingerprint,
                rule: diagnostic.rule.clone(),
                object: diagnostic.object.as_ref().map(ToString::to_string).unwrap_or_default(),
                message: without_figures(&diagnostic.message),
                count: 0,
            });
            entry.count = entry.count.saturating_add(1);
        }
        Self { path: path.into(), text: String::new(), entries }
    }

    /// Writes the file.
    pub(super) fn write(&self) -> Result<(), BaselineError> {
        let mut findings: Vec<Entry> = self.entries.values().cloned().collect();
        findings.sort_by(|a, b| {
            (&a.rule, &a.object, &a.fingerprint).cmp(&(&b.rule, &b.object, &b.fingerprint))
        });
        let text = serde_json::to_string_pretty(&File { version: VERSION, findings })
            .map_err(std::io::Error::from)
            .and_then(|text| std::fs::write(&self.path, text + "\n"));
        text.map_err(|source| BaselineError::Write { path: self.path.clone(), source })
    }

    /// Takes the findings out that it lists.
    pub(super) fn take(&mut self, diagnostics: &mut Vec<Diagnostic>) -> Vec<Suppressed> {
        let (mut kept, mut suppressed) = (Vec::new(), Vec::new());
        for diagnostic in diagnostics.drain(..) {
            match self.entries.get_mut(&lasting(&diagnostic)).filter(|entry| entry.count > 0) {
                Some(entry) => {
                    entry.count = entry.count.saturating_sub(1);
                    suppressed.push(Suppressed { diagnostic, by: Suppressor::Baseline });
                }
                None => kept.push(diagnostic),
            }
        }
        *diagnostics = kept;
        suppressed
    }

    /// The findings about entries that match fewer findings than they list.
    pub(super) fn unused(&self) -> Vec<Diagnostic> {
        let file = self.path.to_string_lossy().into_owned().into();
        let lines = self.text.lines().map(fingerprint).zip(1..);
        let lines: BTreeMap<&str, usize> = lines.collect();
        let unused = self.entries.values().filter(|entry| entry.count > 0).map(|entry| {
            let line = lines.get(entry.fingerprint.as_str()).copied().unwrap_or(1);
            let span = Span { line, column: 1, end_line: line, end_column: 1 };
            let message = match entry.object.as_str() {
                "" => format!("no finding of `{}` matches this entry", entry.rule),
                object => format!("no finding of `{}` in {object} matches this entry", entry.rule),
            };
            let help = "write the baseline again with `--write-baseline`".to_owned();
            finding(&UNUSED, &file, span, message, Some(help))
        });
        unused.collect()
    }
}

/// The fingerprint of a line of the file.
fn fingerprint(line: &str) -> &str {
    let value = line.trim().strip_prefix("\"fingerprint\": \"").unwrap_or_default();
    value.trim_end_matches(['"', ','])
}
