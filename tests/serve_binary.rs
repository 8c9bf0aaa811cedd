//! `flinkgate serve` and `flinkgate certs` as processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod serve_support;

use assert_cmd::cargo::cargo_bin;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use serve_support::{Client, PATIENCE};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn flinkgate(arguments: &[&str]) -> Output {
    Command::new(cargo_bin("flinkgate")).args(arguments).output().unwrap()
}

fn certs(folder: &Path, more: &[&str]) -> Output {
    flinkgate(&[&["certs", "--out", folder.to_str().unwrap()], more].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_serves_logs_its_decisions_and_leaves_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.crt");
    let mut process = Command::new(cargo_bin("flinkgate"))
        .args(["serve", "--bind", "127.0.0.1:0", "--health-bind", "127.0.0.1:0", "--tls-ca-out", ca.to_str().unwrap()])
        .env_remove("RUST_LOG")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map(|line| line.unwrap());
    let listening = lines.by_ref().map(|line| serde_json::from_str::<Value>(&line).unwrap()).find(|line| line["message"] == "listening");
    let address = listening.unwrap()["webhooks"].as_str().unwrap().parse().unwrap();
    let ca = CertificateDer::from_pem_slice(&std::fs::read(ca).unwrap()).unwrap();
    let mut client = Client::connect(address, &ca, rustls::DEFAULT_VERSIONS, false).await.unwrap();
    client.review("/validate", "etl").await;
    let decision = lines.by_ref().map(|line| serde_json::from_str::<Value>(&line).unwrap()).find(|line| line["message"] == "decision");
    let decision = decision.unwrap();
    for (field, expected) in [("uid", "uid-of-etl"), ("kind", "Pod"), ("namespace", "payments-prod"), ("webhook", "validate")] {
        assert_eq!(decision[field], expected, "{decision}");
    }
    assert_eq!(decision["dryRun"], false);

    let sent = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", process.id())).status().unwrap();
    assert!(sent.success());
    let end = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = process.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < end, "the server did not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_port_in_use_is_a_clear_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = flinkgate(&["serve", "--bind", &address, "--health-bind", "127.0.0.1:0"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains(&format!("cannot listen on {address}")), "{text}");
}

#[test]
fn a_certificate_with_another_key_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    assert!(certs(&one, &[]).status.success() && certs(&two, &[]).status.success());
    let (certificate, key) = (one.join("tls.crt"), two.join("tls.key"));
    let output = flinkgate(&["serve", "--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("do not belong together"), "{text}");
}

#[test]
fn certs_writes_three_files_and_overwrites_only_when_told() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(certs(folder.path(), &["--san", "gate.example.com", "--san", "10.0.0.7"]).status.code(), Some(0));
    let key = std::fs::read(folder.path().join("tls.key")).unwrap();
    assert_eq!(std::fs::metadata(folder.path().join("tls.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let again = certs(folder.path(), &[]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8(again.stderr).unwrap().contains("--force"));
    assert_eq!(std::fs::read(folder.path().join("tls.key")).unwrap(), key);
    assert_eq!(certs(folder.path(), &["--force"]).status.code(), Some(0));
    assert_ne!(std::fs::read(folder.path().join("tls.key")).unwrap(), key);
}
