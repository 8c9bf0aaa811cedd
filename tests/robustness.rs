//! No manifest and no review makes the gate panic, and a second mutation has nothing left to do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod manifests;
mod seeded;

use flinkgate::admission::answer::Decision;
use flinkgate::admission::review::Review;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::quota::Usage;
use flinkgate::resource::{Resource, pointer, yaml};
use manifests::files;
use seeded::Seeded;
use serde_json::{Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A gate for which everything belongs to the strict tenant of the examples.
fn gate() -> Gate {
    Gate::load(&[path("examples/tenants")], &[], Unassigned::Warn)
        .unwrap()
        .0
        .only("payments")
        .unwrap()
}

fn texts(folder: &str, extension: &str) -> Vec<String> {
    files(folder, extension).iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

fn reviews() -> Vec<String> {
    [texts("examples/reviews", "json"), texts("tests/data/recorded", "json")].concat()
}

/// Some bytes replaced, inserted, deleted, copied; or the end cut off.
fn mutate_bytes(text: &str, random: &mut Seeded) -> Vec<u8> {
    const BYTES: &[u8] = b"\t\n -:,[]{}#&*\"'\\.0123456789eEnullKMGi\xC3\xF0\x00";
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(12) {
            0..4 => bytes[at] = BYTES[random.below(BYTES.len())],
            4..8 => bytes.insert(at, BYTES[random.below(BYTES.len())]),
            8..10 => drop(bytes.drain(at..(at + random.below(30)).min(bytes.len()))),
            10 => bytes.truncate(at.max(1)),
            _ => {
                let copied = bytes[at..(at + random.below(60)).min(bytes.len())].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, copied);
            }
        }
        if bytes.is_empty() {
            bytes.push(b'{');
        }
    }
    bytes
}

fn pointers(value: &Value, at: String, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, item)| pointers(item, format!("{at}/{index}"), into)),
        Value::Object(fields) => {
            fields.iter().for_each(|(key, field)| pointers(field, pointer::join(&at, key), into));
        }
        _ => {}
    }
    into.push(at);
}

/// Some nodes replaced by what nobody expects there.
fn mutate_nodes(value: &mut Value, random: &mut Seeded) {
    let odd = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(0.1),
        json!(1e308),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("x"),
        json!("-1"),
        json!("9999999999999999999999Ei"),
        json!("1e999"),
        json!("9223372036854775807g"),
        json!("\u{0}/~é\n"),
        json!([]),
        json!([null]),
        json!([{}, "x", [1]]),
        json!({}),
        json!({"": null}),
        json!({"name": {"name": 1}}),
        json!({"a/b~c": ["x"]}),
    ];
    for _ in 0..=random.below(3) {
        let mut all = Vec::new();
        pointers(value, String::new(), &mut all);
        let other = value.pointer(&all[random.below(all.len())]).cloned().unwrap();
        let target = value.pointer_mut(&all[random.below(all.len())]).unwrap();
        *target = if random.below(4) == 0 { other } else { odd[random.below(odd.len())].clone() };
    }
}

/// Both webhooks; what was patched once stays as it is.
fn ask(gate: &Gate, resource: &Resource) {
    gate.validate(resource);
    let answer = gate.mutate(resource);
    let refused = answer.decision() == Decision::Refused;
    if let Some(patch) = answer.patch {
        let mut again = resource.clone();
        json_patch::patch(&mut again.object, &patch).unwrap();
        let second = gate.mutate(&again);
        assert_eq!(second.patch, None, "after {patch}");
        assert!(refused || second.decision() != Decision::Refused);
    }
}

/// Runs one case; a panic is told with what caused it.
fn case(round: usize, input: &[u8], run: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(run)).is_err() {
        panic!("round {round}: {}", String::from_utf8_lossy(input));
    }
}

fn ask_review(gate: &Gate, body: &[u8]) -> bool {
    let Ok(mut review) = Review::parse(body) else { return false };
    let Ok(resource) = review.resource() else { return false };
    ask(gate, &resource);
    true
}

#[test]
fn manifests_with_mutated_bytes_are_judged_or_refused() {
    let gate = gate();
    let mut seeds = texts("examples/manifests", "yaml");
    let json: Vec<String> = seeds
        .iter()
        .flat_map(|text| yaml::parse(text))
        .filter_map(|document| document.value)
        .map(|v| v.to_string())
        .collect();
    seeds.extend(json);
    let (mut random, mut judged) = (Seeded(7), 0);
    for round in 0..ROUNDS {
        let bytes = mutate_bytes(&seeds[round % seeds.len()], &mut random);
        case(round, &bytes, || {
            for document in yaml::parse(&String::from_utf8_lossy(&bytes)) {
                let Some(Ok(resource)) = document.value.map(Resource::from_manifest) else {
                    continue;
                };
                if let Some(case) = gate.case(&resource, false) {
                    gate.judge(case, &Usage::default());
                }
                ask(&gate, &resource);
                judged += 1;
            }
        });
    }
    assert!(judged > ROUNDS / 10, "only {judged}");
}

#[test]
fn reviews_with_mutated_bytes_are_answered_or_refused() {
    let (gate, seeds) = (gate(), reviews());
    let (mut random, mut answered) = (Seeded(11), 0);
    for round in 0..ROUNDS {
        let bytes = mutate_bytes(&seeds[random.below(seeds.len())], &mut random);
        case(round, &bytes, || answered += usize::from(ask_review(&gate, &bytes)));
    }
    assert!(answered > ROUNDS / 10, "only {answered}");
}

#[test]
fn reviews_with_odd_values_are_answered_or_refused() {
    let gate = gate();
    let seeds: Vec<Value> =
        reviews().iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let (mut random, mut answered) = (Seeded(13), 0);
    for round in 0..ROUNDS {
        let mut review = seeds[random.below(seeds.len())].clone();
        // Mostly inside the specs, where there is most to read.
        let inside = ["/request/object/spec", "/request/object", "/request/oldObject", ""]
            [random.below(8).saturating_sub(4)];
        let inside = if review.pointer(inside).is_some() { inside } else { "/request/object" };
        mutate_nodes(review.pointer_mut(inside).unwrap(), &mut random);
        let bytes = review.to_string().into_bytes();
        case(round, &bytes, || answered += usize::from(ask_review(&gate, &bytes)));
    }
    assert!(answered > ROUNDS / 2, "only {answered}");
}

/// A few seconds in a debug build.
const ROUNDS: usize = 3000;
