//! Faults of pods as the API server has them: every variant of valid pods and workloads is refused
//! by its dry run exactly where a fault is found, apart from what only the API server can know.

mod variants;

use super::support::shared;
use super::support::wait::until;
use flinkgate::kubernetes::validation::{self, Fault, Form, Options};
use hyper::http::{Request, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use variants::variants;

/// What only the API server can know, by the words of its answer, and why.
const UNKNOWABLE: [(&str, &str); 7] = [
    ("error looking up service account", "the service account is another object"),
    ("no PriorityClass with name", "the priority class is another object"),
    ("pod rejected: RuntimeClass", "the runtime class is another object"),
    ("string value of PreemptionPolicy", "the priority class decides, and is another object"),
    ("cannot unmarshal", "types of fields are judged with the schemas of the kinds"),
    ("quantities must match the regular expression", "amounts are judged where they are added up"),
    ("unable to parse quantity's suffix", "amounts are judged where they are added up"),
];

/// Faults of a Pod, or of a workload and its template.
fn faults(object: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let kind = object["kind"].as_str().unwrap();
    let mut report = |at: &validation::Place<'_>, fault: Fault<'_>| {
        // Newer API servers take such names.
        if !matches!(fault, Fault::Malformed(_, Form::Variable)) {
            found.insert(format!("{} {fault:?}", at.to_pointer()));
        }
    };
    if kind == "Pod" {
        validation::pod(object, &Options::of_kubernetes(true), &mut report);
    } else {
        validation::workload(kind, object, &mut report);
        let template = &object["spec"]["template"];
        validation::pod(template, &Options::of_kubernetes(false), &mut report);
    }
    found
}

/// The answer to a dry run: the status and its message.
async fn dry_run(client: &kube::Client, namespace: &str, object: &Value) -> (StatusCode, String) {
    let group = match object["apiVersion"].as_str().unwrap() {
        "v1" => "/api/v1".to_owned(),
        group => format!("/apis/{group}"),
    };
    let plural = format!("{}s", object["kind"].as_str().unwrap().to_lowercase());
    let request = Request::post(format!("{group}/namespaces/{namespace}/{plural}?dryRun=All"))
        .header("content-type", "application/json")
        .body(object.to_string().into_bytes().into())
        .unwrap();
    let answer = client.send(request).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect_bytes().await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    (status, body["message"].as_str().unwrap_or_default().to_owned())
}

fn compare(bases: &[Value]) {
    let control_plane = shared();
    let namespace = control_plane.namespace("validation");
    until("the default service account", || {
        let arguments = ["get", "serviceaccount", "default", "-n", &namespace];
        control_plane.try_kubectl(&arguments, "").map(drop)
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut wrong = Vec::new();
    let (mut admitted, mut refused) = (0, 0);
    runtime.block_on(async {
        let client = control_plane.client().await;
        for base in bases {
            let kind = base["kind"].as_str().unwrap();
            for (change, object) in variants(base) {
                let (status, message) = dry_run(&client, &namespace, &object).await;
                if UNKNOWABLE.iter().any(|(words, _)| message.contains(words)) {
                    continue;
                }
                let own = faults(&object);
                match status {
                    StatusCode::CREATED => admitted += 1,
                    StatusCode::UNPROCESSABLE_ENTITY => refused += 1,
                    _ => wrong.push(format!("{kind} {change}: {status} {message}")),
                }
                if status == StatusCode::CREATED && !own.is_empty() {
                    wrong.push(format!("{kind} {change}: admitted, but {own:?}"));
                } else if status == StatusCode::UNPROCESSABLE_ENTITY && own.is_empty() {
                    wrong.push(format!("{kind} {change}: no fault, but {message}"));
                }
            }
        }
    });
    println!("{admitted} variants are admitted, {refused} refused");
    assert!(wrong.is_empty(), "{}\n{} differences", wrong.join("\n"), wrong.len());
    assert!(admitted > 0 && refused > 0);
}

#[test]
fn pods_are_refused_where_a_fault_is_found() {
    compare(&[pod()]);
}

#[test]
fn workloads_are_refused_where_a_fault_is_found() {
    let template = json!({
        "metadata": {"labels": {"app": "etl", "tier": "stream"}},
        "spec": {"containers": [{"name": "main", "image": "registry.example.com/app:1"}]},
    });
    let selector = json!({
        "matchLabels": {"app": "etl"},
        "matchExpressions": [{"key": "tier", "operator": "In", "values": ["stream"]}],
    });
    let mut bases = Vec::new();
    for kind in ["Deployment", "ReplicaSet", "DaemonSet"] {
        bases.push(json!({
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": {"name": "etl"},
            "spec": {"selector": selector, "template": template},
        }));
    }
    let mut own = template;
    own["spec"]["restartPolicy"] = json!("Never");
    bases.push(json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "etl"},
        "spec": {"template": own},
    }));
    compare(&bases);
}

/// A pod with everything that is checked.
fn pod() -> Value {
    parsed(include_str!("pod_validation/pod.yaml"))
}

fn parsed(text: &str) -> Value {
    flinkgate::resource::yaml::parse(text).into_iter().next().unwrap().value.unwrap()
}
