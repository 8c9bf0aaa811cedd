//! Positions of values and keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::resource::yaml::{Document, Span, parse};

fn only(text: &str) -> Document {
    let mut documents = parse(text);
    assert_eq!(documents.len(), 1, "{text:?} gives {documents:?}");
    documents.remove(0)
}

fn at(line: usize, column: usize, end_line: usize, end_column: usize) -> Span {
    Span { line, column, end_line, end_column }
}

fn cut(text: &str, span: Span) -> String {
    let offset = |line: usize, column: usize| {
        let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        start + text[start..].chars().take(column - 1).map(char::len_utf8).sum::<usize>()
    };
    text[offset(span.line, span.column)..offset(span.end_line, span.end_column)].to_owned()
}

#[test]
fn values_and_keys_are_found_by_pointer() {
    let text = "spec:\n  containers:\n  - name: a\n    image: \"x:1\" # new\n  - {name: b, ports: [80]}\n  empty:\n  none: {}\n";
    let positions = only(text).positions;
    let value = |pointer| cut(text, positions.value(pointer).unwrap());
    assert_eq!(value("/spec/containers/0/image"), "\"x:1\"");
    assert_eq!(value("/spec/containers/1/ports/0"), "80");
    assert_eq!(value("/spec/containers/1"), "{name: b, ports: [80]}");
    assert_eq!(value("/spec/containers/0"), "name: a\n    image: \"x:1\"");
    assert_eq!(value("/spec/empty"), "");
    assert_eq!(value(""), text.trim_end());
    assert_eq!(cut(text, positions.key("/spec/containers").unwrap()), "containers");
    assert_eq!(positions.key("/spec/containers/0"), None);
    assert_eq!(positions.key(""), None);
    for missing in [
        "/status",
        "/spec/containers/2",
        "/spec/containers/x",
        "/spec/containers/00",
        "/spec/containers/0/image/y",
    ] {
        assert_eq!((positions.value(missing), positions.key(missing)), (None, None), "{missing}");
    }
}

#[test]
fn nearest_points_at_the_value_to_change() {
    let text = "spec:\n  containers:\n  - name: a\n    image: \"x\"\n  - {name: b}\n  - {}\n  - [[1]]\n  empty:\n  none: {}\n";
    let positions = only(text).positions;
    for (pointer, expected) in [
        ("", "spec"),
        ("/status/x", "spec"),
        ("/spec", "spec"),
        ("/spec/missing/deep", "spec"),
        ("/spec/containers", "containers"),
        ("/spec/containers/9/name", "containers"),
        ("/spec/containers/0", "name"),
        ("/spec/containers/0/resources/limits", "name"),
        ("/spec/containers/0/image", "\"x\""),
        ("/spec/containers/1", "name"),
        ("/spec/containers/2/x", "{}"),
        ("/spec/containers/3", "[[1]]"),
        ("/spec/empty", "empty"),
        ("/spec/none/x", "none"),
    ] {
        assert_eq!(cut(text, positions.nearest(pointer)), expected, "{pointer}");
    }
}

#[test]
fn columns_count_characters() {
    let text = "é: {\"😀\": 'ü', k: v}\n";
    let positions = only(text).positions;
    assert_eq!(positions.key("/é/😀"), Some(at(1, 5, 1, 8)));
    assert_eq!(positions.value("/é/😀"), Some(at(1, 10, 1, 13)));
    assert_eq!(positions.value("/é/k"), Some(at(1, 18, 1, 19)));
}

#[test]
fn byte_order_marks_and_carriage_returns_keep_positions() {
    let positions = parse("\u{feff}a: b\r\nc: d\r\n---\r\ne: |\r\n  f\r\n  g\r\n")
        .into_iter()
        .map(|document| document.positions)
        .collect::<Vec<_>>();
    assert_eq!(positions[0].key("/a"), Some(at(1, 1, 1, 2)));
    assert_eq!(positions[0].value("/c"), Some(at(2, 4, 2, 5)));
    assert_eq!(positions[1].value("/e"), Some(at(4, 4, 6, 4)));
}

#[test]
fn multi_line_text_has_its_whole_span() {
    let text = "a: multi\n  line\nb: 'quoted\n\n  too'\nc: |-  # | note\n\n    x\n\n    y\n\nd: &anchor !!str >+2\n    z\n\ne: |\nf: - \"\n";
    let text = text.replace("f: - \"\n", "f: 1\n");
    let positions = only(&text).positions;
    let value = |pointer| cut(&text, positions.value(pointer).unwrap());
    assert_eq!(value("/a"), "multi\n  line");
    assert_eq!(value("/b"), "'quoted\n\n  too'");
    assert_eq!(value("/c"), "|-  # | note\n\n    x\n\n    y");
    assert_eq!(value("/d"), ">+2\n    z");
    assert_eq!(value("/e"), "|");
}

#[test]
fn aliases_point_at_use_and_content_at_anchor() {
    let text = "base: &b\n  x: 1\nuse: *b\nlist:\n- *b\n- &c z\n- *c\n";
    let positions = only(text).positions;
    assert_eq!(cut(text, positions.value("/use").unwrap()), "*b");
    assert_eq!(cut(text, positions.key("/use").unwrap()), "use");
    assert_eq!(positions.value("/use/x"), Some(at(2, 6, 2, 7)));
    assert_eq!(positions.nearest("/use"), at(3, 1, 3, 4));
    assert_eq!(positions.nearest("/list/0"), at(5, 3, 5, 5));
    assert_eq!(positions.value("/list/0/x"), Some(at(2, 6, 2, 7)));
    assert_eq!(positions.nearest("/list/2"), at(7, 3, 7, 5));
}

#[test]
fn keys_with_slashes_and_tildes_are_escaped_in_pointers() {
    let positions = only("labels:\n  a/b~c: 1\n").positions;
    assert_eq!(positions.value("/labels/a~1b~0c"), Some(at(2, 10, 2, 11)));
}

#[test]
fn json_has_positions_too() {
    let text =
        "{\n\t\"kind\": \"X\\u00e9\",\n\t\"list\": [1, {\"é\": true}]\n}\n{\"second\": null}";
    let documents = parse(text);
    assert_eq!(cut(text, documents[0].positions.value("/kind").unwrap()), "\"X\\u00e9\"");
    assert_eq!(documents[0].positions.value("/list/1/é"), Some(at(3, 20, 3, 24)));
    assert_eq!(cut(text, documents[0].positions.key("/list").unwrap()), "\"list\"");
    assert_eq!(cut(text, documents[1].positions.value("/second").unwrap()), "null");
}

#[test]
fn ordinary_files_are_read_completely() {
    let text = include_str!("data/yaml/session.yaml");
    let documents = parse(text);
    assert_eq!(documents.len(), 3);
    assert!(documents.iter().all(|document| document.problems.is_empty()), "{documents:?}");
    let value = documents[0].value.as_ref().unwrap();
    assert_eq!(value["spec"]["podTemplate"]["spec"]["automountServiceAccountToken"], false);
    assert_eq!(value["spec"]["podTemplate"]["spec"]["volumes"][0]["secret"]["defaultMode"], 256);
    assert_eq!(value["spec"]["podTemplate"]["metadata"]["labels"]["team"], "analytics");
    let place = documents[2].positions.value("/spec/resources/requests/storage").unwrap();
    assert_eq!(cut(text, place), "20Gi");
}
