//! No text makes the reader panic, overflow its stack or run endlessly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod seeded;

use flinkgate::resource::yaml::parse;
use seeded::Seeded;

const MANIFESTS: [&str; 2] =
    [include_str!("data/yaml/session.yaml"), include_str!("data/yaml/template.yaml")];

#[test]
fn mutated_manifests_are_read_or_refused() {
    const BYTES: &[u8] = b"\t\n\r -:?,[]{}#&*!|>'\"%@`<~.0123yno\\\xC3\xA9\xF0\xEF\xBB\xBF\x00";
    let json =
        serde_json::to_string_pretty(parse(MANIFESTS[0])[0].value.as_ref().unwrap()).unwrap();
    let mut random = Seeded(42);
    for round in 0..3000 {
        let seed = [MANIFESTS[0], MANIFESTS[1], &json][round % 3];
        let mut bytes = seed.as_bytes().to_vec();
        for _ in 0..=random.below(6) {
            let at = random.below(bytes.len());
            match random.below(5) {
                0 => bytes[at] = BYTES[random.below(BYTES.len())],
                1 => bytes.insert(at, BYTES[random.below(BYTES.len())]),
                2 => drop(bytes.drain(at..(at + random.below(40)).min(bytes.len()))),
                3 => bytes.truncate(at.max(1)),
                _ => {
                    let copied = bytes[at..(at + random.below(60)).min(bytes.len())].to_vec();
                    let to = random.below(bytes.len());
                    bytes.splice(to..to, copied);
                }
            }
            if bytes.is_empty() {
                break;
            }
        }
        for document in parse(&String::from_utf8_lossy(&bytes)) {
            let broken = document.problems.iter().any(|problem| !problem.usable);
            assert_eq!(document.value.is_none(), broken, "round {round}");
            for problem in &document.problems {
                assert!(
                    problem.span.line > 0 && problem.span.column > 0,
                    "round {round}: {problem:?}"
                );
                assert!(
                    (problem.span.line, problem.span.column)
                        <= (problem.span.end_line, problem.span.end_column),
                    "round {round}: {problem:?}"
                );
            }
            let span = document.positions.nearest("/spec/podTemplate/spec/containers/0/name");
            assert!(span.line > 0 && span.column > 0, "round {round}: {span:?}");
        }
    }
}

#[test]
fn excessive_nesting_is_a_problem() {
    for opening in ["[", "{a: ", "{\"a\":", "- ", "? ", "[{\"a\": ", "{", "&a [", "!!str [", "[["] {
        let text = opening.repeat(100_000);
        let documents = parse(&text);
        assert_eq!(documents.len(), 1, "{opening}");
        assert!(documents[0].value.is_none() && !documents[0].problems.is_empty(), "{opening}");
    }
    let mut stairs = String::new();
    for depth in 0..400 {
        stairs.push_str(&" ".repeat(depth));
        stairs.push_str("a:\n");
    }
    let problem = &parse(&stairs)[0].problems[0];
    assert!(problem.message.contains("nested"), "{problem:?}");
}

#[test]
fn nesting_by_aliases_counts_too() {
    let mut text = String::from("a0: &a0 {k: v}\n");
    for level in 1..300 {
        text.push_str(&format!("a{level}: &a{level} {{k: *a{}}}\n", level - 1));
    }
    let documents = parse(&text);
    assert!(documents[0].problems[0].message.contains("nested"), "{:?}", documents[0].problems);
}

#[test]
fn thousands_of_duplicates_and_documents_are_read() {
    let duplicates = "k: 1\n".repeat(20_000);
    let documents = parse(&duplicates);
    assert!(documents[0].value.is_some() && documents[0].problems.len() <= 100);
    assert_eq!(parse(&"a: 1\n---\n".repeat(5000)).len(), 5000);
}
