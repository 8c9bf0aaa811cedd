//! What one policy file may cost to parse, judged by a look at its brackets before regorus sees it.
//!
//! regorus tries `[` and `{` as comprehensions first and then reads their first element again, so
//! that nested brackets double its work at every level: `[[[[…1…]]]]`, 500 deep, never ends. A
//! count of its own steps does not exist; the count here is never below it by more than a small
//! factor.

use super::error::PolicyProblem;
use super::source::PolicySource;

/// Size of a file in bytes. All built-in policies with their tests together are below 80 KiB.
const MAX_BYTES: usize = 256 << 10;

/// Times that brackets may be opened, those opened again included; a debug build takes some 60 µs
/// for each. Lists and objects cost this only in their first elements, so that long tables are far
/// from it.
const MAX_ATTEMPTS: u64 = 50_000;

/// Names after which `[` begins a list; after any other it is an index.
const KEYWORDS: [&[u8]; 12] = [
    b"in",
    b"if",
    b"contains",
    b"else",
    b"not",
    b"some",
    b"every",
    b"with",
    b"as",
    b"default",
    b"import",
    b"package",
];

/// An open bracket.
#[derive(Clone, Copy)]
struct Open {
    /// How often its content is read for each time that it is.
    factor: u64,
    /// How often it is read itself.
    times: u64,
    /// Whether statements stand in it, whose commas do not separate elements.
    query: bool,
}

/// Refuses files that would keep the parser busy.
pub(super) fn check(source: &PolicySource) -> Result<(), PolicyProblem> {
    if source.text.len() > MAX_BYTES {
        let message = format!(
            "the file size is {} bytes, over the limit of {MAX_BYTES}: split it into several files",
            source.text.len()
        );
        return Err(PolicyProblem::of_file(&source.path, message));
    }
    let Some(offset) = first_too_many(source.text.as_bytes()) else { return Ok(()) };
    let before = source.text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let message = format!(
        "brackets nest so deep that parsing would take more than the limit of {MAX_ATTEMPTS} attempts: split the expression"
    );
    Err(PolicyProblem { line, column, ..PolicyProblem::of_file(&source.path, message) })
}

/// Where the bracket stands that goes over the limit.
fn first_too_many(text: &[u8]) -> Option<usize> {
    let mut open: Vec<Open> = Vec::new();
    let mut attempts = 0_u64;
    let mut word: &[u8] = &[];
    let mut before = b' ';
    let mut at = 0;
    while let Some((&byte, rest)) = text.get(at..).and_then(|rest| rest.split_first()) {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            let end = rest
                .iter()
                .position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'))
                .unwrap_or(rest.len());
            word = text.get(at..=at + end).unwrap_or_default();
            if let Some(top) = open.last_mut() {
                top.query |= matches!(word, b"some" | b"every");
            }
            (at, before) = (at + end + 1, b'a');
            continue;
        }
        match byte {
            b'"' | b'`' => at += string(rest, byte),
            b'#' => at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
            b'(' | b'[' | b'{' => {
                let name = before == b'a' && !KEYWORDS.contains(&word);
                let index =
                    byte == b'[' && (name || matches!(before, b']' | b')' | b'}' | b'"' | b'`'));
                // A rule's body is read once.
                let body = byte == b'{' && open.is_empty();
                let times = open.last().map_or(1, |top| top.times.saturating_mul(top.factor));
                attempts = attempts.saturating_add(times);
                if attempts > MAX_ATTEMPTS {
                    return Some(at);
                }
                let factor = if byte == b'(' || index || body { 1 } else { 2 };
                open.push(Open { factor, times, query: false });
            }
            b')' | b']' | b'}' => {
                open.pop();
            }
            b',' => {
                if let Some(top) = open.last_mut().filter(|top| !top.query) {
                    top.factor = 1;
                }
            }
            // A comprehension's first statement is read as one, as an expression, and as a union's
            // right side.
            b'|' | b';' => {
                if let Some(top) = open.last_mut() {
                    (top.query, top.factor) = (true, 4);
                }
            }
            _ => {}
        }
        (at, before) = (at + 1, byte);
    }
    None
}

/// How long the rest of a string is, with its closing quote.
fn string(rest: &[u8], quote: u8) -> usize {
    let mut escaped = false;
    let end = rest.iter().position(|byte| {
        let ends = *byte == quote && !escaped;
        escaped = quote == b'"' && *byte == b'\\' && !escaped;
        ends
    });
    end.map_or(rest.len(), |end| end + 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<String> {
        check(&PolicySource { path: "a.rego".into(), text: text.into(), ..PolicySource::default() })
            .err()
            .map(|problem| problem.to_string())
    }

    #[test]
    fn nesting_is_refused_where_it_doubles_the_parsers_work() {
        for (open, close) in [
            ("[", "]"),
            ("{", "}"),
            ("{1: ", "}"),
            ("([", "])"),
            ("{\"a\": [", "]}"),
            ("1 in[", "]"),
            ("[x | true; f(", ")]"),
        ] {
            let text = format!("package x\nn := {}1{}\n", open.repeat(30), close.repeat(30));
            let refused = refusal(&text).unwrap_or_else(|| panic!("{open} should be refused"));
            assert!(
                refused.starts_with("a.rego:2:") && refused.contains("brackets nest"),
                "{refused}"
            );
        }
    }

    #[test]
    fn what_policies_look_like_is_fine() {
        let table = "\t\"name\": [\"a\", [\"b\", {\"c\": [1, 2, 3]}]],\n".repeat(2_000);
        let body = "r if {\n\tsome x, y in input.z\n\tcount([a | some a in x.b; a.c[y] == {1, 2}]) > 1 # it's \"[[[\n}\n".repeat(500);
        for text in [
            format!("t := {{\n{table}}}\n"),
            body,
            format!("x := \"{}\"\n", "[\\\"".repeat(500)),
            format!("y := input{}\n", "[0]".repeat(500)),
        ] {
            assert_eq!(refusal(&text), None);
        }
    }

    #[test]
    fn a_file_over_the_size_limit_is_refused() {
        assert_eq!(refusal(&"#\n".repeat(131_072)), None);
        assert!(
            refusal(&"#\n".repeat(131_073))
                .unwrap()
                .starts_with("a.rego:1:1: the file size is 262146 bytes")
        );
    }
}
