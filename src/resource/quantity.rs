//! Exact Kubernetes quantities: `100m`, `1.5`, `2Gi`, `1e3`.
//!
//! Quota decisions compare sums with limits, and with floats two equal amounts could differ. So an
//! amount is a whole number of billionths, the finest step of the API server.

use super::type_name;
use serde_json::Value;
use std::fmt;

const NANOS: i128 = 1_000_000_000;
/// Kubernetes limits amounts with a binary suffix to 2^63-1 units in either direction.
const BINARY_CAP: i128 = i64::MAX as i128 * NANOS;
/// Kubernetes does not limit other amounts. Flinkgate limits them to 10^28 units, so that sums do
/// not overflow.
const CAP: i128 = 10_i128.pow(CAP_DIGITS);
const CAP_DIGITS: u32 = 37;
const BINARY_SUFFIXES: [(&str, u32); 6] =
    [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
const DECIMAL_SUFFIXES: [(&str, i64); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];

/// An exact amount in billionths of its unit (nano-cores, nano-bytes), the finest step of
/// `resource.Quantity`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity {
    nanos: i128,
}

/// Why a value is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// The text does not follow the grammar.
    #[error("`{0}` is not a Kubernetes quantity")]
    Syntax(String),
    /// The value is neither a string nor a number.
    #[error("{0} is not a Kubernetes quantity")]
    Type(&'static str),
}

impl QuantityError {
    /// What to write instead.
    pub const HELP: &'static str =
        "write a number with an optional suffix, such as `500m`, `2` or `4Gi`";
}

impl Quantity {
    /// Larger than any limit.
    pub const MAX: Self = Self { nanos: CAP };

    /// Reads an amount as Kubernetes does. Parts finer than a billionth are rounded away from zero,
    /// a number without digits is zero, and an exponent is truncated to its lower 32 bits.
    ///
    /// # Errors
    /// If the text is not a signed decimal number with at most one known suffix.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let syntax = || QuantityError::Syntax(text.chars().take(64).collect());
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let end =
            unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if text.is_empty() || fraction.contains('.') {
            return Err(syntax());
        }
        let (shift, exponent) = scale(suffix).ok_or_else(syntax)?;
        // Kubernetes reads a number without digits as zero in its fast path, and refuses it in the
        // other.
        if whole.is_empty() && fraction.is_empty() && (shift > 40 || exponent < -9) {
            return Err(syntax());
        }
        let all = || {
            let bytes = whole.bytes().chain(fraction.bytes());
            bytes.map(|digit| digit - b'0').skip_while(|digit| *digit == 0)
        };
        // Usual amounts need no memory.
        let (mut few, mut many) = ([0_u8; 64], Vec::new());
        let digits = if whole.len().saturating_add(fraction.len()) <= few.len() {
            let count = few.iter_mut().zip(all()).map(|(slot, digit)| *slot = digit).count();
            few.get(..count).unwrap_or_default()
        } else {
            many.extend(all());
            &many
        };
        let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
        let magnitude = nanos(digits, shift, exponent.saturating_sub(places).saturating_add(9));
        Ok(Self { nanos: if negative { -magnitude } else { magnitude } })
    }

    /// Reads a string or a number, because quantities and int-or-string fields may be either. As in
    /// the API server, `null` is zero, and surrounding space is ignored.
    ///
    /// # Errors
    /// If the value has another type or its text is not a quantity.
    pub fn from_json(value: &Value) -> Result<Self, QuantityError> {
        match value {
            Value::String(text) => Self::parse(text.trim()),
            Value::Number(number) => match number.as_u64() {
                Some(units) => Ok(Self::from_units(units)),
                None => Self::parse(&number.to_string()),
            },
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

    /// Cores as Flink writes them into a pod: the text of its double. `None` for negative and
    /// non-finite numbers.
    pub fn from_cores_f64(cores: f64) -> Option<Self> {
        if !cores.is_finite() || cores < 0.0 {
            return None;
        }
        Self::parse(&cores.abs().to_string()).ok()
    }

    /// The sum; `None` on overflow.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.nanos.checked_add(other.nanos).map(|nanos| Self { nanos })
    }

    /// The difference, which may be negative; `None` on overflow.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.nanos.checked_sub(other.nanos).map(|nanos| Self { nanos })
    }

    /// This amount multiplied by `times`; `None` on overflow.
    pub fn checked_mul(self, times: u64) -> Option<Self> {
        self.nanos.checked_mul(i128::from(times)).map(|nanos| Self { nanos })
    }

    /// One of `parts` equal parts, rounded towards zero; the whole amount if `parts` is 0.
    pub fn part(self, parts: u64) -> Self {
        Self { nanos: self.nanos / i128::from(parts.max(1)) }
    }

    /// How many times `other` fits into this amount; `None` if `other` is not above zero, which
    /// fits any number of times.
    pub fn times(self, other: Self) -> Option<u64> {
        (other.nanos > 0)
            .then(|| u64::try_from(self.nanos.max(0) / other.nanos).unwrap_or(u64::MAX))
    }

    /// How many times `other` is needed for at least this amount; `None` if no number is enough.
    pub fn times_begun(self, other: Self) -> Option<u64> {
        let whole = self.times(other)?;
        let is_enough = other.checked_mul(whole).is_some_and(|amount| amount >= self);
        whole.checked_add(u64::from(!is_enough))
    }

    /// Whether the amount is zero.
    pub fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Whether the amount is negative.
    pub fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// Whole units (bytes, pods), rounded up; zero if negative, `u64::MAX` if larger.
    pub fn units_ceil(self) -> u64 {
        let whole = self.nanos / NANOS;
        let begun = i128::from(self.nanos % NANOS > 0);
        u64::try_from((whole + begun).max(0)).unwrap_or(u64::MAX)
    }

    /// The amount as a float, for display only.
    pub fn as_cores_f64(self) -> f64 {
        self.nanos as f64 / NANOS as f64
    }

    /// An amount of bytes with the largest binary suffix that keeps it whole: `4Gi`, `4404Mi`,
    /// `1000`.
    pub fn display_bytes(self) -> String {
        let bytes = self.nanos / NANOS;
        // A larger amount with a binary suffix would be limited when it is read.
        if self.nanos % NANOS == 0 && bytes != 0 && self.nanos.abs() <= BINARY_CAP {
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

/// Exact: in whole units, or else in the coarsest of `m`, `u` and `n` that keeps the number whole.
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

/// The powers of two and ten of a suffix. `E` alone is exa; followed by digits it is an exponent.
fn scale(suffix: &str) -> Option<(u32, i64)> {
    if let Some((_, exponent)) = DECIMAL_SUFFIXES.iter().find(|(name, _)| *name == suffix) {
        return Some((0, *exponent));
    }
    if let Some((_, shift)) = BINARY_SUFFIXES.iter().find(|(name, _)| *name == suffix) {
        return Some((*shift, 0));
    }
    let exponent: i64 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    // As Kubernetes does: 1e-4294967295 is ten.
    Some((0, i64::from(exponent as i32)))
}

/// `digits × 2^shift × 10^exponent`, rounded up and limited; the first digit is not zero.
///
/// Divides the digits themselves by powers of ten, so that a number of any length is exact without
/// big integers.
fn nanos(digits: &[u8], shift: u32, exponent: i64) -> i128 {
    let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    if length == 0 {
        return 0;
    }
    // A number below the limit has no more digits before the point.
    let (cap, longest) = if shift > 0 { (BINARY_CAP, 28) } else { (CAP, i64::from(CAP_DIGITS)) };
    let point = length.saturating_add(exponent);
    if point > longest {
        return cap;
    }
    let whole_digits = usize::try_from(point).unwrap_or(0);
    let (whole, fraction) = digits.split_at(whole_digits.min(digits.len()));
    let zeros = whole_digits - whole.len();
    let whole = whole
        .iter()
        .copied()
        .chain(std::iter::repeat_n(0, zeros))
        .fold(0_i128, |sum, digit| sum * 10 + i128::from(digit));
    let mut carry = 0_i128;
    let mut rest = false;
    for digit in fraction.iter().rev() {
        carry += i128::from(*digit) << shift;
        rest |= carry % 10 != 0;
        carry /= 10;
    }
    // Zeros between the point and the first digit; the carry has at most 19 digits.
    for _ in 0..point.min(0).saturating_neg().min(20) {
        rest |= carry % 10 != 0;
        carry /= 10;
    }
    let begun = i128::from(rest);
    whole
        .checked_mul(1_i128 << shift)
        .and_then(|product| product.checked_add(carry + begun))
        .map_or(cap, |sum| sum.min(cap))
}

#[cfg(test)]
mod tests;
