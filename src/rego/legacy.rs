//! Text of other tools' policies that OPA reads and regorus does not, written otherwise. Lines stay
//! where they are.
//!
//! - A statement that begins with `(` ends the one on the line before with `;`, or regorus takes it
//!   for the arguments of a call.
//! - In v0, a further body of a set, `deny[msg] { … } { … }`, gets the rule's head.

use super::source::{PolicySource, Syntax};

/// Words after which an expression goes on.
const OPEN_WORDS: [&str; 11] =
    ["not", "in", "if", "else", "with", "as", "some", "every", "contains", "default", "import"];

/// The same policy as regorus reads it.
pub(super) fn readable(source: PolicySource) -> PolicySource {
    let edits = edits(&source.text, source.syntax);
    if edits.is_empty() {
        return source;
    }
    let mut text = source.text;
    for (place, insertion) in edits.iter().rev() {
        if text.is_char_boundary(*place) {
            text.insert_str(*place, insertion);
        }
    }
    PolicySource { text, ..source }
}

/// The last token that is no comment.
#[derive(Clone, Copy)]
struct Last {
    byte: u8,
    start: usize,
    end: usize,
}

/// What is inserted, by place.
fn edits(text: &str, syntax: Syntax) -> Vec<(usize, String)> {
    let bytes = text.as_bytes();
    let mut edits = Vec::new();
    let mut last = Last { byte: b'\n', start: 0, end: 0 };
    let (mut at, mut depth, mut new_line) = (0_usize, 0_usize, true);
    // Where the head of the current rule begins, and the head once its body has begun.
    let (mut rule, mut head): (Option<usize>, Option<String>) = (None, None);
    while let Some(&byte) = bytes.get(at) {
        let end = token_end(bytes, at);
        match byte {
            b'\n' => new_line = true,
            byte if byte.is_ascii_whitespace() => {}
            b'#' => {}
            _ => {
                let word = text.get(last.start..last.end).unwrap_or_default();
                if byte == b'(' && new_line && ends_a_term(last, word) {
                    edits.push((last.end, ";".to_owned()));
                }
                if depth == 0 {
                    let is_body = byte == b'{';
                    if is_body && last.byte == b'}' && head.is_some() && syntax == Syntax::V0 {
                        edits.extend(head.clone().map(|head| (at, head + " ")));
                    } else if is_body && last.byte == b']' {
                        let written = rule.and_then(|rule| text.get(rule..last.end));
                        head = written.filter(|head| is_set(head)).map(str::to_owned);
                    } else if is_word(byte) && (new_line || matches!(last.byte, b'}' | b'\n')) {
                        (rule, head) = (Some(at), None);
                    }
                }
                match byte {
                    b'(' | b'[' | b'{' => depth += 1,
                    b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                last = Last { byte, start: at, end };
                new_line = false;
            }
        }
        at = end.max(at + 1);
    }
    edits
}

/// Whether `name[key]` is the head of a set.
fn is_set(head: &str) -> bool {
    let name = head.split('[').next().unwrap_or_default().trim_end();
    !name.is_empty() && name.bytes().all(|byte| is_word(byte) || byte == b'.')
}

/// Whether the last token before a line may be the end of a statement, and a name that regorus calls.
fn ends_a_term(last: Last, word: &str) -> bool {
    last.byte == b']' || (is_word(last.byte) && !OPEN_WORDS.contains(&word))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where the token, the string or the comment ends that begins here.
fn token_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let length = match rest.first() {
        Some(b'#') => rest.iter().position(|byte| *byte == b'\n'),
        Some(b'`') => rest.iter().skip(1).position(|byte| *byte == b'`').map(|end| end + 2),
        Some(b'"') => {
            let mut escaped = false;
            let end = rest.iter().skip(1).position(|byte| {
                let ends = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                ends
            });
            end.map(|end| end + 2)
        }
        Some(byte) if is_word(*byte) => rest.iter().position(|byte| !is_word(*byte)),
        _ => Some(1),
    };
    at + length.unwrap_or(rest.len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn written(text: &str, syntax: Syntax) -> String {
        readable(PolicySource { text: text.into(), syntax, ..PolicySource::default() }).text
    }

    #[test]
    fn a_parenthesis_on_a_new_line_is_no_call() {
        for (text, expected) in [
            ("a {\n  x.y\n  (1 + 2) > z\n}", "a {\n  x.y;\n  (1 + 2) > z\n}"),
            ("a {\n  x[i] # (\n\n  (1) > z\n}", "a {\n  x[i]; # (\n\n  (1) > z\n}"),
            (
                "a {\n  x +\n  (1)\n  not\n  (b)\n f(\n (c))\n}",
                "a {\n  x +\n  (1)\n  not\n  (b)\n f(\n (c))\n}",
            ),
            ("a := `x\n(`", "a := `x\n(`"),
            ("a := \"\\\"\" # x\n", "a := \"\\\"\" # x\n"),
        ] {
            assert_eq!(written(text, Syntax::V1), expected);
        }
    }

    #[test]
    fn a_further_body_of_a_set_is_a_rule() {
        let text = "deny[{\"msg\": msg}] {\n  a[b]\n} { # more\n  c\n}\n{\n  d\n}\n\nf(x) = y {\n  z\n} {\n  y\n}\n\ng { a } { b }\n";
        let expected = "deny[{\"msg\": msg}] {\n  a[b]\n} deny[{\"msg\": msg}] { # more\n  c\n}\ndeny[{\"msg\": msg}] {\n  d\n}\n\nf(x) = y {\n  z\n} {\n  y\n}\n\ng { a } { b }\n";
        assert_eq!(written(text, Syntax::V0), expected);
        assert_eq!(written(text, Syntax::V1), text);
    }
}
