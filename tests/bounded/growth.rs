//! Every family of inputs grows linearly until a limit refuses it.

use crate::families::{FAMILIES, body};
use crate::measure::{Cost, cost};
use crate::{families_pods, families_schema, families_yaml};
use flinkgate::admission::answer::Webhook;

/// The longest answer in bytes.
const ANSWER: usize = 64 << 10;

/// Doublings of each family: the last ones are far above the limits.
const DOUBLINGS: u32 = 4;

/// Costs that do not depend on the size, such as the first use of a thread's buffers.
const ALLOCATIONS: u64 = 150;
const BYTES: u64 = 40_000;
/// Fewer steps take less than a millisecond, however they grow: a list of 200 containers is searched
/// by name.
const STEPS: u64 = 20_000;

/// Whether a cost at most doubled, plus a tenth.
fn at_most_doubled(before: u64, after: u64, constant: u64) -> bool {
    after <= before * 21 / 10 + constant
}

fn excess(before: Cost, after: Cost) -> Option<String> {
    let grew = |what: &str, before: u64, after: u64, constant: u64| {
        (!at_most_doubled(before, after, constant)).then(|| format!("{what}: {before} -> {after}"))
    };
    grew("allocations", before.allocations, after.allocations, ALLOCATIONS)
        .or_else(|| grew("bytes", before.bytes, after.bytes, BYTES))
        .or_else(|| grew("peak", before.peak, after.peak, BYTES))
        .or_else(|| grew("steps", before.steps, after.steps, STEPS))
}

#[test]
fn doubling_an_input_at_most_doubles_its_cost() {
    let mut failures = Vec::new();
    let word = std::env::var("FAMILY").unwrap_or_default();
    let all = FAMILIES
        .iter()
        .chain(families_yaml::FAMILIES)
        .chain(families_pods::FAMILIES)
        .chain(families_schema::FAMILIES);
    for (name, size, family) in all.filter(|(name, ..)| name.contains(&word)) {
        for webhook in [Webhook::Mutate, Webhook::Validate] {
            // What is prepared once in a process.
            cost(webhook, &body(&family(1)));
            let measure = |n: u32| {
                let body = body(&family(size << n));
                let start = std::time::Instant::now();
                let cost = cost(webhook, &body);
                if std::env::var_os("SHOW_COSTS").is_some() {
                    println!("{name} {} {:?} {cost:?}", webhook.as_str(), start.elapsed());
                }
                cost
            };
            let costs: Vec<Cost> = (0..DOUBLINGS).map(measure).collect();
            for pair in costs.windows(2) {
                if let Some(excess) = excess(pair[0], pair[1]) {
                    let at = pair[0].request;
                    failures
                        .push(format!("{name} at {} from {at} bytes: {excess}", webhook.as_str()));
                }
            }
            let longest = costs.iter().map(|cost| cost.answer).max().unwrap();
            if longest > ANSWER {
                failures.push(format!("{name}: the answer has {longest} bytes"));
            }
        }
    }
    assert!(failures.is_empty(), "{}\n{} failures", failures.join("\n"), failures.len());
}
