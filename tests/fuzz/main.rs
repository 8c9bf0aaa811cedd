//! The fuzz targets with a bounded number of inputs, on a stable compiler: each seed of
//! `fuzz/corpus`, and inputs made from them by a generator that always makes the same.
//! `FLINKGATE_FUZZ=1000000 cargo test --release --test fuzz` runs more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../fuzz/src/grammar.rs"]
mod grammar;
#[path = "../seeded/mod.rs"]
mod seeded;
#[path = "../../fuzz/src/targets.rs"]
mod targets;

use seeded::Seeded;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use targets::{TARGETS, Target};

/// Inputs of each target, unless the environment asks for more.
const INPUTS: usize = 2_000;

/// Longest input that the generator makes.
const LONGEST: usize = 4_096;

/// Bytes with a meaning in one of the formats.
const BYTES: &[u8] =
    b"\t\n\r -:?,[]{}()#&*!|>'\"%@`<~/\\.;=$0123456789eEkKmMgGiTyno\x85\xC3\xA9\xE2\x80\xA8\x00";

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(format!("fuzz/corpus/{target}"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn changed(random: &mut Seeded, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(8) {
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

fn run(name: &str, target: Target) {
    let wanted = std::env::var("FLINKGATE_FUZZ").ok().and_then(|text| text.parse().ok());
    let is_whole = matches!(name, "review" | "grammar" | "certificates");
    let inputs: usize = wanted.unwrap_or(if is_whole { INPUTS / 4 } else { INPUTS });
    let seeds = corpus(name);
    let mut random = Seeded(0x666c_696e_6b67_6174);
    let made = (0..inputs).map(|_| changed(&mut random, &seeds));
    for input in seeds.iter().cloned().chain(made) {
        if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
            let path = std::env::temp_dir().join(format!("flinkgate-fuzz-{name}"));
            fs::write(&path, &input).unwrap();
            panic!("{name}: {}: {:?}", path.display(), String::from_utf8_lossy(&input));
        }
    }
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
    yaml review grammar option_values images quantities memory_sizes config_files ledger_lines
    certificates pointers
}
