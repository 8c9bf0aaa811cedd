//! Which files the paths of a command line stand for, and their text.

use super::foreign::{Foreign, is_like_manifest};
use super::kustomize::Kustomizations;
use super::walk::Walk;
use crate::cli::args::ManifestArgs;
use crate::cli::settings::{Discovery, Patterns, Settings, SettingsArgs, SettingsError};
use crate::report::Unreadable;
use crate::resource::files::Roots;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// What a larger file holds is no manifest: etcd takes objects of 1.5 MiB.
const LARGEST_FILE: u64 = 64 << 20;
/// The name of standard input in diagnostics.
pub const STDIN: &str = "<stdin>";

/// Why a file in a folder is not read.
pub(super) const NOT_REGULAR: &str =
    "this is not a regular file: only regular files in a folder are read";
/// Why a link is not followed.
pub(super) const OUTSIDE: &str =
    "this link leads out of the given folders and is not followed: give its target as a path";

/// A file that may hold manifests.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    path: PathBuf,
    /// Whether the user named the file itself, not a folder that holds it.
    pub(super) explicit: bool,
    /// The number of its settings.
    settings: usize,
}

/// A file's name and text.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) file: Arc<str>,
    pub(super) text: Arc<str>,
    /// Whether the user named the file itself.
    pub(super) explicit: bool,
    /// The number of its settings.
    pub(super) settings: usize,
    /// Whether it is standard input, of which the user wants every document checked.
    pub(super) is_stdin: bool,
    /// See [`Self::unreadable`].
    pub(super) unreadable: OnceLock<Option<Foreign>>,
}

impl Text {
    /// The same file with another text.
    pub(super) fn with(&self, text: Arc<str>) -> Self {
        Self { text, unreadable: OnceLock::new(), ..self.clone() }
    }

    /// What the text is if it is no YAML. It is searched once, however many documents are broken.
    pub(super) fn unreadable(&self) -> Option<Foreign> {
        *self.unreadable.get_or_init(|| Foreign::of_unreadable(&self.text))
    }
}

/// The files that were reached, with their numbers among the candidates.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<PathBuf, usize>);

impl Seen {
    /// Adds a file that was not reached before, by whatever path: `a.yaml`, `./a.yaml` and a link to
    /// it are one file. The first path names it.
    pub(super) fn add(
        &mut self,
        path: PathBuf,
        explicit: bool,
        settings: usize,
        candidates: &mut Vec<Candidate>,
    ) {
        // Pipes and what does not exist have no other name.
        let file = path.canonicalize().unwrap_or_else(|_| path.clone());
        match self.0.entry(file) {
            Entry::Vacant(entry) => {
                entry.insert(candidates.len());
                candidates.push(Candidate { path, explicit, settings });
            }
            Entry::Occupied(entry) => {
                if let Some(candidate) = candidates.get_mut(*entry.get()) {
                    candidate.explicit |= explicit;
                }
            }
        }
    }
}

/// Which files are read.
#[derive(Debug)]
pub(in crate::cli) struct Selection {
    /// Whether `.gitignore` and its kin count.
    pub(in crate::cli) respects_ignore_files: bool,
    /// What is not read, even if the user names it.
    pub(in crate::cli) excluded: Patterns,
    /// The configuration files around the files.
    pub(in crate::cli) settings: Discovery,
}

impl Selection {
    /// What arguments say, without configuration files.
    pub(in crate::cli) fn of_flags(args: &ManifestArgs) -> Result<Self, SettingsError> {
        let flags = SettingsArgs { no_config: true, ..SettingsArgs::default() };
        Self::with_settings(args, &flags)
    }

    /// What arguments and configuration files say.
    pub(in crate::cli) fn with_settings(
        args: &ManifestArgs,
        flags: &SettingsArgs,
    ) -> Result<Self, SettingsError> {
        Ok(Self {
            respects_ignore_files: !args.no_ignore,
            excluded: Patterns::of_flags(&args.exclude)?,
            settings: Discovery::new(flags)?,
        })
    }
}

/// All candidates, and what stood in the way.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) candidates: Vec<Candidate>,
    pub(super) unreadable: Vec<Unreadable>,
    pub(super) notes: Vec<String>,
    /// What holds for the files, by the numbers of the candidates.
    pub(super) settings: Vec<Settings>,
    /// The number of the settings of the whole run.
    pub(super) of_run: usize,
}

impl Listing {
    pub(super) fn not_read(&mut self, file: String, message: &str) {
        self.unreadable.push(Unreadable {
            file: file.into(),
            span: None,
            message: message.to_owned(),
        });
    }
}

/// Files as given, folders with all YAML and JSON files below them in the order of their names. A
/// file that two paths reach counts once.
pub(super) fn list(paths: &[PathBuf], mut selection: Selection) -> Result<Listing, SettingsError> {
    let mut listing = Listing { of_run: selection.settings.of_run(paths)?, ..Listing::default() };
    let mut seen = Seen::default();
    let roots = Arc::new(Roots::of(paths));
    let walk = Walk::new(selection, Arc::clone(&roots));
    for path in paths {
        if path.as_os_str() != "-" && path.is_dir() {
            walk.folder(path, &mut listing, &mut seen)?;
        } else if walk.leaves_out(path) {
            // Excluded by a flag, or the configuration of Flinkgate itself.
        } else if leads_out(path, &roots) {
            listing.not_read(display(path), OUTSIDE);
        } else {
            let settings = walk.settings_of(path)?;
            seen.add(path.clone(), true, settings, &mut listing.candidates);
        }
    }
    leave_out_parts(&mut listing);
    listing.settings = walk.take_settings();
    Ok(listing)
}

/// Leaves out what kustomizations name as patches and settings.
fn leave_out_parts(listing: &mut Listing) {
    let files = listing.candidates.iter().map(|candidate| candidate.path.as_path());
    let kustomizations = Kustomizations::around(files.filter(|file| file.as_os_str() != "-"));
    let mut parts = Vec::new();
    listing.candidates.retain(|candidate| {
        let is_part = candidate.path.as_os_str() != "-" && kustomizations.is_part(&candidate.path);
        if is_part {
            parts.push(format!("`{}`", display(&candidate.path)));
        }
        !is_part
    });
    if let Some(note) = parts_note(&parts) {
        listing.notes.push(note);
    }
}

/// What is said of files that are parts of a build; the first of many are named.
fn parts_note(parts: &[String]) -> Option<String> {
    const NAMED: usize = 3;
    let named = parts.get(..NAMED.min(parts.len())).filter(|named| !named.is_empty())?.join(", ");
    let more = match parts.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let what = if parts.len() == 1 { "file" } else { "files" };
    Some(format!(
        "skipped the {what} {named}{more}, which a kustomization patches or generates with: \
         check the output of `kubectl kustomize` instead"
    ))
}

/// Whether a named file is a link of its folder to a file elsewhere. Tools name all files of a commit,
/// links too. The names of open files are links as well, and no file of a commit.
fn leads_out(path: &Path, roots: &Roots) -> bool {
    let is_open_file = ["/dev", "/proc"].iter().any(|folder| path.starts_with(folder));
    let is_link = || path.symlink_metadata().is_ok_and(|file| file.file_type().is_symlink());
    if is_open_file || path.as_os_str() == "-" || !is_link() {
        return false;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let near = Roots::of(&[folder.unwrap_or(Path::new(".")).into(), PathBuf::from(".")]);
    // A broken link is reported when it is read.
    path.exists() && !near.contain(path) && !roots.contain_others(path)
}

pub(super) fn display(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

impl Candidate {
    /// The text, `None` for a file that is neither text nor a manifest, or why there is none.
    pub(super) fn read(&self) -> Result<Option<Text>, Unreadable> {
        let is_stdin = self.path.as_os_str() == "-";
        let file: Arc<str> = if is_stdin { STDIN.into() } else { display(&self.path).into() };
        let bytes =
            if is_stdin { read_all(io::stdin().lock()) } else { self.open().and_then(read_all) };
        let unreadable = |message: String| Unreadable { file: file.clone(), span: None, message };
        let bytes =
            bytes.map_err(|error| unreadable(format!("failed to read the file: {error}")))?;
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(unreadable(format!(
                "the file is larger than {} MiB, the limit for manifests",
                LARGEST_FILE >> 20
            )));
        }
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let offset = error.utf8_error().valid_up_to();
                // A byte order mark, or every second byte, of UTF-16 is left out.
                let ascii: String = error
                    .into_bytes()
                    .into_iter()
                    .filter(u8::is_ascii_graphic)
                    .map(char::from)
                    .collect();
                if !is_stdin && !is_like_manifest(&ascii) {
                    return Ok(None);
                }
                return Err(unreadable(format!(
                    "the file is not UTF-8 text (byte {offset}): save it as UTF-8"
                )));
            }
        };
        let (text, explicit, settings) = (text.into(), self.explicit, self.settings);
        Ok(Some(Text { file, text, explicit, settings, is_stdin, unreadable: OnceLock::new() }))
    }
}

impl Candidate {
    /// The file. One in a folder is regular: another could block or be endless.
    fn open(&self) -> io::Result<File> {
        let file = File::open(&self.path)?;
        if !self.explicit && !file.metadata()?.is_file() {
            return Err(io::Error::other(NOT_REGULAR));
        }
        Ok(file)
    }
}

/// One byte more than is allowed tells a file that is too large, be it a pipe without a size.
fn read_all(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn listing(paths: &[PathBuf]) -> Listing {
        let args = ManifestArgs { paths: Vec::new(), exclude: Vec::new(), no_ignore: false };
        list(paths, Selection::of_flags(&args).unwrap()).unwrap()
    }

    fn names(root: &Path, paths: &[&str]) -> Vec<String> {
        let paths: Vec<_> = paths.iter().map(|path| root.join(path)).collect();
        listing(&paths)
            .candidates
            .iter()
            .map(|c| c.path.strip_prefix(root).unwrap().to_string_lossy().into_owned())
            .collect()
    }

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        root
    }

    #[test]
    fn a_folder_is_its_yaml_and_json_files_in_order() {
        let root = folder(&[
            "b.yml",
            "a.yaml",
            "c/d.json",
            "e.txt",
            ".git/f.yaml",
            "node_modules/g.yaml",
            "target/h.yaml",
            "C.YAML",
        ]);
        assert_eq!(names(root.path(), &[""]), ["C.YAML", "a.yaml", "b.yml", "c/d.json"]);
        assert_eq!(names(root.path(), &["target"]), ["target/h.yaml"]);
    }

    #[test]
    fn a_file_that_is_reached_twice_counts_once() {
        let root = folder(&["a/b.yaml", "c.txt"]);
        assert_eq!(names(root.path(), &["a/b.yaml", "a", "c.txt", "c.txt"]), ["a/b.yaml", "c.txt"]);
    }

    #[test]
    fn helm_templates_are_left_to_helm() {
        let root =
            folder(&["chart/Chart.yaml", "chart/templates/a.yaml", "plain/templates/b.yaml"]);
        assert_eq!(names(root.path(), &[""]), ["chart/Chart.yaml", "plain/templates/b.yaml"]);
        assert!(listing(&[root.path().into()]).notes[0].contains("Helm templates"));
    }

    #[test]
    fn manifests_in_another_encoding_are_refused_with_their_place() {
        let root = folder(&[]);
        let path = root.path().join("latin.yaml");
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            Candidate { path: path.clone(), explicit: true, settings: 0 }.read()
        };
        assert!(read(b"name: gr\xf6\xdfe").unwrap().is_none());
        let utf16 = "\u{feff}apiVersion: v1\nkind: Pod".encode_utf16().flat_map(u16::to_le_bytes);
        for manifest in [b"apiVersion: v1\nkind: gr\xf6\xdfe".to_vec(), utf16.collect()] {
            let error = read(&manifest).err().unwrap();
            assert!(error.message.starts_with("the file is not UTF-8 text (byte "), "{error:?}");
        }
    }
}
