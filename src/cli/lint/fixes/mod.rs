//! `lint --fix` and `--diff`: applies the fixes of findings to their files.
//!
//! All fixes of a round whose edits are apart are applied at once, and the edited texts are judged before
//! anything is written. Where that gives a new finding, a text that cannot be read, or a finding that
//! stays, the fixes of the file are tried one by one, and what fails is left out.

mod args;
mod write;

pub use args::FixArgs;
pub use write::{FileError, Writer};

use crate::cli::input::{Manifest, Texts};
use crate::report::fixes::{ProposedFix, unified_diff};
use crate::report::{Diagnostic, Sources, Unreadable, counted};
use crate::resource::yaml::edit::{self, TextEdit, apply};
use crate::rules::Fix;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes of a document that may be read to check edits that are applied. Further rounds check the rest.
pub const BYTES_TO_APPLY: usize = 128 << 20;
/// The same for edits that a report shows.
pub const BYTES_TO_SHOW: usize = 8 << 20;

/// How many fixes each object of a document may propose. To check one, the document is read twice.
pub(super) fn shares(bytes: usize, manifests: &[Manifest]) -> Vec<usize> {
    let count = manifests.len().max(1);
    let length = manifests.first().filter(|_| bytes > 0).map_or(1, |one| one.positions.length());
    let all = bytes / length.saturating_mul(2).max(1);
    (0..manifests.len()).map(|index| all / count + usize::from(index < all % count)).collect()
}

/// The edits that a finding's fix makes in its file; `None` where the file cannot be edited so.
pub(super) fn proposed(manifest: &Manifest, fix: Fix) -> Option<ProposedFix> {
    if manifest.file.contains("templates") && !Writer::may_edit(&manifest.file) {
        return None;
    }
    let below = |operation: edit::Operation| operation.below(&manifest.prefix);
    let operations: Vec<_> = fix.operations.into_iter().map(below).collect();
    let edits = edit::edits(&manifest.positions, &operations).ok()?;
    (!edits.is_empty()).then_some(ProposedFix { safe: fix.safe, operations, edits })
}

/// Rounds in which all fixes are applied at once.
const ROUNDS: usize = 10;
/// Further rounds, in which each file gets one fix.
const SINGLE_ROUNDS: usize = 100;

/// What judging an input gives.
pub struct Judged {
    /// The findings.
    pub diagnostics: Vec<Diagnostic>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// The texts of the files.
    pub sources: Sources,
}

/// The texts after all fixes.
pub struct Fixed {
    /// The input with the new texts.
    pub texts: Texts,
    /// The files that changed, with their text before and after.
    pub changed: BTreeMap<Arc<str>, (Arc<str>, Arc<str>)>,
    /// How many findings are gone.
    pub fixed: usize,
    /// How many fixes would have made other findings, or did not help.
    pub left_out: usize,
}

impl Fixed {
    /// The changes as a unified diff.
    pub fn diff(&self) -> String {
        let diff = |(file, (before, after)): (&Arc<str>, &(Arc<str>, Arc<str>))| {
            unified_diff(file, before, after)
        };
        self.changed.iter().map(diff).collect()
    }

    /// Writes the changed files.
    ///
    /// # Errors
    /// When one cannot be written; those before it are.
    pub fn write(&self, paths: &[PathBuf]) -> Result<(), FileError> {
        let writer = Writer::of(paths);
        for (file, (before, after)) in &self.changed {
            writer.write(file, before, after)?;
        }
        Ok(())
    }

    /// `fixed 3 findings in 2 files`.
    pub fn note(&self) -> String {
        let files = counted(self.changed.len(), "file");
        let left_out = match self.left_out {
            0 => String::new(),
            some => format!("; left out {}, which would make other findings", counted_fixes(some)),
        };
        format!("fixed {} in {files}{left_out}", counted(self.fixed, "finding"))
    }
}

fn counted_fixes(count: usize) -> String {
    if count == 1 { "1 fix".to_owned() } else { format!("{count} fixes") }
}

/// What a finding is, however it moves: rule, file, object and message, without numbers that other
/// fixes change.
type Key = (String, Arc<str>, String, String);

fn key(diagnostic: &Diagnostic) -> Key {
    let object = diagnostic.object.as_ref().map(ToString::to_string).unwrap_or_default();
    let message: String =
        diagnostic.message.chars().filter(|character| !character.is_ascii_digit()).collect();
    (diagnostic.rule.clone(), Arc::clone(&diagnostic.file), object, message)
}

fn counts(diagnostics: &[Diagnostic]) -> BTreeMap<Key, usize> {
    let mut counts = BTreeMap::new();
    for diagnostic in diagnostics {
        *counts.entry(key(diagnostic)).or_default() += 1;
    }
    counts
}

/// Applies fixes until nothing changes. `judge` judges an input as the command does.
///
/// # Errors
/// When `judge` fails.
pub fn all<E>(
    texts: &Texts,
    first: Judged,
    unsafe_too: bool,
    may_edit: impl Fn(&str) -> bool,
    judge: impl Fn(&Texts) -> Result<Judged, E>,
) -> Result<Fixed, E> {
    let sources = first.sources.clone();
    let mut state = State {
        texts: texts.clone(),
        judged: first,
        rejected: BTreeSet::new(),
        unsafe_too,
        may_edit: &may_edit,
    };
    let found = state.judged.diagnostics.len();
    let mut single = BTreeSet::new();
    for round in 0..ROUNDS + SINGLE_ROUNDS {
        let chosen = state.choose(|file| round >= ROUNDS || single.contains(file));
        if chosen.is_empty() {
            break;
        }
        let after = state.edited(&chosen);
        let judged = judge(&after)?;
        let bad = state.bad_files(&chosen, &judged);
        if bad.is_empty() {
            state.texts = after;
            state.judged = judged;
            continue;
        }
        for (file, fixes) in chosen {
            if !bad.contains(&file) {
                continue;
            }
            if fixes.len() == 1 {
                state.rejected.extend(fixes.into_iter().map(|fix| fix.key));
            }
            single.insert(file);
        }
    }
    let mut changed = BTreeMap::new();
    for (file, after) in &state.judged.sources {
        if let Some(before) = sources.get(file).filter(|before| *before != after) {
            changed.insert(Arc::clone(file), (Arc::clone(before), Arc::clone(after)));
        }
    }
    let fixed = found.saturating_sub(state.judged.diagnostics.len());
    Ok(Fixed { texts: state.texts, changed, fixed, left_out: state.rejected.len() })
}

/// A fix that is applied in a round.
struct Chosen {
    key: (Key, String),
    edits: Vec<TextEdit>,
}

struct State<'a> {
    texts: Texts,
    judged: Judged,
    /// Fixes that failed, by finding and place.
    rejected: BTreeSet<(Key, String)>,
    unsafe_too: bool,
    may_edit: &'a dyn Fn(&str) -> bool,
}

impl State<'_> {
    /// The fixes of each file whose edits are apart; one where `is_single`.
    fn choose(&self, is_single: impl Fn(&str) -> bool) -> BTreeMap<Arc<str>, Vec<Chosen>> {
        let mut chosen: BTreeMap<Arc<str>, Vec<Chosen>> = BTreeMap::new();
        for diagnostic in &self.judged.diagnostics {
            let Some(fix) = diagnostic.fix.as_deref() else { continue };
            let file = &diagnostic.file;
            let key = (key(diagnostic), diagnostic.pointer.clone());
            let is_wanted = (fix.safe || self.unsafe_too)
                && !fix.edits.is_empty()
                && !self.rejected.contains(&key)
                && (self.may_edit)(file);
            if !is_wanted {
                continue;
            }
            let fixes = chosen.entry(Arc::clone(file)).or_default();
            let touches = |edit: &TextEdit| {
                let others = fixes.iter().flat_map(|fix| &fix.edits);
                others.clone().any(|other| {
                    edit.bytes.start <= other.bytes.end && other.bytes.start <= edit.bytes.end
                })
            };
            let is_full = !fixes.is_empty() && is_single(file);
            if !is_full && !fix.edits.iter().any(touches) {
                fixes.push(Chosen { key, edits: fix.edits.clone() });
            }
        }
        chosen
    }

    fn edited(&self, chosen: &BTreeMap<Arc<str>, Vec<Chosen>>) -> Texts {
        let mut changes = BTreeMap::new();
        for (file, fixes) in chosen {
            let Some(text) = self.judged.sources.get(file) else { continue };
            let mut edits: Vec<TextEdit> =
                fixes.iter().flat_map(|fix| fix.edits.iter().cloned()).collect();
            edits.sort_by_key(|edit| (edit.bytes.start, edit.bytes.end));
            changes.insert(Arc::clone(file), Arc::from(apply(text, &edits)));
        }
        self.texts.with(&changes)
    }

    /// The files in which edits did harm, or did not help.
    fn bad_files(
        &self,
        chosen: &BTreeMap<Arc<str>, Vec<Chosen>>,
        judged: &Judged,
    ) -> BTreeSet<Arc<str>> {
        let (before, after) = (counts(&self.judged.diagnostics), counts(&judged.diagnostics));
        let mut bad = BTreeSet::new();
        for (key, count) in &after {
            if *count > before.get(key).copied().unwrap_or_default() {
                bad.insert(Arc::clone(&key.1));
            }
        }
        let were_unreadable: BTreeSet<_> =
            self.judged.unreadable.iter().map(|it| &it.file).collect();
        let are_unreadable = judged.unreadable.iter().map(|it| &it.file);
        bad.extend(are_unreadable.filter(|file| !were_unreadable.contains(file)).cloned());
        for (file, fixes) in chosen {
            let mut expected: BTreeMap<&Key, usize> = BTreeMap::new();
            for fix in fixes {
                *expected.entry(&fix.key.0).or_default() += 1;
            }
            let stays = expected.iter().any(|(key, count)| {
                let left = after.get(*key).copied().unwrap_or_default();
                left + count > before.get(*key).copied().unwrap_or_default()
            });
            if stays {
                bad.insert(Arc::clone(file));
            }
        }
        // A finding in a file that was not edited comes from one of those that were.
        match bad.iter().all(|file| chosen.contains_key(file)) {
            true => bad,
            false => chosen.keys().cloned().collect(),
        }
    }
}
