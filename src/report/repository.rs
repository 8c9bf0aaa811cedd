//! Paths as services see them that show a report beside the code: relative to the repository's root,
//! from whatever folder Flinkgate ran.

use super::Report;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Where the root of the repository is, seen from the working folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    root: Option<PathBuf>,
    working_folder: PathBuf,
}

impl Repository {
    /// The repository around a working folder: the nearest folder above it that has a `.git`.
    pub fn around(working_folder: &Path) -> Self {
        let root = working_folder.ancestors().find(|folder| folder.join(".git").exists());
        Self { root: root.map(Path::to_owned), working_folder: working_folder.to_owned() }
    }

    /// A file relative to the root, with `/` between its parts. The name as it was given if there is no
    /// repository or the file is not in it.
    pub fn relative(&self, file: &str) -> String {
        let given = || file.strip_prefix("./").unwrap_or(file).to_owned();
        // Standard input has no place.
        let Some(root) = self.root.as_ref().filter(|_| !file.starts_with('<')) else {
            return given();
        };
        let file = normal(&self.working_folder.join(file));
        let Ok(inside) = file.strip_prefix(root) else { return given() };
        let parts: Vec<_> =
            inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        if parts.is_empty() { given() } else { parts.join("/") }
    }

    /// The report with these names of its files.
    pub fn report(&self, report: &Report) -> Report {
        let mut names: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
        let mut report = report.clone();
        let mut rename = |file: &mut Arc<str>| {
            let name = names.entry(Arc::clone(file));
            *file = Arc::clone(name.or_insert_with(|| self.relative(file).into()));
        };
        report.objects.iter_mut().for_each(|judged| rename(&mut judged.file));
        report.diagnostics.iter_mut().for_each(|diagnostic| rename(&mut diagnostic.file));
        report.unreadable.iter_mut().for_each(|unreadable| rename(&mut unreadable.file));
        report
    }
}

/// A path without `.` and `..`, by its text alone.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn files_are_relative_to_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join(".git")).unwrap();
        std::fs::create_dir_all(root.join("teams/etl")).unwrap();
        let repository = Repository::around(&root.join("teams/etl"));
        let absolute = root.join("a.yaml").to_string_lossy().into_owned();
        for (file, expected) in [
            ("a.yaml", "teams/etl/a.yaml"),
            ("./a.yaml", "teams/etl/a.yaml"),
            ("../b/./a.yaml", "teams/b/a.yaml"),
            (absolute.as_str(), "a.yaml"),
            ("../../../elsewhere.yaml", "../../../elsewhere.yaml"),
            ("<stdin>", "<stdin>"),
            ("/etc/a.yaml", "/etc/a.yaml"),
        ] {
            assert_eq!(repository.relative(file), expected);
        }
    }

    #[test]
    fn without_a_repository_names_stay() {
        let repository = Repository::default();
        assert_eq!(repository.relative("./a/../b.yaml"), "a/../b.yaml");
    }
}
