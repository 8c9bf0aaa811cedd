//! A reader of the log that stops does not stop the server.

use crate::families::body;
use crate::serve_support::Client;
use crate::serve_support::process::{ask, ca, plain};
use assert_cmd::cargo::cargo_bin;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

/// Most requests until lines are dropped: each writes some lines, a pipe holds 64 KiB, and 4096 lines
/// wait.
const REQUESTS: usize = 6_000;

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered_while_the_log_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.crt");
    let mut child = Command::new(cargo_bin("flinkgate"))
        .args(["serve", "--bind", "127.0.0.1:0", "--health-bind", "127.0.0.1:0", "--tls-ca-out"])
        .arg(&ca_file)
        .env("RUST_LOG", "trace")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let listening = loop {
        let mut line = String::new();
        assert!(log.read_line(&mut line).unwrap() > 0, "the server ended");
        let line: Value = serde_json::from_str(&line).unwrap();
        if line["message"] == "listening" {
            break line;
        }
    };
    let address = |field: &str| listening[field].as_str().unwrap().parse().unwrap();
    let mut client =
        Client::connect(address("webhooks"), &ca(&ca_file), rustls::DEFAULT_VERSIONS, false)
            .await
            .unwrap();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a".repeat(200)}, "spec": {"containers": []}});
    let review = String::from_utf8(body(&pod)).unwrap();
    let mut dropped = 0;
    for number in 0..REQUESTS {
        let answer = ask(&mut client, "/validate", review.clone()).await;
        assert!(answer["allowed"].is_boolean(), "{answer}");
        if number % 100 == 99 {
            dropped = dropped_lines(address("health")).await;
        }
        if dropped > 0 {
            break;
        }
    }
    assert!(dropped > 0, "no line was dropped");
    ask(&mut client, "/validate", review).await;
    assert!(dropped_lines(address("health")).await > dropped, "the counter does not grow");
    child.kill().unwrap();
    child.wait().unwrap();
}

async fn dropped_lines(health: SocketAddr) -> u64 {
    let (status, metrics) = plain(health, "/metrics").await;
    assert_eq!(status, 200);
    let name = "flinkgate_log_lines_dropped_total ";
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}
