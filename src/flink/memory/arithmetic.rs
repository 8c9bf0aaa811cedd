//! Sums and shares as in Flink's `MemorySize`: 63 bits, and shares as exact decimals, rounded down.

use super::java::decimal;
use super::refusal::{Fault, Refusal};
use crate::flink::memory_size::MAX_MEMORY_SIZE;

/// The sum, which must fit in a Java long.
pub(super) fn sum(sizes: &[u64], option: &str) -> Result<u64, Refusal> {
    let total = sizes.iter().try_fold(0_u64, |total, size| total.checked_add(*size));
    total.filter(|total| *total <= MAX_MEMORY_SIZE).ok_or_else(|| overflow(option))
}

/// `size × factor`, rounded down.
///
/// Flink uses the shortest decimal of the double (0.10000000149011612 for the float 0.1), not its
/// exact binary value. The two differ in the last byte for sizes that are round in binary.
pub(super) fn share(size: u64, factor: f64, option: &str) -> Result<u64, Refusal> {
    let (digits, exponent) = decimal(factor).ok_or_else(|| overflow(option))?;
    let product = u128::from(size).checked_mul(digits).ok_or_else(|| overflow(option))?;
    let magnitude = 10_u128.checked_pow(exponent.unsigned_abs());
    let product = match magnitude {
        Some(magnitude) if exponent >= 0 => {
            product.checked_mul(magnitude).ok_or_else(|| overflow(option))?
        }
        Some(magnitude) => product / magnitude,
        // Beyond 38 digits the result is either zero or too large.
        None if exponent < 0 || product == 0 => 0,
        None => return Err(overflow(option)),
    };
    u64::try_from(product)
        .ok()
        .filter(|size| *size <= MAX_MEMORY_SIZE)
        .ok_or_else(|| overflow(option))
}

fn overflow(option: &str) -> Refusal {
    Refusal::new(
        Fault::Overflow,
        "long overflow",
        "the sizes add up to more than Flink can count (2^63-1 bytes)",
        option,
    )
    .bare()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_exact_decimals_rounded_down() {
        let cases = [
            (4_294_967_296, f64::from(0.1_f32), 429_496_736),
            (1 << 24, f64::from(0.7_f32), 11_744_050),
            (548_405_248, f64::from(0.778_602_6_f32), 426_989_751),
            (1000, 0.5, 500),
            (7, 1e-300, 0),
            (0, 1e300, 0),
            (3, 2.0, 6),
            (MAX_MEMORY_SIZE, 1.0, MAX_MEMORY_SIZE),
        ];
        for (size, factor, expected) in cases {
            assert_eq!(
                share(size, factor, "x").map_err(|refusal| refusal.message),
                Ok(expected),
                "{size} × {factor}"
            );
        }
        assert!(share(MAX_MEMORY_SIZE, 1.1, "x").is_err());
        assert!(share(1, 1e300, "x").is_err());
    }

    #[test]
    fn sums_stay_within_a_java_long() {
        assert!(sum(&[MAX_MEMORY_SIZE, 0], "x").is_ok());
        assert_eq!(sum(&[MAX_MEMORY_SIZE, 1], "x").unwrap_err().message, "long overflow");
        assert!(sum(&[u64::MAX, u64::MAX], "x").is_err());
    }
}
