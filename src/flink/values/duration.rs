//! Reads durations: `10 s`, `5min`, and from Flink 2.1 on `PT10S`.

use crate::flink::memory::java::trim;
use crate::flink::version::FlinkVersion;

const SECOND: i128 = 1_000_000_000;

const UNITS: [(&[&str], i128); 7] = [
    (&["", "ms", "milli", "millis", "millisecond", "milliseconds"], 1_000_000),
    (&["s", "sec", "secs", "second", "seconds"], SECOND),
    (&["min", "m", "minute", "minutes"], 60 * SECOND),
    (&["h", "hour", "hours"], 3600 * SECOND),
    (&["d", "day", "days"], 86_400 * SECOND),
    (&["µs", "micro", "micros", "microsecond", "microseconds"], 1000),
    (&["ns", "nano", "nanos", "nanosecond", "nanoseconds"], 1),
];

/// The first version that reads ISO 8601 durations too.
const ISO: FlinkVersion = FlinkVersion::new(2, 1);

/// Reads a duration in nanoseconds as this Flink version does: a whole number and a unit, which
/// defaults to milliseconds. `None` if Flink refuses it.
pub fn parse_duration(text: &str, version: FlinkVersion) -> Option<i128> {
    let text = trim(text);
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    if number.is_empty() {
        return if version >= ISO {
            parse_iso(text).filter(|nanoseconds| *nanoseconds >= 0)
        } else {
            None
        };
    }
    // Flink 1 reads 64 bits before it looks at the unit.
    let number: i128 =
        number.parse().ok().filter(|number| version.major > 1 || i64::try_from(*number).is_ok())?;
    let unit = trim(unit);
    let (_, nanoseconds) =
        UNITS.iter().find(|(names, _)| names.iter().any(|name| name.eq_ignore_ascii_case(unit)))?;
    in_range(number.checked_mul(*nanoseconds)?)
}

/// Java's `Duration.parse`: days, hours, minutes and seconds, each with an optional sign, in any
/// letter case.
fn parse_iso(text: &str) -> Option<i128> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let rest = rest.strip_prefix(['P', 'p'])?;
    let (days, time) = match rest.split_once(['T', 't']) {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return None,
        None => (rest, ""),
    };
    let mut total: i128 = 0;
    let mut fields = 0;
    for (part, units) in [
        (days, &[('d', 86_400 * SECOND)][..]),
        (time, &[('h', 3600 * SECOND), ('m', 60 * SECOND), ('s', SECOND)][..]),
    ] {
        let mut part = part;
        let mut units = units.iter();
        while !part.is_empty() {
            let end = part.find(|c: char| c.is_ascii_alphabetic())?;
            let (number, after) = part.split_at(end);
            let letter = after.chars().next()?.to_ascii_lowercase();
            // Each unit once, in descending order.
            let (_, nanoseconds) = units.find(|(unit, _)| *unit == letter)?;
            total = total.checked_add(iso_number(number, *nanoseconds, letter == 's')?)?;
            part = after.get(1..)?;
            fields += 1;
        }
    }
    if fields == 0 {
        return None;
    }
    in_range(if negative { -total } else { total })
}

/// A signed whole number; seconds may have up to nine decimals after a point or a comma.
fn iso_number(text: &str, unit: i128, decimals: bool) -> Option<i128> {
    let (whole, fraction) = match text.split_once(['.', ',']) {
        Some((whole, fraction))
            if decimals && fraction.len() <= 9 && fraction.bytes().all(|b| b.is_ascii_digit()) =>
        {
            (whole, fraction)
        }
        Some(_) => return None,
        None => (text, ""),
    };
    let value: i64 = whole.parse().ok()?;
    let nanoseconds: i128 = format!("{fraction:0<9}").parse().ok()?;
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    i128::from(value).checked_mul(unit)?.checked_add(sign * nanoseconds)
}

/// Seconds of a Java duration have 64 bits.
fn in_range(nanoseconds: i128) -> Option<i128> {
    i64::try_from(nanoseconds.div_euclid(SECOND)).ok().map(|_| nanoseconds)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const OLD: FlinkVersion = FlinkVersion::new(1, 20);
    const NEW: FlinkVersion = FlinkVersion::new(2, 3);

    #[test]
    fn units_are_read_as_in_flink() {
        let found = ["10", "2 s", "5m", "1 d", "3 µs", " 7 NS "]
            .map(|text| parse_duration(text, OLD).unwrap());
        assert_eq!(found, [10_000_000, 2 * SECOND, 300 * SECOND, 86_400 * SECOND, 3000, 7]);
        assert_eq!(parse_duration("9223372036854775807 d", NEW), None);
        let beyond_64_bits = |version| parse_duration("9223372036854775808", version);
        assert_eq!((beyond_64_bits(OLD), beyond_64_bits(NEW).is_some()), (None, true));
    }

    #[test]
    fn iso_durations_are_read_as_java_reads_them() {
        let read = |text| parse_duration(text, NEW);
        assert_eq!(read("PT10S"), Some(10 * SECOND));
        assert_eq!(read("p1dT2h3m4.5s"), Some(93_784 * SECOND + 500_000_000));
        assert_eq!(read("-PT-0.5S"), Some(500_000_000));
        assert_eq!(parse_duration("PT10S", OLD), None);
        for wrong in [
            "-PT1S",
            "PT-0.5S",
            "P",
            "PT",
            "P1",
            "PT1M2H",
            "PT1S1S",
            "P1DT",
            "PT1.5H",
            "PT1.0123456789S",
            "P1H",
            "PTé",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
