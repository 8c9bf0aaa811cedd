//! A large cluster: what a start costs there, in requests to the API server and in memory.
//!
//! `cargo test --test cluster scale -- --nocapture` also prints how long it takes, which is no
//! matter of pass or fail.

use super::support::access::Access;
use super::support::wait::until;
use super::support::{ControlPlane, Flinkgate, Options, crds};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{Api, PostParams};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::time::Instant;

const TENANTS: usize = 1_000;
const NAMESPACES: usize = 1_000;
const PODS: usize = 10_000;
/// Requests of the test under way at once.
const AT_ONCE: usize = 16;
const USER: &str = "system:serviceaccount:flinkgate-system:flinkgate";
/// The memory that is aimed at for a thousand tenants, in KiB. More than half of it is the program of a
/// debug build (`RssFile`, 53 MiB on 28 November 2026), which grows with the code.
const MEMORY: u64 = 120 * 1_024;

#[test]
fn a_start_among_a_thousand_tenants_costs_few_requests_and_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (policy, log) = (folder.path().join("policy.yaml"), folder.path().join("audit.log"));
    let rules = json!([{"level": "Metadata", "users": [USER], "omitStages": ["RequestReceived"]}, {"level": "None"}]);
    fs::write(
        &policy,
        json!({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": rules}).to_string(),
    )
    .unwrap();
    let api_server_flags = vec![
        format!("--audit-policy-file={}", policy.display()),
        format!("--audit-log-path={}", log.display()),
    ];
    let control_plane =
        ControlPlane::start(Options { nodes: 0, api_server_flags, ..Options::default() });
    crds::install(&control_plane);
    control_plane.kubectl(&["create", "namespace", "flinkgate-system"]);
    control_plane.kubectl(&[
        "create",
        "serviceaccount",
        "flinkgate",
        "--namespace",
        "flinkgate-system",
    ]);
    control_plane.kubectl(&[
        "create",
        "clusterrolebinding",
        "flinkgate",
        "--clusterrole=cluster-admin",
        &format!("--user={USER}"),
    ]);
    fill(&control_plane);

    let access = control_plane.as_service_account("flinkgate-system", "flinkgate");
    let first = start(&control_plane, &access, &log, "first start");
    until("every tenant has its status and every namespace its label", || {
        all_written(&control_plane)
    });
    let (memory, most) = (first.memory("VmRSS"), first.memory("VmHWM"));
    let program = first.memory("RssFile");
    println!(
        "memory: {} MiB with {} MiB of the program, at most {} MiB",
        memory / 1_024,
        program / 1_024,
        most / 1_024
    );
    assert!(memory < MEMORY, "{memory} KiB");
    let written = requests(&log);
    println!("all written: {written:?}");
    // One write for each; a few twice, because a watch says later than the write's answer that it
    // is done.
    for request in ["patch flinktenants/status", "patch namespaces"] {
        assert!((TENANTS..TENANTS * 5 / 4).contains(&written[request]), "{written:?}");
    }
    drop(first);

    fs::write(&log, "").unwrap();
    let second = start(&control_plane, &access, &log, "second start");
    second.logged("the second start's Lease", |line| {
        line["message"] == "this replica holds the Lease"
    });
    let again = requests(&log);
    assert!(
        !again.contains_key("patch flinktenants/status") && !again.contains_key("patch namespaces"),
        "{again:?}"
    );
}

/// Starts Flinkgate; asserts that it is ready after a few requests, whatever the cluster's size.
fn start(control_plane: &ControlPlane, access: &Access, log: &Path, what: &str) -> Flinkgate {
    let begin = Instant::now();
    let gate = Flinkgate::start_as(control_plane, access, &["--cluster"]);
    gate.wait_ready();
    let lists: BTreeMap<_, _> =
        requests(log).into_iter().filter(|(request, _)| !request.starts_with("patch")).collect();
    println!("{what}: ready after {:?}, {lists:?}", begin.elapsed());
    // A list, by pages or as a watch, of each of three kinds, and what the holder of the Lease asks
    // for: it watches all that counts in a quota, fourteen kinds, asks in which versions five of
    // them are served, and watches the webhook configurations for its certificates and its token.
    let (pods, others): (Vec<_>, Vec<_>) =
        lists.iter().partition(|(request, _)| request.ends_with(" pods"));
    assert!(others.iter().map(|(_, count)| **count).sum::<usize>() <= 56, "{lists:?}");
    assert!(pods.iter().map(|(_, count)| **count).sum::<usize>() <= PODS / 500 + 2, "{lists:?}");
    gate
}

/// What Flinkgate asked the API server for, and how often: `list namespaces`.
fn requests(log: &Path) -> BTreeMap<String, usize> {
    let mut requests = BTreeMap::new();
    for line in fs::read_to_string(log).unwrap().lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else { continue };
        let of = &event["objectRef"];
        let sub_resource =
            of["subresource"].as_str().map(|name| format!("/{name}")).unwrap_or_default();
        // A watch is told when it begins and when it ends, everything else when it is answered.
        if (event["verb"] == "watch") != (event["stage"] == "ResponseStarted") {
            continue;
        }
        let name = format!(
            "{} {}{sub_resource}",
            event["verb"].as_str().unwrap_or_default(),
            of["resource"].as_str().unwrap_or_default()
        );
        *requests.entry(name).or_default() += 1;
    }
    requests
}

fn all_written(control_plane: &ControlPlane) -> Result<(), String> {
    let count = |arguments: &[&str]| {
        control_plane.try_kubectl(arguments, "").map(|names| names.lines().count())
    };
    let ready = r#"-o=jsonpath={range .items[?(@.status.conditions)]}{.metadata.name}{"\n"}{end}"#;
    let (tenants, namespaces) = (
        count(&["get", "flinktenants", ready])?,
        count(&["get", "namespaces", "-l", "flinkgate.dev/tenant", "-o", "name"])?,
    );
    if (tenants, namespaces) == (TENANTS, NAMESPACES) {
        Ok(())
    } else {
        Err(format!("{tenants} tenants, {namespaces} namespaces"))
    }
}

/// Tenants with a namespace each and pods in them, which nobody schedules.
fn fill(access: &Access) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = access.client().await;
        let namespace = |number: usize| json!({"metadata": {"name": format!("team-{number}"), "labels": {"team": format!("{number}")}}});
        create::<Namespace>(|_| Api::all(client.clone()), NAMESPACES, namespace).await;
        // Half of them by name, half by labels.
        let tenant = |number: usize| {
            let namespaces = match number % 2 {
                0 => json!({"names": [format!("team-{number}")]}),
                _ => json!({"selector": {"matchLabels": {"team": number.to_string()}}}),
            };
            let quota = json!({"hard": {"cpu": "64", "memory": "256Gi", "clusters": 10}});
            json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": format!("team-{number}")},
                "spec": {"namespaces": namespaces, "quota": quota, "security": {"images": {"allow": ["registry.example.com/*"]}}}})
        };
        create::<::flinkgate::tenant::FlinkTenant>(|_| Api::all(client.clone()), TENANTS, tenant).await;
        let pod = |number: usize| {
            json!({"metadata": {"name": format!("taskmanager-{number}")}, "spec": {"schedulerName": "nobody", "serviceAccountName": "default",
                "automountServiceAccountToken": false, "containers": [{"name": "flink-main-container", "image": "registry.example.com/flink:1"}]}})
        };
        create::<Pod>(|number| Api::namespaced(client.clone(), &format!("team-{}", number % NAMESPACES)), PODS, pod).await;
    });
}

/// Creates so many objects; a namespace's service account may not be there at once.
async fn create<K>(api: impl Fn(usize) -> Api<K>, count: usize, object: impl Fn(usize) -> Value)
where
    K: Clone + Debug + DeserializeOwned + serde::Serialize + Send + Sync + 'static,
{
    use futures::{StreamExt, stream};
    let one = |number: usize| {
        let (api, object) = (api(number), serde_json::from_value::<K>(object(number)).unwrap());
        async move {
            let mut failed = None;
            for _ in 0..100 {
                match api.create(&PostParams::default(), &object).await {
                    Ok(_) => return,
                    Err(error) => failed = Some(error),
                }
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
            panic!("{failed:?}");
        }
    };
    stream::iter(0..count).map(one).buffer_unordered(AT_ONCE).collect::<()>().await;
}
