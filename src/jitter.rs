//! Random delays, so that replicas do not act at the same moment.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// `base` plus or minus a random part of up to `spread` of it.
pub(crate) fn jittered(base: Duration, spread: f64) -> Duration {
    let fraction = random() as f64 / u64::MAX as f64;
    base.mul_f64((1.0 + spread * (2.0 * fraction - 1.0)).max(0.0))
}

/// A number that differs between processes and calls; not for secrets.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_varies_within_its_spread() {
        let base = Duration::from_secs(100);
        let all: Vec<_> = (0..200).map(|_| jittered(base, 0.25)).collect();
        assert!(
            all.iter()
                .all(|one| (Duration::from_secs(75)..=Duration::from_secs(125)).contains(one))
        );
        assert!(all.iter().any(|one| *one < base) && all.iter().any(|one| *one > base));
    }
}
