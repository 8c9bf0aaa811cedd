//! Any value printed as YAML or JSON is read back unchanged, with the right position for every
//! scalar.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::resource::pointer;
use flinkgate::resource::yaml::{Document, Span, parse};
use proptest::prelude::*;
use serde_json::Value;

fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[a-zé😀 ~/:#'\"{}\\[\\]|>*&!%@,.0-9-]{0,12}",
        prop::sample::select(vec![
            "yes", "0777", "~", "1e3", "<<", "", "---", "a\nb", "\t", "{{ x }}", "null"
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        (-1_000_000_i32..1_000_000).prop_map(|eighths| Value::from(f64::from(eighths) + 0.125)),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(text.clone(), inner, 0..6)
                .prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// Block style with every text quoted; single elements in flow style.
fn print(value: &Value, indent: usize, out: &mut String) {
    let margin = " ".repeat(indent);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, field) in fields {
                out.push_str(&format!("\n{margin}{}:", quoted(name)));
                print(field, indent + 2, out);
            }
        }
        Value::Array(elements) if elements.len() > 1 => {
            for element in elements {
                out.push_str(&format!("\n{margin}-"));
                print(element, indent + 2, out);
            }
        }
        other => out.push_str(&format!(" {}", serde_json::to_string(other).unwrap())),
    }
}

fn cut(text: &str, span: Span) -> String {
    let offset = |line: usize, column: usize| {
        let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        start + text[start..].chars().take(column - 1).map(char::len_utf8).sum::<usize>()
    };
    text[offset(span.line, span.column)..offset(span.end_line, span.end_column)].to_owned()
}

fn check_places(
    text: &str,
    document: &Document,
    at: &str,
    value: &Value,
) -> Result<(), TestCaseError> {
    let place = document.positions.value(at);
    prop_assert!(place.is_some(), "{} is not found in {:?}", at, text);
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let child = pointer::join(at, name);
                prop_assert_eq!(cut(text, document.positions.key(&child).unwrap()), quoted(name));
                check_places(text, document, &child, field)?;
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                check_places(text, document, &pointer::join(at, &index.to_string()), element)?;
            }
        }
        scalar => {
            let there: Value = serde_json::from_str(&cut(text, place.unwrap())).unwrap();
            prop_assert_eq!(&there, scalar);
            if !at.is_empty() {
                prop_assert_eq!(document.positions.nearest(at), place.unwrap());
            }
        }
    }
    Ok(())
}

fn check(text: &str, value: &Value) -> Result<(), TestCaseError> {
    let documents = parse(text);
    prop_assert_eq!(documents.len(), 1, "{:?}", text);
    prop_assert!(documents[0].problems.is_empty(), "{:?}: {:?}", text, documents[0].problems);
    prop_assert_eq!(documents[0].value.as_ref(), Some(value), "{:?}", text);
    check_places(text, &documents[0], "", value)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn yaml_and_json_are_read_back_the_same(inner in any_value()) {
        let value = serde_json::json!({"kind": "X", "inner": inner});
        let mut yaml = String::new();
        print(&value, 0, &mut yaml);
        check(&yaml, &value)?;
        check(&serde_json::to_string(&value).unwrap(), &value)?;
        check(&serde_json::to_string_pretty(&value).unwrap(), &value)?;
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[ \\t\\n:\\-?\\[\\]{},&*!|>'\"#%a<é0~.]{0,60}") {
        for document in parse(&text) {
            let broken = document.problems.iter().any(|problem| !problem.usable);
            prop_assert_eq!(document.value.is_none(), broken);
        }
    }
}
