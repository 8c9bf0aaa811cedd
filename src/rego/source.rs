//! The text of policies: from users' files, and from the library in the binary.

use super::error::PolicyError;
use super::library;
use crate::resource::files::list_files;
use std::path::{Path, PathBuf};

/// One policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySource {
    /// Path as given; names the file in messages.
    pub path: String,
    /// Rego text.
    pub text: String,
}

impl PolicySource {
    /// Whether this is a test file (`…_test.rego`): run by `flinkgate test`, never by the gate.
    pub fn is_test(&self) -> bool {
        self.path.ends_with("_test.rego")
    }
}

/// The `*.rego` files under the paths, and the policies of the library that paths such as
/// `library/naming` name; tests too.
///
/// # Errors
/// When a path does not exist, a file is not readable text, or the library has no such policy.
pub fn read(paths: &[PathBuf]) -> Result<Vec<PolicySource>, PolicyError> {
    let files = list_files(&on_disk(paths), &["rego"])?;
    let mut sources =
        files.iter().map(|path| read_file(path)).collect::<Result<Vec<_>, PolicyError>>()?;
    for name in paths.iter().filter_map(|path| library::name(path)) {
        for policy in library::sources(name)? {
            if !sources.contains(&policy) {
                sources.push(policy);
            }
        }
    }
    Ok(sources)
}

/// The paths that are files and folders; the others name policies of the library.
pub fn on_disk(paths: &[PathBuf]) -> Vec<PathBuf> {
    paths.iter().filter(|path| library::name(path).is_none()).cloned().collect()
}

fn read_file(path: &Path) -> Result<PolicySource, PolicyError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| PolicyError::Read { path: path.into(), source })?;
    Ok(PolicySource { path: path.display().to_string(), text })
}
