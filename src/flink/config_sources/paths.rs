//! Paths of mounts, and which of them lead to Flink's files.

use crate::flink::config_file::{CONFIG, FLINK_CONF};
use std::borrow::Cow;

/// A path with one slash before each name, without `.` and `..`; empty for the root.
pub fn normal_path(path: &str) -> Cow<'_, str> {
    let path = path.trim_end_matches('/');
    if path.is_empty() || path.starts_with('/') && !has_needless_parts(path) {
        return path.into();
    }
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    names.into_iter().fold(String::new(), |path, name| path + "/" + name).into()
}

/// [`normal`] without the first slash: a path within a volume.
pub(super) fn relative(path: &str) -> Cow<'_, str> {
    let plain = path.trim_matches('/');
    if !plain.starts_with('.') && !has_needless_parts(plain) {
        return plain.into();
    }
    normal_path(path).trim_start_matches('/').to_owned().into()
}

/// Whether a path has two slashes in a row, or a name that begins with a dot.
fn has_needless_parts(path: &str) -> bool {
    let mut is_after_slash = false;
    path.bytes().any(|byte| {
        let is_needless = is_after_slash && matches!(byte, b'/' | b'.');
        is_after_slash = byte == b'/';
        is_needless
    })
}

/// Whether a mount is one of Flink's files in a folder, the folder, or one that contains it.
pub(super) fn may_reach(folder: &str, mount: &str) -> bool {
    below(folder, mount).is_some() || is_file(folder, mount)
}

/// The rest of a path below another one, which is empty or begins with a slash.
pub(super) fn below<'p>(path: &'p str, parent: &str) -> Option<&'p str> {
    path.strip_prefix(parent).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a path is one of Flink's files in a folder.
pub(super) fn is_file(folder: &str, path: &str) -> bool {
    let file = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
    file.is_some_and(|file| file == FLINK_CONF || file == CONFIG)
}
