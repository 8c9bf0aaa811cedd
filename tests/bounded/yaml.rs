//! What a small text in YAML can become is in proportion to the text.

use crate::families_yaml::{bombs, plain};
use flinkgate::resource::yaml;

/// The most bytes at once while a text is read, for each byte of it.
fn peak(text: &str) -> u64 {
    let counted = allocation_counter::measure(|| {
        yaml::parse(text);
    });
    counted.bytes_max / text.len() as u64
}

#[test]
fn anchors_and_aliases_take_memory_in_proportion() {
    let usual = peak(&plain(80_000));
    for (name, text) in bombs() {
        let found = peak(&text);
        assert!(
            found <= 8 * usual,
            "{name}: {found} bytes for each of its {}, usually {usual}",
            text.len()
        );
    }
}

#[test]
fn honest_anchors_are_read() {
    let resources = "requests: {cpu: 1, memory: 2Gi}, limits: {cpu: 2, memory: 4Gi}";
    for text in [
        format!("x: &r {{{resources}}}\ny: [{}]\n", "{name: a, resources: *r}, ".repeat(500)),
        format!("x: &r {{{resources}}}\ny:\n{}", "- {<<: *r, name: a-b-c}\n".repeat(500)),
        "a: &a {b: &b {c: &c 1}}\nd: [*a, *b, *c]\n".to_owned(),
    ] {
        let documents = yaml::parse(&text);
        assert!(documents[0].value.is_some(), "{:?}", documents[0].problems);
    }
}

/// The longest text that is measured.
const LONGEST: usize = 3_000_000;
/// What `lint` may take for it.
const MOST: u64 = 64 << 20;

/// A text of that length: a part between two others, again and again.
fn long(before: &str, part: impl Fn(usize) -> String, after: &str) -> String {
    let mut text = before.to_owned();
    for number in 0.. {
        if text.len() >= LONGEST {
            break;
        }
        text += &part(number);
    }
    text + after
}

#[test]
fn three_megabytes_of_any_shape_take_little_memory() {
    const PARTS: [(&str, &str, &str, &str); 7] = [
        ("values", "x: [", "1,", "]"),
        ("mappings", "x: [", "{a: 1},", "]"),
        ("lines of mappings", "x:\n", "- a: 1\n", ""),
        ("JSON", "{\"x\":[", "{\"a\":[]},", "1]}"),
        ("aliases of mappings", "x: &a {a: 1}\ny: [", "*a,", "]"),
        ("anchors", "x: [", "&a {a: 1},", "]"),
        ("items", "apiVersion: v1\nkind: List\nitems: [", "{a: 1},", "]"),
    ];
    let mut texts: Vec<_> = PARTS
        .iter()
        .map(|(name, before, part, after)| (*name, long(before, |_| (*part).to_owned(), after)))
        .collect();
    texts.push(("fields", long("x:\n", |n| format!(" k{n}: 1\n"), "")));
    texts.push(("fields of items", long("items:\n", |n| format!("- k{n}: {{b: 1}}\n"), "")));
    for (name, text) in texts {
        let counted = allocation_counter::measure(|| {
            yaml::parse(&text);
        });
        assert!(counted.bytes_max <= MOST, "{name}: {} bytes", counted.bytes_max);
    }
}

#[test]
fn an_honest_list_of_three_megabytes_is_read() {
    let review = std::fs::read("benches/data/taskmanager-pod-create.json").unwrap();
    let review: serde_json::Value = serde_json::from_slice(&review).unwrap();
    let pod = review["request"]["object"].to_string();
    let text = long(r#"{"apiVersion":"v1","kind":"List","items":["#, |_| format!("{pod},"), "")
        .trim_end_matches(',')
        .to_owned()
        + "]}";
    let mut documents = Vec::new();
    let counted = allocation_counter::measure(|| documents = yaml::parse(&text));
    let value = documents[0].value.as_ref().unwrap();
    assert!(value["items"].as_array().unwrap().len() > 500);
    assert!(counted.bytes_max <= MOST, "{} bytes", counted.bytes_max);
}

#[test]
fn a_large_custom_resource_definition_is_read() {
    let property = |n: usize| format!("        field{n}:\n          type: string\n");
    // etcd stores no larger object.
    let fields: String = (0..35_000).map(property).collect();
    let text = format!("kind: CustomResourceDefinition\nspec:\n  schema:\n{fields}");
    assert!(text.len() > 1_400_000);
    let document = yaml::parse(&text).remove(0);
    assert!(document.value.is_some(), "{:?}", document.problems);
}

#[test]
fn a_file_of_broken_documents_has_a_short_report() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("many.yaml");
    let lint = |documents: usize| {
        std::fs::write(&file, "---\nkind: Pod\n".repeat(documents)).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_flinkgate"));
        let output = command.arg("lint").arg(&file).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    assert!(!lint(100).contains("more document"));
    let report = lint(20_000);
    assert!(report.contains("19900 more documents of this file cannot be read"), "{report}");
    assert!(report.len() < 64 << 10, "{}", report.len());
}
