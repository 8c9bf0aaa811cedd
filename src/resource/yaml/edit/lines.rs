//! The lines of a text.

/// The start of the line with an offset.
pub(super) fn start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1)
}

/// The end of the line with an offset, after its line feed.
pub(super) fn end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |end| at + end + 1)
}

/// The end of the line with an offset, before its line end.
pub(super) fn content_end(text: &str, at: usize) -> usize {
    let end = end(text, at);
    let line = text.get(at..end).unwrap_or_default();
    at + line.trim_end_matches(['\r', '\n']).len()
}

/// Whether a rest of a line has nothing but a comment.
pub(super) fn is_rest_empty(text: &str, at: usize) -> bool {
    let rest = text.get(at..content_end(text, at)).unwrap_or_default();
    let trimmed = rest.trim_start_matches([' ', '\t']);
    trimmed.is_empty() || (trimmed.starts_with('#') && trimmed.len() < rest.len())
}

/// The line end of a text: that of its first line.
pub(super) fn line_end(text: &str) -> &'static str {
    match text.find('\n').and_then(|at| at.checked_sub(1)).and_then(|at| text.as_bytes().get(at)) {
        Some(b'\r') => "\r\n",
        _ => "\n",
    }
}
