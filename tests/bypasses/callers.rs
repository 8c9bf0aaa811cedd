//! Case 06 without a cluster: reviews of callers that are not API servers. `tests/cluster/callers.rs`
//! has the same in a control plane.

use crate::serve_support::process::{Process, ca};
use crate::serve_support::{Client, PATIENCE, tls};
use assert_cmd::cargo::cargo_bin;
use flinkgate::resource::yaml;
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const CASE: &str = include_str!("../data/bypasses/06-forged-reviews-starve-another-tenant.yaml");
const TENANT: &str = "apiVersion: flinkgate.dev/v1alpha1\nkind: FlinkTenant\nmetadata: {name: victim}\n\
                      spec: {namespaces: {names: [victim]}, quota: {hard: {cpu: \"20\"}}}\n";

/// A review of the pod of the case, with this name and amount of cpu.
fn review(name: &str, cpu: &str) -> String {
    let mut pod = yaml::parse(CASE).remove(0).value.unwrap();
    pod["metadata"]["name"] = json!(name);
    pod["metadata"]["uid"] = json!(name);
    pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] = json!(cpu);
    let kind = json!({"group": "", "version": "v1", "kind": "Pod"});
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": name, "operation": "CREATE",
        "namespace": "victim", "name": name, "kind": kind, "object": pod}})
    .to_string()
}

struct Gate {
    process: Process,
    folder: TempDir,
    ca: CertificateDer<'static>,
}

impl Gate {
    fn start(prepare: impl FnOnce(&TempDir) -> Vec<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(file("tenants.yaml"), TENANT).unwrap();
        let mut arguments = prepare(&folder);
        let more = ["--tenants", &file("tenants.yaml"), "--tls-ca-out", &file("ca.crt")];
        arguments.extend(more.map(str::to_owned));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let process = Process::start(&arguments);
        let ca = ca(&folder.path().join("ca.crt"));
        Self { process, folder, ca }
    }

    async fn post(&self, path: &str, body: String) -> (u16, String) {
        let mut address = self.process.webhooks;
        address.set_ip([127, 0, 0, 1].into());
        let versions = rustls::DEFAULT_VERSIONS;
        let mut client = Client::connect(address, &self.ca, versions, false).await.unwrap();
        client.post(path, body).await
    }

    async fn judge(&self, path: &str, name: &str, cpu: &str) -> Value {
        let (status, body) = self.post(path, review(name, cpu)).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str::<Value>(&body).unwrap()["response"].take()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_for_everyone_warns_and_reserves_nothing() {
    let gate = Gate::start(|_| vec!["--bind".into(), "0.0.0.0:0".into()]);
    gate.process.logged(|line| {
        line["level"] == "WARN" && line["message"].to_string().contains("every client")
    });
    assert_eq!(gate.judge("/validate", "ghost", "20").await["allowed"], true);
    // The honest pod still has the whole quota, and no pod more than that.
    assert_eq!(gate.judge("/validate", "honest", "20").await["allowed"], true);
    assert_eq!(gate.judge("/validate", "larger", "21").await["allowed"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_loopback_reserves() {
    let gate = Gate::start(|_| vec![]);
    assert_eq!(gate.judge("/validate", "first", "20").await["allowed"], true);
    assert_eq!(gate.judge("/validate", "second", "1").await["allowed"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_callers_with_a_token_of_the_file_are_answered() {
    let (old, new) = ("0123456789abcdef".repeat(4), "fedcba9876543210".repeat(4));
    let gate = Gate::start(|folder| {
        let file = folder.path().join("tokens");
        std::fs::write(&file, format!("{old}\n")).unwrap();
        let bind = ["--bind", "0.0.0.0:0", "--path-token-file", file.to_str().unwrap()];
        bind.map(str::to_owned).to_vec()
    });
    let tokens = gate.folder.path().join("tokens");
    let [old_path, new_path] = [&old, &new].map(|token| format!("/validate/{token}"));
    let refusal = (401, "Flinkgate answers only the API server\n".to_owned());
    for path in ["/validate", "/mutate", "/", &new_path, &format!("{old_path}x"), &old_path[..73]] {
        for body in [review("ghost", "20"), String::new(), "{".to_owned()] {
            assert_eq!(gate.post(path, body).await, refusal, "{path}");
        }
    }
    // The forged reviews reserved nothing; the authenticated ones reserve.
    assert_eq!(gate.judge(&old_path, "first", "20").await["allowed"], true);
    assert_eq!(gate.judge(&old_path, "second", "1").await["allowed"], false);

    // The file of a rotation has both.
    let printed = |file: &std::path::Path| {
        let output = Command::new(cargo_bin("flinkgate"))
            .args(["webhooks", "--path-token-file", file.to_str().unwrap()])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(printed(&tokens).contains(&format!("path: /mutate/{old}\n")));
    for (content, old_status, new_status) in [
        (format!("{new}\n{old}\n"), 200, 200),
        (format!("{new}\n"), 401, 200),
        ("short\n".to_owned(), 401, 200),
    ] {
        std::fs::write(&tokens, &content).unwrap();
        let end = Instant::now() + PATIENCE;
        loop {
            let statuses = [
                gate.post(&old_path, review("x", "1")).await.0,
                gate.post(&new_path, review("x", "1")).await.0,
            ];
            if statuses == [old_status, new_status] {
                break;
            }
            assert!(Instant::now() < end, "{content}: {statuses:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    gate.process
        .logged(|line| line["level"] == "ERROR" && line["error"].to_string().contains("32"));
    std::fs::write(&tokens, format!("{new}\n{old}\n")).unwrap();
    assert!(printed(&tokens).contains(&format!("path: /validate/{new}\n")));
    let (_, metrics) = crate::serve_support::process::plain(gate.process.health, "/metrics").await;
    for secret in [&old, &new] {
        assert!(!metrics.contains(secret.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_caller_cannot_keep_the_server_busy() {
    let token = "0123456789abcdef".repeat(4);
    let gate = Gate::start(|folder| {
        let file = folder.path().join("tokens");
        std::fs::write(&file, &token).unwrap();
        ["--path-token-file", file.to_str().unwrap()].map(str::to_owned).to_vec()
    });
    // The answer does not wait for a body that never comes.
    let versions = rustls::DEFAULT_VERSIONS;
    let mut stream = tls(gate.process.webhooks, &gate.ca, versions, false).await.unwrap();
    let head = "POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 3000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
}

#[test]
fn unusable_token_files_are_errors_that_show_nothing_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens");
    for content in ["", "hunter2\n", "UPPER-CASE-0123456789-0123456789-0123\n", "\u{fffd}\n"] {
        std::fs::write(&file, content).unwrap();
        for command in
            [&["webhooks"][..], &["serve", "--bind", "127.0.0.1:0", "--health-bind", "127.0.0.1:0"]]
        {
            let output = Command::new(cargo_bin("flinkgate"))
                .args(command)
                .args(["--path-token-file", file.to_str().unwrap()])
                .output()
                .unwrap();
            let error = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{error}");
            assert!(error.contains("openssl rand -hex 32"), "{error}");
            assert!(content.trim().is_empty() || !error.contains(content.trim()), "{error}");
        }
    }
}
