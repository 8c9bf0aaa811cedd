//! Random configurations through Flink's own classes and through ours, which are to agree: on sizes
//! to the byte, and on what is accepted. README.md beside this file says how to run it and how it
//! last ended.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod ours;
mod questions;
#[path = "../seeded/mod.rs"]
mod seeded;
mod spellings;

use flinkgate::flink::memory::java::double_text;
use flinkgate::flink::version::FlinkVersion;
use flinkgate::resource::quantity::Quantity;
use questions::Question;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const HOW: &str = "FLINK_DIST_JAR names no jar: run tests/oracle/fetch FOLDER 1.20.5 2.3.0 and give what it prints, separated by colons";

/// How long one JVM may take for all questions.
const PATIENCE: Duration = Duration::from_secs(600);

#[test]
fn flink_says_the_same() {
    let jars = std::env::var("FLINK_DIST_JAR").expect(HOW);
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().expect(name))
    };
    let (runs, seed) = (number("ORACLE_RUNS", 20_000), number("ORACLE_SEED", 1));
    let questions = questions::questions(usize::try_from(runs).unwrap(), seed);
    let mut differences = 0;
    for jar in jars.split([':', '\n']).filter(|jar| !jar.is_empty()) {
        differences += compare(Path::new(jar), &questions, seed);
    }
    assert_eq!(differences, 0, "differences, of which the first are above");
}

/// Asks both about everything; how often they differ.
fn compare(jar: &Path, questions: &[Question], seed: u64) -> usize {
    let version = version_of(jar);
    let asked: Vec<&Question> =
        questions.iter().filter(|question| is_asked(question, version)).collect();
    let answers = ask_flink(jar, &asked);
    let (mut differences, mut otherwise_worded) = (0, 0);
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (question, flinks) in asked.iter().zip(&answers) {
        let ours = ours::answer(question, version);
        let flinks = &if question.about == "factors" {
            flinks.as_ref().map(|sizes| as_kubernetes_reads(sizes)).map_err(Clone::clone)
        } else {
            flinks.clone()
        };
        let (accepted, all) = counts.entry(question.about).or_default();
        *all += 1;
        *accepted += usize::from(flinks.is_ok());
        match (flinks, &ours) {
            (Ok(flinks), Ok(ours)) if flinks == ours => {}
            (Err(flinks), Err(ours)) => {
                // Of other refusals there is only one, which Flink words by who asks.
                let memory = matches!(question.about, "jm" | "jm-script" | "tm" | "tm-script");
                if memory && ours.split(" Caused by: ").next() != Some(flinks) {
                    otherwise_worded += 1;
                    if otherwise_worded <= 5 {
                        println!(
                            "{version} {}\n  Flink: {flinks}\n  ours:  {ours}",
                            question.line()
                        );
                    }
                }
            }
            _ => {
                differences += 1;
                if differences <= 20 {
                    println!(
                        "{version} {}\n  Flink: {flinks:?}\n  ours:  {ours:?}",
                        question.line()
                    );
                }
            }
        }
    }
    let table: Vec<_> =
        counts.iter().map(|(about, (accepted, all))| format!("{about} {accepted}/{all}")).collect();
    println!(
        "{}: {} questions (seed {seed}), {differences} differences, {otherwise_worded} refusals in other words; accepted: {}",
        jar.file_name().unwrap().to_string_lossy(),
        asked.len(),
        table.join(", ")
    );
    differences
}

/// Flink writes a product of doubles, and Kubernetes rounds it up to a billionth.
fn as_kubernetes_reads(sizes: &str) -> String {
    let (cpu, memory) = sizes.split_once(',').unwrap();
    format!("{},{memory}", double_text(Quantity::parse(cpu).unwrap().as_cores_f64()))
}

/// Flink before 1.19 has no least number, and before 1.18 other limits: what it says of them there
/// is not what counts.
fn is_asked(question: &Question, version: FlinkVersion) -> bool {
    question.about != "limits" || version >= FlinkVersion::new(1, 19)
}

/// `flink-dist-1.20.5.jar` is of 1.20.
fn version_of(jar: &Path) -> FlinkVersion {
    let name = jar.file_stem().unwrap().to_string_lossy();
    let release = name.strip_prefix("flink-dist-").and_then(FlinkVersion::parse_release);
    release.unwrap_or_else(|| panic!("{} is not named flink-dist-VERSION.jar", jar.display()))
}

/// All answers of one JVM, in the order of the questions.
fn ask_flink(jar: &Path, questions: &[&Question]) -> Vec<Result<String, String>> {
    let folder = tempfile::tempdir().unwrap();
    let (asked, answered) = (folder.path().join("questions"), folder.path().join("answers"));
    let lines: Vec<String> = questions.iter().map(|question| question.line()).collect();
    std::fs::write(&asked, lines.join("\n")).unwrap();
    let mut flink = Command::new("java")
        .arg("-cp")
        .arg(jar)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/AskFlink.java"))
        .stdin(File::open(&asked).unwrap())
        .stdout(File::create(&answered).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .expect("java, 11 or newer");
    let started = Instant::now();
    let status = loop {
        if let Some(status) = flink.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > PATIENCE {
            flink.kill().unwrap();
            flink.wait().unwrap();
            panic!("Flink has not answered within {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let answers = std::fs::read_to_string(&answered).unwrap();
    let answers: Vec<_> = answers.lines().map(answer).collect();
    assert!(
        status.success() && answers.len() == questions.len(),
        "{status}: {} of {} answers",
        answers.len(),
        questions.len()
    );
    answers
}

fn answer(line: &str) -> Result<String, String> {
    match line.split_once(' ') {
        Some(("ok", numbers)) => Ok(numbers.to_owned()),
        Some(("error", message)) => Err(decoded(message)),
        _ => panic!("no answer: {line}"),
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}
