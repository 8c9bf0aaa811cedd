//! Suggestions for misspelled names.

/// The known word closest to `word`, if it is close enough.
pub fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    let most = 1 + length / 4;
    // Words differ by their difference in length at least.
    let near = |candidate: &&str| candidate.chars().count().abs_diff(length) <= most;
    let distances = known.iter().copied().filter(near);
    let distances = distances.map(|near| (distance(&word, &near.to_lowercase()), near));
    let (distance, best) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= most).then_some(best)
}

/// Levenshtein distance: number of letters to insert, delete or replace.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut next = Vec::with_capacity(row.len());
    for (i, from) in a.chars().enumerate() {
        let mut left = i + 1;
        next.clear();
        next.push(left);
        for (pair, to) in row.windows(2).zip(&b) {
            let &[diagonal, above] = pair else { continue };
            left = (diagonal + usize::from(from != *to)).min(above + 1).min(left + 1);
            next.push(left);
        }
        std::mem::swap(&mut row, &mut next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_letters() {
        assert_eq!(
            [distance("kitten", "sitting"), distance("", "abc"), distance("a", "a")],
            [3, 3, 0]
        );
    }

    #[test]
    fn only_close_words_are_suggested() {
        let known = ["flink", "object", "oldObject"];
        assert_eq!(
            ["flnk", "Oldobject", "nothing"].map(|word| closest(word, &known)),
            [Some("flink"), Some("oldObject"), None]
        );
    }
}
