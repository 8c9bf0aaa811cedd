//! A fast hash for the catalog's own tables. Their keys are fixed, so an attacker cannot choose keys
//! that collide; the default hash, which resists that, takes most of the time of a look-up.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A table of the catalog by key.
pub(super) type KeyMap<V> = HashMap<&'static str, V, BuildHasherDefault<KeyHasher>>;

/// Multiplies after every eight bytes, as FxHash does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KeyHasher(u64);

/// An odd number without a pattern: the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl KeyHasher {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(FACTOR);
    }
}

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.add(u64::from_le_bytes(*word)));
        let last = rest.iter().fold(0, |last, byte| last << 8 | u64::from(*byte));
        self.add(last);
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(u64::from(byte));
    }

    fn finish(&self) -> u64 {
        // The table reads the highest and the lowest bits.
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flink::catalog::table::Table;
    use std::collections::BTreeSet;

    #[test]
    fn keys_of_the_catalog_have_different_hashes() {
        let hash = |key: &str| {
            let mut hasher = KeyHasher::default();
            hasher.write(key.as_bytes());
            hasher.finish()
        };
        let keys: BTreeSet<&str> = Table::get().all().iter().map(|reading| reading.key).collect();
        let hashes: BTreeSet<u64> = keys.iter().map(|key| hash(key)).collect();
        assert_eq!(keys.len(), hashes.len());
    }
}
