//! Reads memory sizes as Flink and the operator do: `2048m`, `4 gb`, `2Gi`.
//!
//! Kubernetes reads the same text differently (`2048m` is about two bytes). So sizes in Flink's
//! options are never read as quantities. Sizes in the operator's `resource` fields are read as
//! quantities only if Flink cannot read them.

use super::memory::java::trim;
use crate::resource::quantity::Quantity;

const UNITS: [(&[&str], u64); 5] = [
    (&["", "b", "bytes"], 1),
    (&["k", "kb", "kibibytes"], 1 << 10),
    (&["m", "mb", "mebibytes"], 1 << 20),
    (&["g", "gb", "gibibytes"], 1 << 30),
    (&["t", "tb", "tebibytes"], 1 << 40),
];

/// The largest size in Flink: a Java long.
pub const MAX_MEMORY_SIZE: u64 = i64::MAX as u64;

/// Why a text is not a memory size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemorySizeError {
    /// The text is empty.
    #[error("the memory size is empty")]
    Empty,
    /// The text does not start with a digit.
    #[error("memory size `{0}` does not start with a number")]
    NoNumber(String),
    /// The unit is unknown.
    #[error("memory size `{text}` has the unknown unit `{unit}`")]
    Unit {
        /// The size as written.
        text: String,
        /// The text in place of the unit.
        unit: String,
    },
    /// More bytes than Flink can count.
    #[error("memory size `{0}` is more than Flink can count (2^63-1 bytes)")]
    Overflow(String),
    /// A quantity that the operator would write with a decimal point or an exponent.
    #[error(
        "memory size `{0}` reaches Flink with a decimal point or an exponent, which it refuses"
    )]
    NotPlain(String),
}

impl MemorySizeError {
    /// What to write instead.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Empty | Self::NoNumber(_) => {
                "write a whole number with a unit, such as `2048m` or `4g`"
            }
            Self::Unit { .. } => {
                "write a whole number with `b`, `k`, `m`, `g` or `t`, such as `1536m`"
            }
            Self::Overflow(_) => "write a smaller size",
            Self::NotPlain(_) => "write a whole number, such as `1536m`",
        }
    }
}

/// Reads a size as Flink's `MemorySize` does: a whole number and a unit in any letter case, with
/// optional blanks.
///
/// # Errors
/// If Flink would refuse the text.
pub fn parse_memory_size(text: &str) -> Result<u64, MemorySizeError> {
    let trimmed = trim(text);
    if trimmed.is_empty() {
        return Err(MemorySizeError::Empty);
    }
    let end = trimmed.find(|c: char| !c.is_ascii_digit()).unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(end);
    if number.is_empty() {
        return Err(MemorySizeError::NoNumber(shown(text)));
    }
    let overflow = || MemorySizeError::Overflow(shown(text));
    let number: u64 = number.parse().map_err(|_| overflow())?;
    let unit = trim(unit);
    let in_lower_case = || unit.chars().flat_map(char::to_lowercase);
    // Letters of other scripts may be those of a unit in lower case.
    let is_unit = |name: &&str| {
        unit.eq_ignore_ascii_case(name) || !unit.is_ascii() && in_lower_case().eq(name.chars())
    };
    // Most units are written in lower case.
    let exact = || UNITS.iter().find(|(names, _)| names.contains(&unit));
    let any_case = || UNITS.iter().find(|(names, _)| names.iter().any(is_unit));
    let Some((_, bytes)) = exact().or_else(any_case) else {
        return Err(MemorySizeError::Unit {
            text: shown(text),
            unit: in_lower_case().take(64).collect(),
        });
    };
    number.checked_mul(*bytes).filter(|size| *size <= MAX_MEMORY_SIZE).ok_or_else(overflow)
}

/// Reads a size in `spec.jobManager.resource.memory` and similar fields as the operator does: first
/// as Flink does, then as a Kubernetes quantity in capitals (`2gi`, `2 GiB`), without a fraction.
///
/// # Errors
/// If neither can read it, or Flink would refuse the operator's result. The error is Flink's.
pub fn parse_resource_memory(text: &str) -> Result<u64, MemorySizeError> {
    let error = match parse_memory_size(text) {
        Ok(size) => return Ok(size),
        Err(error) => error,
    };
    let mut quantity = text.to_uppercase();
    quantity.retain(|c| !c.is_ascii_whitespace() && c > ' ');
    if quantity.ends_with('B') {
        quantity.pop();
    }
    if quantity.ends_with('I') {
        quantity.pop();
        quantity.push('i');
    }
    let Ok(amount) = Quantity::parse(&quantity) else { return Err(error) };
    // The API server reads a number without digits as zero; the operator's client refuses it.
    if amount.is_negative()
        || !quantity.trim_start_matches(['+', '.']).starts_with(|c: char| c.is_ascii_digit())
    {
        return Err(error);
    }
    let size = amount.units_ceil();
    if !stays_plain(&quantity) || Quantity::from_bytes(size) != amount {
        return Err(MemorySizeError::NotPlain(shown(text)));
    }
    if size > MAX_MEMORY_SIZE { Err(MemorySizeError::Overflow(shown(text))) } else { Ok(size) }
}

/// Whether the operator's client prints this quantity without point and exponent. It keeps the
/// decimals (`1.0Gi` becomes `1073741824.0`) and calculates with 16 digits (`1E` becomes
/// `1.000000000000000E+18`).
fn stays_plain(quantity: &str) -> bool {
    let end = quantity.rfind(|c: char| c.is_ascii_digit() || c == '.').map_or(0, |last| last + 1);
    let decimals = quantity
        .split_once('.')
        .is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
    let exponent = quantity.split_once('E').map(|(_, exponent)| exponent);
    let plain_factor = match exponent {
        // The suffixes E and Ei.
        Some(_) if quantity.get(end..).is_some_and(|suffix| suffix.starts_with('E')) => false,
        Some(exponent) => exponent.parse::<i32>().is_ok_and(|exponent| (0..16).contains(&exponent)),
        None => true,
    };
    plain_factor && !decimals
}

/// A size as in Flink's messages: `1024.000mb (1073741824 bytes)`, in the largest unit that is
/// smaller.
pub fn human_readable(bytes: u64) -> String {
    match UNITS.iter().skip(1).rev().find(|(_, unit)| bytes > *unit) {
        Some((names, unit)) => {
            // Three decimals, rounded half up: 2^63 × 1000 needs more than 64 bits.
            let thousandths =
                (u128::from(bytes) * 1000 + u128::from(*unit) / 2) / u128::from(*unit);
            let name = names.get(1).copied().unwrap_or_default();
            format!("{}.{:03}{name} ({bytes} bytes)", thousandths / 1000, thousandths % 1000)
        }
        None => format!("{bytes} bytes"),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn flink_reads_whole_numbers_with_binary_units() {
        let cases = [
            ("100", 100),
            ("0", 0),
            ("007 b", 7),
            ("100 bytes", 100),
            ("2k", 2048),
            ("2 KB", 2048),
            ("2048m", 2 * GIB),
            (" 2048 mebibytes\t", 2 * GIB),
            ("2g", 2 * GIB),
            ("2 Gb", 2 * GIB),
            ("2gibibytes", 2 * GIB),
            ("1tb", 1 << 40),
            ("1\u{1}g\u{0}", GIB),
            // The Kelvin sign is a capital k.
            ("1\u{212a}", 1024),
            ("9223372036854775807", MAX_MEMORY_SIZE),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse_memory_size(text), Ok(bytes), "{text:?}");
        }
    }

    #[test]
    fn flink_refuses_signs_fractions_and_other_units() {
        // The oracle compares these with Flink itself.
        let cases: Vec<(String, Option<u64>)> =
            serde_json::from_str(include_str!("odd_memory_sizes.json")).unwrap();
        for (text, bytes) in cases
            .iter()
            .map(|(text, bytes)| (text.as_str(), *bytes))
            .chain([("  ", None), ("-1", None)])
        {
            assert_eq!(parse_memory_size(text).ok(), bytes, "{text:?}");
        }
    }

    #[test]
    fn the_operator_tries_flink_before_kubernetes() {
        let cases = [
            ("2048m", 2 * GIB),
            ("2G", 2 * GIB),
            ("2Gi", 2 * GIB),
            ("2gi", 2 * GIB),
            ("2 GiB", 2 * GIB),
            ("2048Mi", 2 * GIB),
            ("100", 100),
            ("1e3", 1000),
            ("1P", 1_000_000_000_000_000),
            ("1Pi", 1 << 50),
            ("2.", 2),
            ("+1Gi", GIB),
            ("1E+3", 1000),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse_resource_memory(text), Ok(bytes), "{text:?}");
        }
    }

    #[test]
    fn quantities_printed_with_point_or_exponent_are_refused() {
        for text in [
            "1.5Gi", "1.0Gi", "1.5G", "1.5e3", ".5Gi", "0.5", "1E", "9E", "1Ei", "4Ei", "1e16",
            "1e18", "1E-3", "1000E-3",
        ] {
            assert_eq!(
                parse_resource_memory(text),
                Err(MemorySizeError::NotPlain(text.into())),
                "{text:?}"
            );
        }
        for text in ["", "-1Gi", "lots", "2GiG", "1n", "1u"] {
            assert!(parse_resource_memory(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn sizes_are_shown_in_the_largest_smaller_unit() {
        let cases = [
            (0, "0 bytes"),
            (1024, "1024 bytes"),
            (1025, "1.001kb (1025 bytes)"),
            (GIB, "1024.000mb (1073741824 bytes)"),
            (2 * GIB, "2.000gb (2147483648 bytes)"),
            (1088 << 20, "1.063gb (1140850688 bytes)"),
            (MAX_MEMORY_SIZE, "8388608.000tb (9223372036854775807 bytes)"),
        ];
        for (bytes, text) in cases {
            assert_eq!(human_readable(bytes), text);
        }
    }
}
