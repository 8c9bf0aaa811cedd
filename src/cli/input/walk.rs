//! The files below a folder: what `.gitignore`, the configuration and flags leave of it.

use super::files::{Listing, NOT_REGULAR, OUTSIDE, Seen, Selection, display};
use crate::cli::settings::{NAME, Settings, SettingsError, absolute};
use crate::resource::files::Roots;
use ignore::{DirEntry, Error, WalkBuilder};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Walks folders. The iterator owns its filter, so the two share what they find.
#[derive(Clone)]
pub(super) struct Walk(Arc<Mutex<Shared>>);

struct Shared {
    selection: Selection,
    roots: Arc<Roots>,
    charts: Vec<String>,
    outside: Vec<String>,
    error: Option<SettingsError>,
}

impl Walk {
    pub(super) fn new(selection: Selection, roots: Arc<Roots>) -> Self {
        let (charts, outside, error) = (Vec::new(), Vec::new(), None);
        Self(Arc::new(Mutex::new(Shared { selection, roots, charts, outside, error })))
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All settings that were found on the way.
    pub(super) fn take_settings(&self) -> Vec<Settings> {
        self.shared().selection.settings.take_all()
    }

    /// Whether a file that the user names is not read.
    pub(super) fn leaves_out(&self, path: &Path) -> bool {
        path.as_os_str() != "-"
            && (is_configuration(path)
                || self.shared().selection.excluded.match_path(&absolute(path), false))
    }

    /// The number of the settings of a file that the user names.
    pub(super) fn settings_of(&self, path: &Path) -> Result<usize, SettingsError> {
        self.shared().selection.settings.of_path(path)
    }

    /// Lists the files below a folder.
    pub(super) fn folder(
        &self,
        folder: &Path,
        listing: &mut Listing,
        seen: &mut Seen,
    ) -> Result<(), SettingsError> {
        let filter = self.clone();
        let respects = self.shared().selection.respects_ignore_files;
        let roots = Arc::clone(&self.shared().roots);
        // Links are followed because a mounted ConfigMap consists of them. A folder need not be a
        // repository for its `.gitignore` to count: CI copies folders.
        let entries = WalkBuilder::new(folder)
            .follow_links(true)
            .hidden(false)
            .standard_filters(false)
            .parents(respects)
            .ignore(respects)
            .git_ignore(respects)
            .git_exclude(respects)
            .require_git(false)
            .sort_by_file_name(OsStr::cmp)
            .filter_entry(move |entry| filter.shared().keeps(entry))
            .build();
        for entry in entries {
            match entry {
                Ok(entry) if is_folder(&entry) || !is_manifest_name(entry.path()) => {}
                Ok(entry) if !entry.file_type().is_some_and(|kind| kind.is_file()) => {
                    listing.not_read(display(entry.path()), NOT_REGULAR);
                }
                Ok(entry) if entry.path_is_symlink() && !roots.contain(entry.path()) => {
                    listing.not_read(display(entry.path()), OUTSIDE);
                }
                Ok(entry) => {
                    let path = entry.path().strip_prefix("./").unwrap_or(entry.path());
                    let settings = self.settings_of(path)?;
                    seen.add(path.to_path_buf(), false, settings, &mut listing.candidates);
                }
                // A link back to a folder above shows nothing that is not seen anyway.
                Err(error) if is_loop(&error) => {}
                Err(error) => {
                    let file = place(&error).map_or_else(|| display(folder), display);
                    let message =
                        error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    listing.not_read(file, &format!("failed to read the file: {message}"));
                }
            }
        }
        let mut shared = self.shared();
        for file in std::mem::take(&mut shared.outside) {
            listing.not_read(file, OUTSIDE);
        }
        for chart in std::mem::take(&mut shared.charts) {
            listing.notes.push(format!(
                "skipped the Helm templates in `{chart}`: check the output of `helm template` instead"
            ));
        }
        shared.error.take().map_or(Ok(()), Err)
    }
}

impl Shared {
    /// Whether an entry is walked or listed. The folder that the user named always is.
    fn keeps(&mut self, entry: &DirEntry) -> bool {
        if entry.depth() == 0 {
            return true;
        }
        let path = entry.path();
        if !is_folder(entry) {
            return is_manifest_name(path)
                && !is_configuration(path)
                && !self.excludes(path, false);
        }
        if is_passed_over(entry) || self.excludes(path, true) {
            return false;
        }
        if is_chart_templates(entry) {
            self.charts.push(display(path));
            return false;
        }
        // A linked file is checked where it is listed.
        let leads_out = entry.path_is_symlink() && !self.roots.contain(path);
        if leads_out {
            self.outside.push(display(path));
        }
        !leads_out
    }

    /// Whether flags or the configuration of its folder exclude a file or folder.
    fn excludes(&mut self, path: &Path, is_folder: bool) -> bool {
        let path = absolute(path);
        if self.selection.excluded.match_path(&path, is_folder) {
            return true;
        }
        let settings = &mut self.selection.settings;
        let number = match settings.of_folder(path.parent().unwrap_or(&path)) {
            Ok(number) => number,
            Err(error) => {
                self.error.get_or_insert(error);
                return true;
            }
        };
        settings.get(number).is_some_and(|settings| {
            settings.exclude.match_path(&path, is_folder)
                || (!is_folder
                    && !settings.include.is_empty()
                    && !settings.include.match_path(&path, false))
        })
    }
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}

/// Whether a file is a configuration of Flinkgate, which is no manifest.
fn is_configuration(path: &Path) -> bool {
    path.file_name() == Some(OsStr::new(NAME))
}

/// Hidden folders and those that tools fill.
fn is_passed_over(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    name.starts_with('.') || name == "node_modules" || name == "target"
}

/// Helm's templates are not YAML before Helm has filled them in.
fn is_chart_templates(entry: &DirEntry) -> bool {
    entry.file_name() == "templates"
        && entry.path().parent().is_some_and(|parent| parent.join("Chart.yaml").is_file())
}

fn is_manifest_name(path: &Path) -> bool {
    path.extension().and_then(OsStr::to_str).is_some_and(|extension| {
        ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    })
}

fn is_loop(error: &Error) -> bool {
    match error {
        Error::Loop { .. } => true,
        Error::WithPath { err, .. } | Error::WithDepth { err, .. } => is_loop(err),
        _ => false,
    }
}

fn place(error: &Error) -> Option<&Path> {
    match error {
        Error::WithPath { path, .. } => Some(path),
        Error::WithDepth { err, .. } => place(err),
        _ => None,
    }
}
