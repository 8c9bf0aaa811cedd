//! What texts show: whether one may have a certain secret, without a search of all of them.

/// Bytes by which a secret is looked for. Shorter secrets are looked for as a whole.
const WINDOW: usize = 4;
/// Words of 64 bits. A few findings set a hundredth of the bits.
const WORDS: usize = 1 << 9;

/// The beginnings of all that some texts show. It may have more, and never less.
#[derive(Debug)]
pub(super) struct ShownTexts {
    bits: Vec<u64>,
}

impl ShownTexts {
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut shown = Self { bits: vec![0; WORDS] };
        for text in texts {
            let mut rest = text.as_bytes();
            while let [_, after @ ..] = rest {
                (1..=WINDOW).filter_map(|length| rest.get(..length)).for_each(|it| shown.add(it));
                rest = after;
            }
        }
        shown
    }

    /// Whether a text may show this secret. Of several lines, any may be shown.
    pub(super) fn may_begin(&self, secret: &str) -> bool {
        let bytes = secret.as_bytes();
        let window = bytes.get(..WINDOW).unwrap_or(bytes);
        let (word, bit) = place(window);
        !window.is_empty()
            && (self.bits.get(word).is_some_and(|word| word & bit != 0) || bytes.contains(&b'\n'))
    }

    fn add(&mut self, window: &[u8]) {
        let (word, bit) = place(window);
        if let Some(word) = self.bits.get_mut(word) {
            *word |= bit;
        }
    }
}

/// The bit of a window.
fn place(window: &[u8]) -> (usize, u64) {
    let number = window.iter().fold(1_u32, |number, byte| (number << 8) ^ u32::from(*byte));
    let hash = number.wrapping_mul(0x9e37_79b1) >> 17;
    (hash as usize / 64 % WORDS, 1 << (hash % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_found_by_its_beginning() {
        let shown = ShownTexts::of(["the password `hunter2` of `ab`", "ünïcode"].into_iter());
        for secret in ["hunter2", "hunt", "ab", "a", "ünïcode", "hunter22", "x\ny"] {
            assert!(shown.may_begin(secret), "{secret}");
        }
        for secret in ["", "secret", "Hunter2", "zz", "q"] {
            assert!(!shown.may_begin(secret), "{secret}");
        }
    }
}
