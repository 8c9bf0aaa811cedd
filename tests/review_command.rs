//! `flinkgate review` as a process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use assert_cmd::Command;
use serde_json::Value;

#[test]
fn reviews_come_from_files_and_standard_input() {
    let file = "tests/data/reviews/delete-flinkdeployment.json";
    let sent: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    for webhook in ["mutate", "validate"] {
        let from_file = Command::cargo_bin("flinkgate")
            .unwrap()
            .args(["review", file, "--webhook", webhook])
            .output()
            .unwrap();
        let from_stdin = Command::cargo_bin("flinkgate")
            .unwrap()
            .args(["review", "--webhook", webhook])
            .pipe_stdin(file)
            .unwrap()
            .output()
            .unwrap();
        assert_eq!(from_file.stdout, from_stdin.stdout);
        assert_eq!(from_file.status.code(), Some(0));
        let answer: Value = serde_json::from_slice(&from_file.stdout).unwrap();
        assert_eq!(answer["response"]["uid"], sent["request"]["uid"]);
    }
}

#[test]
fn a_malformed_review_is_an_error() {
    for input in
        ["", "{}", "[", "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\"}"]
    {
        let output = Command::cargo_bin("flinkgate")
            .unwrap()
            .arg("review")
            .write_stdin(input)
            .output()
            .unwrap();
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true));
        assert!(String::from_utf8(output.stderr).unwrap().starts_with("error: standard input: "));
    }
}
