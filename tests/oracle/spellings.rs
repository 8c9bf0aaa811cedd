//! Values as people write them, and as nobody does.

use crate::seeded::Seeded;

pub fn pick(random: &mut Seeded, values: &[&str]) -> String {
    values[random.below(values.len())].to_owned()
}

/// A size that may be that of a whole process.
pub fn total(random: &mut Seeded) -> String {
    match random.below(20) {
        0 => odd_size(random),
        1 => exact(random),
        2 => spelled(random, 100_000),
        _ => spelled(random, 6000),
    }
}

/// A size that may be that of a part.
pub fn part(random: &mut Seeded) -> String {
    match random.below(30) {
        0 => odd_size(random),
        1 => exact(random),
        2 => spelled(random, 6000),
        3..10 => random.below(1 << 30).to_string(),
        _ => spelled(random, 600),
    }
}

/// Mebibytes in one of many spellings, now and then another unit.
pub fn spelled(random: &mut Seeded, most: usize) -> String {
    let number = random.below(most);
    let blank = pick(random, &["", "", "", " ", "  ", "\t", "\u{1}"]);
    let unit = match random.below(12) {
        0 => {
            return format!(
                "{}{blank}{}",
                number / 1024,
                pick(random, &["g", "gb", "G", "GB", "gibibytes", "Gb"])
            );
        }
        1 => {
            return format!(
                "{}{blank}{}",
                number * 1024 + random.below(1024),
                pick(random, &["k", "kb", "kibibytes", "K", "\u{212a}"])
            );
        }
        2 => {
            return format!(
                "{}{blank}{}",
                number * (1 << 20) + random.below(1 << 20),
                pick(random, &["", "b", "bytes", "B"])
            );
        }
        _ => pick(random, &["m", "m", "m", "mb", "M", "MB", "mebibytes", "MebiBytes"]),
    };
    let (before, after) =
        (pick(random, &["", "", "", " ", "\n"]), pick(random, &["", "", "", " "]));
    format!("{before}{}{number}{blank}{unit}{after}", pick(random, &["", "", "", "0", "00"]))
}

/// Sizes around which Flink's answer changes, and the largest.
pub fn exact(random: &mut Seeded) -> String {
    let near = [
        1_029_002_586_i64,
        559_240_538,
        603_979_777,
        134_217_729,
        1 << 30,
        1 << 31,
        1 << 40,
        i64::MAX / 2,
        i64::MAX - 1,
        0,
    ];
    let number =
        near[random.below(near.len())].saturating_add(i64::try_from(random.below(5)).unwrap() - 2);
    number.to_string()
}

pub fn odd_size(random: &mut Seeded) -> String {
    let odd: Vec<(String, Option<u64>)> =
        serde_json::from_str(include_str!("../../src/flink/odd_memory_sizes.json")).unwrap();
    odd[random.below(odd.len())].0.clone()
}

/// An amount as Kubernetes writes one, in its capitals: what the operator does to others is not in
/// Flink's jar. Exabytes with decimals are left out: whether Java writes those with an exponent is
/// nothing to know.
pub fn quantity(random: &mut Seeded) -> String {
    let units = [
        "", "Ki", "Mi", "Gi", "Ti", "Pi", "K", "M", "G", "T", "P", "e3", "E3", "e6", "e12", "e15",
        "e0", "n", "u", "x",
    ];
    match random.below(5) {
        0 => format!("{}.{}{}", random.below(20), random.below(1000), pick(random, &units)),
        1 => format!("{}.0{}", random.below(20), pick(random, &units)),
        2 => format!("{}{}", random.below(20), pick(random, &["E", "Ei", "e16", "e18", "e19"])),
        _ => format!("{}{}", random.below(5000), pick(random, &units)),
    }
}

pub fn fraction(random: &mut Seeded) -> String {
    match random.below(12) {
        0 => pick(
            random,
            &[
                "0.9999999",
                "0.99999999",
                "1",
                "1.0",
                "-0",
                "-0.1",
                "NaN",
                "Infinity",
                "1e-3",
                "0x1p-3",
                "0.1f",
                ".5",
                "5.",
                " 0.25 ",
                "0,1",
                "",
                "1e-50",
                "0x1.8p-2D",
                "0.5d",
                "10%",
                "+0.2",
                "1E-1",
                "0.1\u{0}",
            ],
        ),
        1 => format!("0.{:07}", random.below(10_000_000)),
        2 => format!("0.{:012}", random.below(1_000_000_000_000)),
        3 => format!("{}e-{}", 1 + random.below(9), 1 + random.below(4)),
        _ => format!("0.{}", random.below(100)),
    }
}

pub fn integer(random: &mut Seeded) -> String {
    match random.below(6) {
        0 => pick(
            random,
            &[
                "",
                " 2",
                "2 ",
                "+3",
                "-1",
                "-2",
                "0",
                "2147483648",
                "2147483647",
                "two",
                "1.0",
                "007",
                "1_0",
                "-0",
                "٣",
                "0x2",
            ],
        ),
        1 => random.below(100_000).to_string(),
        2 | 3 => random.below(3000).to_string(),
        _ => random.below(9).to_string(),
    }
}

pub fn double(random: &mut Seeded) -> String {
    match random.below(4) {
        0 => pick(
            random,
            &[
                "",
                "0",
                "-1",
                "-1.0",
                "NaN",
                "Infinity",
                "-Infinity",
                "1e-9",
                " 2 ",
                "0x1p1",
                "2 cores",
                "500m",
                "1_0",
                "1e400",
                "inf",
                "nan",
                "4.9E-324",
                ".5",
                "3d",
            ],
        ),
        _ => few_cores(random),
    }
}

pub fn few_cores(random: &mut Seeded) -> String {
    pick(random, &["0.1", "0.25", "0.3", "0.5", "1", "1.0", "1.5", "2", "2.75", "4", "8"])
}

pub fn segment(random: &mut Seeded) -> String {
    match random.below(4) {
        0 => odd_size(random),
        1 => spelled(random, 2000),
        _ => pick(
            random,
            &[
                "32k", "32kb", "4096", "4k", "1k", "33000", "64 kb", "1m", "1g", "2g", "4095",
                "4097", "0",
            ],
        ),
    }
}
