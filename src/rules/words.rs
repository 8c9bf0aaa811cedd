//! Small parts of messages that rules share.

use crate::flink::Role;
use crate::flink::image::glob;

/// Characters of a value that a message shows.
const MOST: usize = 100;

/// A value from the object for a message, cut to what fits in one.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Whether a name matches one of the patterns, in which a star stands for any characters.
pub fn matches_any<P: AsRef<str>>(patterns: &[P], name: &str) -> bool {
    patterns.iter().any(|pattern| glob(pattern.as_ref(), name))
}

/// The advice to use one of the values that a tenant allows: `` set `field` to `a` or `b` ``.
pub fn use_one_of<P: AsRef<str>>(allowed: &[P]) -> String {
    match allowed {
        [] => "remove it: the tenant allows none".into(),
        all => format!("use {}", alternatives(all)),
    }
}

/// [`use_one_of`] for names that a tenant allows by patterns with stars.
pub fn use_name_like<P: AsRef<str>>(patterns: &[P]) -> String {
    if patterns.iter().any(|pattern| pattern.as_ref().contains('*')) {
        format!("use a name that matches {}", alternatives(patterns))
    } else {
        use_one_of(patterns)
    }
}

/// `` `a` ``, `` `a` or `b` ``, `` `a`, `b` or `c` ``.
pub fn alternatives<P: AsRef<str>>(values: &[P]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("`{}`", value.as_ref())).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

/// The pods of a role: `JobManagers`.
pub fn pods_of(role: Role) -> &'static str {
    match role {
        Role::JobManager => "JobManagers",
        Role::TaskManager => "TaskManagers",
        Role::Other => "pods",
    }
}
