//! Where the reports of `lint` go and what they show, through the binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;
use std::process::Output;

const BAD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  hostNetwork: true\n  containers:\n    - {name: a, image: 'a:latest', securityContext: {privileged: true}}\n";
const BROKEN: &str = "apiVersion: v1\nkind: [\n";

/// A repository with manifests in `teams/etl`.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join(".git")).unwrap();
    let teams = folder.path().join("teams/etl");
    std::fs::create_dir_all(&teams).unwrap();
    std::fs::write(teams.join("bad.yaml"), BAD).unwrap();
    folder
}

fn lint(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("flinkgate").unwrap();
    command.env_remove("GITHUB_STEP_SUMMARY").env("NO_COLOR", "").current_dir(folder);
    command.arg("lint").args(args).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn one_run_writes_several_formats() {
    let folder = repository();
    let args =
        ["--format", "sarif=a.sarif", "--format", "junit=a.xml", "--format", "text", "teams"];
    let run = lint(folder.path(), &args);
    assert_eq!(run.status.code(), Some(1), "{}", err(&run));
    assert!(out(&run).contains("error[security/"));
    let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap();
    assert!(
        serde_json::from_str::<Value>(&read("a.sarif")).unwrap()["runs"][0]["results"].is_array()
    );
    assert!(read("a.xml").starts_with("<?xml"));

    let run = lint(folder.path(), &["--format", "json", "--output", "a.json", "teams"]);
    assert_eq!((run.status.code(), out(&run).as_str()), (Some(1), ""));
    assert!(err(&run).contains(" in 1 object of 1 file"), "{}", err(&run));
    assert!(read("a.json").starts_with('{'));
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let folder = repository();
    for (args, message) in [
        (["--format", "sarif", "--format", "json"].as_slice(), "standard output"),
        (&["--format", "sarif=a", "--format", "json=a"], "the same file"),
        (&["--format", "yaml"], "`yaml` is no format"),
        (&["--format", "json", "--output", "missing/a.json"], "failed to write `missing/a.json`"),
    ] {
        let run = lint(folder.path(), &[args, &["teams"]].concat());
        assert_eq!(run.status.code(), Some(2), "{args:?}");
        assert!(err(&run).contains(message), "{args:?}: {}", err(&run));
    }
}

#[test]
fn services_get_paths_of_the_repository() {
    let folder = repository();
    let teams = folder.path().join("teams/etl");
    for (format, expected) in [
        ("sarif", "\"uri\": \"teams/etl/bad.yaml\""),
        ("github", "file=teams/etl/bad.yaml,"),
        ("gitlab", "\"path\": \"teams/etl/bad.yaml\""),
        ("markdown", "teams/etl/bad.yaml:"),
        ("text", " bad.yaml:"),
        ("json", "\"file\": \"bad.yaml\""),
    ] {
        let run = lint(&teams, &["--format", format, "bad.yaml"]);
        assert!(out(&run).contains(expected), "{format}: {}", out(&run));
    }
}

#[test]
fn sarif_has_what_github_reads() {
    let folder = repository();
    let run = lint(folder.path(), &["--format", "sarif", "teams"]);
    let log: Value = serde_json::from_str(&out(&run)).unwrap();
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let privileged = rules.iter().find(|rule| rule["id"] == "security/privileged").unwrap();
    assert_eq!(privileged["helpUri"], "https://flinkgate.dev/rules/security/privileged");
    assert_eq!(privileged["properties"]["security-severity"], "8.0");
    assert_eq!(
        privileged["properties"]["tags"],
        serde_json::json!(["flink", "kubernetes", "security"])
    );
    for rule in rules {
        let severity = rule["properties"].get("security-severity").and_then(Value::as_str);
        let is_security = ["security/", "network/"]
            .iter()
            .any(|family| rule["id"].as_str().unwrap().starts_with(family));
        assert_eq!(severity.is_some(), is_security, "{rule}");
        assert!(severity.is_none_or(|text| text.parse::<f32>().is_ok_and(|number| number <= 10.0)));
    }
    for result in log["runs"][0]["results"].as_array().unwrap() {
        let hash = result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap();
        assert!(hash.ends_with(":1"), "{result}");
    }
}

#[test]
fn gitlab_and_github_show_what_cannot_be_read() {
    let folder = repository();
    std::fs::write(folder.path().join("teams/broken.yaml"), BROKEN).unwrap();
    let run = lint(folder.path(), &["--format", "gitlab", "teams"]);
    assert_eq!(run.status.code(), Some(2));
    let issues: Value = serde_json::from_str(&out(&run)).unwrap();
    let unreadable: Vec<&Value> = issues
        .as_array()
        .unwrap()
        .iter()
        .filter(|issue| issue["check_name"] == "unreadable")
        .collect();
    assert_eq!(unreadable.len(), 1, "{issues}");
    assert_eq!(unreadable[0]["location"]["path"], "teams/broken.yaml");

    let run = lint(folder.path(), &["--format", "github", "teams"]);
    let text = out(&run);
    let groups = text.lines().filter(|line| line.starts_with("::group::")).count();
    assert_eq!(
        (groups, text.lines().filter(|line| *line == "::endgroup::").count()),
        (2, 2),
        "{text}"
    );
    let errors = text.find("::error").unwrap();
    assert!(text.find("::warning").is_none_or(|warning| errors < warning), "{text}");
}

#[test]
fn junit_agrees_with_the_exit_status() {
    let folder = repository();
    let warned = BAD
        .replace("  hostNetwork: true\n", "")
        .replace(", securityContext: {privileged: true}", "");
    for (file, text) in [("bad", BAD), ("warned", &warned), ("broken", BROKEN)] {
        for fail_on in ["error", "warning", "never"] {
            std::fs::write(folder.path().join("one.yaml"), text).unwrap();
            let run = lint(folder.path(), &["--format", "junit", "--fail-on", fail_on, "one.yaml"]);
            let report = quick_junit::Report::deserialize_from_str(&out(&run)).unwrap();
            let expected = match (report.errors, report.failures) {
                (0, 0) => 0,
                (0, _) => 1,
                _ => 2,
            };
            assert_eq!(run.status.code(), Some(expected), "{file} {fail_on}: {}", out(&run));
        }
    }
}

#[test]
fn people_choose_what_they_see() {
    let folder = repository();
    let whole = lint(folder.path(), &["teams", "--fail-on", "never"]);
    assert!(
        out(&whole).contains("privileged: true") && out(&whole).contains(" in 1 object of 1 file")
    );
    let quiet = lint(folder.path(), &["-q", "teams"]);
    assert!(out(&quiet).contains("privileged: true") && !out(&quiet).contains("of 1 file"));
    let short = lint(folder.path(), &["--no-source", "teams"]);
    assert!(out(&short).starts_with("teams/etl/bad.yaml:") && !out(&short).contains(" --> "));
    let shown = lint(folder.path(), &["--no-source", "--show-source", "teams"]);
    assert_eq!(out(&shown), out(&whole));
    let counted = lint(folder.path(), &["--statistics", "teams"]);
    assert!(out(&counted).contains("1  error    security/privileged\n"), "{}", out(&counted));
    assert!(out(&counted).ends_with("in 1 object of 1 file\n"));
    let coloured = lint(folder.path(), &["--color", "always", "teams"]);
    assert!(out(&coloured).contains("\u{1b}[") && !out(&whole).contains('\u{1b}'));
}

/// Other commands of a step write into the file, too.
#[test]
fn the_summary_of_a_step_is_appended() {
    let folder = repository();
    let summary = folder.path().join("summary.md");
    std::fs::write(&summary, "before\n").unwrap();
    let target = format!("markdown={}", summary.display());
    let mut command = Command::cargo_bin("flinkgate").unwrap();
    command.env("GITHUB_STEP_SUMMARY", &summary).current_dir(folder.path());
    let run = command.args(["lint", "--format", &target, "teams"]).output().unwrap();
    assert_eq!(run.status.code(), Some(1));
    let text = std::fs::read_to_string(&summary).unwrap();
    assert!(text.starts_with("before\n### Flinkgate: ") && text.contains("❌ error"), "{text}");
}

#[test]
fn the_version_names_what_is_known() {
    let version =
        |flag: &str| out(&Command::cargo_bin("flinkgate").unwrap().arg(flag).output().unwrap());
    for part in ["commit: ", "Flink:    1.", "operator: 1.8 to "] {
        assert!(version("--version").contains(part), "{}", version("--version"));
    }
    assert_eq!(version("-V").lines().count(), 1);
}
