//! Mutual TLS: with `--client-ca` the API server is served, by the certificate that its admission
//! configuration gives it, and nobody else is.

use super::support::credentials::{Authority, Signed};
use super::support::tls::connect;
use super::support::wait::until;
use super::support::{ControlPlane, Flinkgate, Options, crds, flinkgate};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const API_SERVER: &str = "kube-apiserver";

/// An admission configuration by which an API server shows `client` to every webhook.
fn admission_configuration(folder: &Path, client: &Signed) -> PathBuf {
    let user = json!({"client-certificate-data": STANDARD.encode(&client.certificate), "client-key-data": STANDARD.encode(&client.key)});
    let kubeconfig = folder.join("webhooks.kubeconfig");
    fs::write(
        &kubeconfig,
        json!({"apiVersion": "v1", "kind": "Config", "users": [{"name": "*", "user": user}]})
            .to_string(),
    )
    .unwrap();
    let configuration = json!({"apiVersion": "apiserver.config.k8s.io/v1", "kind": "WebhookAdmissionConfiguration", "kubeConfigFile": kubeconfig});
    let plugins = ["MutatingAdmissionWebhook", "ValidatingAdmissionWebhook"]
        .map(|name| json!({"name": name, "configuration": configuration}));
    let file = folder.join("admission.yaml");
    let admission = json!({"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration", "plugins": plugins});
    fs::write(&file, admission.to_string()).unwrap();
    file
}

#[test]
fn only_the_api_server_is_served_when_a_client_authority_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (Authority::new().unwrap(), Authority::new().unwrap());
    let api_server = ours.client(API_SERVER, None).unwrap();
    let admission = admission_configuration(folder.path(), &api_server);
    let ca = folder.path().join("client-ca.crt");
    fs::write(&ca, ours.pem()).unwrap();
    let control_plane = ControlPlane::start(Options {
        nodes: 0,
        api_server_flags: vec![format!("--admission-control-config-file={}", admission.display())],
        ..Options::default()
    });
    crds::install(&control_plane);
    control_plane.kubectl(&["create", "namespace", "flinkgate-system"]);
    let start = |name: &str| {
        let gate = Flinkgate::start(
            &control_plane,
            &["--cluster", "--client-ca", ca.to_str().unwrap(), "--client-name", name],
        );
        gate.wait_ready();
        gate
    };
    let register = |gate: &Flinkgate| {
        control_plane.apply(&flinkgate::output(&[
            "webhooks",
            "--url",
            &format!("https://{}", gate.webhooks),
        ]));
    };
    let refusal = |what: &str, wanted: &str| {
        let nonsense = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkPolicy", "metadata": {"name": "broken"},
            "spec": {"rego": "package broken\nx := ]\n"}});
        until(what, || {
            match control_plane
                .try_kubectl(&["create", "--dry-run=server", "-f", "-"], &nonsense.to_string())
            {
                Err(refusal) if refusal.contains(wanted) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
    };

    let gate = start(API_SERVER);
    register(&gate);
    refusal("the API server is served", "line 2, column 6: ");

    let secret: Value =
        control_plane.get(&["secret", "flinkgate-tls", "--namespace", "flinkgate-system"]);
    let roots = STANDARD.decode(secret["data"]["ca.crt"].as_str().unwrap()).unwrap();
    connect(gate.webhooks, &roots, Some(&api_server)).unwrap();
    connect(gate.webhooks, &roots, None).unwrap_err();
    connect(gate.webhooks, &roots, Some(&ours.client("somebody-else", None).unwrap())).unwrap_err();
    connect(gate.webhooks, &roots, Some(&theirs.client(API_SERVER, None).unwrap())).unwrap_err();

    // A replica that waits for somebody else does not answer the API server.
    let others = start("another-api-server");
    register(&others);
    refusal("the API server is not served", "remote error: tls");
}
