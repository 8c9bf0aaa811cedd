//! The text of a file, and the conversion of byte offsets to lines and columns.
//!
//! Readers record byte offsets only. Lines and columns are computed when a finding needs them.

use super::{Span, documents};
use std::sync::OnceLock;

/// A range of the text in bytes; the end is exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bytes {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Bytes {
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start: offset(start), end: offset(end.max(start)) }
    }

    pub(super) fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// Offsets have 32 bits; positions beyond 4 GiB are inexact.
pub(super) fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// A problem at a byte range, before lines and columns are known.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: Bytes,
    pub(super) message: String,
    pub(super) usable: bool,
    pub(super) limit: bool,
}

impl Fault {
    pub(super) fn unusable(at: Bytes, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), usable: false, limit: false }
    }

    /// A text that is right but more than is read here.
    pub(super) fn limit(at: Bytes, message: impl Into<String>) -> Self {
        Self { limit: true, ..Self::unusable(at, message) }
    }

    pub(super) fn usable(at: Bytes, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), usable: true, limit: false }
    }
}

/// The text of one file without its byte order mark.
#[derive(Debug)]
pub(super) struct Source {
    text: String,
    /// Bytes of the byte order mark before the text.
    mark: usize,
    /// Where each document starts.
    documents: OnceLock<Vec<usize>>,
    line_starts: OnceLock<Vec<u32>>,
    /// The characters that start before each block.
    blocks: OnceLock<Vec<usize>>,
}

/// The bytes of a block of characters that are counted together.
const BLOCK: usize = 4 << 10;

impl Source {
    pub(super) fn new(text: &str) -> Self {
        let without_mark = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self {
            text: without_mark.to_owned(),
            mark: text.len() - without_mark.len(),
            documents: OnceLock::new(),
            line_starts: OnceLock::new(),
            blocks: OnceLock::new(),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of the byte order mark, which offsets do not count.
    pub(super) fn mark(&self) -> usize {
        self.mark
    }

    /// Where the text between two separators starts that has an offset, and that text.
    pub(super) fn document_at(&self, offset: usize) -> (usize, &str) {
        let starts = self.documents.get_or_init(|| {
            documents::split(&self.text).into_iter().map(|(start, _)| start).collect()
        });
        let after = starts.partition_point(|start| *start <= offset);
        let start = after.checked_sub(1).and_then(|at| starts.get(at)).copied().unwrap_or_default();
        let end = starts.get(after).copied().unwrap_or(self.text.len());
        let whole = self.text.get(start..end).unwrap_or_default();
        // The separator that follows belongs to none.
        let text = documents::split(whole).into_iter().next().map_or("", |(_, text)| text);
        (start, text)
    }

    /// The text of a range; empty if the range is outside the text.
    pub(super) fn slice(&self, at: Bytes) -> &str {
        self.text.get(at.start as usize..at.end as usize).unwrap_or_default()
    }

    /// The line of an offset, from 1.
    pub(super) fn line(&self, offset: u32) -> usize {
        self.line_starts().partition_point(|start| *start <= offset).max(1)
    }

    /// Lines and columns of a range.
    pub(super) fn span(&self, at: Bytes) -> Span {
        let (line, column) = self.place(at.start);
        let (end_line, end_column) = self.place(at.end.max(at.start));
        Span { line, column, end_line, end_column }
    }

    /// The range up to the end of its first line.
    pub(super) fn first_line(&self, at: Bytes) -> Bytes {
        let length = self.slice(at).split(['\n', '\r']).next().map_or(0, str::len);
        Bytes { start: at.start, end: at.start.saturating_add(offset(length)) }
    }

    fn place(&self, at: u32) -> (usize, usize) {
        let line = self.line(at);
        let start =
            self.line_starts().get(line.saturating_sub(1)).copied().unwrap_or_default() as usize;
        let end = (at as usize).min(self.text.len());
        let before = match end.saturating_sub(start) {
            ..=BLOCK => self.starts_within(start, end),
            _ => self.starts_before(end).saturating_sub(self.starts_before(start)),
        };
        (line, before + 1)
    }

    /// The characters that start in a range.
    fn starts_within(&self, start: usize, end: usize) -> usize {
        let bytes = self.text.as_bytes().get(start..end).unwrap_or_default();
        // Every byte that does not continue a character starts one.
        bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
    }

    /// The characters that start before a byte. A long line may have many findings, so whole blocks
    /// are counted once.
    fn starts_before(&self, end: usize) -> usize {
        let blocks = self.blocks.get_or_init(|| {
            let mut before = 0_usize;
            let block = |start| {
                let counted = before;
                before += self.starts_within(start, (start + BLOCK).min(self.text.len()));
                counted
            };
            (0..=self.text.len()).step_by(BLOCK).map(block).collect()
        });
        let block = end / BLOCK;
        blocks.get(block).copied().unwrap_or_default() + self.starts_within(block * BLOCK, end)
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            std::iter::once(0)
                .chain(
                    self.text
                        .bytes()
                        .enumerate()
                        .filter(|(_, byte)| *byte == b'\n')
                        .map(|(at, _)| offset(at + 1)),
                )
                .collect()
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_long_lines_are_characters() {
        let text = format!("a\n{}\nb", "aä€𝄞".repeat(5_000));
        let source = Source::new(&text);
        let long = 2..text.len() - 2;
        for at in long.step_by(997).filter(|at| text.is_char_boundary(*at)).chain([text.len() - 2])
        {
            let expected = text[2..at].chars().count() + 1;
            assert_eq!(source.place(offset(at)), (2, expected), "{at}");
        }
        assert_eq!(source.place(offset(text.len())), (3, 2));
    }
}
