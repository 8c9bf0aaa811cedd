//! Flink on plain Kubernetes: Deployments, StatefulSets and Jobs are lowered to the cluster that
//! they start, and are checked like their pods.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use assert_cmd::Command;
use flinkgate::flink::Workload;
use flinkgate::flink::requester::DEFAULT_OPERATOR_USER;
use flinkgate::kinds::lower;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::quota::Usage;
use flinkgate::rego::PolicySet;
use flinkgate::resource::{Operation, Resource, yaml};
use flinkgate::rules::{Finding, Level};
use flinkgate::tenant::{FlinkTenantSpec, Tenant, Tenants};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The workloads of a file of `tests/data/kinds`.
fn workloads(file: &str) -> Vec<Resource> {
    let text = std::fs::read_to_string(format!("tests/data/kinds/{file}.yaml")).unwrap();
    let documents = yaml::parse(&text).into_iter().map(|document| {
        assert_eq!(document.problems, []);
        Resource::from_manifest(document.value.unwrap()).unwrap()
    });
    documents.filter(|resource| resource.kind.kind != "ConfigMap").collect()
}

fn all_workloads() -> Vec<Resource> {
    ["standalone-session", "standalone-application", "chart"]
        .into_iter()
        .flat_map(workloads)
        .collect()
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

fn tenants() -> Vec<Gate> {
    let specs = [
        json!({}),
        json!({"security": {"podSecurity": {"level": "restricted"}, "images": {"allow": ["registry.example.com/flink/*"]}, "serviceAccounts": ["flink"]},
            "scheduling": {"antiAffinity": {"jobManager": "Required", "taskManager": "Preferred"}, "nodeSelector": {"pool": "flink"}},
            "storage": {"checkpoints": {"volume": {"claimName": "{cluster}-state"}, "locations": ["s3://payments-flink/"]}}, "labels": {"cost-center": "4711"}}),
        json!({"security": {"podSecurity": {"level": "restricted"}, "images": {"allow": ["other.example.com/*"]}, "serviceAccounts": ["other"]},
            "labels": {"component": "mine"}, "storage": {"checkpoints": {"locations": ["s3://other/"]}}}),
    ];
    specs.into_iter().map(gate).collect()
}

/// The pod that a controller creates from a workload's template.
fn pod(workload: &Resource) -> Resource {
    let mut pod = workload.object["spec"]["template"].clone();
    // The controller adds a volume for each claim of its own.
    for claim in workload.object["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten() {
        let name = claim["metadata"]["name"].clone();
        let volume = json!({"name": name, "persistentVolumeClaim": {"claimName": format!("{}-0", name.as_str().unwrap())}});
        match &mut pod["spec"]["volumes"] {
            Value::Array(volumes) => volumes.push(volume),
            volumes => *volumes = json!([volume]),
        }
    }
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["namespace"] = json!(workload.namespace);
    pod["metadata"]["generateName"] = json!(format!("{}-5d8f9-", workload.name));
    pod["metadata"]["ownerReferences"] =
        json!([{"kind": workload.kind.kind, "name": workload.name, "controller": true}]);
    Resource::from_manifest(pod).unwrap()
}

/// Rule, message and place of the findings of both webhooks; places in a pod are converted to
/// places in its workload.
fn reported(gate: &Gate, resource: &Resource, prefix: &str) -> BTreeSet<(String, String, String)> {
    let mutation = gate.mutate(resource);
    let mut stored = resource.clone();
    if let Some(patch) = &mutation.patch {
        json_patch::patch(&mut stored.object, patch).unwrap();
    } else {
        stored.object = gate.mutated(resource);
    }
    let findings = mutation.findings.into_iter().chain(gate.validate(&stored).findings);
    findings
        .map(|Finding { rule, message, pointer, .. }| {
            (rule.into_owned(), message, format!("{prefix}{pointer}"))
        })
        .collect()
}

#[test]
fn plain_manifests_lower_to_the_cluster_they_start() {
    let line = |resource: &Resource| {
        let Workload { engine, mode, cluster, jobs, pods, size, declares_cluster, .. } =
            lower(resource, &resource.object).unwrap();
        assert!(!declares_cluster && size.problems.is_empty(), "{:?}", size.problems);
        let [set] = pods.as_slice() else { panic!("one set of pods") };
        let total = &size.total;
        let managed = size
            .task_manager
            .as_ref()
            .and_then(|size| Some(size.breakdown.as_ref()?.as_ref().unwrap().managed));
        let heap = size
            .job_manager
            .as_ref()
            .and_then(|size| Some(size.breakdown.as_ref()?.as_ref().unwrap().heap));
        format!(
            "{} {}: {} {} {cluster} {}x{} main={:?} cpu={} memory={} storage={} claims={} pods={} tms={} slots={} clusters={} jobs={jobs}/{} managed={managed:?} heap={heap:?}",
            resource.kind.kind,
            resource.name,
            engine.as_str(),
            mode.unwrap().as_str(),
            set.role.as_str(),
            set.replicas,
            set.main_container,
            total.cpu.as_cores_f64(),
            total.memory.display_bytes(),
            total.storage.display_bytes(),
            total.persistent_volume_claims,
            total.pods,
            total.task_managers,
            total.task_slots,
            total.clusters,
            total.jobs,
        )
    };
    let table: Vec<String> = all_workloads().iter().map(line).collect();
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn workloads_are_checked_like_their_pods() {
    let mut told = 0;
    for gate in tenants() {
        for workload in all_workloads() {
            let of_workload = reported(&gate, &workload, "");
            assert_eq!(
                of_workload,
                reported(&gate, &pod(&workload), "/spec/template"),
                "{}",
                workload.name
            );
            assert_eq!(gate.mutate(&workload).patch, None, "the workload itself stays as it is");
            let case = gate.case(&workload, false).unwrap();
            let judgement = gate.judge(case, &Usage::default());
            let linted: BTreeSet<_> = judgement
                .findings
                .into_iter()
                .map(|finding| (finding.rule.into_owned(), finding.message, finding.pointer))
                .collect();
            assert_eq!((linted, judgement.mutated), (of_workload.clone(), None));
            told += of_workload.len();
        }
    }
    assert!(told > 12, "only {told} findings were compared");
}

#[test]
fn defects_that_mutation_fixes_are_not_refused() {
    let restricted = &tenants()[1];
    for workload in all_workloads() {
        assert_eq!(restricted.validate(&workload).findings, [], "{}", workload.name);
    }
    let mut privileged = workloads("standalone-session").remove(0);
    privileged.object["spec"]["template"]["spec"]["containers"][0]["securityContext"]["privileged"] =
        json!(true);
    let findings = restricted.validate(&privileged).findings;
    let place = "/spec/template/spec/containers/0/securityContext/privileged";
    assert!(
        findings
            .iter()
            .any(|finding| finding.rule == "security/privileged" && finding.pointer == place),
        "{findings:?}"
    );
}

#[test]
fn scaling_up_is_checked_and_down_passes() {
    let strict = &tenants()[2];
    let update = |change: Value| {
        let old = workloads("standalone-application").remove(1);
        let mut new =
            Resource { operation: Operation::Update, old_object: Some(old.object.clone()), ..old };
        json_patch::merge(&mut new.object, &change);
        strict.validate(&new).findings.iter().any(|finding| finding.level == Level::Error)
    };
    assert!(update(json!({"spec": {"replicas": 3}})));
    assert!(update(
        json!({"spec": {"replicas": 0, "template": {"metadata": {"annotations": {"restarted": "now"}}}}})
    ));
    assert!(!update(json!({"spec": {"replicas": 0}})));
    assert!(!update(json!({"spec": {"updateStrategy": {"type": "OnDelete"}}})));
    assert!(!update(json!({"metadata": {"annotations": {"a": "b"}}})));
}

#[test]
fn objects_that_an_operator_creates_pass() {
    let mut workload = workloads("standalone-session").remove(0);
    assert!(!tenants()[2].validate(&workload).findings.is_empty());
    let owner = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "name": "etl", "uid": "1", "controller": false});
    workload.object["metadata"]["ownerReferences"] = json!([owner]);
    assert!(!tenants()[2].validate(&workload).findings.is_empty());
    workload.user.username = DEFAULT_OPERATOR_USER.into();
    assert_eq!(tenants()[2].validate(&workload), Default::default());
    assert_eq!(lower(&workload, &workload.object).unwrap().size.total.clusters, 0);
    // The pods are checked nevertheless.
    let mut pod = pod(&workload);
    pod.object["metadata"]["ownerReferences"] = json!([owner]);
    assert!(!tenants()[2].validate(&pod).findings.is_empty());
}

#[test]
fn quotas_apply_to_the_whole_pod_set() {
    let quota = json!({"quota": {"hard": {"cpu": "2", "storage": "100Gi"}, "perCluster": {"taskManagers": 1}}});
    let workload = workloads("standalone-application").remove(1);
    let findings = gate(quota).validate(&workload).findings;
    let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "tenant `payments`: this object requests 120Gi storage, the quota is 100Gi",
            "tenant `payments`: this object requests 4 cpu, the quota is 2",
            "this cluster requests 2 taskManagers, the limit is 1"
        ]
    );
}

#[test]
fn requests_are_an_error_for_pods_and_a_warning_for_their_templates() {
    let gate = gate(json!({"quota": {"hard": {"cpu": "20", "memory": "100Gi"}}}));
    let mut workload = workloads("standalone-session").remove(0);
    workload.object["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({});
    let early = gate.validate(&workload).findings;
    assert!(early.iter().all(|finding| finding.rule == "quota/undeclared"), "{early:?}");
    assert!(early.iter().all(|finding| finding.level == Level::Warning), "{early:?}");
    let rules: BTreeSet<String> = gate
        .validate(&pod(&workload))
        .findings
        .into_iter()
        .map(|finding| finding.rule.into_owned())
        .collect();
    assert_eq!(rules, BTreeSet::from(["quota/undeclared".to_owned()]));
}

#[test]
fn the_command_size_shows_every_set() {
    let size = |file: &str| {
        let output = Command::cargo_bin("flinkgate")
            .unwrap()
            .args(["size", &format!("tests/data/kinds/{file}.yaml")])
            .output()
            .unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let files = [
        "standalone-session",
        "standalone-application",
        "chart",
        "blue-green",
        "session-job",
        "state-snapshot",
        "flink-cluster",
        "flink-application",
    ];
    insta::assert_snapshot!(files.map(size).join("\n"));
}

#[test]
fn absurd_values_become_problems() {
    let lowered = |file: &str, index: usize, change: Value| {
        let mut resource = workloads(file).remove(index);
        json_patch::merge(&mut resource.object, &change);
        let workload = lower(&resource, &resource.object).unwrap();
        workload.size.problems.into_iter().map(|problem| problem.pointer).collect::<Vec<_>>()
    };
    let cases = [
        ("standalone-session", 1, json!({"spec": {"replicas": -1}}), vec!["/spec/replicas"]),
        ("standalone-session", 1, json!({"spec": {"replicas": "3"}}), vec!["/spec/replicas"]),
        (
            "standalone-session",
            1,
            json!({"spec": {"replicas": 2_147_483_648_i64}}),
            vec!["/spec/replicas"],
        ),
        ("standalone-session", 1, json!({"spec": {"replicas": 2_147_483_647}}), vec![]),
        ("standalone-session", 1, json!({"spec": {"template": 7}}), vec!["/spec/template"]),
        (
            "standalone-session",
            1,
            json!({"spec": {"template": {"spec": {"containers": "x"}}}}),
            vec!["/spec/template/spec/containers"],
        ),
        (
            "standalone-application",
            0,
            json!({"spec": {"parallelism": 1.5}}),
            vec!["/spec/parallelism"],
        ),
        (
            "standalone-application",
            0,
            json!({"spec": {"completions": []}}),
            vec!["/spec/completions"],
        ),
        (
            "standalone-application",
            1,
            json!({"spec": {"volumeClaimTemplates": [{"spec": {"resources": {"requests": {"storage": "much"}}}}, null]}}),
            vec!["/spec/volumeClaimTemplates/0/spec/resources/requests/storage"],
        ),
        ("standalone-application", 1, json!({"spec": null}), vec![]),
    ];
    for (file, index, change, expected) in cases {
        assert_eq!(lowered(file, index, change.clone()), expected, "{change}");
    }
}

#[test]
fn scale_passes_and_its_pods_are_checked() {
    for owner in ["apps", "flink.apache.org"] {
        let scale = json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": owner}, "spec": {"replicas": 1_000}});
        let resource = Resource {
            sub_resource: Some("scale".into()),
            operation: Operation::Update,
            ..Resource::from_manifest(scale).unwrap()
        };
        assert_eq!(
            gate(json!({"quota": {"hard": {"pods": 1}}})).validate(&resource),
            Default::default()
        );
    }
}
