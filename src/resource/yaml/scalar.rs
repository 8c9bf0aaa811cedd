//! Interprets scalars as go-yaml v2 does, the YAML reader of kubectl, Helm and the API server.
//!
//! It follows YAML 1.1 in part: `yes`, `on` and `y` are booleans, `0777` is octal, and underscores
//! in numbers are skipped. But `1:30` stays text, as do dates, which are strings in JSON.

use serde_json::{Number, Value};

/// The meaning of a scalar without quotes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// Above `i64::MAX`.
    Large(u64),
    Float(f64),
    /// `.inf` and `.nan`, which JSON cannot hold.
    NotFinite,
    Text,
}

/// Reads a plain scalar.
pub(super) fn resolve(text: &str) -> Scalar {
    let Some(first) = text.bytes().next() else { return Scalar::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => not_finite(text).unwrap_or_else(|| float(text)),
        b'+' | b'-' | b'0'..=b'9' => not_finite(text).unwrap_or_else(|| number(text)),
        _ => Scalar::Text,
    }
}

/// Reads a plain scalar by the core schema of YAML 1.2.
pub(super) fn resolve_core(text: &str) -> Scalar {
    let in_base = |base: u32, digits: &str| {
        let are_digits = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(base));
        are_digits.then(|| u64::from_str_radix(digits, base).map_or(Scalar::Text, unsigned))
    };
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Bool(true),
        "false" | "False" | "FALSE" => return Scalar::Bool(false),
        _ => {}
    }
    let with_base = text
        .strip_prefix("0o")
        .and_then(|digits| in_base(8, digits))
        .or_else(|| text.strip_prefix("0x").and_then(|digits| in_base(16, digits)));
    if let Some(number) = with_base {
        return number;
    }
    let (negative, digits) = split_sign(text);
    match in_base(10, digits) {
        Some(_) if negative => text.parse().map_or(Scalar::Text, Scalar::Int),
        Some(number) => number,
        None => float(text),
    }
}

fn unsigned(number: u64) -> Scalar {
    i64::try_from(number).map_or(Scalar::Large(number), Scalar::Int)
}

fn word(text: &str) -> Scalar {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        _ => Scalar::Text,
    }
}

fn not_finite(text: &str) -> Option<Scalar> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let infinite = matches!(unsigned, ".inf" | ".Inf" | ".INF");
    (infinite || matches!(text, ".nan" | ".NaN" | ".NAN")).then_some(Scalar::NotFinite)
}

fn number(text: &str) -> Scalar {
    // Dates, versions and addresses start like numbers; one character distinguishes most of them.
    if text
        .bytes()
        .any(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'-' | b'.' | b'_'))
    {
        return Scalar::Text;
    }
    let joined;
    let plain = if text.contains('_') {
        joined = text.replace('_', "");
        joined.as_str()
    } else {
        text
    };
    integer(plain).unwrap_or_else(|| match float(plain) {
        Scalar::Text => beyond_64_bits(plain),
        found => found,
    })
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Splits off `0x`, `0o`, `0b` or a leading zero.
fn split_base(digits: &str) -> (u32, &str) {
    let prefix = digits.get(..2).unwrap_or_default();
    let rest = digits.get(2..).unwrap_or_default();
    match prefix {
        "0x" | "0X" if !rest.is_empty() => (16, rest),
        "0o" | "0O" if !rest.is_empty() => (8, rest),
        "0b" | "0B" if !rest.is_empty() => (2, rest),
        _ if digits.len() > 1 && digits.starts_with('0') => {
            (8, digits.get(1..).unwrap_or_default())
        }
        _ => (10, digits),
    }
}

fn integer(text: &str) -> Option<Scalar> {
    let (negative, digits) = split_sign(text);
    let (base, digits) = split_base(digits);
    // `from_str_radix` would accept a second sign here.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, base).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(magnitude).map(Scalar::Int);
    }
    match i64::try_from(magnitude) {
        Ok(small) => Some(Scalar::Int(small)),
        // go-yaml reads large numbers without a sign only.
        Err(_) if !text.starts_with('+') => Some(Scalar::Large(magnitude)),
        Err(_) => None,
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn float(text: &str) -> Scalar {
    let (_, unsigned) = split_sign(text);
    let (mantissa, exponent) = unsigned
        .split_once(['e', 'E'])
        .map_or((unsigned, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let (whole, fraction) = mantissa
        .split_once('.')
        .map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = digits(whole)
        && fraction.is_none_or(digits)
        && !(whole.is_empty() && fraction.is_none_or(str::is_empty));
    let exponent_fits = exponent.is_none_or(|exponent| {
        let (_, power) = split_sign(exponent);
        !power.is_empty() && digits(power)
    });
    if !mantissa_fits || !exponent_fits {
        return Scalar::Text;
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Scalar::Float(number),
        _ => Scalar::Text,
    }
}

/// Hexadecimal, octal and binary numbers of more than 64 bits; JSON readers see them as floats.
#[allow(clippy::cast_precision_loss)]
fn beyond_64_bits(text: &str) -> Scalar {
    let (negative, digits) = split_sign(text);
    let (base, digits) = split_base(digits);
    if base == 10 || digits.starts_with(['+', '-']) {
        return Scalar::Text;
    }
    match u128::from_str_radix(digits, base) {
        Ok(magnitude) => {
            Scalar::Float(if negative { -(magnitude as f64) } else { magnitude as f64 })
        }
        Err(_) => Scalar::Text,
    }
}

/// The JSON value; `text` is the scalar as written.
pub(super) fn value(scalar: Scalar, text: impl Into<String>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(truth) => Value::Bool(truth),
        Scalar::Int(number) => number.into(),
        Scalar::Large(number) => number.into(),
        Scalar::Float(number) => float_value(number),
        Scalar::NotFinite | Scalar::Text => Value::String(text.into()),
    }
}

/// A float as it reaches the API server through JSON: `8.0` is written as `8` and read as an
/// integer.
#[allow(clippy::cast_possible_truncation)]
pub(super) fn float_value(number: f64) -> Value {
    const FIRST_BEYOND_I64: f64 = 9_223_372_036_854_775_808.0;
    if number.fract() == 0.0 && number.abs() < FIRST_BEYOND_I64 {
        return (number as i64).into();
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// The text of a scalar that is a key; `None` for null, which cannot be a key.
pub(super) fn key(scalar: Scalar, text: &str) -> Option<String> {
    match scalar {
        Scalar::Null => None,
        Scalar::Bool(truth) => Some(truth.to_string()),
        Scalar::Int(number) => Some(number.to_string()),
        Scalar::Large(number) => Some(number.to_string()),
        Scalar::Float(number) => Some(float_key(number)),
        Scalar::NotFinite | Scalar::Text => Some(text.to_owned()),
    }
}

/// Go's `%g` in 32 bits, which sigs.k8s.io/yaml uses for keys that are floats.
#[allow(clippy::cast_possible_truncation)]
fn float_key(number: f64) -> String {
    let single = number as f32;
    let scientific = format!("{single:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(power) if !(-4..6).contains(&power) => {
            format!("{mantissa}e{}{:02}", if power < 0 { '-' } else { '+' }, power.unsigned_abs())
        }
        _ => single.to_string(),
    }
}
