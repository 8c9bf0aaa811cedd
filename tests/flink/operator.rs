//! The real Flink Kubernetes operator as a process, with the rights of its service account.

use crate::kubelet::Machine;
use crate::network::HOST;
use crate::support::ControlPlane;
use crate::support::access::Access;
use crate::support::process::Process;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Command;

const NAMESPACE: &str = "flink-operator";
const CONFIG_MAP: &str = "flink-operator-config";
/// Where Flinkgate finds the operator's configuration.
pub const CONFIG_MAP_PATH: &str = "flink-operator/flink-operator-config";
/// Short intervals, so that steps take seconds.
const CONFIGURATION: &str = "
kubernetes.operator.reconcile.interval: 3 s
kubernetes.operator.reconcile.parallelism: 4
kubernetes.operator.observer.progress-check.interval: 2 s
kubernetes.operator.observer.rest-ready.delay: 1 s
kubernetes.operator.resource.cleanup.timeout: 30 s
kubernetes.operator.snapshot.resource.enabled: true
kubernetes.operator.user.artifacts.base.dir: /tmp/flink-artifacts
kubernetes.operator.user.artifacts.allowed-schemes: https;file
kubernetes.operator.retry.initial.interval: 2 s
kubernetes.operator.retry.max.attempts: 30
";

/// What Flink opens of Java 17 for itself; the operator's chart has it in the same place.
const JAVA: &str =
    "kubernetes.operator.default-configuration.flink-version.v1_19+.env.java.default-opts.all";
const OPENED: [&str; 9] = [
    "java.lang",
    "java.lang.reflect",
    "java.io",
    "java.net",
    "java.nio",
    "java.text",
    "java.time",
    "java.util",
    "java.util.concurrent",
];

/// What Flinkgate and the operator read before they start: the operator's ConfigMap, and who may do
/// what.
pub fn prepare(admin: &Access) {
    admin.kubectl(&["create", "namespace", NAMESPACE]);
    let data = json!({"config.yaml": configuration()});
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": CONFIG_MAP, "namespace": NAMESPACE}, "data": data});
    admin.create(&map.to_string());
    let name = format!("--resource-name={CONFIG_MAP}");
    let role = [
        "create",
        "role",
        "flinkgate",
        "--verb=get,list,watch",
        "--resource=configmaps",
        &name,
        "--namespace",
        NAMESPACE,
    ];
    admin.kubectl(&role);
    let subject = "--serviceaccount=flinkgate-system:flinkgate";
    admin.kubectl(&[
        "create",
        "rolebinding",
        "flinkgate",
        "--role=flinkgate",
        subject,
        "--namespace",
        NAMESPACE,
    ]);
    admin.kubectl(&["create", "serviceaccount", NAMESPACE, "--namespace", NAMESPACE]);
    let subject = format!("--serviceaccount={NAMESPACE}:{NAMESPACE}");
    admin.kubectl(&[
        "create",
        "clusterrolebinding",
        NAMESPACE,
        "--clusterrole=cluster-admin",
        &subject,
    ]);
}

fn configuration() -> String {
    let opened = OPENED.map(|package| format!("--add-opens=java.base/{package}=ALL-UNNAMED"));
    format!("{CONFIGURATION}{JAVA}: {}\n", opened.join(" "))
}

/// Starts the operator of a folder that has `classes` and jars.
pub fn start(control_plane: &ControlPlane, machine: &Machine, folder: &Path) -> Process {
    let access = control_plane.as_service_account(NAMESPACE, NAMESPACE);
    let conf = control_plane.folder().join("operator-conf");
    fs::create_dir_all(&conf).unwrap();
    fs::write(conf.join("config.yaml"), configuration()).unwrap();
    let mut java = Command::new(machine.needs.java.join("bin/java"));
    java.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .args(["--add-opens=java.base/java.util=ALL-UNNAMED", "-cp"])
        .arg(class_path(folder))
        .arg("org.apache.flink.kubernetes.operator.FlinkOperator")
        .env("KUBECONFIG", access.kubeconfig())
        // Without an address it takes itself for a program on a developer's machine.
        .env("KUBERNETES_SERVICE_HOST", "kubernetes.default.svc")
        .env("KUBERNETES_SERVICE_PORT", machine.api_server.to_string())
        .env("OPERATOR_NAMESPACE", NAMESPACE)
        .env("OPERATOR_NAME", "flink-kubernetes-operator")
        .env("FLINK_CONF_DIR", &conf)
        .env("HOST_IP", HOST.to_string());
    Process::start("operator", &java, control_plane.folder()).unwrap()
}

/// Classes and the JAR of the standalone mode first: they replace classes of Flink.
fn class_path(folder: &Path) -> String {
    let standalone = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    let standalone =
        standalone.filter(|path| path.to_string_lossy().contains("flink-kubernetes-standalone"));
    let first = standalone.map(|path| format!("{}:", path.display())).collect::<String>();
    format!("{0}/classes:{first}{0}/*:{0}/log4j/*", folder.display())
}
