//! The meaning of plain scalars, compared with go-yaml v2's own table (goyaml.v2/resolve.go in
//! sigs.k8s.io/yaml).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::resource::yaml::{Document, parse};
use serde_json::{Value, json};

fn only(text: &str) -> Document {
    let mut documents = parse(text);
    assert_eq!(documents.len(), 1, "{text:?} gives {documents:?}");
    documents.remove(0)
}

fn read(text: &str) -> Value {
    let document = only(text);
    assert_eq!(document.problems, [], "{text:?}");
    document.value.unwrap()
}

fn scalar(text: &str) -> Value {
    read(&format!("value: {text}\n"))["value"].clone()
}

#[test]
fn only_listed_words_are_booleans() {
    for yes in ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] {
        assert_eq!(scalar(yes), json!(true), "{yes}");
    }
    for no in ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"] {
        assert_eq!(scalar(no), json!(false), "{no}");
    }
    for text in ["yEs", "tRUE", "oN", "nO", "faLse", "oFF", "yess", "none", "NULl"] {
        assert_eq!(scalar(text), json!(text));
    }
}

#[test]
fn empty_values_and_null_words_are_null() {
    for null in ["", "~", "null", "Null", "NULL", "!!null ~"] {
        assert_eq!(scalar(null), Value::Null, "{null}");
    }
}

#[test]
fn numbers_are_read_as_go_reads_them() {
    let table = [
        ("0", json!(0)),
        ("-0", json!(0)),
        ("12", json!(12)),
        ("+12", json!(12)),
        ("-12", json!(-12)),
        ("0777", json!(511)),
        ("-0777", json!(-511)),
        ("0o17", json!(15)),
        ("0O17", json!(15)),
        ("0x1F", json!(31)),
        ("-0X1f", json!(-31)),
        ("0b1", json!(1)),
        ("0B11", json!(3)),
        ("-0b101", json!(-5)),
        ("1_000", json!(1000)),
        ("1_000.5", json!(1000.5)),
        ("0_7", json!(7)),
        ("08", json!(8)),
        ("09.5", json!(9.5)),
        ("9223372036854775807", json!(9_223_372_036_854_775_807_i64)),
        ("-9223372036854775808", json!(-9_223_372_036_854_775_808_i64)),
        ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
        ("99999999999999999999", json!(1e20)),
        ("0x1ffffffffffffffff", json!(36_893_488_147_419_103_231.0)),
        (".5", json!(0.5)),
        ("-.5", json!(-0.5)),
        ("2.5", json!(2.5)),
        ("2.", json!(2)),
        ("1e3", json!(1000)),
        ("1E-1", json!(0.1)),
        ("1.5e+2", json!(150)),
        ("8.0", json!(8)),
        ("!!float 3", json!(3)),
        ("!!int \"3\"", json!(3)),
        ("!!bool \"on\"", json!(true)),
    ];
    for (text, expected) in table {
        assert_eq!(scalar(text), expected, "{text}");
    }
}

#[test]
fn number_like_text_stays_text() {
    let texts = [
        "1:30",
        "190:20:30",
        "2001-12-14",
        "2001-12-14T21:59:43.10-05:00",
        "2001-12-14 21:59:43",
        "1.2.3",
        "1.20.1",
        "10.0.0.1",
        "0x",
        "0b2",
        "0o9",
        "0xg",
        "1e",
        "1e+",
        ".",
        "..",
        "--1",
        "+-1",
        "+",
        ".e5",
        "1__0a",
        "60s",
        "100m",
        "2Gi",
        "v1_20",
        "._5",
        "1e400",
        ".inff",
        "+.nan",
        "0x-1",
        "inf",
        "nan",
        "Infinity",
        "=",
        "e3",
        "_1",
    ];
    for text in texts {
        assert_eq!(scalar(text), json!(text));
    }
}

#[test]
fn quotes_blocks_and_tags_make_text() {
    for (text, expected) in [
        ("\"yes\"", "yes"),
        ("'0777'", "0777"),
        ("\"\"", ""),
        ("'~'", "~"),
        ("!!str 12", "12"),
        ("!!str", ""),
        ("! 12", "12"),
        ("!local 12", "12"),
        ("!!timestamp 2001-12-14", "2001-12-14"),
        ("!!binary aGVs\n  bG8=", "hello"),
        ("|-\n  12", "12"),
        (">-\n  yes", "yes"),
        ("\"\\u00e9\\ud83d\\ude00\\x41\"", "é😀A"),
    ] {
        assert_eq!(scalar(text), json!(expected), "{text}");
    }
}

#[test]
fn values_beyond_json_and_wrong_tags_are_problems() {
    for text in [
        ".inf",
        "-.INF",
        "+.Inf",
        ".nan",
        ".NaN",
        "!!int yes",
        "!!bool 3",
        "!!float x",
        "!!null 0",
        "!!binary \"%\"",
    ] {
        let document = only(&format!("a: 1\nvalue: {text}\n"));
        assert_eq!(document.value, None, "{text}");
        assert_eq!(document.problems.len(), 1, "{text}");
        let problem = &document.problems[0];
        assert!(
            !problem.usable && problem.span.line == 2 && problem.span.column >= 8,
            "{text}: {problem:?}"
        );
    }
}

#[test]
fn keys_become_text() {
    let expected = json!({"true": 1, "511": 2, "1.5": 3, "1e+06": 4, "false": 5, "2001-12-14": 6, "quoted": 7});
    assert_eq!(
        read("on: 1\n0777: 2\n1.50: 3\n1e6: 4\nn: 5\n2001-12-14: 6\n\"quoted\": 7\n"),
        expected
    );
}

#[test]
fn keys_that_cannot_be_text_are_problems() {
    for (text, line) in
        [("a: 1\n~: 2\n", 2), ("? [1]\n: 2\n", 1), ("a: 1\n? {b: c}\n: 2\n", 2), (": 1\n", 1)]
    {
        let document = only(text);
        assert_eq!((document.value, document.problems[0].span.line), (None, line), "{text}");
    }
}

/// What the API server sends as JSON is what `lint` reads in a file, to the last digit.
#[test]
fn numbers_in_json_and_yaml_are_the_same() {
    let digits = ["1.9", "8.41", "17.3", "2.2250738585072011", "9007199254740993", "123456789.125"];
    let generated = (0..2_000_u64).flat_map(|n| {
        let mantissa = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (n % 40);
        let exponent = i64::try_from(n % 560).unwrap() - 300;
        [format!("{mantissa}e{exponent}"), format!("0.{mantissa}{n}")]
    });
    let scaled = digits
        .iter()
        .flat_map(|digits| (-300..290).map(move |exponent| format!("{digits}e{exponent}")));
    for text in scaled.chain(generated) {
        let exact: f64 = text.parse().unwrap();
        let in_review: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(in_review.as_f64(), Some(exact), "{text}");
        for document in [format!("[{text}]"), format!("- {text}")] {
            let read = read(&document);
            assert_eq!(read[0].as_f64(), Some(exact), "{document}");
        }
    }
}
