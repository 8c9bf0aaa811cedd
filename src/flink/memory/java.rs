//! Reads and writes numbers as Java does.
//!
//! Flink passes option values to `Float.parseFloat` and similar methods. They differ from Rust's
//! parsers in blanks, suffixes and hexadecimal numbers, and a difference would refuse a
//! configuration that Flink runs.

/// Removes what `String.trim` removes: all characters up to the blank.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ')
}

/// `Integer.parseInt`: digits of any script with an optional sign, without blanks.
pub fn parse_int(text: &str) -> Option<i32> {
    if text.is_ascii() {
        return text.parse().ok();
    }
    let ascii: Option<String> =
        text.chars().map(|c| if c.is_ascii() { Some(c) } else { decimal_digit(c) }).collect();
    ascii?.parse().ok()
}

/// The ASCII digit for a digit of another script.
fn decimal_digit(letter: char) -> Option<char> {
    /// The zeros of the scripts; the other nine digits follow each.
    const ZEROS: [u32; 36] = [
        0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6,
        0xE50, 0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
        0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
        0xFF10,
    ];
    let digit = ZEROS
        .iter()
        .filter_map(|zero| u32::from(letter).checked_sub(*zero))
        .find(|digit| *digit < 10)?;
    char::from_digit(digit, 10)
}

/// `Float.parseFloat`.
pub fn parse_float(text: &str) -> Option<f32> {
    // A hexadecimal float with more digits than a double would be rounded twice; this does not
    // occur in practice.
    parse(text, |decimal| decimal.parse().ok(), |double| double as f32)
}

/// `Double.parseDouble`.
pub fn parse_double(text: &str) -> Option<f64> {
    parse(text, |decimal| decimal.parse().ok(), |double| double)
}

fn parse<T: std::ops::Neg<Output = T>>(
    text: &str,
    decimal: impl Fn(&str) -> Option<T>,
    narrow: impl Fn(f64) -> T,
) -> Option<T> {
    let text = trim(text);
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = match unsigned {
        "NaN" => narrow(f64::NAN),
        "Infinity" => narrow(f64::INFINITY),
        _ => {
            let number = unsigned.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(unsigned);
            match number.strip_prefix("0x").or_else(|| number.strip_prefix("0X")) {
                Some(hexadecimal) => narrow(parse_hexadecimal(hexadecimal)?),
                // Only digits from here on: Rust would also accept `inf` and `nan`.
                None if number.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
                    decimal(number)?
                }
                None => return None,
            }
        }
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// `1.8p-3`: hexadecimal digits and a required power of two.
fn parse_hexadecimal(text: &str) -> Option<f64> {
    let (digits, power) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let unsigned = power.strip_prefix(['-', '+']).unwrap_or(power);
    if unsigned.is_empty() || !unsigned.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let power: i32 =
        power.parse().unwrap_or(if power.starts_with('-') { i32::MIN } else { i32::MAX });
    let places = i32::try_from(fraction.len()).ok()?.checked_mul(4)?;
    Some(if value == 0.0 { 0.0 } else { value * 2_f64.powi(power.saturating_sub(places)) })
}

/// `Double.toString`: always with a point, and with an exponent from ten million up and below a
/// thousandth.
pub fn double_text(double: f64) -> String {
    if double.is_nan() {
        return "NaN".into();
    }
    if double.is_infinite() {
        return if double > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    if double.fract() == 0.0 && double.abs() < 1e7 {
        return format!("{double:.1}");
    }
    let sign = if double.is_sign_negative() { "-" } else { "" };
    let Some((digits, exponent)) = decimal(double) else { return double.to_string() };
    let digits = digits.to_string();
    let point = exponent.saturating_add(i32::try_from(digits.len()).unwrap_or(i32::MAX));
    let plain = double == 0.0 || (1e-3..1e7).contains(&double.abs());
    // The position of the point among the digits: after the first one if there is an exponent.
    let before = usize::try_from(if plain { point } else { 1 }).unwrap_or(0);
    let zeros = if plain { usize::try_from(point.saturating_neg()).unwrap_or(0) } else { 0 };
    let (whole, fraction) = digits.split_at(before.min(digits.len()));
    let whole = format!("{whole}{}", "0".repeat(before.saturating_sub(digits.len())));
    let whole = if whole.is_empty() { "0" } else { &whole };
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    let exponent = if plain { String::new() } else { format!("E{}", point.saturating_sub(1)) };
    format!("{sign}{whole}.{}{fraction}{exponent}", "0".repeat(zeros))
}

/// `digits × 10^exponent`, the shortest decimal of the absolute value of a double: at most 17
/// digits.
///
/// If two are equally close, Java uses the even one and Rust the larger one.
pub fn decimal(double: f64) -> Option<(u128, i32)> {
    let text = format!("{:e}", double.abs());
    let (mantissa, exponent) = text.split_once('e')?;
    let (_, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = mantissa.bytes().filter(u8::is_ascii_digit);
    let digits = digits.fold(0_u128, |number, digit| number * 10 + u128::from(digit - b'0'));
    let exponent = exponent.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()?;
    Some((
        digits - u128::from(digits % 2 == 1 && is_half_below(double, digits, exponent)),
        exponent,
    ))
}

/// Whether the double is exactly `(digits - 1/2) × 10^exponent`. An odd number divided by 2^n has n
/// decimals, so this requires one decimal more than there are digits.
fn is_half_below(double: f64, digits: u128, exponent: i32) -> bool {
    let bits = double.abs().to_bits();
    let (fraction, biased) = (bits & ((1 << 52) - 1), bits >> 52);
    if biased == 0 {
        return false;
    }
    let mantissa = fraction | (1 << 52);
    let zeros = mantissa.trailing_zeros();
    let power = i32::try_from(biased)
        .unwrap_or(i32::MAX)
        .saturating_sub(1075)
        .saturating_add_unsigned(zeros);
    if exponent >= 0 || power != exponent.saturating_sub(1) {
        return false;
    }
    let twice = 5_u128
        .checked_pow(exponent.unsigned_abs())
        .and_then(|fives| fives.checked_mul(u128::from(mantissa >> zeros)));
    twice.is_some_and(|twice| twice + 1 == digits * 2)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_read_in_every_java_form() {
        let cases = [
            ("0.1", 0.1),
            ("0.1f", 0.1),
            ("0.1D", 0.1),
            ("1e-3", 0.001),
            (".5", 0.5),
            ("5.", 5.0),
            ("0x1p-3", 0.125),
            ("0X1.8P1", 3.0),
            ("0x.8p0f", 0.5),
            (" 0.1\n", 0.1),
            ("+1", 1.0),
            ("-0", 0.0),
            ("0.99999999", 1.0),
            ("1e99", f32::INFINITY),
            ("-Infinity", f32::NEG_INFINITY),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_float(text), Some(expected), "{text:?}");
        }
        assert!(parse_float("NaN").unwrap().is_nan());
        for text in [
            "", " ", "abc", "inf", "nan", "infinity", "0x1", "0xp1", "0x1p", "0x1p+-1", "1 0",
            "1,5", "0.1ff", "f", ".", "e5", "1e", "--1", "\u{a0}1",
        ] {
            assert_eq!(parse_float(text), None, "{text:?}");
        }
    }

    #[test]
    fn integers_accept_signs_but_no_blanks() {
        assert_eq!(parse_int("+5"), Some(5));
        assert_eq!(parse_int("05"), Some(5));
        assert_eq!(parse_int("-1"), Some(-1));
        assert_eq!(
            (parse_int("-٣५"), parse_int("１2"), parse_int("²")),
            (Some(-35), Some(12), None)
        );
        for text in ["", "+", " 5", "5.0", "1_000", "0x5", "2147483648"] {
            assert_eq!(parse_int(text), None, "{text:?}");
        }
    }

    #[test]
    fn doubles_are_written_as_java_writes_them() {
        let cases = [
            (0.0, "0.0"),
            (1.0, "1.0"),
            (f64::from(0.1_f32), "0.10000000149011612"),
            // Exactly between …562 and …563.
            (f64::from(0.778_602_6_f32), "0.7786026000976562"),
            (-0.0, "-0.0"),
            (123.0, "123.0"),
            (100.5, "100.5"),
            (0.001, "0.001"),
            (0.012, "0.012"),
            (0.0001, "1.0E-4"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (-12_345_678.9, "-1.23456789E7"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (double, expected) in cases {
            assert_eq!(double_text(double), expected);
        }
    }
}
