//! The gate notices that it is open: differences between the registered and the printed webhooks are
//! reported, and repaired if the leader may.

use super::support::installation::{Installation, events};
use super::support::wait::until;
use super::support::{ControlPlane, Flinkgate, Options, crds, flinkgate};
use serde_json::json;

const CONFIGURATIONS: [&str; 2] =
    ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"];

/// Waits until `/metrics` has so many differences of a configuration.
fn wait_differences(gate: &Flinkgate, configuration: &str, wanted: u64) {
    let line = format!(
        "flinkgate_webhook_configuration_differences{{configuration=\"{configuration}\"}} {wanted}\n"
    );
    until("the differences are counted", || {
        let (_, metrics) = gate.health("/metrics")?;
        if metrics.contains(&line) { Ok(()) } else { Err(metrics) }
    });
}

#[test]
fn an_open_gate_is_reported() {
    let installation = Installation::new(Options { nodes: 0, ..Options::default() }, 1);
    let gate = &installation.replicas[0];
    let readyz = |wanted: &str| {
        until("/readyz reports the webhooks", || {
            let (status, text) = gate.health("/readyz")?;
            if status == 200 && text.contains(wanted) { Ok(()) } else { Err(text) }
        });
    };
    wait_differences(gate, "mutating", 0);
    wait_differences(gate, "validating", 0);
    readyz("[+] webhooks: both configurations are as printed");

    let open = json!([{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]);
    installation.kubectl(&[
        "patch",
        CONFIGURATIONS[1],
        "flinkgate",
        "--type=json",
        "--patch",
        &open.to_string(),
    ]);
    wait_differences(gate, "validating", 1);
    let text = "`failurePolicy` is `Ignore`, expected `Fail`";
    readyz(text);
    let warned = |what: &str| {
        gate.log()
            .iter()
            .filter(|line| {
                line["level"] == "WARN" && line["differences"].to_string().contains(what)
            })
            .count()
    };
    assert_eq!(warned(text), 1);
    until("an Event is written", || {
        let events = events(&installation, "default");
        let found = events.iter().any(|event| {
            event["reason"] == "WebhooksDiffer" && event["note"].to_string().contains(text)
        });
        if found { Ok(()) } else { Err(format!("{events:?}")) }
    });
    installation.kubectl(&["delete", CONFIGURATIONS[0], "flinkgate"]);
    wait_differences(gate, "mutating", 1);
    readyz("MutatingWebhookConfiguration `flinkgate` does not exist");

    // `kubectl apply` of the manifests closes it again.
    installation.kubectl(&[
        "apply",
        "--server-side",
        "--force-conflicts",
        "-f",
        "deploy/install.yaml",
    ]);
    wait_differences(gate, "mutating", 0);
    wait_differences(gate, "validating", 0);
    readyz("[+] webhooks: both configurations are as printed");
    assert_eq!(warned(text), 1);
}

#[test]
fn the_leader_repairs_what_no_tool_manages() {
    let control_plane = ControlPlane::start(Options { nodes: 0, ..Options::default() });
    crds::install(&control_plane);
    control_plane.kubectl(&["create", "namespace", "flinkgate-system"]);
    let gate = Flinkgate::start(&control_plane, &["--cluster", "--repair-webhooks"]);
    let url = format!("https://{}", gate.webhooks);
    gate.wait_ready();
    // Without any configuration, it makes them for its Service.
    wait_differences(&gate, "mutating", 0);
    wait_differences(&gate, "validating", 0);
    let by_url = flinkgate::output(&["webhooks", "--url", &url]);
    control_plane.try_kubectl(&["replace", "-f", "-"], &by_url).unwrap();
    wait_differences(&gate, "validating", 0);

    let narrow = json!([
        {"op": "replace", "path": "/webhooks/0/rules/0/operations", "value": ["UPDATE"]},
        {"op": "remove", "path": "/webhooks/2"},
    ]);
    let patch = |patch: &str, kind: &str| {
        control_plane.kubectl(&["patch", kind, "flinkgate", "--type=json", "--patch", patch]);
    };
    patch(&narrow.to_string(), CONFIGURATIONS[1]);
    gate.logged("the repair", |line| line["message"] == "repaired the webhook configuration");
    wait_differences(&gate, "validating", 0);
    control_plane.kubectl(&["delete", CONFIGURATIONS[1], "flinkgate"]);
    let asked = || {
        let nonsense = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkPolicy", "metadata": {"name": "broken"},
            "spec": {"rego": "package broken\nx := ]\n"}});
        until("the API server asks Flinkgate", || {
            match control_plane
                .try_kubectl(&["create", "--dry-run=server", "-f", "-"], &nonsense.to_string())
            {
                Err(refusal) if refusal.contains("line 2, column 6: ") => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
    };
    asked();
    wait_differences(&gate, "validating", 0);

    // What Helm manages is only reported.
    control_plane.kubectl(&[
        "label",
        CONFIGURATIONS[1],
        "flinkgate",
        "app.kubernetes.io/managed-by=Helm",
    ]);
    patch(
        &json!([{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}])
            .to_string(),
        CONFIGURATIONS[1],
    );
    wait_differences(&gate, "validating", 1);
    gate.logged("the advice", |line| line["help"].to_string().contains("helm upgrade"));
    std::thread::sleep(std::time::Duration::from_secs(6));
    wait_differences(&gate, "validating", 1);
}
