//! The comments of a text, with what they are at.
//!
//! A `#` within quotes or within a block scalar is text. The texts of Flink's configuration files,
//! which ConfigMaps have as block scalars, have comments of their own.

mod parts;

use super::documents::split;
use parts::parts;
use std::ops::Range;

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its line, from 1.
    pub line: usize,
    /// The column of its `#`, from 1, in characters.
    pub column: usize,
    /// The text after `#`.
    pub text: String,
    /// What it is at.
    pub place: CommentPlace,
}

/// What a comment is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommentPlace {
    /// The rest of its line.
    Line,
    /// The line below: the next one that is neither empty nor a comment.
    Below(usize),
    /// The document: it is before the first key.
    Document,
    /// Nothing follows it.
    End,
}

/// The comments of one document that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commented {
    /// Its lines, from 1, with those of its comments.
    pub lines: Range<usize>,
    /// Its comments.
    pub comments: Vec<Comment>,
}

/// The comments of all documents that can be read. Those before a separator belong to the document
/// after it if there is no document before it.
pub fn comments(text: &str) -> Vec<Commented> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut found, mut above) = (Vec::new(), Vec::new());
    let (mut line, mut at) = (1, 0);
    for (base, chunk) in split(text) {
        line += breaks(text.get(at..base).unwrap_or_default());
        at = base;
        let separator = text.get(..base).and_then(|before| before.lines().next_back());
        let separator = separator.filter(|separator| separator.starts_with("---"));
        above.extend(separator.and_then(|separator| {
            let lines = Lines::new(separator, line.saturating_sub(1));
            let comment = lines.comment(0, in_line(separator)?, true, 0);
            Some(Comment { place: CommentPlace::Document, ..comment })
        }));
        let Some((has_content, comments)) = of_document(chunk, line) else {
            above.clear();
            continue;
        };
        above.extend(comments);
        if has_content {
            let comments = std::mem::take(&mut above);
            let first = comments.first().map_or(line, |first: &Comment| first.line.min(line));
            found.push(Commented { lines: first..line + breaks(chunk) + 1, comments });
        }
    }
    if !above.is_empty() {
        // No document follows.
        above.iter_mut().for_each(|comment| comment.place = CommentPlace::End);
        found.push(Commented { lines: line..line, comments: above });
    }
    found
}

fn breaks(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// The lines of a document.
struct Lines<'t> {
    all: Vec<&'t str>,
    /// Where each begins.
    starts: Vec<usize>,
    /// The next line from each on that is neither empty nor a comment.
    contents: Vec<Option<usize>>,
    /// The number of the first.
    first: usize,
}

impl<'t> Lines<'t> {
    fn new(chunk: &'t str, first: usize) -> Self {
        let (mut starts, mut at) = (Vec::new(), 0_usize);
        let all: Vec<&str> = chunk.split('\n').collect();
        for line in &all {
            starts.push(at);
            at += line.len() + 1;
        }
        let (mut contents, mut next) = (vec![None; all.len()], None);
        for ((index, line), content) in all.iter().enumerate().zip(&mut contents).rev() {
            if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
                next = Some(index);
            }
            *content = next;
        }
        Self { all, starts, contents, first }
    }

    /// The index of the line with this byte.
    fn index(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The comment at a byte of a line. `end`: the index after the last line of its text.
    fn comment(&self, index: usize, offset: usize, is_top: bool, end: usize) -> Comment {
        let line = self.all.get(index).copied().unwrap_or_default();
        let before = line.get(..offset).unwrap_or_default();
        let content = self.contents.get(index).copied().flatten().filter(|content| *content < end);
        let place = match content {
            _ if !before.trim().is_empty() => CommentPlace::Line,
            _ if is_top => CommentPlace::Document,
            Some(content) => CommentPlace::Below(self.first + content),
            None => CommentPlace::End,
        };
        Comment {
            line: self.first + index,
            column: before.chars().count() + 1,
            text: line.get(offset + 1..).unwrap_or_default().trim_end().to_owned(),
            place,
        }
    }
}

/// The comments of a document that starts at this line, and whether it has more than these; `None` if
/// it cannot be read.
fn of_document(chunk: &str, first: usize) -> Option<(bool, Vec<Comment>)> {
    let parts = parts(chunk)?;
    let has_content = parts.start < usize::MAX;
    let lines = Lines::new(chunk, first);
    let is_text = |offset: usize| {
        let next = parts.scalars.partition_point(|scalar| scalar.end <= offset);
        parts.scalars.get(next).is_some_and(|scalar| scalar.contains(&offset))
    };
    let mut comments = Vec::new();
    for ((index, line), start) in lines.all.iter().enumerate().zip(&lines.starts) {
        let hash = line.match_indices('#').map(|(offset, _)| offset).find(|offset| {
            let before = line.get(..*offset).and_then(|before| before.chars().next_back());
            before.is_none_or(char::is_whitespace) && !is_text(start + offset)
        });
        if let Some(offset) = hash {
            let is_top = start + offset < parts.start;
            comments.push(lines.comment(index, offset, is_top, lines.all.len()));
        }
    }
    for block in &parts.flink {
        let (header, end) = (lines.index(block.start), lines.index(block.end) + 1);
        for (index, line) in (header..).zip(lines.all.get(header..end).unwrap_or_default()) {
            if let Some(offset) = in_line(line) {
                comments.push(lines.comment(index, offset, false, end));
            }
        }
    }
    Some((has_content, comments))
}

/// The `#` of a line's comment, outside of quotes.
fn in_line(line: &str) -> Option<usize> {
    let (mut quote, mut before) = (None, ' ');
    for (offset, character) in line.char_indices() {
        match (quote, character) {
            (None, '#') if before.is_whitespace() => return Some(offset),
            // A quote within a word is a part of it.
            (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(character),
            (Some(open), close) if open == close && before != '\\' => quote = None,
            _ => {}
        }
        before = character;
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, String, CommentPlace)> {
        let all = comments(text).into_iter().flat_map(|document| document.comments);
        all.map(|comment| (comment.line, comment.text.trim().to_owned(), comment.place)).collect()
    }

    fn list(expected: &[(usize, &str, CommentPlace)]) -> Vec<(usize, String, CommentPlace)> {
        expected.iter().map(|(line, text, place)| (*line, (*text).to_owned(), *place)).collect()
    }

    #[test]
    fn comments_are_found_outside_of_texts() {
        use CommentPlace::{Below, Document, End, Line};
        let text = "# top\na: 1 # one\n# above\n\n# and this\nb: \"x # text\"\nc: 'y # text'\nd: z#text\ne: |\n  # text\n  x # text\n# below the block\nf: {g: 1, # in flow\n  h: 2}\ni: two\n  lines # end\n# last\n";
        let expected = [
            (1, "top", Document),
            (2, "one", Line),
            (3, "above", Below(6)),
            (5, "and this", Below(6)),
            (12, "below the block", Below(13)),
            (13, "in flow", Line),
            (16, "end", Line),
            (17, "last", End),
        ];
        assert_eq!(found(text), list(&expected));
    }

    #[test]
    fn texts_of_flink_have_comments_of_their_own() {
        use CommentPlace::{Below, End, Line};
        let text = "data:\n  config.yaml: | # header\n    # above\n    a: 1 # one\n    b: 'x # text'\n    # end\n  run.sh: |\n    # text\n  other: 1\n";
        let expected =
            [(2, "header", Line), (3, "above", Below(4)), (4, "one", Line), (6, "end", End)];
        assert_eq!(found(text), list(&expected));
        let variable = "env:\n- name: A\n  value: |\n    # text\n- name: FLINK_PROPERTIES\n  value: |\n    a: 1 # one\n";
        assert_eq!(found(variable), list(&[(7, "one", Line)]));
    }

    #[test]
    fn documents_have_their_own_tops() {
        use CommentPlace::Document;
        let text = "# zero\n---\n# first\na: 1\n--- # second\n# third\nb: 1\n---\n{ broken\n# none\n---\n# fourth\nc: 1\n";
        let expected = [
            (1, "zero", Document),
            (3, "first", Document),
            (5, "second", Document),
            (6, "third", Document),
            (12, "fourth", Document),
        ];
        assert_eq!(found(text), list(&expected));
        let lines: Vec<_> = comments(text).into_iter().map(|document| document.lines).collect();
        assert_eq!(lines, [1..6, 5..9, 12..15]);
        assert_eq!(found("a: 1\n---\n# none\n"), list(&[(3, "none", CommentPlace::End)]));
    }

    #[test]
    fn json_has_no_comments() {
        assert_eq!(found("{\"a\": \"# text\", \"b\": 1}\n"), []);
    }
}
