//! Blue/green deployments, session jobs, snapshots and the kinds of other operators are lowered to
//! the workload that they start, and are checked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::flink::{Engine, PodSet, Role, Workload};
use flinkgate::kinds::lower;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::quota::Usage;
use flinkgate::rego::PolicySet;
use flinkgate::resource::{Resource, yaml};
use flinkgate::tenant::{FlinkTenantSpec, Tenant, Tenants};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The manifest of a file of `tests/data/kinds`, with a change to its spec.
fn manifest(file: &str, change: Value) -> Resource {
    let text = std::fs::read_to_string(format!("tests/data/kinds/{file}.yaml")).unwrap();
    let [document] = yaml::parse(&text).try_into().expect("one document");
    assert_eq!(document.problems, []);
    let mut object = document.value.unwrap();
    json_patch::merge(&mut object["spec"], &change);
    Resource::from_manifest(object).unwrap()
}

fn lowered(resource: &Resource) -> Workload {
    lower(resource, &resource.object).unwrap()
}

/// A gate where every namespace belongs to one tenant.
fn gate(spec: Value) -> Gate {
    let mut spec: FlinkTenantSpec = serde_json::from_value(spec).unwrap();
    spec.namespaces.names = vec!["*".into()];
    let tenant = Tenant { name: "payments".into(), spec, ..Tenant::default() };
    Gate::new(
        Tenants::new(vec![tenant], BTreeMap::new()),
        Arc::new(PolicySet::load(&[]).unwrap()),
        Unassigned::Warn,
    )
}

/// `rule at place` of every finding of lint, which equals those of both webhooks.
fn found(tenant: Value, resource: &Resource) -> Vec<String> {
    let gate = gate(tenant);
    let judgement = gate.judge(gate.case(resource, false).unwrap(), &Usage::default());
    let mutation = gate.mutate(resource);
    let mut stored = resource.clone();
    if let Some(patch) = &mutation.patch {
        json_patch::patch(&mut stored.object, patch).unwrap();
    }
    if mutation.findings.is_empty() {
        assert_eq!(gate.validate(&stored).findings, judgement.findings);
        assert_eq!(gate.mutate(&stored).patch, None, "a second pass finds nothing to do");
    }
    judgement
        .findings
        .iter()
        .map(|finding| format!("{} at {}", finding.rule, finding.pointer))
        .collect()
}

#[test]
fn blue_and_green_both_count() {
    let workload = lowered(&manifest("blue-green", json!({})));
    let total = &workload.size.total;
    assert_eq!(
        (workload.cluster.as_str(), workload.children.as_slice()),
        ("orders", ["orders-blue".to_owned(), "orders-green".to_owned()].as_slice())
    );
    assert_eq!(
        (total.clusters, total.jobs, total.pods, total.task_managers, total.task_slots),
        (2, 2, 8, 6, 12)
    );
    // JobManager 1.1, TaskManagers 3 × 2.1, twice.
    assert_eq!((total.cpu.as_cores_f64(), total.memory.display_bytes().as_str()), (14.8, "29Gi"));
    let places: Vec<_> = workload.pods.iter().map(|set| (set.path(), set.replicas)).collect();
    assert_eq!(
        places,
        [
            ("/spec/template/spec/jobManager/podTemplate", 2),
            ("/spec/template/spec/taskManager/podTemplate", 6)
        ]
    );
    let entry = workload.config.entry("execution.checkpointing.dir").unwrap();
    assert_eq!(
        entry.pointer.as_deref(),
        Some("/spec/template/spec/flinkConfiguration/execution.checkpointing.dir")
    );
    assert_eq!(workload.config_pointer.as_deref(), Some("/spec/template/spec/flinkConfiguration"));
}

#[test]
fn blue_and_green_are_limited_separately() {
    let resource = manifest("blue-green", json!({}));
    let none: [String; 0] = [];
    assert_eq!(
        found(json!({"quota": {"perCluster": {"taskManagers": 3, "cpu": "7.4"}}}), &resource),
        none
    );
    let found_ = found(
        json!({"quota": {"perCluster": {"taskManagers": 2}, "hard": {"taskManagers": 5}}}),
        &resource,
    );
    assert_eq!(found_, ["quota/exceeded at /spec", "quota/per-cluster at /spec"]);
}

#[test]
fn blue_green_findings_point_into_its_template() {
    let strict = json!({"security": {"podSecurity": {"level": "restricted"}, "images": {"allow": ["registry.example.com/flink/*"]}, "serviceAccounts": ["flink"]},
        "scheduling": {"antiAffinity": {"jobManager": "Required", "taskManager": "Preferred"}, "nodeSelector": {"pool": "flink"}},
        "storage": {"checkpoints": {"volume": {"claimName": "{cluster}-state"}, "locations": ["s3://payments-flink/"]}},
        "flink": {"configuration": {"forbidden": ["env.java.opts.*"], "enforced": {"web.submit.enable": "false"}}}, "labels": {"cost-center": "4711"}});
    let none: [String; 0] = [];
    let resource = manifest("blue-green", json!({}));
    assert_eq!(found(strict.clone(), &resource), none);
    let mutated = gate(strict.clone()).mutated(&resource);
    let template = &mutated["spec"]["template"]["spec"];
    assert_eq!(
        template["podTemplate"]["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"],
        "orders-state"
    );
    assert_eq!(template["flinkConfiguration"]["web.submit.enable"], "false");
    assert_eq!(mutated["spec"].get("podTemplate"), None);

    let bad = manifest(
        "blue-green",
        json!({"template": {"spec": {"image": "evil.io/flink:1", "serviceAccount": "admin", "taskManager": {"resource": {"cpu": "x"}},
            "flinkConfiguration": {"env.java.opts.all": "-Dx", "execution.checkpointing.dir": "s3://other/x"},
            "podTemplate": {"spec": {"hostNetwork": true}}}}}),
    );
    let places = found(strict, &bad);
    for expected in [
        "flink/forbidden-option at /spec/template/spec/flinkConfiguration/env.java.opts.all",
        "flink/size at /spec/template/spec/taskManager/resource/cpu",
        "security/host-namespaces at /spec/template/spec/podTemplate/spec/hostNetwork",
        "security/image-registry at /spec/template/spec/image",
        "security/service-account at /spec/template/spec/serviceAccount",
        "storage/checkpoint-dir at /spec/template/spec/flinkConfiguration/execution.checkpointing.dir",
    ] {
        assert!(
            places.iter().any(|place| place == expected),
            "{expected} is not among {places:#?}"
        );
    }
}

#[test]
fn session_jobs_count_one_job_without_pods() {
    let resource = manifest("session-job", json!({}));
    let workload = lowered(&resource);
    assert_eq!(
        (workload.engine, workload.cluster.as_str(), workload.jobs, workload.pods.len()),
        (Engine::Operator, "shared-session", 1, 0)
    );
    assert_eq!(
        (workload.size.total.jobs, workload.size.total.pods, workload.declares_cluster),
        (1, 0, false)
    );
    assert_eq!(workload.config.get("state.backend.type"), Some("rocksdb"));
    let none: [String; 0] = [];
    // Its cluster may name the checkpoint directory.
    assert_eq!(found(json!({"quota": {"hard": {"jobs": 1, "cpu": "1"}}}), &resource), none);
    assert_eq!(
        found(json!({"quota": {"hard": {"jobs": 0}}}), &resource),
        ["quota/exceeded at /spec"]
    );
    let bad = manifest(
        "session-job",
        json!({"flinkConfiguration": {"state": {"savepoints.dir": "s3://other/x"}}, "job": {"parallelism": 0}}),
    );
    let tenant = json!({"storage": {"checkpoints": {"locations": ["s3://payments-flink/"]}}, "flink": {"configuration": {"forbidden": ["pipeline.name"]}}});
    let expected = [
        "flink/forbidden-option at /spec/flinkConfiguration/pipeline.name",
        "flink/size at /spec/job/parallelism",
        "storage/checkpoint-dir at /spec/flinkConfiguration/state/savepoints.dir",
    ];
    assert_eq!(found(tenant, &bad), expected);
}

#[test]
fn snapshots_must_be_in_the_tenants_locations() {
    let tenant = || json!({"storage": {"checkpoints": {"locations": ["s3://payments-flink/"]}}});
    let none: [String; 0] = [];
    assert_eq!(found(tenant(), &manifest("state-snapshot", json!({}))), none);
    assert_eq!(
        found(tenant(), &manifest("state-snapshot", json!({"savepoint": null, "checkpoint": {}}))),
        none
    );
    let elsewhere = manifest(
        "state-snapshot",
        json!({"savepoint": {"path": "s3://search-flink/x", "alreadyExists": true}}),
    );
    assert_eq!(found(tenant(), &elsewhere), ["storage/checkpoint-dir at /spec/savepoint/path"]);
    assert_eq!(found(json!({}), &elsewhere), none);
    // As the operator records the savepoint of an upgrade.
    let recorded = json!({"savepoint": {"path": "file:/flink-data/savepoints/1", "alreadyExists": true, "disposeOnDelete": false}});
    assert_eq!(found(tenant(), &manifest("state-snapshot", recorded)), none);
}

#[test]
fn spotify_cluster_counts_as_its_operator_creates_it() {
    let lowered = |change: Value| {
        let workload = lowered(&manifest("flink-cluster", change));
        let total = &workload.size.total;
        assert_eq!(
            (workload.engine, workload.cluster.as_str(), total.clusters),
            (Engine::Spotify, "trips", 1)
        );
        let problems: Vec<String> =
            workload.size.problems.iter().map(|problem| problem.pointer.clone()).collect();
        let amounts = format!(
            "cpu={} memory={} storage={}",
            total.cpu.as_cores_f64(),
            total.memory.display_bytes(),
            total.storage.display_bytes()
        );
        (
            format!(
                "pods={} tms={} slots={} jobs={} {amounts}",
                total.pods, total.task_managers, total.task_slots, total.jobs
            ),
            problems,
        )
    };
    let cases = [
        // The submitter asks for what the operator gives it.
        (json!({}), "pods=4 tms=2 slots=4 jobs=1 cpu=4.9 memory=9984Mi storage=20Gi"),
        (
            json!({"job": {"mode": "Application"}}),
            "pods=3 tms=2 slots=4 jobs=1 cpu=4.7 memory=9472Mi storage=20Gi",
        ),
        (json!({"job": null}), "pods=3 tms=2 slots=4 jobs=0 cpu=4.7 memory=9472Mi storage=20Gi"),
        (
            json!({"job": null, "taskManager": null, "jobManager": null}),
            "pods=4 tms=3 slots=3 jobs=0 cpu=0.8 memory=2Gi storage=0",
        ),
        (
            json!({"job": null, "flinkProperties": {"taskmanager.numberOfTaskSlots": "5"}}),
            "pods=3 tms=2 slots=10 jobs=0 cpu=4.7 memory=9472Mi storage=20Gi",
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(lowered(change.clone()), (expected.to_owned(), vec![]), "{change}");
    }
    for (change, place) in [
        (json!({"taskManager": {"replicas": -1}}), "/spec/taskManager/replicas"),
        (json!({"job": {"parallelism": "4"}}), "/spec/job/parallelism"),
        (
            json!({"taskManager": {"sidecars": [{"name": "x", "resources": {"requests": {"cpu": "lots"}}}]}}),
            "/spec/taskManager/sidecars/0/resources/requests/cpu",
        ),
        (
            json!({"jobManager": {"resources": {"requests": {"memory": "x"}}}}),
            "/spec/jobManager/resources/requests/memory",
        ),
        (
            json!({"flinkProperties": {"taskmanager.numberOfTaskSlots": "x"}}),
            "/spec/flinkProperties/taskmanager.numberOfTaskSlots",
        ),
    ] {
        assert_eq!(lowered(change.clone()).1, [place], "{change}");
    }
    let breakdown = lowered_memory(&manifest("flink-cluster", json!({})));
    // 80 % of 2 Gi and of 5 Gi.
    assert_eq!(breakdown, (1639 << 20, 4 << 30));
}

fn lowered_memory(resource: &Resource) -> (u64, u64) {
    let size = lowered(resource).size;
    let job_manager = size.job_manager.unwrap().breakdown.unwrap().unwrap().process;
    (job_manager, size.task_manager.unwrap().breakdown.unwrap().unwrap().process)
}

#[test]
fn spotify_cluster_findings_point_at_its_fields() {
    let strict = json!({"security": {"podSecurity": {"level": "restricted"}, "images": {"allow": ["registry.example.com/flink/*"]}, "serviceAccounts": ["flink"]},
        "scheduling": {"antiAffinity": {"jobManager": "Required", "taskManager": "Preferred"}, "nodeSelector": {"pool": "flink"}},
        "storage": {"checkpoints": {"volume": {"claimName": "{cluster}-state"}, "locations": ["s3://payments-flink/"]}},
        "flink": {"configuration": {"forbidden": ["env.java.opts.*"]}}, "labels": {"cost-center": "4711"}});
    let none: [String; 0] = [];
    let resource = manifest("flink-cluster", json!({}));
    assert_eq!(
        gate(strict.clone()).mutated(&resource),
        resource.object,
        "the object itself stays as it is"
    );
    assert_eq!(found(strict.clone(), &resource), none);
    let bad = manifest(
        "flink-cluster",
        json!({"image": {"name": "evil.io/flink:1"}, "serviceAccountName": "admin", "flinkProperties": {"env.java.opts.all": "-Dx"},
            "taskManager": {"volumes": [{"name": "host", "hostPath": {"path": "/"}}], "nodeSelector": {"pool": "other"},
                "sidecars": [{"name": "log", "image": "registry.example.com/flink/log:3", "securityContext": {"privileged": true, "runAsNonRoot": true}}]},
            "job": {"savepointsDir": "s3://other/x"}}),
    );
    let places = found(strict, &bad);
    for expected in [
        "flink/forbidden-option at /spec/flinkProperties/env.java.opts.all",
        "scheduling/node-selector at /spec/taskManager/nodeSelector/pool",
        "security/host-path at /spec/taskManager/volumes/0/hostPath",
        "security/image-registry at /spec/image/name",
        "security/privileged at /spec/taskManager/sidecars/0/securityContext/privileged",
        "security/service-account at /spec/serviceAccountName",
        "storage/checkpoint-dir at /spec/job/savepointsDir",
    ] {
        assert!(
            places.iter().any(|place| place == expected),
            "{expected} is not among {places:#?}"
        );
    }
}

#[test]
fn admitted_flink_clusters_have_admitted_pods() {
    let gate = gate(
        json!({"security": {"podSecurity": {"level": "restricted"}, "serviceAccounts": ["flink"]},
        "storage": {"checkpoints": {"volume": {"claimName": "{cluster}-state"}, "locations": ["s3://payments-flink/"]}}}),
    );
    let resource = manifest("flink-cluster", json!({}));
    let sets = lowered(&resource).pods;
    assert_eq!(sets.len(), 3);
    for set in sets {
        let pod = admitted_pod(&gate, &resource, &set);
        let volumes = pod.pointer("/spec/volumes").and_then(Value::as_array).into_iter().flatten();
        let claims =
            volumes.filter_map(|volume| volume.pointer("/persistentVolumeClaim/claimName"));
        let expected: &[&str] = if set.role == Role::Other { &[] } else { &["trips-state"] };
        assert_eq!(claims.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn lyft_application_counts_twice_for_overlapping_updates() {
    let line = |change: Value| {
        let workload = lowered(&manifest("flink-application", change));
        let total = &workload.size.total;
        assert_eq!(
            (workload.engine, workload.cluster.as_str(), workload.clusters()),
            (Engine::Lyft, "rides", 2)
        );
        let problems: Vec<String> =
            workload.size.problems.iter().map(|problem| problem.pointer.clone()).collect();
        let counts = format!(
            "pods={} tms={} slots={} jobs={} clusters={}",
            total.pods, total.task_managers, total.task_slots, total.jobs, total.clusters
        );
        (
            format!(
                "{counts} cpu={} memory={}",
                total.cpu.as_cores_f64(),
                total.memory.display_bytes()
            ),
            problems,
        )
    };
    let cases = [
        (json!({}), "pods=6 tms=4 slots=16 jobs=2 clusters=2 cpu=10 memory=24Gi"),
        (
            json!({"jobManagerConfig": null, "taskManagerConfig": null}),
            "pods=4 tms=2 slots=32 jobs=2 clusters=2 cpu=12 memory=8Gi",
        ),
        (
            json!({"parallelism": 9, "jobManagerConfig": {"replicas": 2}}),
            "pods=10 tms=6 slots=24 jobs=2 clusters=2 cpu=16 memory=38Gi",
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(line(change.clone()), (expected.to_owned(), vec![]), "{change}");
    }
    for (change, place) in [
        (json!({"parallelism": null}), "/spec"),
        (json!({"parallelism": 0}), "/spec/parallelism"),
        (json!({"taskManagerConfig": {"taskSlots": 0}}), "/spec/taskManagerConfig/taskSlots"),
        (
            json!({"jobManagerConfig": {"resources": {"requests": {"cpu": "lots"}}}}),
            "/spec/jobManagerConfig/resources/requests/cpu",
        ),
    ] {
        assert_eq!(line(change.clone()).1, [place], "{change}");
    }
    // Four fifths of 2 Gi and of 5 Gi.
    assert_eq!(
        lowered_memory(&manifest("flink-application", json!({}))),
        (1_677_721 << 10, 4 << 30)
    );
    let none: [String; 0] = [];
    let resource = manifest("flink-application", json!({}));
    assert_eq!(found(json!({"quota": {"perCluster": {"taskManagers": 2}}}), &resource), none);
    assert_eq!(
        found(json!({"quota": {"perCluster": {"taskManagers": 1}}}), &resource),
        ["quota/per-cluster at /spec"]
    );
}

#[test]
fn lyft_application_findings_point_at_its_fields() {
    let strict = json!({"security": {"podSecurity": {"level": "restricted"}, "images": {"allow": ["registry.example.com/flink/*"]}, "serviceAccounts": ["flink"]},
        "scheduling": {"antiAffinity": {"jobManager": "Required", "taskManager": "Preferred"}, "nodeSelector": {"pool": "flink"}},
        "storage": {"checkpoints": {"volume": {"claimName": "{cluster}-state"}, "locations": ["s3://payments-flink/"]}},
        "flink": {"configuration": {"forbidden": ["env.java.opts.*"]}}, "labels": {"cost-center": "4711"}});
    let none: [String; 0] = [];
    let resource = manifest("flink-application", json!({}));
    let mut stored = resource.object.clone();
    // The claim is mounted in its pods.
    stored["spec"]["flinkConfig"]["state.savepoints.dir"] = json!("file:///flink/state/savepoints");
    assert_eq!(
        gate(strict.clone()).mutated(&resource),
        stored,
        "the rest of the object stays as it is"
    );
    assert_eq!(found(strict.clone(), &resource), none);
    for set in lowered(&resource).pods {
        let pod = admitted_pod(&gate(strict.clone()), &resource, &set);
        assert_eq!(
            pod.pointer("/spec/volumes/1/persistentVolumeClaim/claimName"),
            Some(&json!("rides-state"))
        );
    }
    let bad = manifest(
        "flink-application",
        json!({"image": "evil.io/flink:1", "serviceAccountName": "admin", "securityContext": {"runAsUser": 0},
            "flinkConfig": {"env.java.opts.all": "-Dx", "state": {"savepoints.dir": "s3://other/x"}},
            "volumes": [{"name": "host", "hostPath": {"path": "/"}}], "taskManagerConfig": {"nodeSelector": {"pool": "other"}}}),
    );
    let places = found(strict, &bad);
    for expected in [
        "flink/forbidden-option at /spec/flinkConfig/env.java.opts.all",
        "scheduling/node-selector at /spec/taskManagerConfig/nodeSelector/pool",
        "security/host-path at /spec/volumes/0/hostPath",
        "security/image-registry at /spec/image",
        "security/run-as-user at /spec/securityContext/runAsUser",
        "security/service-account at /spec/serviceAccountName",
        "storage/checkpoint-dir at /spec/flinkConfig/state/savepoints.dir",
    ] {
        assert!(
            places.iter().any(|place| place == expected),
            "{expected} is not among {places:#?}"
        );
    }
}

/// A pod of a set, after both webhooks admitted it.
fn admitted_pod(gate: &Gate, resource: &Resource, set: &PodSet) -> Value {
    let mut pod = set.template(&resource.object).clone();
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["namespace"] = json!("payments-prod");
    let mut pod = Resource::from_manifest(pod).unwrap();
    assert_eq!(lowered(&pod).cluster, resource.name);
    let patch = gate.mutate(&pod).patch.unwrap();
    json_patch::patch(&mut pod.object, &patch).unwrap();
    assert_eq!(gate.validate(&pod).findings, [], "{}", set.path());
    pod.object
}
