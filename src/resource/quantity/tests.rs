#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn suffixes_are_read_as_in_kubernetes() {
    let cases: [(&str, i128); 43] = [
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
        ("1e300", CAP),
        ("-1E29", -CAP),
        ("9999999999999999999999999999", (CAP / NANOS - 1) * NANOS),
        ("-9Ei", -BINARY_CAP),
        ("9223372036854775808Ki", BINARY_CAP),
        ("9223372036854775808", (1_i128 << 63) * NANOS),
        ("10E", 10_000_000_000_000_000_000 * NANOS),
        // Surprising cases of Kubernetes.
        ("1e4294967296", NANOS),
        ("1e-4294967295", 10 * NANOS),
        ("+", 0),
        ("-", 0),
        (".", 0),
        ("m", 0),
        ("Gi", 0),
    ];
    for (text, nanos) in cases {
        assert_eq!(quantity(text).nanos, nanos, "{text}");
    }
}

#[test]
fn invalid_quantities_are_refused() {
    let cases = [
        "",
        "1K",
        "1KI",
        "1ki",
        "1i",
        "1 Gi",
        " 1",
        "1 ",
        "Pi",
        ".e-10",
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
fn numbers_of_any_length_are_exact_and_cheap() {
    let tiny = format!("0.{}1", "0".repeat(100_000));
    assert_eq!(quantity(&tiny).nanos, 1);
    assert_eq!(quantity(&"9".repeat(100_000)).nanos, CAP);
    let brought_back = format!("1{}e-100000", "0".repeat(100_000));
    assert_eq!(quantity(&brought_back), quantity("1"));
    assert_eq!(quantity(&format!("0.5{}Gi", "0".repeat(1_000))), quantity("512Mi"));
}

#[test]
fn json_numbers_and_strings_are_read() {
    assert_eq!(Quantity::from_json(&json!("500m")), Ok(quantity("500m")));
    assert_eq!(Quantity::from_json(&json!(" 500m ")), Ok(quantity("500m")));
    assert_eq!(Quantity::from_json(&json!(2)), Ok(quantity("2")));
    assert_eq!(Quantity::from_json(&json!(0.5)), Ok(quantity("500m")));
    assert_eq!(Quantity::from_json(&json!(1e30)), Ok(Quantity { nanos: CAP }));
    assert_eq!(Quantity::from_json(&json!(null)), Ok(Quantity::default()));
    assert_eq!(Quantity::from_json(&json!({})), Err(QuantityError::Type("a mapping")));
}

#[test]
fn amounts_are_displayed_with_short_suffixes() {
    for (text, shown) in [
        ("0.5", "500m"),
        ("2", "2"),
        ("1500m", "1500m"),
        ("2000", "2000"),
        ("1e-6", "1u"),
        ("7n", "7n"),
        ("-0.5", "-500m"),
    ] {
        assert_eq!(quantity(text).to_string(), shown);
    }
    for (text, shown) in [
        ("4294967296", "4Gi"),
        ("4404Mi", "4404Mi"),
        ("1000", "1000"),
        ("0", "0"),
        ("1500m", "1500m"),
        ("1024Gi", "1Ti"),
        ("16e18", "16000000000000000000"),
    ] {
        assert_eq!(quantity(text).display_bytes(), shown);
    }
}

#[test]
fn cores_are_read_from_the_doubles_text() {
    assert_eq!(Quantity::from_cores_f64(0.5), Some(quantity("500m")));
    assert_eq!(Quantity::from_cores_f64(0.1), Some(quantity("100m")));
    assert_eq!(Quantity::from_cores_f64(-0.0), Some(Quantity::default()));
    assert_eq!(Quantity::from_cores_f64(1e300), Some(Quantity { nanos: CAP }));
    assert_eq!(Quantity::from_cores_f64(-1.0), None);
    assert_eq!(Quantity::from_cores_f64(f64::NAN), None);
    assert_eq!(quantity("1500m").as_cores_f64(), 1.5);
}

#[test]
fn partial_units_are_rounded_up() {
    assert_eq!(quantity("1.1").units_ceil(), 2);
    assert_eq!(quantity("2").units_ceil(), 2);
    assert_eq!(quantity("-5").units_ceil(), 0);
    assert_eq!(Quantity { nanos: i128::MAX }.units_ceil(), u64::MAX);
}

proptest! {
    #[test]
    fn displayed_quantities_parse_back(nanos in -CAP..=CAP) {
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
    fn quantities_are_ordered_by_amount(a in 0_u32.., b in 0_u32..) {
        let milli = |amount: u32| quantity(&format!("{amount}m"));
        prop_assert_eq!(milli(a).cmp(&milli(b)), a.cmp(&b));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[-+0-9.eEinumkKMGTP]{0,40}") {
        let _ = Quantity::parse(&text);
    }
}
