//! Emitted YAML looks as people write it and is read back as it was.

use super::*;
use crate::resource::yaml::write::scalar;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn an_object_reads_as_people_write_it() {
    insta::assert_snapshot!(emit(&json!({
        "status": {},
        "spec": {
            "args": ["--mode", "a: b", "", "-", ["nested", [1, 2]], {"name": "x", "on": true}],
            "script": "set -e\n\necho \"grün\"\n",
            "folded": "one\ntwo",
            "kept": "one\n\n",
            "padded": "  one\ntwo",
            "none": null, "list": [], "share": 0.5, "count": 3
        },
        "kind": "FlinkDeployment",
        "metadata": {"name": "etl", "labels": {"version": "1.20", "enabled": "yes", "size": "4Gi", "at": "2027-03-31"}},
        "apiVersion": "flink.apache.org/v1beta1"
    })));
}

/// Any text, and text that is difficult in YAML.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z]{1,3}",
        "[ \\t\\n:#\\-?,&*!|>'\"%@`{}\\[\\]~=<.0-9+_eExonyf]{1,4}",
        any::<char>().prop_map(String::from)
    ];
    prop_oneof![
        proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat()),
        any::<String>()
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(any_text(), inner, 0..4)
                .prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

fn read_back(value: &Value) -> Option<Value> {
    let documents = crate::resource::yaml::parse(&format!("{}---\nend: true\n", emit(value)));
    assert_eq!(documents.last().unwrap().value, Some(json!({"end": true})));
    documents.into_iter().next().unwrap().value
}

proptest! {
    #[test]
    fn every_value_is_read_back_as_it_was(value in any_value().prop_map(|value| json!({"value": value}))) {
        prop_assert_eq!(read_back(&value), Some(value.clone()), "{}", emit(&value));
    }
}

#[test]
fn long_keys_are_read_back_as_they_were() {
    let value = json!({"x".repeat(3_000): {"y".repeat(200): [1, {"a": 2}]}, "b": 1});
    assert_eq!(read_back(&value), Some(value));
}

#[test]
fn text_that_means_something_else_is_quoted() {
    for text in [
        "",
        " a",
        "a ",
        "y",
        "NO",
        "On",
        "true",
        "Null",
        "~",
        "1",
        "-1",
        "+1",
        "0x1F",
        "0o17",
        "0777",
        "1_000",
        "1:30",
        "1e3",
        ".5",
        ".inf",
        ".NaN",
        "2001-12-14 21:59:43",
        "2001-12-14t21:59:43.10-05:00",
        "a: b",
        "a #b",
        "a:",
        "#",
        "- a",
        "-",
        "? a",
        "{a",
        "[a",
        "*a",
        "&a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "\"a",
        "'a",
        "<<",
        "=",
        "---",
        "...",
        "a\u{85}b",
        "a\u{feff}",
        "\u{1b}[2J",
        "10.0.0.1",
        ",",
    ] {
        assert!(scalar(text).starts_with('"'), "{text:?}");
    }
    for text in [
        "a",
        "4Gi",
        "60s",
        "2048m",
        "s3://bucket/state",
        "flink:2.0",
        "größe",
        "$(POD_IP)",
        "/flink/state",
        "a b",
        "v1_20",
        "100m",
        "truely",
    ] {
        assert_eq!(scalar(text), text);
    }
}
