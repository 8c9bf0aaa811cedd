//! Flinkgate as a platform team has it: `deploy/install.yaml` applied, at work with the service account that stands there.

use super::access::Access;
use super::controlplane::ControlPlane;
use super::flinkgate::{self, Flinkgate};
use super::wait::until;
use serde_json::{Value, json};

/// Installs and starts it; the API server reaches it by its address, for nobody leads it to Services.
pub fn install(control_plane: &ControlPlane) -> Flinkgate {
    control_plane.kubectl(&["apply", "--server-side", "-f", "deploy/install.yaml"]);
    let access = control_plane.as_service_account("flinkgate-system", "flinkgate");
    let gate = Flinkgate::start_as(control_plane, &access, &["--cluster"]);
    gate.wait_ready();
    let webhooks = flinkgate::output(&["webhooks", "--url", &format!("https://{}", gate.webhooks)]);
    control_plane.try_kubectl(&["replace", "-f", "-"], &webhooks).unwrap();
    until("the API server asks Flinkgate", || {
        let wrong = tenant_object("probe", &json!({"rules": [{"rule": "security/nonsense", "enforcement": "Warn"}]}));
        match control_plane.try_kubectl(&["create", "--dry-run=server", "-f", "-"], &wrong) {
            Err(complaint) if complaint.contains("there is no rule") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    gate
}

fn tenant_object(name: &str, spec: &Value) -> String {
    json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": name}, "spec": spec}).to_string()
}

/// A tenant with a namespace of its own, in which Flinkgate judges.
pub fn tenant(control_plane: &ControlPlane, name: &str, mut spec: Value) {
    spec["namespaces"] = json!({"names": [name]});
    control_plane.create(&tenant_object(name, &spec));
    control_plane.kubectl(&["create", "namespace", name]);
    control_plane.kubectl(&["wait", "--for=create", "--timeout=60s", "--namespace", name, "serviceaccount/default"]);
    until("a pod is judged", || {
        let privileged = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe", "namespace": name},
            "spec": {"containers": [{"name": "c", "image": "example.com/c:1", "securityContext": {"privileged": true}}]}});
        let output = control_plane.output(&["create", "--dry-run=server", "-f", "-"], &privileged.to_string());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        if told.contains("security/privileged: ") { Ok(()) } else { Err(told) }
    });
}

/// Flinkgate's Events in a namespace.
pub fn events(access: &Access, namespace: &str) -> Vec<Value> {
    let all = access.get(&["events.events.k8s.io", "--namespace", namespace])["items"].take();
    all.as_array().unwrap().iter().filter(|event| event["reportingController"] == "flinkgate").cloned().collect()
}
