//! Which options a configuration or a table may have: most look-ups are for options that it does not
//! have, and end without comparing keys.

/// A set of keys that sometimes has more than was added; it is exact enough for up to sixteen keys a
/// word.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyFilter<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Default for KeyFilter<WORDS> {
    fn default() -> Self {
        Self([0; WORDS])
    }
}

/// What is set follows from the options themselves.
impl<const WORDS: usize> PartialEq for KeyFilter<WORDS> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<const WORDS: usize> Eq for KeyFilter<WORDS> {}

impl<const WORDS: usize> KeyFilter<WORDS> {
    /// Adds a key.
    pub(super) fn add(&mut self, key: &str) {
        let (word, bit) = Self::place(key);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    /// Whether a key may have been added.
    pub(super) fn may_have(&self, key: &str) -> bool {
        let (word, bit) = Self::place(key);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Keys of options differ in their length and at their end.
    fn place(key: &str) -> (usize, u64) {
        let bytes = key.as_bytes();
        let at = |from_end: usize| {
            let index = bytes.len().checked_sub(from_end);
            index.and_then(|index| bytes.get(index)).copied().map_or(0, usize::from)
        };
        let hash =
            bytes.len().wrapping_mul(7) ^ at(1).wrapping_mul(11) ^ at(4).wrapping_mul(5) ^ at(9);
        ((hash >> 6) % WORDS, 1 << (hash & 63))
    }
}
