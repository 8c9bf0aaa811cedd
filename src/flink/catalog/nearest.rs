//! Finds the option that the user probably meant by an unknown key.

use super::meaning;
use super::table::{KeyRole, Reading, Table};
use crate::spelling::distance;

/// Maximum number of letters that may differ in one place of a key.
const MOST_EDITED: usize = 3;

/// The option that a key misspells: another letter case, or up to three letters changed, added or
/// missing in one place, but not most of a word. User-defined keys are not that close to Flink's keys by
/// chance. In a `closed` family, the option with the most similar meaning or letters is suggested too.
pub fn nearest(key: &str, closed: bool) -> Option<&'static str> {
    let table = Table::get();
    let named = |reading: &&Reading| matches!(reading.reads, KeyRole::Value(_) | KeyRole::Alias);
    let edit_length = table
        .all()
        .iter()
        .filter(named)
        .filter_map(|reading| Some((edit_length(key, reading.key)?, reading.key)));
    if let Some((_, found)) = edit_length.min() {
        return Some(found);
    }
    if let Some(found) = meaning::common_mistake(key) {
        return Some(found);
    }
    if !closed {
        return None;
    }
    let family = key.split_inclusive('.').next()?;
    // A similar key cannot differ more in length.
    let reach = 1 + key.len() / 4;
    let near = |reading: &&Reading| {
        reading.key.starts_with(family) && reading.key.len().abs_diff(key.len()) <= reach
    };
    let candidates = table.all().iter().filter(named).filter(near);
    let by_letters = candidates
        .filter_map(|reading| Some((difference(key, reading.key)?, reading.key)))
        .min_by_key(|(difference, _)| *difference);
    by_letters.map(|(_, found)| found).or_else(|| meaning::nearest(key))
}

/// The number of different letters, if they are adjacent, few, and less than half of a word.
fn edit_length(key: &str, known: &str) -> Option<usize> {
    if key.len().abs_diff(known.len()) > MOST_EDITED {
        return None;
    }
    let same = |(a, b): &(u8, u8)| a.eq_ignore_ascii_case(b);
    let before = key.bytes().zip(known.bytes()).take_while(same).count();
    let rest = key.len().min(known.len()) - before;
    let after = key.bytes().rev().zip(known.bytes().rev()).take(rest).take_while(same).count();
    let differing = key.len().max(known.len()) - before - after;
    let word = word_length(key, before, after).max(word_length(known, before, after));
    let is_near = differing <= MOST_EDITED && differing * 4 <= key.len() && differing * 2 <= word;
    is_near.then_some(differing)
}

/// The length of the word, or words, in which a key differs: all but `before` bytes at its beginning and
/// `after` at its end.
fn word_length(key: &str, before: usize, after: usize) -> usize {
    let is_letter = |byte: &&u8| !b".-_".contains(byte);
    let bytes = key.as_bytes();
    let (start, end) = (bytes.get(..before), bytes.get(bytes.len().saturating_sub(after)..));
    let start = start.unwrap_or_default().iter().rev().take_while(is_letter).count();
    let end = end.unwrap_or_default().iter().take_while(is_letter).count();
    key.len().saturating_sub(before + after) + start + end
}

/// Letters that differ in keys of one family, if what comes after their common words is similar.
fn difference(key: &str, known: &str) -> Option<usize> {
    let bytes = key.bytes().zip(known.bytes());
    let common = bytes.take_while(|(a, b)| a == b).map(|(byte, _)| byte).collect::<Vec<_>>();
    let words = common.iter().rposition(|byte| *byte == b'.').map_or(0, |dot| dot + 1);
    let (key, known) = (key.get(words..)?, known.get(words..)?);
    let difference = distance(key, known);
    // Most of a short word is another word.
    (difference <= key.len().max(known.len()) / 3).then_some(difference)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_are_recognised_and_other_keys_ignored() {
        for (key, meant) in [
            ("taskmanager.numberofTaskslots", Some("taskmanager.numberOfTaskSlots")),
            ("taskmanger.numberOfTaskSlots", Some("taskmanager.numberOfTaskSlots")),
            ("state.checkpoint.dir", Some("state.checkpoints.dir")),
            ("paralellism.default", Some("parallelism.default")),
            ("fraud.threshold", None),
            ("", None),
            ("a", None),
            ("é.é", None),
        ] {
            assert_eq!(nearest(key, false), meant, "{key}");
        }
        assert_eq!(nearest("execution.checkpointing.intervall.time", false), None);
        assert_eq!(
            nearest("execution.checkpointing.intervall.tm", true),
            Some("execution.checkpointing.interval")
        );
    }
}
