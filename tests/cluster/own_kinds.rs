//! Admission of what Flinkgate is configured with: refused when wrong, in the words that files get.

use super::support::flinkgate::{self, Flinkgate};
use super::support::wait::until;
use super::support::{ControlPlane, Options, crds};
use serde_json::{Value, json};
use std::fs;

/// Registers both webhooks by URL for Flinkgate's own kinds, and waits until the API server asks
/// them.
fn register(control_plane: &ControlPlane, gate: &Flinkgate) {
    for (kind, path) in
        [("MutatingWebhookConfiguration", "mutate"), ("ValidatingWebhookConfiguration", "validate")]
    {
        let rule = |group: &str, resources: &[&str]| json!({"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": resources});
        let configuration = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": "flinkgate"}, "webhooks": [{
            "name": format!("{path}.flinkgate.dev"),
            "clientConfig": {"url": format!("https://{}/{path}", gate.webhooks)},
            "rules": [rule("flinkgate.dev", &["flinktenants", "flinkpolicies"]), rule("", &["namespaces"])],
            "namespaceSelector": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}]},
            "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail", "timeoutSeconds": 10}]});
        control_plane.apply(&configuration.to_string());
    }
    until("the API server asks Flinkgate", || {
        let probe = object("FlinkPolicy", "probe", json!({"rego": "package probe\nx := ]\n"}));
        match control_plane.try_kubectl(&["create", "--dry-run=server", "-f", "-"], &probe) {
            Err(complaint) if complaint.contains("denied the request") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}

fn object(kind: &str, name: &str, spec: Value) -> String {
    json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}).to_string()
}

fn refused(control_plane: &ControlPlane, manifest: &str) -> String {
    control_plane.refused(&["create", "-f", "-"], manifest)
}

#[test]
fn our_own_kinds_are_refused_in_the_words_of_files_and_namespaces_carry_their_tenant() {
    let control_plane = ControlPlane::start(Options { nodes: 0, ..Options::default() });
    crds::install(&control_plane);
    control_plane.kubectl(&["create", "namespace", "flinkgate-system"]);
    let gate = Flinkgate::start(&control_plane, &["--cluster"]);
    gate.wait_ready();
    register(&control_plane, &gate);

    // By the schema, by CEL and by our own validation: what files are told too.
    let wrong = [
        json!({"namespaces": {"names": ["Payments"]}}),
        json!({"namespaces": {"selector": {}}}),
        json!({"exemptions": [{"rules": ["*"], "until": "soon"}]}),
        json!({"flink": {"versions": ["1.20"]}}),
        json!({"storage": {"checkpoints": {"volume": {"claimName": "x", "mountPath": "a/b"}}}}),
        json!({"quota": {"hard": {"cpu": "-1"}}}),
        json!({"quota": {"perCluster": {"pods": -1}}}),
        json!({"quota": {"hard": {"cpus": "1"}}}),
    ];
    for spec in wrong {
        let manifest = object("FlinkTenant", "wrong", spec);
        let file = control_plane.file("tenant").with_extension("yaml");
        fs::write(&file, &manifest).unwrap();
        let offline = std::process::Command::new(env!("CARGO_BIN_EXE_flinkgate"))
            .args(["lint", "--tenants", file.to_str().unwrap(), "examples/manifests/etl.yaml"])
            .output()
            .unwrap();
        let offline = String::from_utf8(offline.stderr).unwrap();
        let told = offline
            .lines()
            .find_map(|line| line.trim_start().strip_prefix(file.to_str().unwrap()))
            .unwrap_or_else(|| panic!("{offline}"));
        let message = told.splitn(4, ':').last().unwrap().trim();
        let refusal = refused(&control_plane, &manifest);
        assert!(refusal.contains(message), "{message:?} is not said in {refusal}");
    }
    let long = object("FlinkTenant", &"a".repeat(64), json!({}));
    assert!(refused(&control_plane, &long).contains("longer than the 63 characters"));

    control_plane.create(&object(
        "FlinkTenant",
        "payments",
        json!({"namespaces": {"names": ["payments-*"], "selector": {"matchLabels": {"team": "pay"}}}}),
    ));
    until("a second claim is refused", || {
        let second =
            object("FlinkTenant", "fraud", json!({"namespaces": {"names": ["payments-x"]}}));
        match control_plane.try_kubectl(&["create", "--dry-run=server", "-f", "-"], &second) {
            Err(complaint)
                if complaint.contains(
                    "both select namespace `payments-x`; a namespace belongs to one tenant",
                ) =>
            {
                Ok(())
            }
            other => Err(format!("{other:?}")),
        }
    });

    let policy = |name: &str, rego: &str| object("FlinkPolicy", name, json!({"rego": rego}));
    let refusal = refused(&control_plane, &policy("broken", "package broken\nx := ]\n"));
    assert!(refusal.contains("line 2, column 6: "), "{refusal}");
    let rego = "# METADATA\n# custom: {id: user/own}\npackage own\nimport rego.v1\ndeny contains \"no\" if input.object.x\n";
    control_plane.create(&policy("own", rego));
    until("a clash is refused", || {
        match control_plane
            .try_kubectl(&["create", "--dry-run=server", "-f", "-"], &policy("same", rego))
        {
            Err(complaint)
                if complaint.contains("package own is already taken by FlinkPolicy/own") =>
            {
                Ok(())
            }
            other => Err(format!("{other:?}")),
        }
    });

    let label = |name: &str| {
        control_plane.get(&["namespace", name])["metadata"]["labels"]["flinkgate.dev/tenant"]
            .clone()
    };
    control_plane.kubectl(&["create", "namespace", "payments-new"]);
    assert_eq!(label("payments-new"), "payments");
    control_plane.kubectl(&["create", "namespace", "other"]);
    assert_eq!(label("other"), Value::Null);
    control_plane.kubectl(&["label", "namespace", "other", "flinkgate.dev/tenant=payments"]);
    assert_eq!(label("other"), Value::Null);
    control_plane.kubectl(&["label", "namespace", "other", "team=pay"]);
    assert_eq!(label("other"), "payments");
    let moved = control_plane.output(&["label", "namespace", "other", "team-"], "");
    let told = String::from_utf8_lossy(&moved.stderr).into_owned();
    assert!(told.contains("moves from tenant `payments` to no tenant"), "{told}");
    assert_eq!(label("other"), Value::Null);
    control_plane.kubectl(&["delete", "namespace", "payments-new", "--wait=false"]);

    let explained = control_plane.kubectl(&["explain", "flinktenant.spec.namespaces"]);
    assert!(explained.contains("Names, exact or with a trailing star"), "{explained}");
    assert!(flinkgate::output(&["crds"]).contains("kind: FlinkPolicy"));
}
