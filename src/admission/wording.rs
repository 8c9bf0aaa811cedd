//! Text and fields as API servers and their clients expect them: one line, no control characters,
//! dotted fields.

use crate::pipeline::Answer;
use crate::printable;
use crate::resource::{Resource, pointer};

/// Longest line in a message, in characters: a finding may quote a whole object.
pub(crate) const LINE_LENGTH: usize = 1_000;

/// One line of at most `length` characters. The API server drops warnings with control characters.
pub(crate) fn clean(text: &str, length: usize) -> String {
    // Clients show it in terminals and in the logs of CI systems.
    let text = printable::escape(text);
    let mut line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(length + 1).collect();
    if let Some((end, _)) = line.char_indices().nth(length.saturating_sub(1))
        && line.chars().nth(length).is_some()
    {
        line.truncate(end);
        line.push('…');
    }
    line
}

/// The first line of a refusal: ``tenant `payments` refuses Pod payments-prod/etl-*``.
pub(crate) fn refusal_summary(resource: &Resource, answer: &Answer) -> String {
    let who = answer
        .tenant
        .as_ref()
        .map_or_else(|| "Flinkgate".to_owned(), |tenant| format!("tenant `{tenant}`"));
    let name = resource.display_name();
    let place =
        if resource.namespace.is_empty() { name } else { format!("{}/{name}", resource.namespace) };
    let what = match resource.sub_resource.as_deref() {
        Some("scale") => format!("to scale {}", resource.of.resource),
        _ => resource.kind.kind.clone(),
    };
    let verb = if answer.retry_after.is_some() { "has not decided about" } else { "refuses" };
    clean(&format!("{who} {verb} {what} {place}"), LINE_LENGTH)
}

/// A JSON Pointer as the API machinery writes fields: `spec.containers[0].image`,
/// `metadata.labels[a/b]`.
pub(super) fn field_path(json_pointer: &str) -> String {
    let mut path = String::new();
    for token in pointer::tokens(json_pointer) {
        let is_index = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
        let is_plain = !token.is_empty()
            && token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'$'));
        if is_index || !is_plain {
            path.push_str(&format!("[{token}]"));
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&token);
        }
    }
    clean(&path, LINE_LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_a_character() {
        assert_eq!(clean("abc", 3), "abc");
        assert_eq!(clean("äöüß", 3), "äö…");
        assert_eq!(clean("a\nb", 3), "a b");
    }
}
