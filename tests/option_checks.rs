//! `flinkgate lint` on options: each finding at the line and column where the option is written,
//! nested or flat, and nothing said of the examples.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use assert_cmd::Command;
use serde_json::Value;

const MANIFEST: &str = "apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: etl, namespace: default}
spec:
  flinkVersion: v1_19
  image: registry.example.com/flink:1.19
  serviceAccount: flink
  flinkConfiguration:
    execution:
      checkpointing:
        interval: soon
        savepoint-dir: s3://a/savepoints
    rest.profiling.enabled: true
    taskmanager.numberOfTaskSlot: 2
    state.backend.local-recovery: true
    state: {checkpoints.dir: s3://a/b}
    env.java.opts: -Dx=y
    client.heartbeat.interval: \"30000\"
    my.own.key: anything
    kubernetes.secrets: {credentials: /etc/credentials}
    pekko: {ask.timeout: 10 s}
  jobManager: {resource: {cpu: 1, memory: 2048m}}
  taskManager: {resource: {cpu: 1, memory: 2048m}}
  job: {jarURI: local:///opt/flink/usrlib/job.jar, parallelism: 2, upgradeMode: stateless}
";

/// `line:column level rule` of every finding about options.
fn lint(path: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_flinkgate"))
        .args(["lint", "--format", "json", path])
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let about_options = [
        "flink/invalid-value",
        "flink/unknown-option",
        "flink/deprecated-option",
        "flink/option-version",
    ];
    let findings = report["findings"].as_array().unwrap().iter();
    let findings =
        findings.filter(|finding| about_options.contains(&finding["rule"].as_str().unwrap()));
    let mut lines: Vec<String> = findings
        .map(|finding| {
            let text = |name: &str| finding[name].as_str().unwrap().to_owned();
            format!(
                "{}:{} {} {}: {}",
                finding["line"],
                finding["column"],
                text("level"),
                text("rule"),
                text("message")
            )
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn every_finding_stands_where_the_option_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("etl.yaml");
    std::fs::write(&file, MANIFEST).unwrap();
    insta::assert_snapshot!(lint(file.to_str().unwrap()).join("\n"));
}

#[test]
fn nothing_is_said_of_the_examples() {
    assert_eq!(lint("examples/manifests"), Vec::<String>::new());
}
