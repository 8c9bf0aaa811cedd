//! Pod creation through a real API server, by what stands in front of it, in one run on one
//! machine.
//!
//! `cargo bench --bench apiserver` starts the tests' control plane (etcd, kube-apiserver; see
//! `tests/cluster`) and creates TaskManager pods in five namespaces in turn: one without webhooks;
//! one under a ValidatingAdmissionPolicy of comparable checks; one with a mutating and a validating
//! webhook that only parse and allow; one where these answer with Flinkgate's patch as it was made
//! once before, which shows what a patch costs the API server; one with Flinkgate's both. One
//! client, then sixteen.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

// This benchmark uses a part.
#[allow(unused_imports)]
#[path = "../tests/cluster/support/mod.rs"]
mod cluster;
mod support;

use cluster::access::Access;
use cluster::{ControlPlane, Flinkgate, Options};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{Measured, task_manager_pod};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 12;
/// Clients at once, and how many pods each creates in a round.
const CLIENTS: [(usize, usize); 2] = [(1, 60), (16, 25)];
/// What stands in front of each namespace.
const FRONTS: [(&str, &str); 5] = [
    ("bench-none", "no webhook"),
    ("bench-cel", "admission policy"),
    ("bench-allow", "parse and allow"),
    ("bench-patch", "parse and patch"),
    ("payments-prod", "Flinkgate"),
];

fn main() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    if let Some(role) = std::env::var_os("FLINKGATE_BENCH_ROLE") {
        return support::serve_baseline(role.to_str().unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let control_plane = ControlPlane::start(Options { nodes: 0, ..Options::default() });
    for (namespace, _) in FRONTS {
        control_plane.create(
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
                .to_string(),
        );
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "flink", "namespace": namespace}});
        control_plane.create(&account.to_string());
    }
    policy(&control_plane);
    let _allow = baseline(&control_plane, "bench-allow", &folder.path().join("allow.crt"), None);
    let _patch =
        baseline(&control_plane, "bench-patch", &folder.path().join("patch.crt"), Some(&patch()));
    let ca = folder.path().join("flinkgate.crt");
    let tenant = folder.path().join("tenant.yaml");
    fs::write(&tenant, without_quota()).unwrap();
    let gate = Flinkgate::start(
        &control_plane,
        &["--tenants", tenant.to_str().unwrap(), "--tls-ca-out", ca.to_str().unwrap()],
    );
    gate.wait_ready();
    register(&control_plane, "payments-prod", gate.webhooks.port(), &ca);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(in_force(&control_plane));
    // Nor is what happens to pods afterwards: whoever watches them pauses.
    for name in ["kube-controller-manager", "kube-scheduler", "kwok"] {
        control_plane.process(name).signal("STOP");
    }
    let mut measured = vec![vec![Measured::default(); FRONTS.len()]; CLIENTS.len()];
    for round in 0..=ROUNDS {
        for (clients, measured) in CLIENTS.iter().zip(&mut measured) {
            for ((namespace, _), measured) in FRONTS.iter().zip(measured) {
                let (latencies, wall) =
                    runtime.block_on(create(&control_plane, namespace, *clients, round));
                // The first round warms up.
                if round > 0 {
                    measured.add(latencies, wall);
                }
            }
        }
    }
    for ((clients, _), measured) in CLIENTS.iter().zip(&mut measured) {
        print(*clients, measured);
    }
    let mut took: Vec<u64> =
        gate.log().iter().filter_map(|line| line["microseconds"].as_u64()).collect();
    took.sort_unstable();
    println!(
        "\nFlinkgate's own measure of an answer: p50 {} µs, p99 {} µs",
        took[took.len() / 2],
        took[took.len() * 99 / 100]
    );
    for namespace in ["bench-allow", "bench-patch", "payments-prod"] {
        for path in ["mutate", "validate"] {
            let name = format!("{path}.{namespace}.bench");
            println!(
                "{name}: {:.2} ms on average, by the API server's own measure",
                asked(&control_plane, &name)
            );
        }
    }
}

/// The example tenant without limits, which the pods would soon pass.
fn without_quota() -> String {
    let text = fs::read_to_string("examples/tenants/payments.yaml").unwrap();
    let is_quota = |line: &str| {
        ["quota:", "hard:", "perCluster:"].iter().any(|field| line.trim_start().starts_with(field))
    };
    text.lines().filter(|line| !is_quota(line)).map(|line| format!("{line}\n")).collect()
}

/// What the API server says that a webhook takes, in milliseconds.
fn asked(access: &Access, webhook: &str) -> f64 {
    let metrics = access.kubectl(&["get", "--raw=/metrics"]);
    let sum = |figure: &str| -> f64 {
        let name = format!("apiserver_admission_webhook_admission_duration_seconds_{figure}{{");
        let lines = metrics.lines().filter(|line| {
            line.starts_with(&name) && line.contains(&format!("name=\"{webhook}\""))
        });
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    };
    sum("sum") / sum("count") * 1e3
}

fn print(clients: usize, measured: &[Measured]) {
    println!("\n{clients} client{}", if clients == 1 { "" } else { "s" });
    println!("{:18} {:>8} {:>8} {:>10}", "in front", "p50 ms", "p99 ms", "creates/s");
    for ((_, front), measured) in FRONTS.iter().zip(measured) {
        println!(
            "{front:18} {:8.2} {:8.2} {:10.0}",
            measured.at(0.5),
            measured.at(0.99),
            measured.rate()
        );
    }
    let [.., allow, patch, gate] = measured else { return };
    for (other, what) in [(allow, "allow"), (patch, "patch")] {
        let (more, part) = (gate.at(0.5) - other.at(0.5), gate.rate() / other.rate());
        println!(
            "Flinkgate beside parse and {what}: {more:+.2} ms at p50, {part:.2} of its creates/s"
        );
    }
}

/// Creates pods with so many clients at once; gives each creation's latency and the time for all.
/// The pods are removed afterwards.
async fn create(
    access: &Access,
    namespace: &'static str,
    (clients, each): (usize, usize),
    round: usize,
) -> (Vec<Duration>, Duration) {
    let template: Pod = serde_json::from_value(task_manager_pod("x", namespace)).unwrap();
    let mut apis = Vec::new();
    for _ in 0..clients {
        let api = Api::<Pod>::namespaced(access.client().await, namespace);
        // The connection is there before the clock runs.
        api.list(&ListParams::default().limit(1)).await.unwrap();
        apis.push(api);
    }
    let begin = Instant::now();
    let tasks: Vec<_> = apis
        .into_iter()
        .enumerate()
        .map(|(client, api)| {
            let mut pod = template.clone();
            tokio::spawn(async move {
                let mut latencies = Vec::with_capacity(each);
                for number in 0..each {
                    pod.metadata.name =
                        Some(format!("taskmanager-{round}-{clients}-{client}-{number}"));
                    let begin = Instant::now();
                    api.create(&PostParams::default(), &pod).await.unwrap();
                    latencies.push(begin.elapsed());
                }
                latencies
            })
        })
        .collect();
    let mut latencies = Vec::with_capacity(clients * each);
    for task in tasks {
        latencies.extend(task.await.unwrap());
    }
    let wall = begin.elapsed();
    let pods = Api::<Pod>::namespaced(access.client().await, namespace);
    pods.delete_collection(&DeleteParams::default().grace_period(0), &ListParams::default())
        .await
        .unwrap();
    (latencies, wall)
}

/// Waits until every front judges: what it refuses is refused, and Flinkgate's mutation is seen.
async fn in_force(access: &Access) {
    let dry_run = PostParams { dry_run: true, ..PostParams::default() };
    for (namespace, front) in
        FRONTS.iter().filter(|(namespace, _)| ["bench-cel", "payments-prod"].contains(namespace))
    {
        let pods = Api::<Pod>::namespaced(access.client().await, namespace);
        let mut bad = task_manager_pod("bad", namespace);
        bad["spec"]["hostNetwork"] = true.into();
        let bad: Pod = serde_json::from_value(bad).unwrap();
        let mut refused = false;
        for _ in 0..100 {
            refused = pods.create(&dry_run, &bad).await.is_err();
            if refused {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert!(refused, "{front} does not judge");
    }
    let pods = Api::<Pod>::namespaced(access.client().await, "payments-prod");
    let stored = pods
        .create(
            &dry_run,
            &serde_json::from_value(task_manager_pod("good", "payments-prod")).unwrap(),
        )
        .await
        .unwrap();
    assert!(stored.spec.unwrap().affinity.is_some(), "Flinkgate does not mutate");
}

/// What a validating policy in CEL can say of a pod that Flinkgate's pod rules say too.
fn policy(access: &Access) {
    let checks = [
        "!has(object.spec.hostNetwork) || !object.spec.hostNetwork",
        "!has(object.spec.hostPID) || !object.spec.hostPID",
        "!has(object.spec.hostIPC) || !object.spec.hostIPC",
        "!has(object.spec.volumes) || object.spec.volumes.all(v, !has(v.hostPath))",
        "variables.containers.all(c, c.image.startsWith('registry.example.com/flink/') && c.image.contains(':') && !c.image.endsWith(':latest'))",
        "variables.containers.all(c, !has(c.securityContext) || !has(c.securityContext.privileged) || !c.securityContext.privileged)",
        "variables.containers.all(c, !has(c.securityContext) || !has(c.securityContext.allowPrivilegeEscalation) || !c.securityContext.allowPrivilegeEscalation)",
        "variables.containers.all(c, !has(c.securityContext) || !has(c.securityContext.capabilities) || !has(c.securityContext.capabilities.add) || c.securityContext.capabilities.add.size() == 0)",
        "!has(object.spec.securityContext) || !has(object.spec.securityContext.runAsNonRoot) || object.spec.securityContext.runAsNonRoot",
        "!has(object.spec.securityContext) || !has(object.spec.securityContext.seccompProfile) || object.spec.securityContext.seccompProfile.type != 'Unconfined'",
        "has(object.spec.serviceAccountName) && object.spec.serviceAccountName in ['flink']",
        "!has(object.spec.tolerations) || object.spec.tolerations.all(t, has(t.key) && t.key in ['flink', 'node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'])",
        "variables.containers.all(c, has(c.resources) && has(c.resources.limits) && 'cpu' in c.resources.limits && 'memory' in c.resources.limits)",
    ];
    let containers = "object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : [])";
    let validations: Vec<Value> = checks.iter().map(|check| json!({"expression": check})).collect();
    let kind = |kind: &str, spec: Value| json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": "bench"}, "spec": spec});
    let rules = json!([{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["pods"]}]);
    let definition = json!({"failurePolicy": "Fail", "matchConstraints": {"resourceRules": rules},
        "variables": [{"name": "containers", "expression": containers}], "validations": validations});
    access.create(&kind("ValidatingAdmissionPolicy", definition).to_string());
    let selector =
        json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "bench-cel"}}});
    let binding =
        json!({"policyName": "bench", "validationActions": ["Deny"], "matchResources": selector});
    access.create(&kind("ValidatingAdmissionPolicyBinding", binding).to_string());
}

struct Baseline(Child);

impl Drop for Baseline {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Flinkgate's patch for these pods, in base64.
fn patch() -> String {
    let arguments = [
        "review",
        "--webhook",
        "mutate",
        "--tenants",
        "examples/tenants",
        "benches/data/taskmanager-pod-create.json",
    ];
    let review: Value = serde_json::from_str(&cluster::flinkgate::output(&arguments)).unwrap();
    review["response"]["patch"].as_str().unwrap().to_owned()
}

/// Starts a webhook that parses and allows, with a patch or without, and registers it.
fn baseline(access: &Access, namespace: &str, ca: &Path, patch: Option<&str>) -> Baseline {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .env("FLINKGATE_BENCH_ROLE", "parse")
        .env("FLINKGATE_BENCH_CA", ca)
        .envs(patch.map(|patch| ("FLINKGATE_BENCH_PATCH", patch)));
    let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok()).unwrap();
    register(access, namespace, port, ca);
    Baseline(process)
}

/// Registers a mutating and a validating webhook for the pods of one namespace.
fn register(access: &Access, namespace: &str, port: u16, ca: &Path) {
    use base64::Engine;
    let ca_bundle = base64::engine::general_purpose::STANDARD.encode(fs::read(ca).unwrap());
    for (kind, path) in
        [("MutatingWebhookConfiguration", "mutate"), ("ValidatingWebhookConfiguration", "validate")]
    {
        let configuration = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": namespace}, "webhooks": [{
            "name": format!("{path}.{namespace}.bench"),
            "clientConfig": {"url": format!("https://127.0.0.1:{port}/{path}"), "caBundle": ca_bundle},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["pods"], "scope": "Namespaced"}],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail", "timeoutSeconds": 10}]});
        access.create(&configuration.to_string());
    }
}
