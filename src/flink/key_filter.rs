//! Which options a configuration may have: most look-ups are for options that are not set, and end
//! without comparing keys.

/// A set of keys that sometimes has more than was added.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KeyFilter([u64; 4]);

/// What is set follows from the options themselves.
impl PartialEq for KeyFilter {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for KeyFilter {}

impl KeyFilter {
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
        ((hash >> 6) & 3, 1 << (hash & 63))
    }
}
