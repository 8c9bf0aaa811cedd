//! What a branch added: the lines of files that differ from a base in git.
//!
//! The base is the merge base of a revision and `HEAD`, so that what others added to the base branch
//! in the meantime does not count. It is compared with the files as they are, committed or not.

use crate::report::Diagnostic;
use crate::report::fingerprint::lasting;
use gix::{ObjectId, Repository};
use similar::{DiffTag, TextDiff};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Pairs of files that are compared to find renamed ones.
const MOST_COMPARED: usize = 20_000;
/// Of a hundred lines, how many a renamed file shares with its former self. As in git.
const ALIKE: usize = 50;

/// Why a base cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum DiffError {
    /// There is no repository.
    #[error("`--diff-base` needs a git repository, and the working directory is in none")]
    NoRepository(#[source] Box<gix::Error>),
    /// A bare repository.
    #[error("`--diff-base` needs the files of a git repository, and this one is bare")]
    Bare,
    /// An unknown revision.
    #[error("git knows no revision `{revision}`{}", hint(*is_shallow))]
    Unknown {
        /// What was asked for.
        revision: String,
        /// Whether the clone is shallow.
        is_shallow: bool,
        /// Why.
        #[source]
        source: Box<gix::Error>,
    },
    /// There is no common commit.
    #[error("`{revision}` and `HEAD` have no common commit{}", hint(*is_shallow))]
    NoMergeBase {
        /// What was asked for.
        revision: String,
        /// Whether the clone is shallow.
        is_shallow: bool,
    },
    /// The repository cannot be read.
    #[error("failed to read the git repository")]
    Git(#[from] Box<gix::Error>),
}

fn hint(is_shallow: bool) -> &'static str {
    if is_shallow {
        ": this is a shallow clone, so fetch its history with `git fetch --unshallow origin`, and the \
         branch with `git fetch origin BRANCH`"
    } else {
        ": fetch its branch with `git fetch origin BRANCH`, or name the branch of the remote, such as \
         `origin/main`"
    }
}

/// How a file differs from the base.
#[derive(Debug)]
enum Change {
    None,
    /// The file is new.
    Added,
    /// These lines are new, from 1.
    Lines(HashSet<usize>),
}

/// What a branch changed in the files of an input.
#[derive(Debug)]
pub(super) struct Changes {
    files: BTreeMap<Arc<str>, Change>,
    /// The former text of the changed files.
    pub(super) before: Vec<(Arc<str>, Arc<str>)>,
    /// The findings in the former text, by their fingerprints.
    known: HashMap<String, usize>,
}

impl Changes {
    /// Compares files with the base.
    pub(super) fn since<'t>(
        revision: &str,
        files: impl Iterator<Item = (&'t Arc<str>, &'t Arc<str>)>,
    ) -> Result<Self, DiffError> {
        let base = Base::open(revision)?;
        let mut changes =
            Self { files: BTreeMap::new(), before: Vec::new(), known: HashMap::new() };
        let mut new = Vec::new();
        for (file, text) in files {
            match base.path(file).map(|path| base.text(&path)).transpose()?.flatten() {
                Some(before) => changes.compare(file, &before, text),
                None => new.push((file, text)),
            }
        }
        let mut gone = if new.is_empty() { Gone::default() } else { base.gone()? };
        // A file that is the same must not be taken for the former self of another.
        new.retain(|(file, text)| match gone.take_same(text) {
            Some(before) => {
                changes.compare(file, &before, text);
                false
            }
            None => true,
        });
        for (file, text) in new {
            match gone.take_like(file, text) {
                Some(before) => changes.compare(file, &before, text),
                None => {
                    changes.files.insert(Arc::clone(file), Change::Added);
                }
            }
        }
        Ok(changes)
    }

    fn compare(&mut self, file: &Arc<str>, before: &str, text: &Arc<str>) {
        // What git stores may have other line ends than the file.
        let (old, new) = (before.replace("\r\n", "\n"), text.replace("\r\n", "\n"));
        let mut added = HashSet::new();
        if old != new {
            for operation in TextDiff::from_lines(&old, &new).ops() {
                if operation.tag() != DiffTag::Equal {
                    added.extend(operation.new_range().map(|index| index.saturating_add(1)));
                }
            }
            self.before.push((Arc::clone(file), before.into()));
        }
        let change = if old == new { Change::None } else { Change::Lines(added) };
        self.files.insert(Arc::clone(file), change);
    }

    /// Notes the findings in the former text of the changed files.
    pub(super) fn know(&mut self, before: &[Diagnostic]) {
        for diagnostic in before {
            let count = self.known.entry(lasting(diagnostic)).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Leaves the findings that the branch added: those at its lines, and in the files that it changed
    /// those of objects that did not have them before.
    pub(super) fn retain(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        let lines = |span: crate::resource::yaml::Span| span.line..=span.end_line.max(span.line);
        // A known finding at an old line must not use up the entry of one at a new line.
        let is_new_line = |change: &Change, diagnostic: &Diagnostic| match change {
            Change::Added => true,
            Change::None => false,
            Change::Lines(added) => lines(diagnostic.span).any(|line| added.contains(&line)),
        };
        let known = &mut self.known;
        let files = &self.files;
        diagnostics.retain(|diagnostic| {
            let Some(change) = files.get(&diagnostic.file) else { return true };
            if is_new_line(change, diagnostic) {
                return true;
            }
            if diagnostic.object.is_none() || matches!(change, Change::None) {
                return false;
            }
            match known.get_mut(&lasting(diagnostic)).filter(|count| **count > 0) {
                Some(count) => {
                    *count = count.saturating_sub(1);
                    false
                }
                None => true,
            }
        });
    }
}

/// The commit that files are compared with.
struct Base {
    repository: Repository,
    folder: PathBuf,
    tree: ObjectId,
}

impl Base {
    fn open(revision: &str) -> Result<Self, DiffError> {
        let repository =
            gix::discover(".").map_err(|error| DiffError::NoRepository(Box::new(error)))?;
        let folder = repository.workdir().ok_or(DiffError::Bare)?;
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let is_shallow = repository.is_shallow().unwrap_or(false);
        let commit = |name: &str| -> Result<ObjectId, gix::Error> {
            let object = repository.rev_parse_single(name)?.object()?;
            Ok(object.peel_to_commit()?.id)
        };
        let wanted = commit(revision).map_err(|source| DiffError::Unknown {
            revision: revision.to_owned(),
            is_shallow,
            source: Box::new(source),
        })?;
        let head = commit("HEAD").map_err(Box::new)?;
        let base = repository
            .merge_base(wanted, head)
            .map_err(Box::new)?
            .ok_or_else(|| DiffError::NoMergeBase { revision: revision.to_owned(), is_shallow })?;
        let tree = |base: gix::Id<'_>| -> Result<ObjectId, gix::Error> {
            Ok(base.object()?.peel_to_commit()?.tree_id()?.detach())
        };
        let tree = tree(base).map_err(Box::new)?;
        Ok(Self { folder, tree, repository })
    }

    /// The path of a file in the repository; `None` for files elsewhere.
    fn path(&self, file: &str) -> Option<PathBuf> {
        let real = Path::new(file).canonicalize().ok()?;
        Some(real.strip_prefix(&self.folder).ok()?.to_owned())
    }

    /// The text of a file in the base.
    fn text(&self, path: &Path) -> Result<Option<String>, DiffError> {
        let read = || -> Result<Option<Vec<u8>>, gix::Error> {
            let tree = self.repository.find_object(self.tree)?.peel_to_tree()?;
            let Some(entry) = tree.lookup_entry_by_path(path)? else { return Ok(None) };
            if !entry.mode().is_blob() {
                return Ok(None);
            }
            Ok(Some(entry.object()?.detach().data))
        };
        let bytes = read().map_err(Box::new)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The manifests of the base that are no longer there.
    fn gone(&self) -> Result<Gone, DiffError> {
        let read = || -> Result<Vec<(PathBuf, String)>, gix::Error> {
            let tree = self.repository.find_object(self.tree)?.peel_to_tree()?;
            let mut gone = Vec::new();
            for entry in tree.traverse().breadthfirst.files()? {
                let path = PathBuf::from(entry.filepath.to_string());
                let is_manifest = path.extension().is_some_and(|extension| {
                    ["yaml", "yml", "json"]
                        .iter()
                        .any(|known| extension.eq_ignore_ascii_case(known))
                });
                if is_manifest && entry.mode.is_blob() && !self.folder.join(&path).exists() {
                    let data = self.repository.find_object(entry.oid)?.detach().data;
                    gone.push((path, String::from_utf8_lossy(&data).into_owned()));
                }
            }
            Ok(gone)
        };
        Ok(Gone { files: read().map_err(Box::new)?, compared: 0 })
    }
}

/// Files that were removed, or renamed.
#[derive(Default)]
struct Gone {
    files: Vec<(PathBuf, String)>,
    compared: usize,
}

impl Gone {
    /// The text of a file with exactly this text.
    fn take_same(&mut self, text: &str) -> Option<String> {
        let found = self.files.iter().position(|(_, before)| before == text)?;
        Some(self.files.swap_remove(found).1)
    }

    /// The text of the file that a new file most likely was before.
    fn take_like(&mut self, file: &str, text: &str) -> Option<String> {
        let found = self.most_alike(file, text)?;
        Some(self.files.swap_remove(found).1)
    }

    fn most_alike(&mut self, file: &str, text: &str) -> Option<usize> {
        let mut lines = HashMap::<&str, usize>::new();
        for line in text.lines() {
            *lines.entry(line).or_default() += 1;
        }
        let name = Path::new(file).file_name();
        let (mut best, mut most) = (None, (ALIKE, false));
        for (index, (path, before)) in self.files.iter().enumerate() {
            if self.compared >= MOST_COMPARED {
                break;
            }
            self.compared += 1;
            let mut left = lines.clone();
            let (mut common, mut all) = (0_usize, 0_usize);
            for line in before.lines() {
                all += 1;
                if let Some(count) = left.get_mut(line).filter(|count| **count > 0) {
                    *count -= 1;
                    common += 1;
                }
            }
            let longest = all.max(text.lines().count()).max(1);
            let alike = (common * 100 / longest, path.file_name() == name);
            if alike >= most {
                (best, most) = (Some(index), alike);
            }
        }
        best
    }
}
