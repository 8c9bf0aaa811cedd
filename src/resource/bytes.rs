//! Looks for the bytes that end words in long texts: most bytes are letters, so eight are compared at
//! once.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHEST_BITS: u64 = 0x8080_8080_8080_8080;
const WORD: usize = 8;

/// Bytes to look for: some of those below 64, and two others.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The wanted bytes below 64, as bits.
    low: u64,
    /// One more than the highest of them, in every byte.
    limits: u64,
    /// The others, each in every byte.
    others: [u64; 2],
}

impl Wanted {
    /// These bytes below 64, and two others, which may be the same.
    pub const fn new(mut low: &[u8], [one, other]: [u8; 2]) -> Self {
        let (mut bits, mut limit) = (0_u64, 0_u8);
        while let [byte, rest @ ..] = low {
            bits |= 1 << *byte;
            if *byte >= limit {
                limit = *byte + 1;
            }
            low = rest;
        }
        let others = [ONES * one as u64, ONES * other as u64];
        Self { low: bits, limits: ONES * limit as u64, others }
    }

    /// The index of the first wanted byte.
    #[inline]
    pub fn first_in(&self, text: &[u8]) -> Option<usize> {
        let mut start = 0;
        loop {
            let rest = text.get(start..)?;
            let Some((word, _)) = rest.split_first_chunk::<WORD>() else {
                let found = rest.iter().position(|byte| self.has(*byte));
                return found.map(|found| start + found);
            };
            let marks = self.marks(u64::from_le_bytes(*word));
            if marks == 0 {
                start += WORD;
                continue;
            }
            let found = start + marks.trailing_zeros() as usize / 8;
            if text.get(found).is_some_and(|byte| self.has(*byte)) {
                return Some(found);
            }
            start = found + 1;
        }
    }

    #[inline]
    fn has(&self, byte: u8) -> bool {
        let [one, other] = self.others;
        (byte < 64 && self.low >> byte & 1 == 1)
            || u64::from(byte) == one & 0xff
            || u64::from(byte) == other & 0xff
    }

    /// The highest bits of the bytes that may be wanted: those below the limit, and the others. Above
    /// the first one there may be more.
    #[inline]
    fn marks(&self, word: u64) -> u64 {
        let [one, other] = self.others;
        let (one, other) = (word ^ one, word ^ other);
        let below = word.wrapping_sub(self.limits) & !word;
        let equal = (one.wrapping_sub(ONES) & !one) | (other.wrapping_sub(ONES) & !other);
        (below | equal) & HIGHEST_BITS
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_found_at_every_place() {
        let wanted = Wanted::new(b" \t\n;", [b'|', b'\\']);
        for byte in 0..=u8::MAX {
            for filler in [b'a', 0x80, 0xff, b'}', b'!'] {
                for length in 1..40 {
                    for place in 0..length {
                        let mut text = vec![filler; length];
                        text[place] = byte;
                        let expected = text.iter().position(|byte| b" \t\n;|\\".contains(byte));
                        assert_eq!(wanted.first_in(&text), expected, "{text:?}");
                    }
                }
            }
        }
        assert_eq!(wanted.first_in(b""), None);
    }

    #[test]
    fn bytes_after_others_are_found() {
        let wanted = Wanted::new(b"\"", [b'\\', b'\\']);
        assert_eq!(wanted.first_in("!#$ é\u{80}ü a\"b\\".as_bytes()), Some(12));
        let quotes = Wanted::new(b"", [b'"', b'\\']);
        assert_eq!(quotes.first_in(b"                ' a\\\""), Some(19));
    }
}
