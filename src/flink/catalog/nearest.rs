//! Finds the option that the user probably meant by an unknown key.

use super::table::{KeyRole, Reading, Table};
use crate::spelling::closest;

/// Maximum number of letters that may differ in one place of a key.
const MOST_EDITED: usize = 3;

/// The option that a key misspells: another letter case, or up to three letters changed, added or
/// missing in one place. User-defined keys are not that close to Flink's keys by chance. In a
/// `closed` family, a less similar key is suggested too.
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
    let family = key.split_inclusive('.').next().filter(|_| closed)?;
    // A similar key cannot differ more in length.
    let reach = 1 + key.len() / 4;
    let near = |reading: &&Reading| {
        reading.key.starts_with(family) && reading.key.len().abs_diff(key.len()) <= reach
    };
    let candidates: Vec<&'static str> =
        table.all().iter().filter(named).filter(near).map(|reading| reading.key).collect();
    closest(key, &candidates)
}

/// The number of different letters, if they are adjacent and few.
fn edit_length(key: &str, known: &str) -> Option<usize> {
    if key.len().abs_diff(known.len()) > MOST_EDITED {
        return None;
    }
    let same = |(a, b): &(u8, u8)| a.eq_ignore_ascii_case(b);
    let before = key.bytes().zip(known.bytes()).take_while(same).count();
    let rest = key.len().min(known.len()) - before;
    let after = key.bytes().rev().zip(known.bytes().rev()).take(rest).take_while(same).count();
    let differing = key.len().max(known.len()) - before - after;
    (differing <= MOST_EDITED && differing * 4 <= key.len()).then_some(differing)
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
