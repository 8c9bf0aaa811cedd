//! Configuration from the cluster: what is created there is in force within seconds, what is wrong
//! stops nothing else.

use super::support::access::Access;
use super::support::ports::Port;
use super::support::process::Process;
use super::support::wait::until;
use super::support::{ControlPlane, Flinkgate, Options, crds};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

fn tenant(name: &str, spec: Value) -> String {
    json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": name}, "spec": spec}).to_string()
}

fn policy(name: &str, rego: &str) -> String {
    json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkPolicy", "metadata": {"name": name}, "spec": {"rego": rego}}).to_string()
}

/// Waits until an object's condition Ready has this status and reason; gives its status.
fn wait_condition(admin: &Access, object: &str, status: &str, reason: &str) -> Value {
    until(&format!("{object} is {status}, {reason}"), || {
        let object: Value =
            serde_json::from_str(&admin.try_kubectl(&["get", object, "-o", "json"], "")?)
                .map_err(|error| error.to_string())?;
        let ready = object["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|condition| condition["type"] == "Ready");
        let said =
            ready.is_some_and(|ready| ready["status"] == status && ready["reason"] == reason);
        if said { Ok(object["status"].clone()) } else { Err(object["status"].to_string()) }
    })
}

fn wait_label(admin: &Access, namespace: &str, expected: Option<&str>) {
    until(&format!("namespace {namespace} is labelled {expected:?}"), || {
        let labels = admin.get(&["namespace", namespace])["metadata"]["labels"].clone();
        if labels["flinkgate.dev/tenant"].as_str() == expected {
            Ok(())
        } else {
            Err(labels.to_string())
        }
    });
}

/// The condition Ready: others stand beside it.
fn ready(status: &Value) -> &Value {
    status["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|condition| condition["type"] == "Ready")
        .unwrap()
}

#[test]
fn what_the_cluster_holds_is_in_force_and_what_is_wrong_stops_nothing_else() {
    let control_plane = ControlPlane::start(Options { nodes: 0, ..Options::default() });
    crds::install(&control_plane);
    control_plane.kubectl(&["create", "namespace", "flinkgate-system"]);
    let before = control_plane.namespace("payments");
    // There before Flinkgate, and wrong in a way that no schema sees.
    control_plane.create(&tenant(
        "wrong",
        json!({"rules": [{"rule": "security/nonsense", "enforcement": "Warn"}], "quota": {"hard": {"cpus": "1"}}}),
    ));
    let mut gate = Flinkgate::start(&control_plane, &["--cluster"]);
    gate.wait_ready();

    let status = wait_condition(&control_plane, "flinktenant/wrong", "False", "PartlyInForce");
    assert!(
        ready(&status)["message"].as_str().unwrap().contains("a quota cannot count `cpus`"),
        "{status}"
    );
    control_plane.create(&tenant(
        "payments",
        json!({"namespaces": {"names": ["payments-*"]}, "quota": {"hard": {"cpu": "4"}}}),
    ));
    let status = wait_condition(&control_plane, "flinktenant/payments", "True", "InForce");
    assert_eq!(
        (&status["hard"]["cpu"], &ready(&status)["observedGeneration"]),
        (&json!("4"), &json!(1))
    );
    wait_label(&control_plane, &before, Some("payments"));
    wait_label(&control_plane, &control_plane.namespace("payments"), Some("payments"));
    let columns = control_plane.kubectl(&["get", "ftenant"]);
    assert!(columns.contains("CPU LIMIT") && columns.contains("False"), "{columns}");

    // The newer of two claimants is told; the older keeps the namespace.
    std::thread::sleep(Duration::from_millis(1_100));
    control_plane.create(&tenant("a-newer", json!({"namespaces": {"names": [before, "newer"]}})));
    let status = wait_condition(&control_plane, "flinktenant/a-newer", "False", "NamespaceTaken");
    assert!(
        ready(&status)["message"]
            .as_str()
            .unwrap()
            .contains(&format!("both select namespace `{before}`")),
        "{status}"
    );
    wait_label(&control_plane, &before, Some("payments"));

    control_plane.create(&policy("broken", "package broken\nx := ]\n"));
    let status = wait_condition(&control_plane, "flinkpolicy/broken", "False", "Invalid");
    assert_eq!(
        (&status["errors"][0]["line"], &status["errors"][0]["column"]),
        (&json!(2), &json!(6))
    );
    control_plane.create(&policy(
        "own",
        "# METADATA\n# custom: {id: user/own}\npackage own\nimport rego.v1\ndeny contains \"no\" if input.object.metadata.labels.bad\n",
    ));
    wait_condition(&control_plane, "flinkpolicy/own", "True", "InForce");
    // A rule that a tenant names is known once its policy is there.
    let patch =
        json!({"spec": {"rules": [{"rule": "user/own", "enforcement": "Warn"}], "quota": null}})
            .to_string();
    control_plane.kubectl(&["patch", "flinktenant", "wrong", "--type=merge", "--patch", &patch]);
    wait_condition(&control_plane, "flinktenant/wrong", "True", "InForce");
    let (_, ready) = gate.health("/readyz").unwrap();
    assert!(
        ready.contains("2 FlinkPolicies, left out: broken") && ready.contains("3 tenants"),
        "{ready}"
    );

    // The API server goes and comes back: what is known stays in force, and what comes next is
    // taken.
    control_plane.process("kube-apiserver-0").kill();
    until("the broken watch is told", || match gate.health("/readyz")? {
        (200, body) if body.contains("what is known stays in force") => Ok(()),
        (status, body) => Err(format!("{status} {body}")),
    });
    control_plane.process("kube-apiserver-0").restart().unwrap();
    control_plane.wait_ready(0).unwrap();
    control_plane.kubectl(&["delete", "flinktenant", "payments"]);
    wait_condition(&control_plane, "flinktenant/a-newer", "True", "InForce");
    wait_label(&control_plane, &before, Some("a-newer"));
    assert_eq!(gate.terminate(), Some(0));
}

/// The definition, a FlinkTenant and a Namespace of a later version: what this version knows of them
/// is in force after a start, and its last valid version while it runs.
#[test]
fn tenants_of_a_later_version_keep_their_namespaces_and_labels() {
    let control_plane = ControlPlane::start(Options { nodes: 0, ..Options::default() });
    crds::install(&control_plane);
    control_plane.kubectl(&["create", "namespace", "flinkgate-system"]);
    let properties = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties";
    let field = json!([{"op": "add", "path": format!("{properties}/fromTheFuture"), "value": {"type": "string"}}, {"op": "remove", "path": format!("{properties}/namespaces/properties/selector/x-kubernetes-validations")}]).to_string();
    let definition = "crd/flinktenants.flinkgate.dev";
    control_plane.kubectl(&["patch", definition, "--type=json", "--patch", &field]);
    let newer = tenant(
        "newer",
        json!({"fromTheFuture": "x", "namespaces": {"names": ["newer-*"]}, "quota": {"hard": {"cpu": "2"}}}),
    );
    until("the API server knows the later definition", || {
        let created = control_plane
            .try_kubectl(&["create", "--dry-run=server", "-o", "json", "-f", "-"], &newer)?;
        if created.contains("fromTheFuture") { Ok(()) } else { Err(created) }
    });
    control_plane.create(&newer);
    let namespace = control_plane.namespace("newer");
    // Its namespaces cannot be read, but the label of one names it.
    control_plane.create(&tenant("lost", json!({"namespaces": {"selector": {}}})));
    control_plane.create_namespace("kept");
    control_plane.kubectl(&["label", "namespace", "kept", "flinkgate.dev/tenant=lost"]);
    let gate = Flinkgate::start(&control_plane, &["--cluster"]);
    gate.wait_ready();
    let status = wait_condition(&control_plane, "flinktenant/newer", "False", "PartlyInForce");
    assert!(
        ready(&status)["message"].as_str().unwrap().contains("spec.fromTheFuture: unknown field"),
        "{status}"
    );
    assert_eq!(status["hard"]["cpu"], "2");
    wait_label(&control_plane, &namespace, Some("newer"));
    let status = wait_condition(&control_plane, "flinktenant/lost", "False", "PartlyInForce");
    assert!(
        ready(&status)["message"]
            .as_str()
            .unwrap()
            .contains("it keeps the namespaces that it owned last"),
        "{status}"
    );
    wait_label(&control_plane, "kept", Some("lost"));
    let (code, body) = gate.health("/readyz").unwrap();
    assert!(
        code == 200 && body.contains("in force as far as they can be read: lost, newer"),
        "{body}"
    );

    // What is valid once stays in force when a later edit cannot be understood.
    control_plane.create(&tenant(
        "edited",
        json!({"namespaces": {"names": ["edited"]}, "quota": {"hard": {"cpu": "4"}}}),
    ));
    wait_condition(&control_plane, "flinktenant/edited", "True", "InForce");
    control_plane.create_namespace("edited");
    wait_label(&control_plane, "edited", Some("edited"));
    let patch = json!({"spec": {"fromTheFuture": "x", "quota": {"hard": {"cpu": "400"}}, "namespaces": {"names": ["edited-too"]}}}).to_string();
    control_plane.kubectl(&["patch", "flinktenant", "edited", "--type=merge", "--patch", &patch]);
    let status = wait_condition(&control_plane, "flinktenant/edited", "False", "LastValidInForce");
    assert_eq!(status["hard"]["cpu"], "4");
    wait_label(&control_plane, "edited", Some("edited"));
    control_plane.create_namespace("edited-too");
    wait_label(&control_plane, "edited-too", Some("edited"));
    let (_, metrics) = gate.health("/metrics").unwrap();
    for line in [
        "flinkgate_configuration_not_in_force{kind=\"FlinkTenant\",in_force=\"last-valid\"} 1",
        "flinkgate_configuration_not_in_force{kind=\"FlinkTenant\",in_force=\"readable-parts\"} 2",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    // And back: the later version's field goes, and everything is in force.
    for name in ["newer", "edited"] {
        let patch = json!({"spec": {"fromTheFuture": null}}).to_string();
        control_plane.kubectl(&["patch", "flinktenant", name, "--type=merge", "--patch", &patch]);
        wait_condition(&control_plane, &format!("flinktenant/{name}"), "True", "InForce");
    }
    wait_label(&control_plane, "edited", None);
}

#[test]
fn readiness_says_what_is_missing_until_the_definitions_are_installed() {
    let control_plane = ControlPlane::start(Options { nodes: 0, ..Options::default() });
    control_plane.kubectl(&["create", "namespace", "flinkgate-system"]);
    let port = Port::reserve().unwrap();
    let address = format!("127.0.0.1:{}", port.number());
    let mut command = Command::new(env!("CARGO_BIN_EXE_flinkgate"));
    command.args(["serve", "--cluster", "--bind", "127.0.0.1:0", "--health-bind", &address]);
    command.env("KUBECONFIG", control_plane.admin(0).kubeconfig());
    let mut process = Process::start("flinkgate-early", &command, control_plane.folder()).unwrap();
    let ready = || -> Result<String, String> {
        let mut stream = TcpStream::connect(&address).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream
            .write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .map_err(|error| error.to_string())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(|error| error.to_string())?;
        Ok(answer)
    };
    let missing = "[-] tenants: waiting for the first list: the API server does not know this kind: install it by `flinkgate crds";
    until("what is missing is told", || {
        let answer = ready()?;
        let told = answer.contains("503")
            && answer.contains(missing)
            && answer.contains("[+] namespaces: ")
            && answer.contains("[-] certificate: ");
        if told { Ok(()) } else { Err(format!("{answer}\n{}", process.tail())) }
    });
    crds::install(&control_plane);
    until("flinkgate is ready", || match ready()? {
        answer if answer.contains("200 OK") => Ok(()),
        answer => Err(answer),
    });
    process.kill();
}
