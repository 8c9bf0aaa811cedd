//! Cases of `flinkgate lint`: a folder each, with `policy/`, `input/`, further `args`, and what is
//! expected: `findings` (exit status, then a line a finding) and parts of standard error, `stderr`.

use assert_cmd::Command;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Runs a command in the folder of a case.
fn run(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flinkgate"));
    let output = command.current_dir(folder).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Families of the rules that are not Flinkgate's own.
const FAMILIES: [&str; 3] = ["conftest", "gatekeeper", "user"];

/// The findings of policies in a report, a line each, in order of their text.
fn lines(report: &str) -> Vec<String> {
    let report: Value = serde_json::from_str(report).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let mut lines: Vec<String> = findings
        .iter()
        .filter(|finding| {
            let family = finding["rule"].as_str().and_then(|rule| rule.split_once('/'));
            family.is_some_and(|(family, _)| FAMILIES.contains(&family))
        })
        .map(|finding| {
            let object = &finding["object"];
            let object = match object.is_object() {
                true => format!("{}/{}", text(&object["kind"]), text(&object["name"])),
                false => "-".to_owned(),
            };
            format!(
                "{} {} {}:{} {}: {}",
                text(&finding["level"]),
                text(&finding["rule"]),
                text(&finding["file"]),
                finding["line"],
                object,
                text(&finding["message"])
            )
        })
        .collect();
    lines.sort();
    lines
}

fn check(folder: &Path, wrong: &mut Vec<String>) {
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    let args = read("args");
    let mut all = vec!["lint", "input", "--policies", "policy", "--format", "json"];
    all.extend(args.split_whitespace());
    let (status, stdout, stderr) = run(folder, &all);
    let mut found = vec![format!("exit {status}")];
    found.extend(lines(&stdout));
    let found = found.join("\n") + "\n";
    let name = folder.display();
    if std::env::var_os("UPDATE_CASES").is_some() {
        fs::write(folder.join("findings"), &found).unwrap();
    } else if found != read("findings") {
        wrong.push(format!("{name}:\n{found}\ninstead of\n{}\n{stderr}", read("findings")));
    }
    for part in read("stderr").lines().filter(|part| !stderr.contains(*part)) {
        wrong.push(format!("{name}: `{part}` is not in standard error:\n{stderr}"));
    }
    if folder.join("tests").is_file() {
        let (status, stdout, stderr) = run(folder, &["test", "policy"]);
        let found = format!("exit {status}\n{stdout}{stderr}");
        if found != read("tests") {
            wrong.push(format!("{name}: the tests:\n{found}"));
        }
    }
}

fn check_all(folder: &str) {
    let mut wrong = Vec::new();
    let mut cases: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 3);
    cases.iter().filter(|case| case.is_dir()).for_each(|case| check(case, &mut wrong));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn conftest_policies_report_what_they_say() {
    check_all("tests/data/conftest");
}

#[test]
fn gatekeeper_policies_report_what_they_say() {
    check_all("tests/data/gatekeeper");
}

#[test]
fn the_webhook_does_not_take_policies_of_conftest() {
    let folder = Path::new("tests/data/conftest/v0");
    let (status, _, stderr) = run(folder, &["review", "--policies", "policy", "input/review.json"]);
    assert_eq!(status, 2, "{stderr}");
    assert!(stderr.contains("this policy is written for conftest"), "{stderr}");
}
