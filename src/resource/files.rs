//! Lists the files under the paths that a user names, and detects changes of them.
//!
//! Policies and tenants come from files and folders, in a cluster often from a mounted ConfigMap.
//! Its folder holds `a.rego -> ..data/a.rego` and `..data -> ..2026_11_21_…`. An update swaps the
//! `..data` link and leaves the names, times and inodes of the outer links unchanged. So links are
//! followed, names with a leading dot are skipped (each file is found once), and changes are
//! detected by content.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Why the files under a path could not be listed.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A file or folder is missing, a link is broken, or a folder is not readable.
    #[error("failed to read {}, which must be an existing, readable file or folder", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A link in a folder leads to a file outside of all paths.
    #[error(
        "link {} leads out of the given folders and is not followed: give its target as a path",
        path.display()
    )]
    Outside {
        /// The link.
        path: PathBuf,
    },
}

/// The paths that a user named, without links. A link in one of their folders is followed only to
/// what is in them: a link is text of a repository, and its target may be a secret of the machine.
#[derive(Debug)]
pub struct Roots(Vec<PathBuf>);

impl Roots {
    /// The roots of these paths.
    pub fn of(paths: &[PathBuf]) -> Self {
        Self(paths.iter().filter_map(|path| path.canonicalize().ok()).collect())
    }

    /// Whether a file or folder is in one of the roots.
    pub fn contain(&self, path: &Path) -> bool {
        path.canonicalize().is_ok_and(|real| self.contain_real(&real))
    }

    /// [`Self::contain`] for a link that is a root itself: in one of the other roots.
    pub fn contain_others(&self, link: &Path) -> bool {
        link.canonicalize()
            .is_ok_and(|real| self.0.iter().any(|root| *root != real && real.starts_with(root)))
    }

    fn contain_real(&self, real: &Path) -> bool {
        self.0.iter().any(|root| real.starts_with(root))
    }
}

/// Lists the files under `paths`, each once, in the order of the paths and sorted by name within
/// each.
///
/// A path to a file is taken whatever its name is. Within a folder, only files with one of
/// `extensions` (without the dot) count. Names with a leading dot and links to a parent folder are
/// skipped; other links are followed within the paths.
///
/// # Errors
/// If a path does not exist, a link is broken or leads out of the paths, or a folder cannot be read.
pub fn list_files(paths: &[PathBuf], extensions: &[&str]) -> Result<Vec<PathBuf>, FilesError> {
    let mut files = Vec::new();
    let mut seen = HashSet::new();
    let roots = Roots::of(paths);
    for root in paths {
        let visible = |entry: &walkdir::DirEntry| entry.depth() == 0 || !is_hidden(entry.path());
        for entry in WalkDir::new(root)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(visible)
        {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) if error.loop_ancestor().is_some() => continue,
                Err(error) => return Err(read_error(root, error)),
            };
            let path = entry.path();
            if !entry.file_type().is_file()
                || (entry.depth() > 0 && !has_extension(path, extensions))
            {
                continue;
            }
            let real = path
                .canonicalize()
                .map_err(|source| FilesError::Read { path: path.into(), source })?;
            if entry.depth() > 0 && !roots.contain_real(&real) {
                return Err(FilesError::Outside { path: path.into() });
            }
            if seen.insert(real) {
                files.push(path.to_path_buf());
            }
        }
    }
    Ok(files)
}

/// A hash of the names and contents of `files`, valid within one process only.
///
/// An unreadable file counts with the kind of its error, so that a later success is a change.
pub fn fingerprint(files: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for path in files {
        path.hash(&mut hasher);
        std::fs::read(path).map_err(|error| error.kind()).hash(&mut hasher);
    }
    hasher.finish()
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| extensions.contains(&extension))
}

fn read_error(root: &Path, error: walkdir::Error) -> FilesError {
    let path = error.path().unwrap_or(root).to_path_buf();
    let source = error
        .into_io_error()
        .unwrap_or_else(|| std::io::Error::other("the folder could not be walked"));
    FilesError::Read { path, source }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn names(paths: &[PathBuf], root: &Path) -> Vec<String> {
        let files = list_files(paths, &["rego", "yaml"]).unwrap();
        files.iter().map(|file| file.strip_prefix(root).unwrap().display().to_string()).collect()
    }

    /// A folder as the kubelet mounts a ConfigMap.
    fn config_map(root: &Path, version: &str, text: &str) {
        let hidden = root.join(version);
        fs::create_dir(&hidden).unwrap();
        fs::write(hidden.join("a.rego"), text).unwrap();
        let _ = fs::remove_file(root.join("..data"));
        symlink(version, root.join("..data")).unwrap();
        if !root.join("a.rego").exists() {
            symlink("..data/a.rego", root.join("a.rego")).unwrap();
        }
    }

    #[test]
    fn folder_files_are_listed_once_and_sorted() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("sub/.git")).unwrap();
        for name in ["b.rego", "a.yaml", "c.txt", ".hidden.rego", "sub/d.rego", "sub/.git/e.rego"] {
            fs::write(root.join(name), name).unwrap();
        }
        let paths = [root.to_path_buf(), root.join("sub"), root.join("c.txt")];
        assert_eq!(names(&paths, root), ["a.yaml", "b.rego", "sub/d.rego", "c.txt"]);
    }

    #[test]
    fn config_map_swap_changes_the_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        config_map(root, "..2026_11_20", "old");
        let paths = [root.to_path_buf()];
        assert_eq!(names(&paths, root), ["a.rego"]);
        let before = fingerprint(&list_files(&paths, &["rego"]).unwrap());
        assert_eq!(before, fingerprint(&list_files(&paths, &["rego"]).unwrap()));
        config_map(root, "..2026_11_21", "new");
        assert_eq!(names(&paths, root), ["a.rego"]);
        assert_ne!(before, fingerprint(&list_files(&paths, &["rego"]).unwrap()));
    }

    #[test]
    fn links_to_parent_folders_are_skipped() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.rego"), "").unwrap();
        symlink(folder.path(), folder.path().join("up")).unwrap();
        assert_eq!(names(&[folder.path().to_path_buf()], folder.path()), ["a.rego"]);
    }

    #[test]
    fn missing_paths_are_errors_with_their_name() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        let error = list_files(std::slice::from_ref(&missing), &["rego"]).unwrap_err();
        assert!(error.to_string().contains(&missing.display().to_string()), "{error}");
        symlink("nowhere", folder.path().join("dangling.rego")).unwrap();
        let error = list_files(&[folder.path().to_path_buf()], &["rego"]).unwrap_err();
        assert!(error.to_string().contains("dangling.rego"), "{error}");
    }

    #[test]
    fn fingerprint_depends_on_names_content_and_absence() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&a, "1").unwrap();
        let absent = fingerprint(&[a.clone(), b.clone()]);
        fs::write(&b, "").unwrap();
        let empty = fingerprint(&[a.clone(), b.clone()]);
        assert_ne!(absent, empty);
        assert_ne!(empty, fingerprint(&[b, a]));
    }
}
