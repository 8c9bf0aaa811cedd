//! The Pod Security Standards as Kubernetes' own evaluator has them: the same checks of random pods
//! are violated, at every level and version.
//!
//! `FLINKGATE_PODS` says how many pods are tried (3000), `FLINKGATE_SEED` with which number they
//! begin.

mod random_pods;

use super::support::build::Recipe;
use super::support::cache;
use super::support::wait::PATIENCE;
use flinkgate::kubernetes::pod_security::{Standard, evaluate};
use flinkgate::tenant::PodSecurityLevel;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;

const EVALUATOR: Recipe = Recipe {
    name: "pod-security",
    // The program stands beside the module, and is built anew when either changes.
    module: concat!(include_str!("pod-security/go.mod"), include_str!("pod-security/main.go")),
    sums: include_str!("pod-security/go.sum"),
    folder: "tests/cluster/pod-security",
    variables: &[],
    programs: &[("pod-security", ".")],
    texts: &[],
};

/// Pods that are asked about in one go.
const BATCH: u64 = 200;

/// Minor versions that are compared: more than Kubernetes knows, for newer ones mean the newest
/// that is known.
const MINORS: i64 = 45;

/// What a range of versions says of a pod.
#[derive(Deserialize)]
struct Verdict {
    /// First minor version of the range; -1 is the latest version.
    since: i64,
    violated: Vec<String>,
}

/// Kubernetes' answer about one pod.
#[derive(Deserialize)]
struct Answer {
    error: Option<String>,
    #[serde(default)]
    baseline: Vec<Verdict>,
    #[serde(default)]
    restricted: Vec<Verdict>,
}

/// Kubernetes' evaluator, which ends when we do: its input ends then.
struct Evaluator {
    process: Child,
    input: Option<ChildStdin>,
    answers: mpsc::Receiver<String>,
}

impl Evaluator {
    fn start() -> Self {
        let program =
            EVALUATOR.provide("pod-security", &cache::folder().unwrap(), Path::new("go")).unwrap();
        let mut process =
            Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) =
            (process.stdin.take(), BufReader::new(process.stdout.take().unwrap()));
        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { process, input, answers }
    }

    fn ask(&mut self, pods: &[Value]) -> Vec<Answer> {
        let lines: String = pods.iter().map(|pod| format!("{pod}\n")).collect();
        // Answers are taken meanwhile by the thread that reads.
        self.input.as_mut().unwrap().write_all(lines.as_bytes()).unwrap();
        let answer =
            || self.answers.recv_timeout(PATIENCE).expect("the evaluator answers every pod");
        pods.iter().map(|_| serde_json::from_str(&answer()).unwrap()).collect()
    }
}

impl Drop for Evaluator {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What Flinkgate says a pod violates.
fn violated(pod: &Value, level: PodSecurityLevel, minor: u64) -> BTreeSet<String> {
    let found = evaluate(pod, None, Standard { level, minor });
    for violation in &found {
        let place = &violation.place;
        assert!(
            place.starts_with("/spec/") || place.starts_with("/metadata/annotations/"),
            "{violation:?}"
        );
        assert!(!violation.field.is_empty(), "{violation:?}");
    }
    found.into_iter().map(|violation| violation.check.to_owned()).collect()
}

/// How often what was seen.
#[derive(Debug, Default)]
struct Seen {
    unreadable: u64,
    comparisons: u64,
    allowed: BTreeMap<&'static str, u64>,
    /// Checks that were violated, and those that alone refused a pod.
    checks: BTreeMap<String, (u64, u64)>,
}

impl Seen {
    fn compare(&mut self, seed: u64, pod: &Value, answer: &Answer) {
        if answer.error.is_some() {
            self.unreadable += 1;
            return;
        }
        let levels = [
            ("baseline", PodSecurityLevel::Baseline, &answer.baseline),
            ("restricted", PodSecurityLevel::Restricted, &answer.restricted),
        ];
        for (name, level, verdicts) in levels {
            let mut ranges = verdicts.iter().peekable();
            let mut current = ranges.next().unwrap();
            for minor in 0..MINORS {
                while let Some(next) = ranges.next_if(|next| (0..=minor).contains(&next.since)) {
                    current = next;
                }
                let expected: BTreeSet<String> = current.violated.iter().cloned().collect();
                assert_eq!(
                    violated(pod, level, minor.unsigned_abs()),
                    expected,
                    "seed {seed}, {name} v1.{minor}: {pod:#}"
                );
                self.comparisons += 1;
            }
            let latest = verdicts.last().filter(|latest| latest.since == -1).unwrap();
            let expected: BTreeSet<String> = latest.violated.iter().cloned().collect();
            assert_eq!(
                violated(pod, level, u64::MAX),
                expected,
                "seed {seed}, {name} latest: {pod:#}"
            );
            self.comparisons += 1;
            *self.allowed.entry(name).or_default() += u64::from(expected.is_empty());
            for check in &expected {
                let (all, alone) = self.checks.entry(format!("{name} {check}")).or_default();
                *all += 1;
                *alone += u64::from(expected.len() == 1);
            }
        }
    }
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |value| {
        value.parse().unwrap_or_else(|error| panic!("{variable}={value}: {error}"))
    })
}

#[test]
fn random_pods_violate_what_kubernetes_says_they_do_at_every_level_and_version() {
    let (first, count) = (number("FLINKGATE_SEED", 1), number("FLINKGATE_PODS", 3_000));
    let mut evaluator = Evaluator::start();
    let mut seen = Seen::default();
    for start in (0..count).step_by(usize::try_from(BATCH).unwrap()) {
        let seeds: Vec<u64> =
            (start..count.min(start + BATCH)).map(|index| first.wrapping_add(index)).collect();
        let pods: Vec<Value> = seeds.iter().map(|seed| random_pods::pod(*seed)).collect();
        for ((seed, pod), answer) in seeds.iter().zip(&pods).zip(evaluator.ask(&pods)) {
            seen.compare(*seed, pod, &answer);
        }
    }
    println!("{count} pods from seed {first}: {seen:#?}");
    if count >= 3_000 {
        let baseline = 12;
        // Of the 12 checks of level baseline, restricted replaces 4 and adds 7.
        assert_eq!(
            seen.checks.len(),
            baseline + (baseline - 4 + 7),
            "not every check was violated: {:#?}",
            seen.checks
        );
        assert!(
            seen.checks.values().all(|(_, alone)| *alone > 0),
            "a check never decided alone: {:#?}",
            seen.checks
        );
        assert!(
            seen.allowed.values().all(|allowed| *allowed * 20 > count),
            "too few pods are allowed: {seen:#?}"
        );
        assert!(seen.unreadable * 10 < count, "too many pods are none: {seen:#?}");
    }
}
