//! `flinkgate serve` and `flinkgate certs` as processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod serve_support;

use assert_cmd::cargo::cargo_bin;
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};
use serve_support::process::{Process, ask, ca, plain};
use serve_support::{Client, PATIENCE, put_in_flight, review, tls};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn flinkgate(arguments: &[&str]) -> Output {
    Command::new(cargo_bin("flinkgate")).args(arguments).output().unwrap()
}

fn certs(folder: &Path, more: &[&str]) -> Output {
    flinkgate(&[&["certs", "--out", folder.to_str().unwrap()], more].concat())
}

/// Repeats a review until the answer is as expected.
async fn becomes(client: &mut Client, path: &str, wanted: impl Fn(&Value) -> bool) {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = client.review(path, "etl").await;
        if wanted(&answer) {
            return;
        }
        assert!(Instant::now() < end, "{answer:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn tenant(level: &str) -> String {
    format!(
        "apiVersion: flinkgate.dev/v1alpha1\nkind: FlinkTenant\nmetadata: {{name: payments}}\nspec:\n  namespaces: {{names: [payments-prod]}}\n  security: {{podSecurity: {{level: {level}}}}}\n"
    )
}

const POLICY: &str = "package mine.no_etl\nimport rego.v1\ndeny contains \"no etl here\" if input.request.name == \"etl\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_server_refuses_patches_logs_and_counts() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.crt");
    let process = Process::start(&[
        "--tls-ca-out",
        ca_file.to_str().unwrap(),
        "--tenants",
        "examples/tenants",
    ]);
    process.answers("/healthz", 200, |_| true).await;
    process.answers("/readyz", 200, |text| text.contains("2 tenants")).await;
    let mut client =
        Client::connect(process.webhooks, &ca(&ca_file), rustls::DEFAULT_VERSIONS, false)
            .await
            .unwrap();
    let refused = ask(
        &mut client,
        "/validate",
        std::fs::read_to_string("examples/reviews/privileged-pod.json").unwrap(),
    )
    .await;
    assert_eq!((&refused["allowed"], &refused["status"]["code"]), (&json!(false), &json!(403)));
    let patched = ask(
        &mut client,
        "/mutate",
        std::fs::read_to_string("examples/reviews/flinkdeployment.json").unwrap(),
    )
    .await;
    assert_eq!((&patched["allowed"], &patched["patchType"]), (&json!(true), &json!("JSONPatch")));

    let decision =
        process.logged(|line| line["message"] == "decision" && line["webhook"] == "validate");
    for (field, expected) in [
        ("uid", json!("0e2f4f2e-6b0a-4a4d-8f2d-9a7b6c5d4e3f")),
        ("kind", json!("Pod")),
        ("namespace", json!("payments-prod")),
        ("name", json!("shell")),
        ("tenant", json!("payments")),
        ("allowed", json!(false)),
        ("decision", json!("refused")),
        ("dryRun", json!(false)),
    ] {
        assert_eq!(decision[field], expected, "{decision}");
    }
    assert!(decision["rules"].as_str().unwrap().contains("security/privileged"), "{decision}");
    assert!(decision["microseconds"].is_u64(), "{decision}");
    let (_, metrics) = plain(process.health, "/metrics").await;
    let counted = "flinkgate_admission_requests_total{webhook=\"validate\",kind=\"Pod\",operation=\"CREATE\",decision=\"refused\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_files_are_reloaded_and_broken_ones_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (tenants, policies, ca_file) = (
        folder.path().join("tenants"),
        folder.path().join("policies"),
        folder.path().join("ca.crt"),
    );
    std::fs::create_dir(&tenants).unwrap();
    std::fs::create_dir(&policies).unwrap();
    let (tenant_file, policy_file) = (tenants.join("payments.yaml"), policies.join("no-etl.rego"));
    std::fs::write(&tenant_file, tenant("privileged")).unwrap();
    let process = Process::start(&[
        "--tls-ca-out",
        ca_file.to_str().unwrap(),
        "--tenants",
        tenants.to_str().unwrap(),
        "--policies",
        policies.to_str().unwrap(),
    ]);
    let mut client =
        Client::connect(process.webhooks, &ca(&ca_file), rustls::DEFAULT_VERSIONS, false)
            .await
            .unwrap();
    assert_eq!(client.review("/validate", "etl").await["allowed"], true);

    std::fs::write(&tenant_file, tenant("restricted")).unwrap();
    becomes(&mut client, "/validate", |answer| answer["allowed"] == false).await;
    std::fs::write(&tenant_file, "kind: FlinkTenant\nspec: [").unwrap();
    process
        .answers("/readyz", 200, |text| {
            text.contains("last reload failed") && text.contains("payments.yaml")
        })
        .await;
    assert_eq!(client.review("/validate", "etl").await["allowed"], false);
    std::fs::write(&tenant_file, tenant("privileged")).unwrap();
    process.answers("/readyz", 200, |text| !text.contains("last reload failed")).await;
    assert_eq!(client.review("/validate", "etl").await["allowed"], true);

    std::fs::write(&policy_file, POLICY).unwrap();
    becomes(&mut client, "/validate", |answer| answer.to_string().contains("no etl here")).await;
    std::fs::write(&policy_file, "package mine.no_etl\ndeny contains ]\n").unwrap();
    process
        .answers("/readyz", 200, |text| {
            text.contains("last reload failed") && text.contains("no-etl.rego:2:15")
        })
        .await;
    assert_eq!(client.review("/validate", "etl").await["allowed"], false);
    let (_, metrics) = plain(process.health, "/metrics").await;
    assert!(metrics.contains("flinkgate_policy_errors_total 2"), "{metrics}");

    std::fs::rename(&policies, folder.path().join("away")).unwrap();
    process
        .answers("/readyz", 200, |text| {
            text.contains("last reload failed") && !text.contains(":2:15")
        })
        .await;
    std::fs::rename(folder.path().join("away"), &policies).unwrap();
    process.answers("/readyz", 200, |text| text.contains(":2:15")).await;
    std::fs::write(&policy_file, POLICY.replace("etl\"\n", "other\"\n")).unwrap();
    becomes(&mut client, "/validate", |answer| answer["allowed"] == true).await;
    process.answers("/readyz", 200, |text| !text.contains("last reload failed")).await;
}

/// Mounts a Secret as Kubernetes does: files are links into `..data`, a link that is swapped.
fn mount(folder: &Path, version: &str) -> CertificateDer<'static> {
    let data = folder.join(version);
    assert!(certs(&data, &[]).status.success());
    symlink(version, folder.join("..tmp")).unwrap();
    std::fs::rename(folder.join("..tmp"), folder.join("..data")).unwrap();
    ca(&data.join("ca.crt"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swapped_secret_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let first = mount(folder.path(), "..1");
    let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    symlink("..data/tls.crt", &certificate).unwrap();
    symlink("..data/tls.key", &key).unwrap();
    let process = Process::start(&[
        "--tls-cert",
        certificate.to_str().unwrap(),
        "--tls-key",
        key.to_str().unwrap(),
    ]);
    assert!(
        Client::connect(process.webhooks, &first, rustls::DEFAULT_VERSIONS, false).await.is_ok()
    );
    let second = mount(folder.path(), "..2");
    let end = Instant::now() + PATIENCE;
    while Client::connect(process.webhooks, &second, rustls::DEFAULT_VERSIONS, false).await.is_err()
    {
        assert!(Instant::now() < end, "the old certificate is still served");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        Client::connect(process.webhooks, &first, rustls::DEFAULT_VERSIONS, false).await.is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_request_is_answered_during_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.crt");
    let mut process = Process::start(&["--tls-ca-out", ca_file.to_str().unwrap()]);
    let mut stream =
        tls(process.webhooks, &ca(&ca_file), rustls::DEFAULT_VERSIONS, false).await.unwrap();
    let body = review("admission.k8s.io/v1", "etl");
    put_in_flight(&mut stream, body.len()).await;
    process.terminate();
    process.answers("/readyz", 503, |text| text.contains("terminating")).await;
    while TcpStream::connect(process.webhooks).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    assert_eq!(process.status().await, Some(0));
}

#[test]
fn an_invalid_tenant_at_start_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.yaml");
    std::fs::write(&file, tenant("strict")).unwrap();
    let output = flinkgate(&[
        "serve",
        "--bind",
        "127.0.0.1:0",
        "--health-bind",
        "127.0.0.1:0",
        "--tenants",
        file.to_str().unwrap(),
    ]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("bad.yaml") && text.contains("strict"), "{text}");
}

#[test]
fn a_port_in_use_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = flinkgate(&["serve", "--bind", &address, "--health-bind", "127.0.0.1:0"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains(&format!("cannot listen on {address}")), "{text}");
}

#[test]
fn a_certificate_with_another_key_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    assert!(certs(&one, &[]).status.success() && certs(&two, &[]).status.success());
    let (certificate, key) = (one.join("tls.crt"), two.join("tls.key"));
    let output = flinkgate(&[
        "serve",
        "--tls-cert",
        certificate.to_str().unwrap(),
        "--tls-key",
        key.to_str().unwrap(),
    ]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("do not belong together"), "{text}");
}

#[test]
fn certs_overwrites_only_with_force() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        certs(folder.path(), &["--san", "gate.example.com", "--san", "10.0.0.7"]).status.code(),
        Some(0)
    );
    let key = std::fs::read(folder.path().join("tls.key")).unwrap();
    assert_eq!(
        std::fs::metadata(folder.path().join("tls.key")).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let again = certs(folder.path(), &[]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8(again.stderr).unwrap().contains("--force"));
    assert_eq!(std::fs::read(folder.path().join("tls.key")).unwrap(), key);
    assert_eq!(certs(folder.path(), &["--force"]).status.code(), Some(0));
    assert_ne!(std::fs::read(folder.path().join("tls.key")).unwrap(), key);
}
