//! Compares Flinkgate's `Quantity` with Kubernetes' `resource.Quantity`: values, refusals,
//! comparisons and sums, for random and malformed texts.
//!
//! `FLINKGATE_QUANTITIES` is the number of pairs (4000), `FLINKGATE_SEED` the first seed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "cluster/support/build.rs"]
mod build;
#[path = "cluster/support/cache.rs"]
mod cache;
mod seeded;

use build::Recipe;
use flinkgate::resource::quantity::Quantity;
use seeded::Seeded;
use serde::Deserialize;
use serde_json::json;
use std::cmp::Ordering;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const EVALUATOR: Recipe = Recipe {
    name: "quantities",
    // The program is rebuilt when the module file or the program changes.
    module: concat!(include_str!("quantities/go.mod"), include_str!("quantities/main.go")),
    sums: include_str!("quantities/go.sum"),
    folder: "tests/quantities",
    variables: &[],
    programs: &[("quantities", ".")],
    texts: &[],
};

/// Flinkgate's amounts are cut to 10^28 units, Kubernetes' are not.
const MAX_DIGITS: usize = 28;
const MAX_AMOUNT: &str = "10000000000000000000000000000";

/// Kubernetes' answer for a pair.
#[derive(Deserialize)]
struct Answer {
    a: Option<String>,
    b: Option<String>,
    compared: i8,
    #[serde(default)]
    sum: String,
}

fn digits(seeded: &mut Seeded) -> String {
    let longest = [1, 2, 4, 10, 20, 30][seeded.below(6)];
    let length = seeded.below(longest + 1);
    // Many zeros, because their position matters.
    (0..length)
        .map(|_| {
            char::from(b'0' + u8::try_from([0, seeded.below(10)][seeded.below(4).min(1)]).unwrap())
        })
        .collect()
}

fn suffix(seeded: &mut Seeded) -> String {
    const SUFFIXES: [&str; 18] = [
        "", "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
        "e",
    ];
    const MALFORMED: [&str; 14] =
        ["K", "KI", "ki", "i", "mi", "ni", "e", "E5i", "eE1", " ", "m+", "+1", "Gi1", "µ"];
    match seeded.below(8) {
        0 => MALFORMED[seeded.below(MALFORMED.len())].to_owned(),
        1 | 2 => {
            let small = i64::try_from(seeded.below(25)).unwrap() - 12;
            // The exponent has 32 bits; higher bits are lost.
            let overflow = [0, 0, 0, 1, -1][seeded.below(5)] * (1_i64 << 32);
            let sign = if seeded.below(2) == 0 && small + overflow >= 0 { "+" } else { "" };
            format!("{}{sign}{}", ["e", "E"][seeded.below(2)], small + overflow)
        }
        _ => SUFFIXES[seeded.below(SUFFIXES.len())].to_owned(),
    }
}

fn text(seed: u64) -> String {
    let mut seeded = Seeded(seed);
    let sign = ["", "", "", "", "-", "+"][seeded.below(6)];
    let point = ["", "", "."][seeded.below(3)];
    let fraction =
        if point.is_empty() && seeded.below(20) > 0 { String::new() } else { digits(&mut seeded) };
    let mut text = format!("{sign}{}{point}{fraction}{}", digits(&mut seeded), suffix(&mut seeded));
    if seeded.below(12) == 0 {
        // Not `e`: with many digits after it, Kubernetes' arithmetic does not end.
        const ODD: [char; 11] = ['.', '-', '+', ' ', 'i', '\u{0}', '٣', '_', 'x', ',', '\t'];
        let at = seeded.below(text.chars().count() + 1);
        let place = text.char_indices().nth(at).map_or(text.len(), |(place, _)| place);
        text.insert(place, ODD[seeded.below(ODD.len())]);
    }
    text
}

fn is_cut(exact: &str) -> bool {
    let below_one = match exact.chars().last() {
        Some('m') => 3,
        Some('u') => 6,
        Some('n') => 9,
        _ => 0,
    };
    exact.chars().filter(char::is_ascii_digit).count() > MAX_DIGITS + below_one
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |value| {
        value.parse().unwrap_or_else(|error| panic!("{variable}={value}: {error}"))
    })
}

#[test]
fn quantities_equal_those_of_kubernetes() {
    let (first, count) = (number("FLINKGATE_SEED", 1), number("FLINKGATE_QUANTITIES", 4_000));
    let program =
        EVALUATOR.provide("quantities", &cache::folder().unwrap(), Path::new("go")).unwrap();
    let mut process =
        Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, output) =
        (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
    let pair = move |index: u64| {
        let a = text(2 * first.wrapping_add(index));
        // Often a similar one, so that comparisons are close.
        let b = if index.is_multiple_of(4) {
            a.replacen('1', "2", 1)
        } else {
            text(2 * first.wrapping_add(index) + 1)
        };
        (a, b)
    };
    let writer = std::thread::spawn(move || {
        for index in 0..count {
            let (a, b) = pair(index);
            writeln!(input, "{}", json!({"a": a, "b": b})).unwrap();
        }
    });
    let (mut accepted, mut refused, mut cut, mut compared) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut answers = output.lines();
    for index in 0..count {
        let answer: Answer =
            serde_json::from_str(&answers.next().expect("an answer for every pair").unwrap())
                .unwrap();
        let (a, b) = pair(index);
        let ours = [&a, &b].map(|text| Quantity::parse(text));
        let mut whole = true;
        for ((text, theirs), ours) in [(&a, &answer.a), (&b, &answer.b)].into_iter().zip(&ours) {
            match (theirs, ours) {
                (None, Err(_)) => (refused, whole) = (refused + 1, false),
                (Some(theirs), Ok(ours)) if is_cut(theirs) => {
                    assert_eq!(
                        ours.to_string().trim_start_matches('-'),
                        MAX_AMOUNT,
                        "{text:?} is {theirs}"
                    );
                    (cut, whole) = (cut + 1, false);
                }
                (Some(theirs), Ok(ours)) => {
                    assert_eq!(&ours.to_string(), theirs, "{text:?}");
                    accepted += 1;
                }
                _ => panic!("{text:?}: Kubernetes has {theirs:?}, Flinkgate has {ours:?}"),
            }
        }
        if let (true, [Ok(a), Ok(b)]) = (whole, ours) {
            assert_eq!(a.cmp(&b), answer.compared.cmp(&0), "{a} and {b}");
            if !is_cut(&answer.sum) {
                assert_eq!(a.checked_add(b).unwrap().to_string(), answer.sum, "{a} and {b}");
            }
            compared += u64::from(a.cmp(&b) != Ordering::Equal);
        }
    }
    writer.join().unwrap();
    assert!(process.wait().unwrap().success());
    println!(
        "{count} pairs from seed {first}: {accepted} accepted, {refused} refused, {cut} cut, {compared} compared and different"
    );
    assert!(
        accepted > count / 2 && refused > count / 20 && compared > count / 4,
        "the texts are not varied enough"
    );
}
