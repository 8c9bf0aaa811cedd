//! The folder in the user's cache where built programs and locks lie.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// `$XDG_CACHE_HOME/flinkgate`, or `~/.cache/flinkgate`.
pub fn folder() -> Result<PathBuf, String> {
    let set =
        |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    let folder =
        cache.ok_or("neither XDG_CACHE_HOME nor HOME is set: the control plane for tests has no place to be kept")?.join("flinkgate");
    fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make the folder {}: {error}", folder.display()))?;
    Ok(folder)
}

/// Opens a file that is only there to be locked.
pub fn lock_file(path: &Path) -> Result<File, String> {
    let open = || {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        File::options().create(true).truncate(false).write(true).open(path)
    };
    open().map_err(|error| format!("cannot open the lock {}: {error}", path.display()))
}

/// Waits for a lock; it is given back when the file is dropped, or this process ends in whatever
/// way.
pub fn lock(path: &Path) -> Result<File, String> {
    let file = lock_file(path)?;
    file.lock().map_err(|error| format!("cannot lock {}: {error}", path.display()))?;
    Ok(file)
}
