//! The real Flink Kubernetes operator as a process, with the rights of its service account.

use crate::kubelet::Machine;
use crate::network::HOST;
use crate::support::ControlPlane;
use crate::support::process::Process;
use std::fs;
use std::path::Path;
use std::process::Command;

const NAMESPACE: &str = "flink-operator";
/// Short intervals, so that steps take seconds.
const CONFIGURATION: &str = "
kubernetes.operator.reconcile.interval: 3 s
kubernetes.operator.reconcile.parallelism: 4
kubernetes.operator.observer.progress-check.interval: 2 s
kubernetes.operator.observer.rest-ready.delay: 1 s
kubernetes.operator.resource.cleanup.timeout: 30 s
kubernetes.operator.snapshot.resource.enabled: true
kubernetes.operator.user.artifacts.base.dir: /tmp/flink-artifacts
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

/// Starts the operator of a folder that has `classes` and jars.
pub fn start(control_plane: &ControlPlane, machine: &Machine, folder: &Path) -> Process {
    control_plane.create_namespace(NAMESPACE);
    control_plane.kubectl(&["create", "serviceaccount", NAMESPACE, "--namespace", NAMESPACE]);
    let subject = format!("--serviceaccount={NAMESPACE}:{NAMESPACE}");
    let binding =
        ["create", "clusterrolebinding", NAMESPACE, "--clusterrole=cluster-admin", &subject];
    control_plane.kubectl(&binding);
    let access = control_plane.as_service_account(NAMESPACE, NAMESPACE);
    let conf = control_plane.folder().join("operator-conf");
    fs::create_dir_all(&conf).unwrap();
    let opened = OPENED.map(|package| format!("--add-opens=java.base/{package}=ALL-UNNAMED"));
    let configuration = format!("{CONFIGURATION}{JAVA}: {}\n", opened.join(" "));
    for name in ["config.yaml", "flink-conf.yaml"] {
        fs::write(conf.join(name), &configuration).unwrap();
    }
    let mut java = Command::new(machine.needs.java.join("bin/java"));
    java.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .args(["--add-opens=java.base/java.util=ALL-UNNAMED", "-cp"])
        .arg(format!("{0}/classes:{0}/*", folder.display()))
        .arg("org.apache.flink.kubernetes.operator.FlinkOperator")
        .env("KUBECONFIG", access.kubeconfig())
        .env("OPERATOR_NAMESPACE", NAMESPACE)
        .env("OPERATOR_NAME", "flink-kubernetes-operator")
        .env("FLINK_CONF_DIR", &conf)
        .env("HOST_IP", HOST.to_string());
    Process::start("operator", &java, control_plane.folder()).unwrap()
}
