//! Patterns of `.gitignore` over paths.

use super::discover::absolute;
use ignore::Error;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::path::{Path, PathBuf};

/// Patterns relative to a folder.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Patterns {
    patterns: Gitignore,
    folder: PathBuf,
    working: PathBuf,
}

impl Patterns {
    /// Patterns relative to an absolute folder. For files outside of it they are relative to the
    /// working directory: `--config` may name a file of another place.
    pub(in crate::cli) fn new(folder: &Path, patterns: &[String]) -> Result<Self, Error> {
        let mut builder = GitignoreBuilder::new("");
        builder.allow_unclosed_class(false);
        for pattern in patterns {
            builder.add_line(None, pattern)?;
        }
        let working = absolute(Path::new("."));
        Ok(Self { patterns: builder.build()?, folder: folder.into(), working })
    }

    /// Patterns relative to the working directory.
    pub(in crate::cli) fn of_flags(patterns: &[String]) -> Result<Self, Error> {
        Self::new(&absolute(Path::new(".")), patterns)
    }

    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether they match an absolute path or a folder above it.
    pub(in crate::cli) fn match_path(&self, path: &Path, is_folder: bool) -> bool {
        if self.is_empty() {
            return false;
        }
        let relative =
            path.strip_prefix(&self.folder).or_else(|_| path.strip_prefix(&self.working));
        let relative = relative.unwrap_or_else(|_| path.strip_prefix("/").unwrap_or(path));
        // The folder itself has no name below itself.
        !relative.as_os_str().is_empty()
            && !relative.has_root()
            && self.patterns.matched_path_or_any_parents(relative, is_folder).is_ignore()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_to_git() {
        let patterns = |lines: &[&str]| {
            let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
            Patterns::new(Path::new("/repo/team"), &lines).unwrap()
        };
        for (lines, path, expected) in [
            (&["vendor/"][..], "/repo/team/a/vendor/b.yaml", true),
            (&["/vendor/"], "/repo/team/a/vendor/b.yaml", false),
            (&["a/*.yaml"], "/repo/team/a/b.yaml", true),
            (&["a/*.yaml"], "/repo/team/c/a/b.yaml", false),
            (&["**/a/*.yaml", "!b.yaml"], "/repo/team/c/a/b.yaml", false),
            (&["*.json"], "/elsewhere/x.json", true),
            (&[], "/repo/team/x.json", false),
        ] {
            let found = patterns(lines).match_path(Path::new(path), false);
            assert_eq!(found, expected, "{lines:?} {path}");
        }
        assert!(!patterns(&["*"]).match_path(Path::new("/repo/team"), true));
        assert!(Patterns::of_flags(&["a[".into()]).is_err());
    }
}
