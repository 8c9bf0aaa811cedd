//! The fuzz targets with a bounded number of inputs, on a stable compiler: each seed of
//! `fuzz/corpus`, and inputs made from them by a generator that always makes the same.
//!
//! `FLINKGATE_FUZZ=1000000 cargo test --release --test fuzz` runs more. Input number `n` depends on
//! nothing but `n` and the corpus, so that `FLINKGATE_FUZZ_START=1000000` continues such a run. With
//! `FLINKGATE_FUZZ_FAILURES=FOLDER`, inputs that fail are kept there, and the others are run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../fuzz/src/grammar/mod.rs"]
mod grammar;
#[path = "../seeded/mod.rs"]
mod seeded;
#[path = "../../fuzz/src/targets/mod.rs"]
mod targets;

use seeded::Seeded;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Instant;
use targets::{TARGETS, Target};

/// That of the binary: with the C library's, a long run takes a quarter longer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Inputs of each target, unless the environment asks for more.
const INPUTS: u64 = 2_000;

/// Inputs that fail and are kept, of one run.
const MOST_FAILURES: u64 = 100;

/// Longest input that the generator makes.
const LONGEST: usize = 8_192;

/// Bytes with a meaning in one of the formats.
const BYTES: &[u8] =
    b"\t\n\r -:?,[]{}()#&*!|>'\"%@`<~/\\.;=$0123456789eEkKmMgGiTyno\x85\xC3\xA9\xE2\x80\xA8\x00\x1b";

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(format!("fuzz/corpus/{target}"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Input number `index`: changes of a seed.
fn changed(index: u64, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut random = Seeded(index.wrapping_mul(0xD134_2543_DE82_EF95) ^ 0x666c_696e_6b67_6174);
    let mut bytes = seeds[random.below(seeds.len())].clone();
    // Often a single change, so that formats with brackets survive it.
    let most = 1 + random.below(8);
    for _ in 0..=random.below(most) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(40)).min(bytes.len());
        match random.below(7) {
            0 if at < bytes.len() => bytes[at] = BYTES[random.below(BYTES.len())],
            1 if at < bytes.len() => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            2 => bytes.insert(at, BYTES[random.below(BYTES.len())]),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let copied = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, copied);
            }
            5 => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => {
                let times = 1 + random.below(20);
                let copied = bytes[at..end].repeat(times);
                bytes.splice(at..at, copied);
            }
        }
        bytes.truncate(LONGEST);
    }
    bytes
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

fn run(name: &str, target: Target) {
    let is_whole = matches!(name, "review" | "grammar" | "edits" | "certificates");
    let wanted = number("FLINKGATE_FUZZ");
    let inputs = wanted.unwrap_or(if is_whole { INPUTS / 4 } else { INPUTS });
    let start = number("FLINKGATE_FUZZ_START").unwrap_or_default();
    let seeds = corpus(name);
    let made = (start..start + inputs).map(|index| changed(index, &seeds));
    let (begun, mut read, mut failed) = (Instant::now(), 0_u64, 0_u64);
    for input in seeds.iter().cloned().chain(made) {
        match catch_unwind(AssertUnwindSafe(|| target(&input))) {
            Ok(is_read) => read += u64::from(is_read),
            Err(_) => {
                failed += 1;
                let kept = std::env::var_os("FLINKGATE_FUZZ_FAILURES").map(PathBuf::from);
                if let Some(folder) = kept.filter(|_| failed <= MOST_FAILURES) {
                    fs::write(folder.join(format!("{name}-{start}-{failed}")), &input).unwrap();
                    continue;
                }
                let path = std::env::temp_dir().join(format!("flinkgate-fuzz-{name}"));
                fs::write(&path, &input).unwrap();
                panic!("{name}: {}: {:?}", path.display(), String::from_utf8_lossy(&input));
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let failed = if failed == 0 { String::new() } else { format!(", {failed} failed") };
    println!("{name}: inputs {start}+{inputs}, {read} read, {seconds:.1} s{failed}");
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            let (name, target) = TARGETS.iter().find(|(name, _)| *name == stringify!($name)).unwrap();
            run(name, *target);
        })*

        #[test]
        fn every_target_runs_and_has_a_harness_and_a_corpus() {
            let here = [$(stringify!($name)),*];
            assert!(TARGETS.iter().map(|(name, _)| *name).eq(here));
            let manifest = fs::read_to_string("fuzz/Cargo.toml").unwrap();
            for name in here {
                assert!(manifest.contains(&format!("fuzz_targets/{name}.rs")), "{name}");
                assert!(fs::exists(format!("fuzz/fuzz_targets/{name}.rs")).unwrap(), "{name}");
                assert!(!corpus(name).is_empty(), "{name}");
            }
        }
    };
}

targets! {
    yaml review grammar edits tenants option_values images quantities memory_sizes config_files
    text_forms arguments autoscaler_states ledger_lines certificates path_tokens callers annotations
    selectors locations redaction pointers printable
}
