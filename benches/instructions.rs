//! One part of a review, again and again, for callgrind: instructions do not depend on what else
//! the machine does.
//!
//! `cargo bench --bench instructions` lists the parts with the instructions of each, as callgrind
//! counts them (valgrind must be installed). `-- PART FILE` only runs that part.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

use flinkgate::admission::answer::Webhook;
use flinkgate::admission::response::Reply;
use flinkgate::admission::review::Review;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::resource::Resource;
use serde_json::Value;
use std::hint::black_box;
use std::process::Command;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TIMES: usize = 200;
/// The values of `request.object` are stored objects where the name says so.
const FILES: [&str; 2] = ["taskmanager-pod-create.json", "flinkdeployment-update.json"];
const PARTS: [&str; 7] =
    ["parse-only", "parse", "lower", "check", "validate", "review-validate", "review-mutate"];

fn main() {
    let arguments: Vec<String> =
        std::env::args().filter(|argument| argument != "--bench").collect();
    if let [_, part, file] = arguments.as_slice() {
        return run(part, file);
    }
    println!("{:16} {:30} {:>22}", "part", "request", "instructions");
    for file in FILES {
        for part in PARTS {
            println!("{part:16} {file:30} {:22}", count(part, file));
        }
    }
}

/// Instructions of one repetition.
fn count(part: &str, file: &str) -> usize {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*repeated*"])
        .arg(std::env::current_exe().unwrap())
        .args([part, file])
        .output()
        .expect("valgrind is not installed");
    let text = String::from_utf8(output.stderr).unwrap();
    let line = text.lines().find_map(|line| line.split_once("Collected : ")).expect(&text);
    line.1.trim().parse::<usize>().unwrap() / TIMES
}

fn run(part: &str, file: &str) {
    let body = std::fs::read(format!("benches/data/{file}")).unwrap();
    let (gate, _) = Gate::load(&["examples/tenants".into()], &[], Unassigned::Warn).unwrap();
    let sent = Review::parse(&body).unwrap().resource().unwrap();
    let stored = Resource { object: gate.mutated(&sent), ..sent };
    let complete_body = complete(&body, &stored.object);
    let case = gate.case(&stored, true).unwrap();
    let review = |webhook: Webhook, body: &[u8]| {
        let mut review = Review::parse(body).unwrap();
        let resource = review.resource().unwrap();
        let answer = webhook.ask(&gate, &resource);
        serde_json::to_vec(&Reply::new(&review, webhook, &resource, &answer)).unwrap()
    };
    match part {
        "parse-only" => repeated(|| serde_json::from_slice::<Value>(&complete_body).unwrap()),
        "parse" => repeated(|| Review::parse(&complete_body).unwrap().resource().unwrap()),
        "lower" => repeated(|| gate.case(&stored, true).is_some()),
        "check" => repeated(|| gate.check(&case, None)),
        "validate" => repeated(|| gate.validate(&stored)),
        "review-validate" => repeated(|| review(Webhook::Validate, &complete_body)),
        _ => repeated(|| review(Webhook::Mutate, &body)),
    }
}

/// The review with the object as the mutating webhook leaves it.
fn complete(body: &[u8], object: &Value) -> Vec<u8> {
    let mut review: Value = serde_json::from_slice(body).unwrap();
    review["request"]["object"] = object.clone();
    serde_json::to_vec(&review).unwrap()
}

/// What callgrind counts.
#[inline(never)]
fn repeated<T>(mut part: impl FnMut() -> T) {
    // The first time fills what is made once.
    for _ in 0..TIMES {
        black_box(part());
    }
}
