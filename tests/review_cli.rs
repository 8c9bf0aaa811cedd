//! The exit statuses of `flinkgate review`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use assert_cmd::Command;
use serde_json::{Value, json};

const TENANTS: &str = "examples/tenants";
const REFUSED: &str = "examples/reviews/privileged-pod.json";
const ADMITTED: &str = "examples/reviews/flinkdeployment.json";

fn review(arguments: &[&str], input: &[u8]) -> (Option<i32>, Value, String) {
    let output = Command::cargo_bin("flinkgate")
        .unwrap()
        .arg("review")
        .args(arguments)
        .write_stdin(input)
        .output()
        .unwrap();
    let answer = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), answer, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_exit_status_follows_the_answer() {
    for (file, webhook, status) in
        [(ADMITTED, "mutate", 0), (REFUSED, "validate", 1), (REFUSED, "mutate", 0)]
    {
        let arguments = ["--webhook", webhook, "--tenants", TENANTS];
        let from_file = review(&[&arguments[..], &[file]].concat(), b"");
        let bytes = std::fs::read(file).unwrap();
        for more in [&["-"][..], &[]] {
            assert_eq!(review(&[&arguments[..], more].concat(), &bytes), from_file);
        }
        let (code, answer, error) = from_file;
        assert_eq!((code, error.as_str()), (Some(status), ""), "{file} {webhook}: {answer:#}");
        assert_eq!(answer["response"]["allowed"], status == 0);
        assert_eq!(
            answer["response"]["patchType"],
            if webhook == "mutate" { json!("JSONPatch") } else { Value::Null }
        );
    }
}

#[test]
fn unassigned_decides_about_namespaces_without_tenant() {
    let others = "examples/tenants/sandbox.yaml";
    for (unassigned, status, warnings) in [("allow", 0, 0), ("warn", 0, 1), ("deny", 1, 0)] {
        let (code, answer, _) =
            review(&[ADMITTED, "--tenants", others, "--unassigned", unassigned], b"");
        let warned = answer["response"]["warnings"].as_array().map_or(0, Vec::len);
        assert_eq!((code, warned), (Some(status), warnings), "{unassigned}: {answer:#}");
    }
}

#[test]
fn errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.json");
    std::fs::write(&broken, "{\"kind\":").unwrap();
    let broken = broken.to_str().unwrap();
    let no_object = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE"}}"#;
    for (arguments, input, text) in [
        (&[broken][..], "", "broken.json"),
        (&["no-such-file.json"], "", "failed to read `no-such-file.json`"),
        (&["examples"], "", "failed to read `examples`"),
        (&["-"], no_object, "the request has no `object`"),
        (&["-"], "nonsense", "standard input"),
        (&[ADMITTED, "--tenants", "no-such-folder"], "", "no-such-folder"),
        (&[ADMITTED, "--tenants", broken], "", "broken.json"),
        (&[ADMITTED, "--webhook", "convert"], "", "convert"),
    ] {
        let (code, answer, error) = review(arguments, input.as_bytes());
        assert_eq!((code, &answer), (Some(2), &Value::Null), "{arguments:?}");
        assert!(error.starts_with("error: ") && error.contains(text), "{arguments:?}: {error}");
    }
}
