//! Splitting, anchors, merges, duplicates, and messages about broken text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::resource::yaml::{Document, Problem, parse};
use serde_json::{Value, json};

fn values(text: &str) -> Vec<Option<Value>> {
    parse(text).into_iter().map(|document| document.value).collect()
}

fn only(text: &str) -> Document {
    let mut documents = parse(text);
    assert_eq!(documents.len(), 1, "{text:?} gives {documents:?}");
    documents.remove(0)
}

fn only_problem(text: &str) -> Problem {
    let document = only(text);
    assert_eq!(document.problems.len(), 1, "{text:?} gives {document:?}");
    document.problems[0].clone()
}

#[test]
fn documents_split_at_lines_of_three_dashes() {
    let expected = [Some(json!({"a": 1})), Some(json!({"b": 2})), Some(json!({"c": 3}))];
    for text in [
        "a: 1\n---\nb: 2\n---\nc: 3\n",
        "---\na: 1\n--- # next\nb: 2\n---   \nc: 3",
        "\u{feff}a: 1\r\n---\r\nb: 2\r\n---\r\nc: 3\r\n---\r\n",
        "# only a comment\n---\na: 1\n---\n---\n\n  # nothing\n---\nnull\n---\nb: 2\n---\n~\n---\nc: 3\n---\n",
        "{\"a\": 1}\n---\n{\"b\": 2}\n---\nc: 3\n",
        "{\"a\": 1}{\"b\": 2}\n\t{\"c\":\t3}\n",
        "{a: 1}\n---\nb: 2\n...\n---\nc: 3\n",
    ] {
        assert_eq!(values(text), expected, "{text:?}");
        assert!(parse(text).iter().all(|document| document.problems.is_empty()), "{text:?}");
    }
    assert_eq!(values(""), []);
    assert_eq!(values("# nothing\n"), []);
}

#[test]
fn text_that_kubernetes_ignores_is_reported() {
    let document = only("a: 1\n--- {b: 2}\n");
    assert_eq!(document.value, Some(json!({"a": 1})));
    assert!(document.problems[0].usable);
    assert_eq!((document.problems[0].span.line, document.problems[0].span.column), (2, 1));
}

#[test]
fn last_duplicate_key_counts_and_first_is_reported() {
    let document = only("spec:\n  image: a\n  cpu: 1\n  image: bé\n");
    assert_eq!(document.value, Some(json!({"spec": {"image": "bé", "cpu": 1}})));
    let problem = &document.problems[0];
    assert!(problem.usable);
    assert!(
        problem.message.contains("`image`") && problem.message.contains("line 2"),
        "{}",
        problem.message
    );
    assert_eq!((problem.span.line, problem.span.column, problem.span.end_column), (4, 3, 8));
    assert_eq!(document.positions.value("/spec/image").unwrap().line, 4);
    assert!(only("{\"a\": 1,\n \"a\": 2}").problems[0].message.contains("line 1"));
}

#[test]
fn aliases_repeat_values() {
    let document = only("a: &x {k: [1, &y two]}\nb: *x\nc: [*y, *x]\n*y : three\n");
    assert_eq!(document.problems, []);
    let inner = json!({"k": [1, "two"]});
    assert_eq!(
        document.value,
        Some(json!({"a": inner, "b": inner, "c": ["two", inner], "two": "three"}))
    );
}

#[test]
fn merges_insert_fields_and_the_last_counts() {
    let text = "base: &b {x: 1, w: 2}\nmore: &m {w: 3, z: 4}\nown:\n  <<: *b\n  x: 9\nlist:\n  <<: [*b, *m]\ninline:\n  <<: {q: 1}\ntext:\n  \"<<\": 1\n";
    let document = only(text);
    assert_eq!(document.problems, []);
    let value = document.value.unwrap();
    assert_eq!(value["own"], json!({"x": 9, "w": 2}));
    assert_eq!(value["list"], json!({"x": 1, "w": 2, "z": 4}));
    assert_eq!(value["inline"], json!({"q": 1}));
    assert_eq!(value["text"], json!({"<<": 1}));
    assert_eq!(document.positions.value("/own/x").unwrap().line, 5);
    assert_eq!(document.positions.value("/own/w").unwrap().line, 1);
    assert_eq!(document.positions.value("/list/w").unwrap().line, 1);
    assert_eq!(document.positions.value("/list/z").unwrap().line, 2);
}

#[test]
fn merges_that_replace_earlier_fields_are_reported() {
    let document = only("base: &b {x: 1}\nown:\n  x: 9\n  <<: *b\n");
    assert_eq!(document.value.unwrap()["own"], json!({"x": 1}));
    assert_eq!(document.problems.len(), 1);
    assert!(
        document.problems[0].usable && document.problems[0].message.contains("line 3"),
        "{:?}",
        document.problems
    );
}

#[test]
fn merging_other_values_than_mappings_is_a_problem() {
    for text in ["a: &a 1\nb:\n  <<: *a\n", "b:\n  <<: [1]\n", "b:\n  <<:\n"] {
        assert!(!only_problem(text).usable, "{text}");
    }
}

#[test]
fn recursive_anchors_are_a_problem() {
    for text in [
        "a: &self [*self]\n",
        "a: &self {b: {c: *self}}\n",
        "&self {<<: *self}\n",
        "&self [x, {*self : 1}]\n",
    ] {
        let problem = only_problem(text);
        assert!(!problem.usable && problem.message.contains("anchor"), "{text}: {problem:?}");
    }
}

#[test]
fn alias_bombs_are_stopped() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let previous = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{previous}]\n"));
    }
    let problem = only_problem(&text);
    assert!(!problem.usable && problem.message.contains("repeat"), "{problem:?}");
    let mut merges = String::from("a0: &a0 {");
    (0..500).for_each(|field| merges.push_str(&format!("f{field}: 1, ")));
    merges.push_str("}\nlist:\n");
    (0..2000).for_each(|_| merges.push_str("- {<<: *a0}\n"));
    assert!(parse(&merges)[0].problems.iter().any(|problem| !problem.usable));
}

#[test]
fn broken_text_is_reported_with_a_fix() {
    let table = [
        ("a:\n\tb: 1\n", 2, 1, "tab"),
        ("a:\n  b: 1\n\tc: 2\n", 3, 1, "tab"),
        ("a: 1\nb: \"unclosed\nc: 2\n", 2, 4, "quote"),
        ("a: 'unclosed", 1, 4, "quote"),
        ("é: 1\nb: é: c\n", 2, 5, "`:`"),
        ("a: [1, 2\nb: 3\n", 2, 2, "bracket"),
        ("a: {b: 1\n", 1, 4, "bracket"),
        ("a: \"😀\" x\n", 1, 8, "closing quote"),
        ("a: @x\n", 1, 4, "quotes"),
        ("a: *nope\n", 1, 4, "anchor"),
        ("a:\n  - b\n c: 1\n", 3, 2, "indent"),
        ("{\"a\": 1,\n \"b\" 2}", 2, 6, "`:`"),
        ("{\"a\": 1\n \"b\": 2}", 2, 2, "`,`"),
        ("{\"a\": \"x\n", 1, 7, "closed"),
    ];
    let mut wrong = Vec::new();
    for (text, line, column, word) in table {
        let Some(problem) =
            parse(text).first().and_then(|document| document.problems.first()).cloned()
        else {
            panic!("{text:?} is read without a word");
        };
        if problem.usable
            || (problem.span.line, problem.span.column) != (line, column)
            || !problem.message.contains(word)
        {
            wrong.push((text, problem));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn one_broken_document_does_not_hide_the_others() {
    let documents = parse("a: 1\n---\nb: [\n---\nc: 3\n---\n\td: 4\n---\ne: 5\n");
    let read: Vec<_> = documents.iter().map(|document| document.value.clone()).collect();
    assert_eq!(
        read,
        [Some(json!({"a": 1})), None, Some(json!({"c": 3})), None, Some(json!({"e": 5}))]
    );
    assert_eq!(documents[2].positions.value("/c").unwrap().line, 5);
    assert_eq!(documents[3].problems[0].span.line, 7);
}

#[test]
fn helm_templates_are_reported_once() {
    let documents = parse(include_str!("data/yaml/template.yaml"));
    assert_eq!(documents.len(), 1, "{documents:?}");
    let problem = &documents[0].problems[0];
    assert!(
        problem.message.contains("Helm template, not YAML")
            && problem.message.contains("`helm template`")
    );
    assert_eq!((problem.span.line, problem.span.column, problem.span.end_column), (1, 1, 26));
    for text in [
        "name: {{ .Release.Name }}\n",
        "name: \"{{ include \"x\" . }}\"\n",
        "a: 1\n{{ end }}\n",
        "list:\n{{- range .x }}\n- {{ . }}\n{{- end }}\n",
    ] {
        assert!(only_problem(text).message.contains("Helm"), "{text}");
    }
}

#[test]
fn braces_within_text_are_not_templates() {
    let text = "a: \"{{ .x }}\"\nb: '{{x}}'\nc: |\n  {{ x }}\nd: x-{{ y }}\n";
    assert_eq!(only(text).problems, []);
    let broken = only_problem("a: \"{{ .x }}\" # {{ y }}\nb:\n\tc: 1\n");
    assert!(broken.message.contains("tab"), "{broken:?}");
}
