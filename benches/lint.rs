//! Lint throughput: FlinkDeployment documents a second, on one core and on all.
//!
//! `cargo bench --bench lint` writes documents of about 3.5 KB into a temporary folder and runs the
//! binary over them; with `FLINKGATE_BENCH_OLD=PATH` also another build of it, in turn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const FILES: usize = 200;
const DOCUMENTS_A_FILE: usize = 50;
const ROUNDS: usize = 5;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let template = fs::read_to_string("benches/data/deployment.yaml").unwrap();
    for file in 0..FILES {
        let documents: Vec<String> = (0..DOCUMENTS_A_FILE)
            .map(|document| template.replace("NAME", &format!("etl-{file}-{document}")))
            .collect();
        fs::write(folder.path().join(format!("{file}.yaml")), documents.join("---\n")).unwrap();
    }
    let mut binaries = vec![env!("CARGO_BIN_EXE_flinkgate").to_owned()];
    binaries.extend(std::env::var("FLINKGATE_BENCH_OLD").ok());
    let documents = FILES * DOCUMENTS_A_FILE;
    println!("{documents} documents of {} bytes; median of {ROUNDS} runs", template.len());
    // Where a tenant asks for more than its quota, every document is judged twice and gets
    // findings.
    for (tenants, what) in [
        ("benches/data/tenants.yaml", "within the quota"),
        ("examples/tenants", "far over the quota"),
    ] {
        for (label, threads) in [("one core", "1"), ("all cores", "0")] {
            // One round a binary, in turn: what slows one down slows all.
            let rounds: Vec<Vec<f64>> = (0..ROUNDS)
                .map(|_| {
                    binaries.iter().map(|path| run(path, folder.path(), tenants, threads)).collect()
                })
                .collect();
            for (index, name) in ["flinkgate", "old"].into_iter().take(binaries.len()).enumerate() {
                let seconds: Vec<f64> = rounds.iter().map(|round| round[index]).collect();
                let ratios: Vec<f64> = rounds.iter().map(|round| round[index] / round[0]).collect();
                println!(
                    "{what:20} {label:10} {name:10} {:7.2} s  {:8.0} documents/s  {:5.2}",
                    median(&seconds),
                    documents as f64 / median(&seconds),
                    1.0 / median(&ratios)
                );
            }
        }
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn run(binary: &str, folder: &Path, tenants: &str, threads: &str) -> f64 {
    let begin = Instant::now();
    let status = Command::new(binary)
        .args(["lint", "--fail-on", "never", "--format", "json", "--tenants", tenants])
        .arg(folder)
        .env("RAYON_NUM_THREADS", threads)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "lint failed: {status}");
    begin.elapsed().as_secs_f64()
}
