//! Finds the configuration file that applies to a folder.

use super::file::{ConfigFile, SettingsError};
use super::{Settings, SettingsArgs};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// The name of a configuration file.
pub(in crate::cli) const NAME: &str = ".flinkgate.yaml";
/// What marks the root of a repository: nothing above it applies to its files.
const ROOT: &str = ".git";

/// The settings of each folder. Each configuration file is read once.
#[derive(Debug)]
pub(in crate::cli) struct Discovery {
    flags: SettingsArgs,
    /// What holds without a configuration file, or with that of `--config`, is the first.
    all: Vec<Settings>,
    /// Whether folders are searched.
    searches: bool,
    folders: BTreeMap<PathBuf, usize>,
}

impl Discovery {
    pub(in crate::cli) fn new(flags: &SettingsArgs) -> Result<Self, SettingsError> {
        let file = match &flags.config {
            Some(path) => {
                let absolute = absolute(path);
                let folder = absolute.parent().unwrap_or(Path::new("/"));
                Some(Arc::new(ConfigFile::read(path, folder)?))
            }
            None => None,
        };
        let searches = file.is_none() && !flags.no_config;
        let all = vec![Settings::of(flags, file)?];
        Ok(Self { flags: flags.clone(), all, searches, folders: BTreeMap::new() })
    }

    /// The number of the settings of an absolute folder: those of the nearest configuration file in
    /// it or above it, up to the root of the repository.
    pub(in crate::cli) fn of_folder(&mut self, folder: &Path) -> Result<usize, SettingsError> {
        if !self.searches {
            return Ok(0);
        }
        let (mut passed, mut found) = (Vec::new(), 0);
        for above in folder.ancestors() {
            if let Some(number) = self.folders.get(above) {
                found = *number;
                break;
            }
            passed.push(above.to_owned());
            let file = above.join(NAME);
            // A broken link is a mistake, and must not look like no configuration.
            if file.symlink_metadata().is_ok() {
                if leads_out(&file) {
                    return Err(SettingsError::Outside { path: as_seen(&file) });
                }
                found = self.read(&file, above)?;
                break;
            }
            if is_root(above) {
                break;
            }
        }
        self.folders.extend(passed.into_iter().map(|folder| (folder, found)));
        Ok(found)
    }

    fn read(&mut self, file: &Path, folder: &Path) -> Result<usize, SettingsError> {
        let file = ConfigFile::read(&as_seen(file), folder)?;
        self.all.push(Settings::of(&self.flags, Some(Arc::new(file)))?);
        Ok(self.all.len().saturating_sub(1))
    }

    /// The settings for what concerns a whole run: those of the working directory or, where it has
    /// no configuration file, of the first of these paths.
    pub(in crate::cli) fn of_run(&mut self, paths: &[PathBuf]) -> Result<usize, SettingsError> {
        match self.of_folder(&absolute(Path::new(".")))? {
            0 => match paths.first().filter(|path| path.as_os_str() != "-") {
                Some(path) => self.of_path(path),
                None => Ok(0),
            },
            number => Ok(number),
        }
    }

    /// The number of the settings of a file or folder.
    pub(in crate::cli) fn of_path(&mut self, path: &Path) -> Result<usize, SettingsError> {
        let absolute = absolute(path);
        let folder = if path.is_dir() { Some(absolute.as_path()) } else { absolute.parent() };
        folder.map_or(Ok(0), |folder| self.of_folder(folder))
    }

    pub(in crate::cli) fn get(&self, number: usize) -> Option<&Settings> {
        self.all.get(number)
    }

    /// All settings that were found, by their numbers.
    pub(in crate::cli) fn take_all(&mut self) -> Vec<Settings> {
        std::mem::take(&mut self.all)
    }
}

impl ConfigFile {
    /// A path of the file, which is relative to its folder.
    pub(super) fn below(&self, path: &Path) -> PathBuf {
        if path.is_absolute() {
            return path.into();
        }
        let folder = self.path.parent().unwrap_or(Path::new(""));
        without_parents(&folder.join(path))
    }
}

/// A path without `.` and `..`, by its text, from the root: what a link leads to does not matter to
/// names.
pub(in crate::cli) fn absolute(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let mut normal = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// A path without `..` after names, so that one file has one name in all configurations.
fn without_parents(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir
                if matches!(short.components().next_back(), Some(Component::Normal(_))) =>
            {
                short.pop();
            }
            other => short.push(other),
        }
    }
    short
}

fn is_root(folder: &Path) -> bool {
    folder.join(ROOT).exists()
}

/// Whether a configuration file is a link to a file outside of its repository: a link is text of a
/// repository, and messages would quote what it leads to.
fn leads_out(file: &Path) -> bool {
    let folder = file.parent().unwrap_or(file);
    let root = folder.ancestors().find(|above| is_root(above)).unwrap_or(folder);
    match (file.canonicalize(), root.canonicalize()) {
        (Ok(file), Ok(root)) => !file.starts_with(root),
        // It is reported when it is read.
        _ => false,
    }
}

/// An absolute path as a user below the same folder would write it.
fn as_seen(path: &Path) -> PathBuf {
    let working = absolute(Path::new("."));
    path.strip_prefix(working).map_or_else(|_| path.to_owned(), Path::to_owned)
}
