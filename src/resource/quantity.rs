//! Kubernetes quantities, exactly: `100m`, `1.5`, `2Gi`, `1e3`.
//!
//! Quota decisions compare sums with limits; a float would make two equal amounts differ. So an amount is a
//! whole number of billionths, the finest step that the API server itself keeps.

use super::type_name;
use serde_json::Value;
use std::fmt;

const NANOS: i128 = 1_000_000_000;
/// The API server caps every amount at 2^63-1 units, either way.
const CAP: i128 = i64::MAX as i128 * NANOS;
const BINARY_SUFFIXES: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
const DECIMAL_SUFFIXES: [(&str, i64); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

/// An exact amount, in billionths of its unit (nano-cores, nano-bytes), as `resource.Quantity` counts at its finest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity {
    nanos: i128,
}

/// Why a value is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// The text does not follow the grammar.
    #[error("`{0}` is not a Kubernetes quantity: write a number with an optional suffix, such as 500m, 2 or 4Gi")]
    Syntax(String),
    /// The value is neither text nor a number.
    #[error("{0} is not a Kubernetes quantity: write a number or a string, such as 500m, 2 or 4Gi")]
    Type(&'static str),
}

impl Quantity {
    /// Reads an amount as Kubernetes does: what is finer than a billionth is rounded away from zero, what is
    /// beyond 2^63-1 is cut to it.
    ///
    /// # Errors
    /// When the text is not a signed decimal number with at most one known suffix.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let syntax = || QuantityError::Syntax(text.chars().take(64).collect());
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(syntax());
        }
        let (shift, exponent) = scale(suffix).ok_or_else(syntax)?;
        let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|digit| digit - b'0').skip_while(|digit| *digit == 0).collect();
        let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
        let magnitude = nanos(&digits, shift, exponent.saturating_sub(places).saturating_add(9));
        Ok(Self { nanos: if negative { -magnitude } else { magnitude } })
    }

    /// Reads a string or a number, as fields of type int-or-string and quantities may be either; `null` is zero, as
    /// the API server reads it.
    ///
    /// # Errors
    /// When the value is of another type or its text is not a quantity.
    pub fn from_json(value: &Value) -> Result<Self, QuantityError> {
        match value {
            Value::String(text) => Self::parse(text),
            Value::Number(number) => Self::parse(&number.to_string()),
            Value::Null => Ok(Self::default()),
            other => Err(QuantityError::Type(type_name(other))),
        }
    }

    /// An amount of bytes.
    pub fn from_bytes(bytes: u64) -> Self {
        Self::from_units(bytes)
    }

    /// A whole amount: pods, slots, cores.
    pub fn from_units(units: u64) -> Self {
        // Cannot overflow: 2^64 × 10^9 has 94 bits.
        Self { nanos: i128::from(units) * NANOS }
    }

    /// Cores as Flink writes them into a pod: the text of its double. `None` below zero and for what is no number.
    pub fn from_cores_f64(cores: f64) -> Option<Self> {
        if !cores.is_finite() || cores < 0.0 {
            return None;
        }
        Self::parse(&cores.abs().to_string()).ok()
    }

    /// The sum; `None` when it cannot be held.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.nanos.checked_add(other.nanos).map(|nanos| Self { nanos })
    }

    /// The difference, which may be below zero; `None` when it cannot be held.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.nanos.checked_sub(other.nanos).map(|nanos| Self { nanos })
    }

    /// This amount so many times; `None` when it cannot be held.
    pub fn checked_mul(self, times: u64) -> Option<Self> {
        self.nanos.checked_mul(i128::from(times)).map(|nanos| Self { nanos })
    }

    /// Whether this is nothing.
    pub fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Whether this is below zero.
    pub fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// Whole units (bytes, pods), a begun one counted; zero when negative, `u64::MAX` when larger than that.
    pub fn units_ceil(self) -> u64 {
        let whole = self.nanos / NANOS;
        let begun = i128::from(self.nanos % NANOS > 0);
        u64::try_from((whole + begun).max(0)).unwrap_or(u64::MAX)
    }

    /// The amount as a float, for display only.
    pub fn as_cores_f64(self) -> f64 {
        self.nanos as f64 / NANOS as f64
    }

    /// An amount of bytes with the largest binary suffix that keeps it whole: `4Gi`, `4404Mi`, `1000`.
    pub fn display_bytes(self) -> String {
        let bytes = self.nanos / NANOS;
        if self.nanos % NANOS == 0 && bytes != 0 {
            for (suffix, shift) in BINARY_SUFFIXES.iter().rev() {
                let unit = 1_i128 << shift;
                if bytes % unit == 0 {
                    return format!("{}{suffix}", bytes / unit);
                }
            }
        }
        self.to_string()
    }
}

/// Exact: whole units as they are, else in the coarsest of `m`, `u` and `n` that keeps the number whole.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (suffix, unit) in [("", NANOS), ("m", 1_000_000), ("u", 1_000)] {
            if self.nanos % unit == 0 {
                return write!(f, "{}{suffix}", self.nanos / unit);
            }
        }
        write!(f, "{}n", self.nanos)
    }
}

/// The power of two and the power of ten that a suffix stands for. `E` alone is exa, with digits an exponent.
fn scale(suffix: &str) -> Option<(u32, i64)> {
    if let Some((_, exponent)) = DECIMAL_SUFFIXES.iter().find(|(name, _)| *name == suffix) {
        return Some((0, *exponent));
    }
    if let Some((_, shift)) = BINARY_SUFFIXES.iter().find(|(name, _)| *name == suffix) {
        return Some((*shift, 0));
    }
    suffix.strip_prefix(['e', 'E'])?.parse().ok().map(|exponent| (0, exponent))
}

/// `digits × 2^shift × 10^exponent`, rounded up and capped; the first digit is not zero.
///
/// Long division by powers of ten over the digits themselves, so that a number of any length is exact without
/// big integers.
fn nanos(digits: &[u8], shift: u32, exponent: i64) -> i128 {
    let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    if length == 0 {
        return 0;
    }
    // Digits before the point; the cap has 28.
    let point = length.saturating_add(exponent);
    if point > 28 {
        return CAP;
    }
    let whole_digits = usize::try_from(point).unwrap_or(0);
    let (whole, fraction) = digits.split_at(whole_digits.min(digits.len()));
    let zeros = whole_digits - whole.len();
    let whole = whole.iter().copied().chain(std::iter::repeat_n(0, zeros)).fold(0_i128, |sum, digit| sum * 10 + i128::from(digit));
    let mut carry = 0_i128;
    let mut rest = false;
    for digit in fraction.iter().rev() {
        carry += i128::from(*digit) << shift;
        rest |= carry % 10 != 0;
        carry /= 10;
    }
    // Zeros between the point and the first digit; what is carried has no more than 19 digits.
    for _ in 0..point.min(0).saturating_neg().min(20) {
        rest |= carry % 10 != 0;
        carry /= 10;
    }
    let begun = i128::from(rest);
    whole.checked_mul(1_i128 << shift).and_then(|product| product.checked_add(carry + begun)).map_or(CAP, |sum| sum.min(CAP))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn quantity(text: &str) -> Quantity {
        Quantity::parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn every_suffix_means_what_kubernetes_says() {
        let cases: [(&str, i128); 32] = [
            ("0", 0),
            ("100m", 100_000_000),
            ("1.5", 1_500_000_000),
            (".5", 500_000_000),
            ("5.", 5 * NANOS),
            ("+2", 2 * NANOS),
            ("-2", -2 * NANOS),
            ("1n", 1),
            ("1u", 1_000),
            ("1k", 1_000 * NANOS),
            ("1M", 1_000_000 * NANOS),
            ("1G", 1_000_000_000 * NANOS),
            ("1T", 1_000_000_000_000 * NANOS),
            ("1P", 1_000_000_000_000_000 * NANOS),
            ("1E", 1_000_000_000_000_000_000 * NANOS),
            ("1Ki", 1024 * NANOS),
            ("2Gi", 2_147_483_648 * NANOS),
            ("1Ei", (1_i128 << 60) * NANOS),
            ("1.5Gi", 1_610_612_736 * NANOS),
            ("0.1Gi", 107_374_182_400_000_000),
            ("1e3", 1_000 * NANOS),
            ("12E6", 12_000_000 * NANOS),
            ("1E+3", 1_000 * NANOS),
            ("5e-1", 500_000_000),
            ("0.1n", 1),
            ("-0.1n", -1),
            ("1.0000000001", 1_000_000_001),
            ("1e-400", 1),
            ("0e999999999999", 0),
            ("1e999999999999", CAP),
            ("-9Ei", -CAP),
            ("9223372036854775808", CAP),
        ];
        for (text, nanos) in cases {
            assert_eq!(quantity(text).nanos, nanos, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_quantity_is_refused() {
        let cases = [
            "",
            ".",
            "+",
            "-",
            "m",
            "1K",
            "1KI",
            "1ki",
            "1i",
            "1 Gi",
            " 1",
            "1 ",
            "1.2.3",
            "1..2",
            "--1",
            "0x10",
            "1e",
            "1e1.5",
            "1GB",
            "1Gib",
            "NaN",
            "inf",
            "1,5",
            "１",
            "1e99999999999999999999",
        ];
        for text in cases {
            assert!(Quantity::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_number_of_any_length_is_exact_and_cheap() {
        let tiny = format!("0.{}1", "0".repeat(100_000));
        assert_eq!(quantity(&tiny).nanos, 1);
        assert_eq!(quantity(&"9".repeat(100_000)).nanos, CAP);
        let brought_back = format!("1{}e-100000", "0".repeat(100_000));
        assert_eq!(quantity(&brought_back), quantity("1"));
        assert_eq!(quantity(&format!("0.5{}Gi", "0".repeat(1_000))), quantity("512Mi"));
    }

    #[test]
    fn json_may_hold_a_number_or_a_string() {
        assert_eq!(Quantity::from_json(&json!("500m")), Ok(quantity("500m")));
        assert_eq!(Quantity::from_json(&json!(2)), Ok(quantity("2")));
        assert_eq!(Quantity::from_json(&json!(0.5)), Ok(quantity("500m")));
        assert_eq!(Quantity::from_json(&json!(1e30)), Ok(Quantity { nanos: CAP }));
        assert_eq!(Quantity::from_json(&json!(null)), Ok(Quantity::default()));
        assert_eq!(Quantity::from_json(&json!({})), Err(QuantityError::Type("a mapping")));
    }

    #[test]
    fn amounts_are_written_as_people_read_them() {
        for (text, shown) in
            [("0.5", "500m"), ("2", "2"), ("1500m", "1500m"), ("2000", "2000"), ("1e-6", "1u"), ("7n", "7n"), ("-0.5", "-500m")]
        {
            assert_eq!(quantity(text).to_string(), shown);
        }
        for (text, shown) in
            [("4294967296", "4Gi"), ("4404Mi", "4404Mi"), ("1000", "1000"), ("0", "0"), ("1500m", "1500m"), ("1024Gi", "1Ti")]
        {
            assert_eq!(quantity(text).display_bytes(), shown);
        }
    }

    #[test]
    fn cores_are_the_text_of_the_double() {
        assert_eq!(Quantity::from_cores_f64(0.5), Some(quantity("500m")));
        assert_eq!(Quantity::from_cores_f64(0.1), Some(quantity("100m")));
        assert_eq!(Quantity::from_cores_f64(-0.0), Some(Quantity::default()));
        assert_eq!(Quantity::from_cores_f64(1e300), Some(Quantity { nanos: CAP }));
        assert_eq!(Quantity::from_cores_f64(-1.0), None);
        assert_eq!(Quantity::from_cores_f64(f64::NAN), None);
        assert_eq!(quantity("1500m").as_cores_f64(), 1.5);
    }

    #[test]
    fn a_begun_unit_counts_whole() {
        assert_eq!(quantity("1.1").units_ceil(), 2);
        assert_eq!(quantity("2").units_ceil(), 2);
        assert_eq!(quantity("-5").units_ceil(), 0);
        assert_eq!(Quantity { nanos: i128::MAX }.units_ceil(), u64::MAX);
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(nanos in -CAP..=CAP) {
            let amount = Quantity { nanos };
            prop_assert_eq!(quantity(&amount.to_string()), amount);
            prop_assert_eq!(quantity(&amount.display_bytes()), amount);
        }

        #[test]
        fn subtraction_undoes_addition(a in -CAP..=CAP, b in -CAP..=CAP) {
            let (a, b) = (Quantity { nanos: a }, Quantity { nanos: b });
            prop_assert_eq!(a.checked_add(b).and_then(|sum| sum.checked_sub(b)), Some(a));
            prop_assert_eq!(a.checked_add(a), a.checked_mul(2));
        }

        #[test]
        fn order_is_the_order_of_amounts(a in 0_u32.., b in 0_u32..) {
            let milli = |amount: u32| quantity(&format!("{amount}m"));
            prop_assert_eq!(milli(a).cmp(&milli(b)), a.cmp(&b));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+0-9.eEinumkKMGTP]{0,40}") {
            let _ = Quantity::parse(&text);
        }
    }
}
