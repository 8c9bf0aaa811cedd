//! Writes edited files: at once or not at all, and only where a person keeps the source.

use crate::resource::files::Roots;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why an edited file was not written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system refused.
    #[error("failed to write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// It is not a regular file, or not in the given folders.
    #[error("{} is not a regular file in the given folders, and is not written", path.display())]
    NotRegular {
        /// The file.
        path: PathBuf,
    },
    /// Its text changed after it was read.
    #[error("{} changed while it was checked, and is not written: run the command again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

/// Writes files that are among the given paths.
#[derive(Debug)]
pub struct Writer {
    roots: Roots,
}

impl Writer {
    /// A writer for the paths of a command line.
    pub fn of(paths: &[PathBuf]) -> Self {
        Self { roots: Roots::of(paths) }
    }

    /// Whether a file is a source that may be edited: neither standard input nor a template of a Helm
    /// chart.
    pub fn may_edit(file: &str) -> bool {
        let path = Path::new(file);
        let absolute = path.canonicalize();
        let path = absolute.as_deref().unwrap_or(path);
        let is_chart = |folder: &Path| {
            folder.file_name() == Some(OsStr::new("templates"))
                && folder.parent().is_some_and(|chart| chart.join("Chart.yaml").is_file())
        };
        !path.ancestors().skip(1).any(is_chart)
    }

    /// Replaces the text of a file, if it still is `before`. The file keeps its permissions, and a link
    /// still leads to it.
    ///
    /// # Errors
    /// When the file cannot be written, changed, or is none of the given ones.
    pub fn write(&self, file: &str, before: &str, after: &str) -> Result<(), FileError> {
        let path = PathBuf::from(file);
        let failed = |source| FileError::Write { path: path.clone(), source };
        let real = path.canonicalize().map_err(failed)?;
        let metadata = fs::metadata(&real).map_err(failed)?;
        if !metadata.is_file() || !self.roots.contain(&real) {
            return Err(FileError::NotRegular { path });
        }
        if fs::read(&real).map_err(failed)? != before.as_bytes() {
            return Err(FileError::Changed { path });
        }
        let (temporary, mut out) = temporary_for(&real).map_err(failed)?;
        keep_owner(&metadata, &temporary);
        let written = out
            .write_all(after.as_bytes())
            .and_then(|()| out.set_permissions(metadata.permissions()))
            .and_then(|()| out.sync_all())
            .and_then(|()| fs::rename(&temporary, &real));
        if written.is_err() {
            // The error that is reported comes first.
            let _ = fs::remove_file(&temporary);
        }
        written.map_err(failed)
    }
}

/// The file stays that of its owner, where this user may give it away.
#[cfg(unix)]
fn keep_owner(metadata: &Metadata, temporary: &Path) {
    use std::os::unix::fs::{MetadataExt, chown};
    let _ = chown(temporary, Some(metadata.uid()), Some(metadata.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &Metadata, _: &Path) {}

/// What is being written may be a secret.
#[cfg(unix)]
fn for_owner_only() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn for_owner_only() -> OpenOptions {
    OpenOptions::new()
}

/// A new file in the folder of another.
fn temporary_for(path: &Path) -> io::Result<(PathBuf, File)> {
    const ATTEMPTS: u32 = 100;
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut last = io::Error::other("no name is free for a temporary file");
    for attempt in 0..ATTEMPTS {
        let temporary = folder.join(format!(".{name}.{}-{attempt}.tmp", std::process::id()));
        match for_owner_only().write(true).create_new(true).open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}
