//! The hash of a source line by which GitHub's code scanning recognises an alert in another version of
//! a file.
//!
//! GitHub's upload action computes it where a report has none (`src/fingerprints.ts` of
//! github/codeql-action, read in November 2026), and other ways to upload do not. It is a polynomial
//! over the hundred characters from the start of the line on, without blanks, so it survives lines
//! that are added above.

use super::masked::HiddenSpans;
use super::{Report, Sources};
use std::collections::{BTreeMap, BTreeSet};

/// The hashes of the lines that have findings, by file and line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineHashes(BTreeMap<String, BTreeMap<usize, String>>);

impl LineHashes {
    /// The hashes for a report, by the names that `name` gives to its files. A file with hidden places has
    /// none: its text here is not that of the repository, and nothing is derived from a secret.
    pub fn of(
        report: &Report,
        sources: &Sources,
        hidden: &HiddenSpans,
        name: impl Fn(&str) -> String,
    ) -> Self {
        let mut lines: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for diagnostic in report.diagnostics.iter().filter(|it| !hidden.contains_key(&it.file)) {
            lines.entry(&diagnostic.file).or_default().insert(diagnostic.span.line);
        }
        let hashes = lines
            .into_iter()
            .filter_map(|(file, lines)| Some((name(file), of_lines(sources.get(file)?, &lines))));
        Self(hashes.collect())
    }

    /// The hash of a line.
    pub fn get(&self, file: &str, line: usize) -> Option<&str> {
        self.0.get(file)?.get(&line).map(String::as_str)
    }
}

/// Characters that a hash covers.
const WINDOW: usize = 100;
/// The base of the polynomial.
const BASE: u64 = 37;
/// What follows the last character of a file.
const END: u64 = 0xFFFF;

/// The hashes of some lines of a text, as `HEX:OCCURRENCE`, by line number from 1.
fn of_lines(text: &str, lines: &BTreeSet<usize>) -> BTreeMap<usize, String> {
    let mut hashes = Hashes::new(lines);
    let mut after_return = false;
    for unit in text.encode_utf16().map(u64::from) {
        let is_feed = unit == u64::from(b'\n');
        let is_skipped =
            unit == u64::from(b' ') || unit == u64::from(b'\t') || (after_return && is_feed);
        after_return = !is_skipped && unit == u64::from(b'\r');
        if !is_skipped {
            hashes.read(if after_return { u64::from(b'\n') } else { unit });
        }
    }
    hashes.read(END);
    hashes.finish()
}

struct Hashes<'l> {
    wanted: &'l BTreeSet<usize>,
    /// The last characters, and the number of the line that begins with each, or 0.
    window: [(u64, usize); WINDOW],
    at: usize,
    hash: u64,
    /// `BASE` to the power of the window's length.
    leaving: u64,
    line: usize,
    is_line_start: bool,
    seen: BTreeMap<u64, usize>,
    found: BTreeMap<usize, String>,
}

impl<'l> Hashes<'l> {
    fn new(wanted: &'l BTreeSet<usize>) -> Self {
        let leaving = (0..WINDOW).fold(1_u64, |power, _| power.wrapping_mul(BASE));
        Self {
            wanted,
            window: [(0, 0); WINDOW],
            at: 0,
            hash: 0,
            leaving,
            line: 0,
            is_line_start: true,
            seen: BTreeMap::new(),
            found: BTreeMap::new(),
        }
    }

    fn read(&mut self, unit: u64) {
        let line = if std::mem::take(&mut self.is_line_start) {
            self.line += 1;
            self.line
        } else {
            0
        };
        self.push(unit, line);
        self.is_line_start = unit == u64::from(b'\n');
    }

    /// Moves the window by one character. The line that began with the one that leaves it is complete.
    fn push(&mut self, unit: u64, line: usize) {
        let Some(place) = self.window.get_mut(self.at) else { return };
        let (leaves, finished) = std::mem::replace(place, (unit, line));
        if finished > 0 {
            let count = self.seen.entry(self.hash).or_default();
            *count += 1;
            if self.wanted.contains(&finished) {
                self.found.insert(finished, format!("{:x}:{count}", self.hash));
            }
        }
        self.hash = self.hash.wrapping_mul(BASE).wrapping_add(unit);
        self.hash = self.hash.wrapping_sub(self.leaving.wrapping_mul(leaves));
        self.at = (self.at + 1) % WINDOW;
    }

    fn finish(mut self) -> BTreeMap<usize, String> {
        (0..WINDOW).for_each(|_| self.push(0, 0));
        self.found
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn hashes(text: &str) -> Vec<String> {
        of_lines(text, &(1..=100).collect()).into_values().collect()
    }

    /// The same polynomial, computed for each line on its own.
    fn expected(text: &str) -> Vec<String> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let units: Vec<u64> = text
            .encode_utf16()
            .map(u64::from)
            .filter(|unit| *unit != 32 && *unit != 9)
            .chain([END])
            .collect();
        let starts = (0..units.len()).filter(|at| *at == 0 || units[at - 1] == 10);
        let mut seen = BTreeMap::new();
        starts
            .map(|start| {
                let block = units[start..].iter().copied().chain(std::iter::repeat(0)).take(WINDOW);
                let hash = block.fold(0_u64, |hash, unit| hash.wrapping_mul(37).wrapping_add(unit));
                let count = seen.entry(hash).or_insert(0);
                *count += 1;
                format!("{hash:x}:{count}")
            })
            .collect()
    }

    #[test]
    fn a_line_is_hashed_with_what_follows_it() {
        let long = "name: größe 测试\n".repeat(30);
        for text in ["", "a", "a\n", "a: b\r\n  c:\td\r\n", "x\rx\rx", &long, "\n\n\n"] {
            assert_eq!(hashes(text), expected(text), "{text:?}");
        }
    }

    #[test]
    fn lines_above_and_indentation_change_nothing() {
        let file = "kind: Pod\nspec:\n  privileged: true\n";
        let moved = format!("# {}\n\n{}", "x".repeat(300), file.replace("  ", "\t\t"));
        assert_eq!(hashes(file), hashes(&moved)[2..]);
    }

    #[test]
    fn only_wanted_lines_are_returned() {
        let found = of_lines("a\nb\na\nb\n", &BTreeSet::from([3]));
        assert_eq!(found.keys().collect::<Vec<_>>(), [&3]);
    }
}
