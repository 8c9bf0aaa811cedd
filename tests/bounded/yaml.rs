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
