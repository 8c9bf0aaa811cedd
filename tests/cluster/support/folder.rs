//! A temporary folder that goes away with the test process, even if that one is killed.

use super::cache;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const PREFIX: &str = "flinkgate-cluster-";
/// Held by whoever uses the folder.
const OWNER: &str = "owner.lock";

/// Removes its folder when our end of the pipe is gone; programs that are just being killed may
/// still write for a moment.
const JANITOR: &str = r#"
while read -r _; do :; done
tries=0
until rm -rf "$1" 2>/dev/null || [ "$tries" -ge 100 ]; do tries=$((tries + 1)); sleep 0.1; done
"#;

/// A folder only for this process and its children.
pub struct WorkFolder {
    folder: TempDir,
    _owner: File,
    janitor: Child,
}

impl WorkFolder {
    /// Makes a new one, and removes those that no process owns any more.
    pub fn new() -> Result<Self, String> {
        // Between making a folder and owning it nobody may look for folders without an owner.
        let _making = cache::lock(&cache::folder()?.join("folders.lock"))?;
        let temporary = std::env::temp_dir();
        remove_leftovers(&temporary);
        let make = || -> io::Result<Self> {
            let folder = TempDir::with_prefix_in(PREFIX, &temporary)?;
            let owner = File::create(folder.path().join(OWNER))?;
            owner.lock()?;
            let mut command = Command::new("sh");
            command.args(["-c", JANITOR, "janitor"]).arg(folder.path()).stdin(Stdio::piped());
            let janitor =
                command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn()?;
            Ok(Self { folder, _owner: owner, janitor })
        };
        make().map_err(|error| format!("cannot make a folder in {}: {error}", temporary.display()))
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        drop(self.janitor.stdin.take());
        let _ = self.janitor.wait();
    }
}

/// Removes what processes left behind whose janitor was killed with them.
pub fn remove_leftovers(temporary: &Path) {
    for entry in fs::read_dir(temporary).into_iter().flatten().flatten() {
        let owned =
            || File::open(entry.path().join(OWNER)).is_ok_and(|owner| owner.try_lock().is_err());
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && !owned() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
