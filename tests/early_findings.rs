//! What will be refused or will not start later is reported when the object is admitted: containers
//! without requests, and claims that TaskManagers cannot get. Through `lint`, through the webhooks of
//! files, and through those of a cluster.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod fake_cluster;
mod manifests;

use cases::{asked, findings_in, folder, gate, lint, review, tenant, webhooks};
use fake_cluster::FakeCluster;
use flinkgate::admission::answer::Webhook;
use flinkgate::pipeline::Unassigned;
use flinkgate::rules::{Finding, Level};
use serde_json::{Value, json};
use std::sync::Arc;

const NAMESPACE: &str = "payments-prod";

fn lines(findings: impl IntoIterator<Item = Finding>, rules: &[&str]) -> Vec<String> {
    let own = findings.into_iter().filter(|finding| rules.contains(&&*finding.rule));
    own.map(|one| format!("{} {} {}: {}", one.level.as_str(), one.rule, one.pointer, one.message))
        .collect()
}

fn tenant_of(spec: &Value) -> Value {
    tenant("payments", &["payments-*"], spec)
}

/// What the validating webhook of a cluster with these others reports of an object.
fn in_cluster(spec: &Value, others: &[Value], object: &Value, rules: &[&str]) -> Vec<String> {
    let gate = Arc::new(gate(&folder([&tenant_of(spec)]), Unassigned::Warn));
    let mut resource = asked(&review("CREATE", object, &Value::Null));
    resource.object = gate.mutated(&resource);
    let cluster = FakeCluster::new(gate, others.to_vec());
    lines(cluster.answer(Webhook::Validate, resource).findings, rules)
}

/// What `lint` reports of an object in an input with these others.
fn linted(spec: &Value, others: &[Value], object: &Value, rules: &[&str]) -> Vec<String> {
    let report = lint(&folder([&tenant_of(spec)]), others.iter().chain([object]));
    let findings = findings_in(&report, &json!(NAMESPACE)).into_iter();
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_owned();
    findings
        .filter(|finding| rules.contains(&finding["rule"].as_str().unwrap()))
        .map(|finding| {
            let [level, rule, place, message] =
                ["level", "rule", "pointer", "message"].map(|field| text(finding, field));
            format!("{level} {rule} {place}: {message}")
        })
        .collect()
}

/// What both webhooks of files report of an object.
fn from_files(spec: &Value, object: &Value, rules: &[&str]) -> Vec<String> {
    let gate = gate(&folder([&tenant_of(spec)]), Unassigned::Warn);
    let found = webhooks(&gate, asked(&review("CREATE", object, &Value::Null)));
    lines(found.into_iter().flatten(), rules)
}

fn flink(kind: &str, template: &Value) -> Value {
    let spec = json!({"image": "flink:1.20", "flinkVersion": "v1_20", "serviceAccount": "flink",
        "podTemplate": template, "flinkConfiguration": {},
        "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}},
        "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}},
        "job": {"jarURI": "local:///j.jar", "parallelism": 2, "upgradeMode": "stateless"}});
    let spec = match kind {
        "FlinkBlueGreenDeployment" => json!({"template": {"spec": spec}}),
        _ => spec,
    };
    json!({"apiVersion": "flink.apache.org/v1beta1", "kind": kind,
        "metadata": {"name": "etl", "namespace": NAMESPACE}, "spec": spec})
}

fn with_containers(containers: Value) -> Value {
    json!({"spec": {"containers": containers}})
}

fn workload(kind: &str, containers: Value) -> Value {
    let labels = json!({"app": "tool"});
    json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "tool", "namespace": NAMESPACE},
        "spec": {"replicas": 1, "serviceName": "tool", "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}}}})
}

fn limit_range(namespace: &str, limit: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "d", "namespace": namespace},
        "spec": {"limits": [limit]}})
}

const UNDECLARED: [&str; 1] = ["quota/undeclared"];

#[test]
fn a_sidecar_without_requests_is_reported_with_its_template() {
    let quota = json!({"quota": {"hard": {"cpu": "9", "memory": "64Gi"}}});
    let bare = json!([{"name": "flink-main-container"}, {"name": "log", "image": "a:1"}]);
    let at = |place: &str, resource: &str| {
        format!(
            "warning quota/undeclared {place}: container `log` declares no {resource}, which the \
             tenant's quota limits: its pods will be refused"
        )
    };
    let of_template = "/spec/podTemplate/spec/containers/1";
    let cases = [
        (flink("FlinkDeployment", &with_containers(bare.clone())), of_template.to_owned()),
        (
            flink("FlinkBlueGreenDeployment", &with_containers(bare)),
            format!("/spec/template{of_template}"),
        ),
        (
            workload("Deployment", json!([{"name": "log", "image": "a:1"}])),
            "/spec/template/spec/containers/0".to_owned(),
        ),
        (
            workload("StatefulSet", json!([{"name": "log", "image": "a:1"}])),
            "/spec/template/spec/containers/0".to_owned(),
        ),
    ];
    for (object, place) in &cases {
        let all = [at(place, "cpu"), at(place, "memory")];
        assert_eq!(from_files(&quota, object, &UNDECLARED), all, "{object}");
        assert_eq!(linted(&quota, &[], object, &UNDECLARED), all, "{object}");
        assert_eq!(in_cluster(&quota, &[], object, &UNDECLARED), all, "{object}");
        // A LimitRange of the namespace gives requests; one of another or of pods does not.
        let gives = json!({"type": "Container", "defaultRequest": {"cpu": "100m"}});
        let of_pods = json!({"type": "Pod", "max": {"cpu": "4", "memory": "8Gi"}});
        let both = json!({"type": "Container", "default": {"cpu": "1"}, "max": {"memory": "2Gi"}});
        for (limit_range, expected) in [
            (limit_range(NAMESPACE, &gives), vec![at(place, "memory")]),
            (limit_range(NAMESPACE, &both), vec![]),
            (limit_range("payments-dev", &both), all.to_vec()),
            (limit_range(NAMESPACE, &of_pods), all.to_vec()),
        ] {
            let others = [limit_range];
            assert_eq!(linted(&quota, &others, object, &UNDECLARED), expected, "{others:?}");
            assert_eq!(in_cluster(&quota, &others, object, &UNDECLARED), expected, "{others:?}");
        }
        // A tenant that does not limit the resource asks for nothing.
        let memory = json!({"quota": {"hard": {"memory": "64Gi"}, "perCluster": {"cpu": "9"}}});
        assert_eq!(in_cluster(&memory, &[], object, &UNDECLARED), [at(place, "memory")]);
    }
}

#[test]
fn what_declares_its_requests_is_not_reported() {
    let quota = json!({"quota": {"hard": {"cpu": "9", "memory": "64Gi"}}});
    let amounts = json!({"cpu": "100m", "memory": "64Mi"});
    for resources in [
        json!({"requests": amounts}),
        json!({"limits": amounts}),
        json!({"requests": {"cpu": "1"}, "limits": amounts}),
    ] {
        let sidecar = json!({"name": "log", "image": "a:1", "resources": resources});
        // The operator sizes Flink's own container.
        let template = with_containers(json!([{"name": "flink-main-container"}, sidecar]));
        for object in
            [flink("FlinkDeployment", &template), workload("Deployment", json!([sidecar]))]
        {
            assert_eq!(in_cluster(&quota, &[], &object, &UNDECLARED), [""; 0], "{object}");
            assert_eq!(linted(&quota, &[], &object, &UNDECLARED), [""; 0], "{object}");
        }
    }
    let of_pod = json!({"spec": {"resources": {"requests": amounts}, "containers": [{"name": "log", "image": "a:1"}]}});
    assert_eq!(from_files(&quota, &flink("FlinkDeployment", &of_pod), &UNDECLARED), [""; 0]);
}

#[test]
fn a_pod_without_requests_is_still_refused() {
    let quota = json!({"quota": {"hard": {"cpu": "9"}}});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": NAMESPACE},
        "spec": {"containers": [{"name": "c", "image": "a:1"}]}});
    let refused = [
        "error quota/undeclared /spec/containers/0: container `c` declares no cpu, which the tenant's quota limits",
    ];
    // The API server applies LimitRanges before the webhooks see the pod.
    let both = limit_range(NAMESPACE, &json!({"type": "Container", "default": {"cpu": "1"}}));
    assert_eq!(in_cluster(&quota, std::slice::from_ref(&both), &pod, &UNDECLARED), refused);
    assert_eq!(from_files(&quota, &pod, &UNDECLARED), refused);
    assert_eq!(linted(&quota, &[], &pod, &UNDECLARED), refused);
    assert_eq!(linted(&quota, &[both], &pod, &UNDECLARED), [""; 0]);
}

#[test]
fn requests_that_a_limit_range_gives_are_charged_with_the_cluster() {
    const EXCEEDED: [&str; 1] = ["quota/exceeded"];
    let quota = json!({"quota": {"hard": {"cpu": "4"}}});
    let with = |sidecar: Value| {
        let main = json!({"name": "flink-main-container"});
        flink("FlinkDeployment", &with_containers(json!([main, sidecar])))
    };
    let range = |amount: &str| {
        limit_range(NAMESPACE, &json!({"type": "Container", "defaultRequest": {"cpu": amount}}))
    };
    let found =
        |object: &Value, amount: &str| in_cluster(&quota, &[range(amount)], object, &EXCEEDED);
    // A JobManager and two TaskManagers of one cpu, each with a sidecar.
    let bare = with(json!({"name": "proxy", "image": "a:1"}));
    assert_eq!(found(&bare, "300m"), [""; 0]);
    let [refused] = found(&bare, "400m").try_into().unwrap();
    assert!(refused.contains("4200m") || refused.contains("4.2"), "{refused}");
    let sized =
        with(json!({"name": "proxy", "image": "a:1", "resources": {"requests": {"cpu": "100m"}}}));
    assert_eq!(found(&sized, "400m"), [""; 0]);
    let limited =
        with(json!({"name": "proxy", "image": "a:1", "resources": {"limits": {"cpu": "100m"}}}));
    assert_eq!(found(&limited, "400m"), [""; 0]);
}

fn claim(name: &str, mode: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"accessModes": [mode], "resources": {"requests": {"storage": "1Gi"}}}})
}

fn mounting(claim: &str) -> Value {
    let template = json!({"spec": {
        "containers": [{"name": "flink-main-container", "volumeMounts": [{"name": "d", "mountPath": "/data"}]}],
        "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": claim}}]}});
    flink("FlinkDeployment", &template)
}

const MOUNTS: [&str; 2] = ["storage/claim-mounts", "storage/single-node-claim"];

#[test]
fn a_missing_claim_is_reported_where_all_claims_are_known() {
    let none = json!({});
    let missing = |claim: &str| {
        format!(
            "warning storage/claim-mounts /spec/podTemplate/spec/volumes/0/persistentVolumeClaim/\
             claimName: claim `{claim}` does not exist or is being deleted, so pods that mount it \
             do not start"
        )
    };
    let many = claim("data", "ReadWriteMany");
    let object = mounting("data");
    assert_eq!(in_cluster(&none, &[], &object, &MOUNTS), [missing("data")]);
    assert_eq!(in_cluster(&none, std::slice::from_ref(&many), &object, &MOUNTS), [""; 0]);
    let mut elsewhere = many.clone();
    elsewhere["metadata"]["namespace"] = json!("payments-dev");
    assert_eq!(in_cluster(&none, &[elsewhere], &object, &MOUNTS), [missing("data")]);
    let mut leaving = many.clone();
    leaving["metadata"]["deletionTimestamp"] = json!("2026-11-27T00:00:00Z");
    assert_eq!(in_cluster(&none, &[leaving], &object, &MOUNTS), [missing("data")]);
    // A claim without access modes exists nevertheless.
    let mut odd = many;
    odd["spec"] = json!({});
    assert_eq!(in_cluster(&none, &[odd], &object, &MOUNTS), [""; 0]);
    // An input may not have all claims of the cluster.
    assert_eq!(linted(&none, &[], &object, &MOUNTS), [""; 0]);
    assert_eq!(from_files(&none, &object, &MOUNTS), [""; 0]);
}

#[test]
fn flinkgate_creates_the_claim_of_a_template_with_a_size() {
    let volume = |more: Value| {
        let mut volume = json!({"claimName": "{cluster}-state"});
        json_patch::merge(&mut volume, &more);
        json!({"storage": {"checkpoints": {"volume": volume}}})
    };
    let bare = flink("FlinkDeployment", &json!({}));
    assert_eq!(in_cluster(&volume(json!({"size": "5Gi"})), &[], &bare, &MOUNTS), [""; 0]);
    let reported = in_cluster(&volume(json!({})), &[], &bare, &MOUNTS);
    assert_eq!(reported.len(), 1, "{reported:?}");
    assert!(reported[0].contains("claim `etl-state` does not exist"), "{reported:?}");
    // The claim of another cluster is not created for this one.
    let reported =
        in_cluster(&volume(json!({"size": "5Gi"})), &[], &mounting("billing-state"), &MOUNTS);
    assert!(
        reported.iter().any(|line| line.contains("`billing-state` does not exist")),
        "{reported:?}"
    );
}

#[test]
fn several_pods_on_a_claim_of_one_node_are_reported() {
    let none = json!({});
    let place = "/spec/podTemplate/spec/volumes/0/persistentVolumeClaim/claimName";
    let once = format!(
        "warning storage/single-node-claim {place}: several pods mount claim `data`, but pods on \
         other nodes than the first do not start (`ReadWriteOnce`)"
    );
    let one_pod = format!(
        "error storage/single-node-claim {place}: several pods mount claim `data`, but only one \
         pod can mount it (`ReadWriteOncePod`)"
    );
    let bound = |spec: Value| {
        let mut object = mounting("data");
        json_patch::merge(&mut object["spec"]["podTemplate"]["spec"], &spec);
        object
    };
    let to_pods = json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "etl"}}}]}}});
    let to_zone = json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "topology.kubernetes.io/zone", "labelSelector": {"matchLabels": {"app": "etl"}}}]}}});
    let to_node = json!({"nodeSelector": {"kubernetes.io/hostname": "node-1"}});
    for (object, mode, expected) in [
        (mounting("data"), "ReadWriteOnce", vec![once.clone()]),
        (mounting("data"), "ReadWriteMany", vec![]),
        (mounting("data"), "ReadWriteOncePod", vec![one_pod.clone()]),
        (mounting("other"), "ReadWriteOnce", vec![]),
        (bound(to_pods.clone()), "ReadWriteOnce", vec![]),
        (bound(to_node), "ReadWriteOnce", vec![]),
        (bound(to_zone), "ReadWriteOnce", vec![once]),
        (bound(to_pods), "ReadWriteOncePod", vec![one_pod]),
    ] {
        let others = [claim("data", mode), claim("other", "ReadWriteMany")];
        assert_eq!(in_cluster(&none, &others, &object, &MOUNTS), expected, "{mode} {object}");
        assert_eq!(linted(&none, &others, &object, &MOUNTS), expected, "{mode} {object}");
    }
    // One pod alone has the claim.
    let mut alone = mounting("data");
    let template = alone["spec"]["podTemplate"].take();
    alone["spec"]["jobManager"]["podTemplate"] = template;
    let others = [claim("data", "ReadWriteOncePod")];
    assert_eq!(linted(&none, &others, &alone, &MOUNTS), [""; 0]);
}

#[test]
fn a_forbidden_storage_class_in_a_template_is_refused_at_once() {
    let spec = json!({"storage": {"claims": {"storageClassNames": ["nfs"]}}});
    let with_class = |class: &str| {
        let claim = json!({"spec": {"storageClassName": class, "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}}}});
        let mut object = flink("FlinkDeployment", &json!({}));
        object["spec"]["taskManager"]["podTemplate"] = json!({"spec": {
            "volumes": [{"name": "d", "ephemeral": {"volumeClaimTemplate": claim}}], "containers": []}});
        object
    };
    let rules = ["storage/claim-class"];
    assert_eq!(from_files(&spec, &with_class("nfs"), &rules), [""; 0]);
    let found = from_files(&spec, &with_class("premium"), &rules);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("error storage/claim-class /spec/taskManager/podTemplate/"));
}

#[test]
fn levels_are_those_of_the_rules() {
    // A tenant that wants an error gets one.
    let spec = json!({"quota": {"hard": {"cpu": "9"}}, "rules": [{"rule": "quota/undeclared", "enforcement": "Enforce"}]});
    let object = workload("Deployment", json!([{"name": "log", "image": "a:1"}]));
    let gate = gate(&folder([&tenant_of(&spec)]), Unassigned::Warn);
    let found = gate.validate(&asked(&review("CREATE", &object, &Value::Null))).findings;
    let own = found.iter().find(|finding| finding.rule == "quota/undeclared").unwrap();
    assert_eq!(own.level, Level::Error);
}
