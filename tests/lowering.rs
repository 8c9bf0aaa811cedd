//! Every recorded review of a Pod and a FlinkDeployment lowers to the recorded workload, and
//! lowering never panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod manifests;

use flinkgate::flink::workload::MergeResult;
use flinkgate::flink::{PodSet, Template, Workload};
use flinkgate::kinds::lower;
use flinkgate::resource::{GroupVersionKind, Resource};
use manifests::files;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// The resource of a recorded review: the old object if there is no new one.
fn resource(review: &Value) -> Resource {
    let request = &review["request"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let object = if request["object"].is_null() {
        request["oldObject"].clone()
    } else {
        request["object"].clone()
    };
    Resource {
        kind: serde_json::from_value::<GroupVersionKind>(request["kind"].clone()).unwrap(),
        namespace: text(&request["namespace"]),
        name: text(&request["name"]),
        sub_resource: request["subResource"].as_str().map(str::to_owned),
        user: serde_json::from_value(request["userInfo"].clone()).unwrap(),
        object,
        ..Resource::default()
    }
}

/// One workload on one line.
fn line(workload: &Workload) -> String {
    let mut line = format!(
        "{} {} cluster={}",
        workload.engine.as_str(),
        workload.mode.map_or("-", |mode| mode.as_str()),
        workload.cluster
    );
    if let Some(version) = workload.version {
        write!(line, " {version}").unwrap();
    }
    for PodSet { role, replicas, template, main_container } in &workload.pods {
        let template = match template {
            Template::InObject(pointer) => format!("{pointer:?}"),
            Template::Merged(merged) if merged.result == MergeResult::Nothing => "none".into(),
            Template::Merged(_) => "merged".into(),
            Template::Generated(made) => format!("made of {}", made.base),
        };
        write!(line, " | {}x{replicas} template={template} main={main_container:?}", role.as_str())
            .unwrap();
    }
    let total = &workload.size.total;
    write!(
        line,
        " | cpu={} memory={} pods={} tms={} slots={} clusters={} jobs={}",
        total.cpu.as_cores_f64(),
        total.memory.display_bytes(),
        total.pods,
        total.task_managers,
        total.task_slots,
        total.clusters,
        total.jobs
    )
    .unwrap();
    if let Some(Ok(memory)) =
        workload.size.task_manager.as_ref().and_then(|size| size.breakdown.as_ref())
    {
        write!(line, " managed={}", memory.managed).unwrap();
    }
    write!(line, " problems={:?}", workload.size.problems).unwrap();
    line
}

#[test]
fn recorded_pods_and_flink_deployments_lower_to_what_they_were() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recorded");
    let mut table = String::new();
    for file in files("tests/data/recorded", "json") {
        let review: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let resource = resource(&review);
        let lowered = lower(&resource, &resource.object);
        if resource.kind.kind == "Service" {
            assert!(
                lowered.is_some_and(|lowered| lowered.pods.is_empty() && !lowered.is_flink()),
                "{}",
                file.display()
            );
            continue;
        }
        if !matches!(
            resource.kind.kind.as_str(),
            "Pod"
                | "ConfigMap"
                | "PersistentVolumeClaim"
                | "Deployment"
                | "ReplicaSet"
                | "StatefulSet"
                | "Job"
                | "CronJob"
                | "FlinkDeployment"
                | "FlinkSessionJob"
                | "FlinkStateSnapshot"
        ) {
            assert_eq!(lowered, None, "{}", file.display());
            continue;
        }
        let lowered = lowered.as_ref().map_or_else(|| "not lowered".into(), line);
        writeln!(table, "{}\n    {lowered}", file.strip_prefix(&root).unwrap().display()).unwrap();
    }
    insta::assert_snapshot!(table);
}

fn lowered(object: Value) -> Workload {
    let resource = Resource::from_manifest(object).unwrap();
    lower(&resource, &resource.object).unwrap()
}

fn flink_deployment(spec: Value) -> Workload {
    lowered(
        json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"}, "spec": spec}),
    )
}

fn role(memory: &str) -> Value {
    json!({"resource": {"memory": memory, "cpu": 1}})
}

fn places(workload: &Workload) -> Vec<&str> {
    workload.size.problems.iter().map(|problem| problem.pointer.as_str()).collect()
}

#[test]
fn task_managers_are_counted_as_by_the_operator() {
    let base = |extra: Value| {
        let mut spec = json!({"flinkVersion": "v1_20", "jobManager": role("2g"), "taskManager": role("2g"), "job": {"parallelism": 5},
            "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "2"}});
        json_patch::merge(&mut spec, &extra);
        let workload = flink_deployment(spec);
        assert_eq!(places(&workload), Vec::<&str>::new());
        (
            workload.size.total.task_managers,
            workload.config.get("parallelism.default").map(str::to_owned),
        )
    };
    let cases = [
        (json!({}), 3, Some("5")),
        (json!({"job": {"state": "suspended"}}), 3, Some("5")),
        (json!({"taskManager": {"replicas": 4}}), 4, Some("8")),
        (json!({"mode": "standalone"}), 3, Some("5")),
        (json!({"mode": "standalone", "taskManager": {"replicas": 1}}), 1, Some("2")),
        (json!({"job": null}), 0, None),
        (json!({"job": null, "taskManager": {"replicas": 4}}), 0, None),
        (json!({"job": null, "mode": "standalone"}), 1, None),
        (json!({"job": null, "mode": "standalone", "taskManager": {"replicas": 4}}), 4, None),
        (
            json!({"flinkConfiguration": {"slotmanager": {"redundant-taskmanager-num": 1}}}),
            4,
            Some("5"),
        ),
        (json!({"flinkConfiguration": {"slotmanager.number-of-slots.max": "4"}}), 2, Some("5")),
        (
            json!({"job": null, "flinkConfiguration": {"slotmanager.number-of-slots.min": "4"}}),
            2,
            None,
        ),
        (
            json!({"flinkConfiguration": {"pipeline.jobvertex-parallelism-overrides": "a:9,b:12"}}),
            6,
            Some("12"),
        ),
    ];
    for (extra, expected, parallelism) in cases {
        assert_eq!(base(extra.clone()), (expected, parallelism.map(str::to_owned)), "{extra}");
    }
}

#[test]
fn sidecars_and_extended_resources_add_to_flinks_requests() {
    let workload = flink_deployment(json!({
        "flinkVersion": "v1_20",
        "flinkConfiguration": {"external-resources": "gpu", "external-resource.gpu.amount": 2, "external-resource.gpu.kubernetes.config-key": "nvidia.com/gpu"},
        "podTemplate": {"spec": {
            "containers": [
                {"name": "flink-main-container", "resources": {"requests": {"cpu": "9", "memory": "9Gi", "ephemeral-storage": "1Gi"}}},
                {"name": "log", "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}}}],
            "volumes": [{"name": "tmp", "ephemeral": {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "10Gi"}}}}}}]}},
        "jobManager": {"resource": {"memory": "2048m", "cpu": 1}, "replicas": 2},
        "taskManager": {"resources": {"requests": {"memory": "4Gi", "cpu": "2"}, "limits": {"memory": "8Gi", "ephemeral-storage": "5Gi"}}},
        "job": {"parallelism": 3}}));
    let size = &workload.size;
    let (jm, tm) = (size.job_manager.as_ref().unwrap(), size.task_manager.as_ref().unwrap());
    let amounts = (
        jm.cpu.as_cores_f64(),
        jm.memory.units_ceil() >> 20,
        jm.ephemeral_storage.units_ceil() >> 30,
    );
    assert_eq!(amounts, (1.5, 2560, 1));
    let amounts = (
        tm.cpu.as_cores_f64(),
        tm.memory.units_ceil() >> 20,
        tm.ephemeral_storage.units_ceil() >> 30,
    );
    assert_eq!(amounts, (2.5, 4608, 5));
    assert_eq!((jm.extended.len(), tm.extended["nvidia.com/gpu"].units_ceil()), (0, 2));
    let total = &size.total;
    assert_eq!(
        (total.pods, total.task_slots, total.jobs, total.clusters, total.persistent_volume_claims),
        (5, 3, 1, 1, 5)
    );
    assert_eq!(
        (
            total.cpu.as_cores_f64(),
            total.storage.units_ceil() >> 30,
            total.extended["nvidia.com/gpu"].units_ceil()
        ),
        (10.5, 50, 6)
    );
    assert_eq!(places(&workload), Vec::<&str>::new());
    assert_eq!(workload.config.get("taskmanager.memory.process.size"), Some("4 gb"));
    assert_eq!(workload.config.get("kubernetes.taskmanager.memory.limit-factor"), Some("2.0"));
}

#[test]
fn memory_that_flink_refuses_still_counts() {
    let workload = flink_deployment(
        json!({"flinkVersion": "v1_20", "jobManager": role("2g"), "taskManager": role("500m"), "job": {"parallelism": 1}}),
    );
    let tm = workload.size.task_manager.as_ref().unwrap();
    assert!(tm.breakdown.as_ref().unwrap().is_err());
    assert_eq!(tm.memory.units_ceil() >> 20, 500);
    assert_eq!(places(&workload), Vec::<&str>::new());
}

#[test]
fn clusters_without_memory_keep_flinks_error() {
    let workload = flink_deployment(json!({"job": {"parallelism": 1}}));
    assert!(workload.size.job_manager.as_ref().unwrap().breakdown.as_ref().unwrap().is_err());
    assert_eq!(workload.size.total.memory.units_ceil(), 0);
    assert_eq!(places(&workload), ["/spec", "/spec"]);
}

#[test]
fn absurd_values_become_problems() {
    let good =
        json!({"jobManager": role("2g"), "taskManager": role("2g"), "job": {"parallelism": 1}});
    let cases = [
        (json!({"job": {"parallelism": 2_147_483_648_i64}}), vec!["/spec/job/parallelism"]),
        (json!({"job": {"parallelism": "4"}}), vec!["/spec/job/parallelism"]),
        (json!({"job": {"parallelism": 1.5}}), vec!["/spec/job/parallelism"]),
        (json!({"job": {"parallelism": null}}), vec!["/spec/job"]),
        (json!({"jobManager": {"replicas": -1}}), vec!["/spec/jobManager/replicas"]),
        (json!({"taskManager": {"replicas": 0}}), vec!["/spec/taskManager/replicas"]),
        (
            json!({"taskManager": {"resource": {"memory": "9e99g"}}}),
            vec!["/spec/taskManager/resource/memory"],
        ),
        (
            json!({"taskManager": {"resource": {"memory": 4096}}}),
            vec!["/spec/taskManager/resource/memory"],
        ),
        (
            json!({"taskManager": {"resource": {"cpu": "two"}}}),
            vec!["/spec/taskManager/resource/cpu"],
        ),
        (
            json!({"taskManager": {"resource": {"ephemeralStorage": "much"}}}),
            vec!["/spec/taskManager/resource/ephemeralStorage"],
        ),
        (
            json!({"flinkConfiguration": {"taskmanager": {"numberOfTaskSlots": "x"}}}),
            vec!["/spec/flinkConfiguration/taskmanager/numberOfTaskSlots"],
        ),
        (
            json!({"podTemplate": {"spec": {"containers": {"name": "x"}}}}),
            vec!["/spec/podTemplate/spec/containers", "/spec/podTemplate/spec/containers"],
        ),
        (
            json!({"podTemplate": {"spec": {"containers": [{"resources": {"requests": {"cpu": "-1"}}}]}}, "taskManager": {"podTemplate": {}}}),
            vec![
                "/spec/podTemplate/spec/containers/0/resources/requests/cpu",
                "/spec/podTemplate/spec/containers/0/resources/requests/cpu",
            ],
        ),
    ];
    for (extra, expected) in cases {
        let mut spec = good.clone();
        json_patch::merge(&mut spec, &extra);
        if extra["job"]["parallelism"].is_null() && extra.get("job").is_some() {
            spec["job"]["parallelism"] = Value::Null;
        }
        assert_eq!(places(&flink_deployment(spec)), expected, "{extra}");
    }
}

#[test]
fn lowering_never_panics() {
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!("x"),
        json!([]),
        json!([null, 7]),
        json!({}),
        json!({"name": []}),
    ];
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "labels": {"app": "b", "type": "flink-native-kubernetes"}, "ownerReferences": [{"name": "c"}]},
        "spec": {"overhead": {"cpu": "1"}, "resources": {"requests": {"cpu": "1"}}, "initContainers": [{"restartPolicy": "Always"}],
            "containers": [{"name": "x", "command": ["taskmanager"], "args": ["-D", "a=b"], "env": [{"name": "FLINK_PROPERTIES", "value": "a: b"}],
                "resources": {"limits": {"cpu": "1"}}}], "volumes": [{"ephemeral": {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": 1}}}}}}]}});
    let cluster = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "a", "labels": {"b": "c"}},
        "spec": {"flinkVersion": "v1_20", "mode": "native", "flinkConfiguration": {"kubernetes.operator.pod-template.merge-arrays-by-name": true, "external-resources": "a",
            "pipeline.jobvertex-parallelism-overrides": "a:1", "external-resource": {"a": {"amount": 1, "kubernetes": {"config-key": "k"}}}},
            "job": {"parallelism": 1, "upgradeMode": "last-state"}, "podTemplate": pod, "jobManager": {"podTemplate": pod, "replicas": 1, "resource": {"memory": "1g", "cpu": 1}},
            "taskManager": {"podTemplate": pod, "replicas": 2, "resources": {"requests": {"memory": "1g"}, "limits": {"cpu": 1}}}}});
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "a", "ownerReferences": [{"apiVersion": "c"}]},
        "spec": {"replicas": 2, "template": pod, "volumeClaimTemplates": [{"spec": {"resources": {"requests": {"storage": "1Gi"}}}}]}});
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}, "spec": {"parallelism": 2, "completions": 3, "template": pod}});
    let blue_green = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkBlueGreenDeployment", "metadata": {"name": "a"},
        "spec": {"configuration": {}, "template": {"metadata": {"labels": {}}, "spec": cluster["spec"]}}});
    let operators = |kind: &str, spec: Value| json!({"apiVersion": "flink.apache.org/v1beta1", "kind": kind, "metadata": {"name": "a"}, "spec": spec});
    let session_job = operators(
        "FlinkSessionJob",
        json!({"deploymentName": "a", "job": {"parallelism": 1}, "flinkConfiguration": {"a": "b"}}),
    );
    let snapshot = operators(
        "FlinkStateSnapshot",
        json!({"jobReference": {"name": "a"}, "savepoint": {"path": "s3://a/b"}}),
    );
    let spotify = json!({"apiVersion": "flinkoperator.k8s.io/v1beta1", "kind": "FlinkCluster", "metadata": {"name": "a"}, "spec": {"flinkVersion": "1.15",
        "image": {"name": "a"}, "job": {"parallelism": 1}, "flinkProperties": {"a": "b"}, "taskManager": {"replicas": 1, "memoryProcessRatio": 80,
        "podLabels": {"a": "b"}, "sidecars": [{"name": "a"}], "resources": {"limits": {"cpu": 1, "memory": "1Gi"}}, "volumeClaimTemplates": [{}]}}});
    let lyft = json!({"apiVersion": "flink.k8s.io/v1beta1", "kind": "FlinkApplication", "metadata": {"name": "a", "labels": {"b": "c"}}, "spec": {"flinkVersion": "1.11",
        "parallelism": 1, "image": "a", "flinkConfig": {"a": "b"}, "taskManagerConfig": {"taskSlots": 1, "systemMemoryFraction": 0.2, "envConfig": {"env": [{}]},
        "resources": {"requests": {"cpu": 1, "memory": "1Gi"}}}}});
    for object in [pod, cluster, set, job, blue_green, session_job, snapshot, spotify, lyft] {
        let whole = Resource::from_manifest(object.clone()).unwrap();
        let mut pointers = vec![];
        collect("", &object, &mut pointers);
        for pointer in pointers {
            for value in &odd {
                let mut object = object.clone();
                *object.pointer_mut(&pointer).unwrap() = value.clone();
                if let Some(workload) = lower(&whole, &object) {
                    for pods in &workload.pods {
                        pods.locate(&object, "/spec/containers/0/image");
                    }
                }
            }
        }
    }
}

fn collect(place: &str, value: &Value, pointers: &mut Vec<String>) {
    pointers.push(place.to_owned());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            collect(&flinkgate::resource::pointer::join(place, name), value, pointers)
        }),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(index, value)| collect(&format!("{place}/{index}"), value, pointers)),
        _ => {}
    }
}

#[test]
fn canaries_and_objects_without_a_spec_run_nothing() {
    let object = |labels: Value, spec: Value| json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "c", "labels": labels}, "spec": spec});
    for object in [
        object(json!({"flink.apache.org/canary": "true"}), json!({"flinkConfiguration": {}})),
        object(json!({}), json!(null)),
    ] {
        let workload = lowered(object);
        assert_eq!(
            (workload.pods.len(), workload.size, workload.declares_cluster),
            (0, Default::default(), false)
        );
        assert!(workload.config_pointer.is_none());
    }
}

#[test]
fn partial_sub_resources_are_not_lowered() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{}]}});
    let lowers = |sub_resource: &str| {
        let resource = Resource {
            sub_resource: Some(sub_resource.into()),
            ..Resource::from_manifest(pod.clone()).unwrap()
        };
        lower(&resource, &resource.object).is_some()
    };
    assert_eq!(
        ["status", "scale", "eviction", "binding", "ephemeralcontainers", "resize"].map(lowers),
        [false, false, false, false, true, true]
    );
}

#[test]
fn standalone_pods_are_recognised_by_command_then_labels() {
    let pod = |labels: Value, container: Value| {
        let workload = lowered(
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-7d4b9-", "labels": labels}, "spec": {"containers": [{"name": "log"}, container]}}),
        );
        let set = &workload.pods[0];
        format!(
            "{} {} {:?} {}",
            workload.engine.as_str(),
            set.role.as_str(),
            set.main_container,
            workload.cluster
        )
    };
    let cases = [
        (
            json!({}),
            json!({"name": "x", "args": ["taskmanager"]}),
            "standalone taskManager Some(1) web-7d4b9",
        ),
        (
            json!({"app": "flink"}),
            json!({"name": "x", "args": ["history-server"]}),
            "standalone other Some(1) flink",
        ),
        (
            json!({"app": "flink", "component": "taskmanager"}),
            json!({"name": "x", "args": ["jobmanager"]}),
            "standalone jobManager Some(1) flink",
        ),
        (
            json!({"app": "flink", "component": "jobmanager"}),
            json!({"name": "jobmanager", "command": ["/run.sh"]}),
            "standalone jobManager Some(1) flink",
        ),
        (
            json!({"app.kubernetes.io/component": "taskmanager"}),
            json!({"name": "x"}),
            "standalone taskManager None web-7d4b9",
        ),
        (
            json!({"app": "a", "type": "flink-standalone-kubernetes"}),
            json!({"name": "flink-main-container", "args": ["standalone-job"]}),
            "operator jobManager Some(1) a",
        ),
        (json!({"app": "web"}), json!({"name": "x", "args": ["serve"]}), "none other None "),
    ];
    for (labels, container, expected) in cases {
        assert_eq!(pod(labels, container.clone()), expected, "{container}");
    }
}
