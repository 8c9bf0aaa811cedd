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
    control_plane
        .apply(&tenant("wrong", json!({"rules": [{"rule": "user/own", "enforcement": "Warn"}]})));
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
