//! The Pod Security Standards, case by case, through the whole gate, and what mutation does for
//! them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod manifests;
mod seeded;

use flinkgate::kinds::lower;
use flinkgate::kubernetes::pod_security::{Standard, evaluate, minor_version};
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::rego::PolicySet;
use flinkgate::resource::{Operation, Resource, pointer};
use flinkgate::rules::Finding;
use flinkgate::tenant::{PodSecurityLevel, Tenant, Tenants};
use manifests::{created, files, read};
use seeded::Seeded;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// `restricted v1.25`.
fn standard(text: &str) -> Standard {
    let (level, version) = text.split_once(' ').unwrap();
    let level: PodSecurityLevel = serde_json::from_value(json!(level)).unwrap();
    assert!(version == "latest" || minor_version(version).is_some(), "{text}");
    Standard { level, minor: minor_version(version).unwrap_or(u64::MAX) }
}

#[test]
fn every_case_is_judged_as_it_says() {
    let files = files("tests/pod_security", "yaml");
    assert_eq!(files.len(), 16);
    for file in files {
        let rule = file.file_stem().unwrap().to_str().unwrap();
        for case in read(&file).as_array().unwrap() {
            let pod = json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": "p", "annotations": case["annotations"]}, "spec": case["spec"]});
            let pod = Resource::from_manifest(pod).unwrap();
            for (standard, expected) in case["violates"].as_object().unwrap() {
                let mut expected: Vec<String> = serde_json::from_value(expected.clone()).unwrap();
                expected.sort();
                let mut found = Vec::new();
                for finding in held_to(standard).validate(&pod).findings {
                    if finding.rule.rsplit('/').next() == Some(rule) {
                        assert!(finding.help.is_some(), "{finding:?}");
                        found.push(format!("{}: {}", finding.pointer, finding.message));
                    }
                }
                found.sort();
                assert_eq!(found, expected, "{rule}: {} at {standard}", case["name"]);
            }
        }
    }
}

/// A gate where every namespace belongs to a tenant with this standard: `restricted v1.25`.
fn held_to(standard: &str) -> Gate {
    let (level, version) = standard.split_once(' ').unwrap_or((standard, "latest"));
    gate(json!({"security": {"podSecurity": {"level": level, "version": version}}}))
}

/// A gate where every namespace belongs to a tenant with this spec.
fn gate(mut spec: Value) -> Gate {
    spec["namespaces"] = json!({"names": ["*"]});
    let tenant = Tenant {
        name: "payments".into(),
        spec: serde_json::from_value(spec).unwrap(),
        ..Tenant::default()
    };
    let policies = PolicySet::built_in().unwrap().into();
    Gate::new(Tenants::new(vec![tenant], BTreeMap::new()), policies, Unassigned::Warn)
}

/// Rules and places of what is said about security.
fn said(findings: Vec<Finding>) -> Vec<String> {
    let about = |finding: &Finding| {
        finding.rule.starts_with("security/") || finding.rule == "network/host-port"
    };
    findings
        .into_iter()
        .filter(about)
        .map(|finding| format!("{} {}", finding.rule, finding.pointer))
        .collect()
}

#[test]
fn a_finding_in_a_merged_template_points_to_the_template_that_says_it() {
    let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"}, "spec": {
        "image": "registry.example.com/flink:1", "serviceAccount": "flink",
        "podTemplate": {"spec": {"hostPID": true, "containers": [{"name": "flink-main-container", "ports": [{"containerPort": 1, "hostPort": 1}]}]}},
        "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}},
        "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}, "podTemplate": {
            "metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/flink-main-container": "unconfined"}},
            "spec": {"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}}}}}});
    let findings = held_to("baseline").validate(&Resource::from_manifest(object).unwrap()).findings;
    assert_eq!(
        said(findings),
        [
            "network/host-port /spec/podTemplate/spec/containers/0/ports/0/hostPort",
            "security/app-armor /spec/taskManager/podTemplate/metadata/annotations/container.apparmor.security.beta.kubernetes.io~1flink-main-container",
            "security/host-namespaces /spec/podTemplate/spec/hostPID",
            "security/sysctls /spec/taskManager/podTemplate/spec/securityContext/sysctls/0/name",
        ]
    );
}

/// Rules and places of what a gate reports about an object.
fn reported(gate: &Gate, object: Value) -> Vec<String> {
    said(gate.validate(&Resource::from_manifest(object).unwrap()).findings)
}

fn flink_deployment(spec: Value) -> Value {
    json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"}, "spec": spec})
}

#[test]
fn the_main_container_that_the_operator_adds_is_checked() {
    let object = || {
        flink_deployment(json!({"jobManager": {}, "taskManager": {
            "podTemplate": {"spec": {"containers": [{"name": "side"}]}}}}))
    };
    assert_eq!(reported(&held_to("baseline"), object()), [""; 0]);
    assert_eq!(
        reported(&held_to("restricted v1.8"), object()),
        [
            "security/allow-privilege-escalation /spec/jobManager/podTemplate/spec/containers/0/securityContext/allowPrivilegeEscalation",
            "security/allow-privilege-escalation /spec/taskManager/podTemplate/spec/containers/0/securityContext/allowPrivilegeEscalation",
            "security/allow-privilege-escalation /spec/taskManager/podTemplate/spec/containers/1/securityContext/allowPrivilegeEscalation",
            "security/run-as-non-root /spec/jobManager/podTemplate/spec/containers/0/securityContext/runAsNonRoot",
            "security/run-as-non-root /spec/taskManager/podTemplate/spec/containers/0/securityContext/runAsNonRoot",
            "security/run-as-non-root /spec/taskManager/podTemplate/spec/containers/1/securityContext/runAsNonRoot",
        ]
    );
}

#[test]
fn the_option_for_the_host_network_counts_as_the_field() {
    let object = || {
        flink_deployment(
            json!({"flinkConfiguration": {"kubernetes": {"hostnetwork.enabled": "True"}}}),
        )
    };
    assert_eq!(
        reported(&held_to("baseline"), object()),
        ["security/host-namespaces /spec/flinkConfiguration/kubernetes/hostnetwork.enabled"]
    );
    assert_eq!(reported(&held_to("privileged"), object()), [""; 0]);
}

#[test]
fn every_template_is_checked_where_it_is() {
    let spec = json!({"hostPID": true, "containers": [{"name": "a", "image": "x:1"}]});
    let template = json!({"template": {"spec": spec}});
    let kinds = [
        ("v1", "Pod", &spec, "/spec/hostPID"),
        ("apps/v1", "Deployment", &template, "/spec/template/spec/hostPID"),
        ("apps/v1", "StatefulSet", &template, "/spec/template/spec/hostPID"),
        ("batch/v1", "Job", &template, "/spec/template/spec/hostPID"),
    ];
    for (version, kind, spec, place) in kinds {
        let object =
            json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, "spec": spec});
        let expected = [format!("security/host-namespaces {place}")];
        assert_eq!(reported(&held_to("baseline"), object), expected, "{kind}");
    }
}

#[test]
fn allowed_host_ports_do_not_hide_others() {
    let port = |number: usize| json!({"containerPort": number, "hostPort": number});
    let ports: Vec<Value> = (8000..8061).map(port).collect();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "a", "image": "x:1", "ports": ports}]}});
    let allowed: Vec<usize> = (8000..8060).collect();
    let gate = gate(json!({"network": {"hostPorts": allowed},
        "security": {"podSecurity": {"level": "privileged"}}}));
    assert_eq!(reported(&gate, pod), ["network/host-port /spec/containers/0/ports/60/hostPort"]);
}

#[test]
fn ephemeral_containers_and_resizes_are_judged_on_their_way() {
    for sub_resource in ["ephemeralcontainers", "resize"] {
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "x:1"}]}});
        let before = pod.clone();
        pod["spec"]["ephemeralContainers"] =
            json!([{"name": "debug", "image": "x:1", "securityContext": {"privileged": true}}]);
        let resource = Resource {
            operation: Operation::Update,
            sub_resource: Some(sub_resource.into()),
            old_object: Some(before),
            ..Resource::from_manifest(pod).unwrap()
        };
        let findings = held_to("baseline").validate(&resource).findings;
        assert_eq!(
            said(findings),
            ["security/privileged /spec/ephemeralContainers/0/securityContext/privileged"],
            "{sub_resource}"
        );
    }
}

/// What the pods of an object lack for level restricted, and what they say against it.
fn omissions(resource: &Resource, object: &Value) -> (Vec<String>, Vec<String>) {
    let standard = standard("restricted latest");
    let workload = lower(resource, object).unwrap();
    let mut said = (Vec::new(), Vec::new());
    for set in &workload.pods {
        let template = set.template(object);
        for violation in evaluate(template, None, standard) {
            let is_written = pointer::at(template, &violation.place).is_some();
            let list = if is_written { &mut said.1 } else { &mut said.0 };
            list.push(format!("{}: {}", violation.place, violation.check));
        }
    }
    said
}

#[test]
fn what_flinks_pods_only_lack_for_level_restricted_mutation_writes() {
    let gate = held_to("restricted");
    let mut completed = 0;
    for (file, resource) in created() {
        let mutable = matches!(
            resource.kind.kind.as_str(),
            "Pod" | "FlinkDeployment" | "FlinkBlueGreenDeployment"
        );
        let Some(workload) =
            lower(&resource, &resource.object).filter(|workload| mutable && workload.is_flink())
        else {
            continue;
        };
        let before = omissions(&resource, &resource.object);
        let after = omissions(&resource, &gate.mutated(&resource));
        // A privileged container is left as it is: it is refused for that.
        let only_lacks = before.1.is_empty();
        assert_eq!(after.1, before.1, "{file:?}: {:?}", workload.engine);
        assert!(
            after.0.is_empty() || !only_lacks,
            "{file:?}: {:?} still lacks {:#?}",
            workload.engine,
            after.0
        );
        completed += usize::from(only_lacks && !before.0.is_empty());
    }
    assert!(completed > 10, "only {completed} objects lacked anything");
}

#[test]
fn sidecars_and_init_containers_are_completed_without_touching_what_is_right() {
    let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"}, "spec": {
        "image": "registry.example.com/flink:1", "serviceAccount": "flink",
        "podTemplate": {"spec": {
            "securityContext": {"runAsUser": 1234, "fsGroup": 5678},
            "initContainers": [{"name": "fetch", "restartPolicy": "Always"}],
            "containers": [{"name": "side", "securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"]}, "readOnlyRootFilesystem": true}},
                           {"name": "flink-main-container", "securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "x"}}}]}},
        "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}}, "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}}}});
    let resource = Resource::from_manifest(object).unwrap();
    let gate = held_to("restricted");
    let mutated = gate.mutated(&resource);
    assert_eq!(omissions(&resource, &mutated), (Vec::new(), Vec::new()));
    assert_eq!(
        said(gate.validate(&Resource { object: mutated.clone(), ..resource }).findings),
        Vec::<String>::new()
    );
    let spec = &mutated["spec"]["podTemplate"]["spec"];
    assert_eq!(
        (&spec["securityContext"]["runAsUser"], &spec["securityContext"]["fsGroup"]),
        (&json!(1234), &json!(5678))
    );
    let hardened = json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}});
    assert_eq!(spec["initContainers"][0]["securityContext"], hardened);
    let side = json!({"allowPrivilegeEscalation": false, "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}, "readOnlyRootFilesystem": true});
    assert_eq!(spec["containers"][0]["securityContext"], side);
    assert_eq!(spec["containers"][1]["securityContext"]["seccompProfile"]["localhostProfile"], "x");
}

/// Writes a value so many levels below another, or as deep as that goes.
fn put_somewhere(value: &mut Value, new: &Value, depth: usize, dice: &mut Seeded) {
    match value {
        Value::Object(fields) if depth > 0 && !fields.is_empty() => {
            let index = dice.below(fields.len());
            put_somewhere(fields.values_mut().nth(index).unwrap(), new, depth - 1, dice);
        }
        Value::Array(elements) if depth > 0 && !elements.is_empty() => {
            let index = dice.below(elements.len());
            put_somewhere(&mut elements[index], new, depth - 1, dice);
        }
        _ => *value = new.clone(),
    }
}

#[test]
fn a_pod_of_any_shape_is_judged_and_nothing_is_told_without_end() {
    let pods = json!({"metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/x": [1]}}, "spec": {
        "hostNetwork": "yes", "os": "windows", "volumes": {"name": 1}, "securityContext": [1], "containers": "a", "initContainers": [null, 1, "x", {"ports": 1}],
        "ephemeralContainers": [{"name": {}, "securityContext": {"capabilities": {"add": "ALL", "drop": {}}, "seccompProfile": "x", "procMount": 1}}]}});
    let mut dice = Seeded(7);
    let odd = [
        Value::Null,
        json!(1),
        json!("x"),
        json!([]),
        json!({}),
        json!([null]),
        json!(true),
        json!(0.5),
    ];
    for _ in 0..2_000 {
        let mut pod = pods.clone();
        put_somewhere(&mut pod, &odd[dice.below(odd.len())], dice.below(6), &mut dice);
        for text in ["baseline v1.0", "restricted v1.18", "restricted latest"] {
            evaluate(&pod, Some("flink-main-container"), standard(text));
        }
    }
    let long = "x".repeat(10_000);
    let many = vec![
        json!({"name": long, "securityContext": {"procMount": long, "privileged": true}});
        10_000
    ];
    let pod = json!({"spec": {"containers": &many}});
    let found = evaluate(&pod, None, standard("baseline latest"));
    assert_eq!(found.len(), 2 * 50);
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": &many[..100]}});
    let findings = held_to("baseline").validate(&Resource::from_manifest(pod).unwrap()).findings;
    let about_pod_security = |finding: &&Finding| {
        ["security/privileged", "security/proc-mount"].contains(&&*finding.rule)
    };
    let messages: Vec<_> =
        findings.iter().filter(about_pod_security).map(|finding| &finding.message).collect();
    assert_eq!(messages.len(), 2 * 50);
    assert!(messages.iter().all(|message| message.len() < 300), "{}", messages[0]);
}
