//! Builds programs from pinned Go modules, once, into the user's cache.

use super::cache;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// One folder of programs and the Go module that pins what they are built from.
#[derive(Hash)]
pub struct Recipe {
    /// Name of the folder in the cache, before the hash.
    pub name: &'static str,
    /// The module's `go.mod`.
    pub module: &'static str,
    /// The module's `go.sum`.
    pub sums: &'static str,
    /// Where both lie, seen from the repository's root.
    pub folder: &'static str,
    /// Values that the linker writes into variables, so that programs know their version.
    pub variables: &'static [(&'static str, &'static str)],
    /// File name and package of each program.
    pub programs: &'static [(&'static str, &'static str)],
    /// Files that are put together from files of a module: name, module, paths in it.
    pub texts: &'static [(&'static str, &'static str, &'static [&'static str])],
}

impl Recipe {
    /// The folder in the cache; another recipe, another operating system, another folder.
    pub fn folder_in(&self, cache: &Path) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        (self, std::env::consts::OS, std::env::consts::ARCH).hash(&mut hasher);
        cache.join(format!("{}-{:016x}", self.name, hasher.finish()))
    }

    /// The path of one program or text, which is built if it is not there; `go` is the compiler to
    /// use.
    pub fn provide(&self, file: &str, cache: &Path, go: &Path) -> Result<PathBuf, String> {
        let folder = self.folder_in(cache);
        let path = folder.join(file);
        if path.exists() {
            return Ok(path);
        }
        let _lock = cache::lock(&folder.with_extension("lock"))?;
        if path.exists() {
            return Ok(path); // Another process built it while this one waited for the lock.
        }
        fs::create_dir_all(&folder)
            .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        let partial = folder.join(format!(".{file}.partial"));
        let start = Instant::now();
        if let Some((_, package)) = self.programs.iter().find(|(name, _)| *name == file) {
            say(&format!(
                "building {file} from {package}, once (the whole control plane takes about six minutes) …"
            ));
            self.build(package, &partial, go)?;
        } else if let Some((_, module, parts)) = self.texts.iter().find(|(name, ..)| *name == file)
        {
            self.put_together(module, parts, &partial, go)?;
        } else {
            return Err(format!("{} does not say how {file} is made", self.name));
        }
        // Renaming is atomic: no other process ever sees half a program.
        fs::rename(&partial, &path)
            .map_err(|error| format!("cannot move {} to its place: {error}", partial.display()))?;
        say(&format!("{} is there after {:.0} s", path.display(), start.elapsed().as_secs_f64()));
        Ok(path)
    }

    fn build(&self, package: &str, to: &Path, go: &Path) -> Result<(), String> {
        let mut flags = "-s -w".to_owned();
        for (variable, value) in self.variables {
            flags.push_str(&format!(" -X {variable}={value}"));
        }
        let mut command = self.go(go);
        command
            .args(["build", "-mod=readonly", "-trimpath", "-ldflags", &flags, "-o"])
            .arg(to)
            .arg(package)
            .stdout(Stdio::null());
        let status = command.status().map_err(|error| cannot_run(go, &error))?;
        if status.success() {
            Ok(())
        } else {
            Err(format!(
                "`go build {package}` in {} failed ({status}): its messages are above",
                self.folder
            ))
        }
    }

    fn put_together(
        &self,
        module: &str,
        parts: &[&str],
        to: &Path,
        go: &Path,
    ) -> Result<(), String> {
        let mut command = self.go(go);
        command
            .args(["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module])
            .stderr(Stdio::inherit());
        let output = command.output().map_err(|error| cannot_run(go, &error))?;
        let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        if !output.status.success() || folder.as_os_str().is_empty() {
            return Err(format!(
                "`go list -m {module}` in {} failed: its messages are above",
                self.folder
            ));
        }
        let mut text = String::new();
        for part in parts {
            let path = folder.join(part);
            let part = fs::read_to_string(&path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            text.push_str(&format!("---\n{}\n", part.trim_end()));
        }
        fs::write(to, text).map_err(|error| format!("cannot write {}: {error}", to.display()))
    }

    fn go(&self, go: &Path) -> Command {
        let mut command = Command::new(go);
        command
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(self.folder))
            .stdin(Stdio::null());
        // Static programs, and no workspace that happens to lie above this repository. Proxies are
        // the user's business.
        command.env("CGO_ENABLED", "0").env("GOWORK", "off");
        command
    }
}

fn cannot_run(go: &Path, error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::NotFound {
        return format!(
            "the tests in tests/cluster need Go 1.26 or newer to build their Kubernetes control plane, and `{}` is not there: \
             install Go (https://go.dev/dl/) and put it on PATH, or set KUBEBUILDER_ASSETS to a folder that has etcd, kube-apiserver, \
             kubectl, kube-controller-manager, kube-scheduler, kwok and kwok-stages.yaml",
            go.display()
        );
    }
    format!("cannot run {}: {error}", go.display())
}

/// Says something to whoever waits, past the test runner, which keeps what `eprintln!` writes to
/// itself.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "flinkgate tests: {text}");
}
