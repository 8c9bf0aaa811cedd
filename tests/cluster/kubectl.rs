//! What people do with kubectl every day, with Flinkgate in front: what is fine goes as if it were
//! not there, what is not is refused on every way.

use super::support::installation::{Installation, example, installation, pod};
use super::support::wait::until;
use serde_json::{Value, json};

/// A namespace of the examples' tenant, and its FlinkDeployment with a template of its own.
fn payments(tenant: &str) -> (&'static Installation, String, Value) {
    let admin = installation();
    let namespace = admin.tenant(tenant, example("tenants/payments.yaml", "")["spec"].take());
    let mut etl = example("manifests/etl.yaml", &namespace);
    let container = json!({"name": "flink-main-container", "env": [{"name": "A", "value": "b"}]});
    etl["spec"]["podTemplate"] = json!({"spec": {"containers": [container]}});
    (admin, namespace, etl)
}

fn patched(mut object: Value, pointer: &str, value: Value) -> Value {
    *object.pointer_mut(pointer).unwrap() = value;
    object
}

const IMAGE: &str = "/spec/image";
const EVIL: &str = "evil.example.com/flink:1.20";
/// The rule that this image breaks.
const REGISTRY: &str = "security/image-registry";

#[test]
fn applying_twice_changes_nothing_and_what_flinkgate_adds_is_nobodys_conflict() {
    let (admin, namespace, etl) = payments("apply");
    let get = || admin.get(&["flinkdeployment", "etl", "--namespace", &namespace]);
    for arguments in [&["apply", "--server-side", "-f", "-"][..], &["apply", "-f", "-"]] {
        let apply = |object: &Value| admin.try_kubectl(arguments, &object.to_string());
        apply(&etl).unwrap();
        let first = get();
        assert!(first["spec"].to_string().contains("etl-state"), "nothing was added: {first:#}");
        let answer = apply(&etl).unwrap();
        assert_eq!(get(), first, "{answer}");

        apply(&patched(etl.clone(), "/spec/job/parallelism", json!(4))).unwrap();
        assert_eq!(
            get()["spec"],
            patched(first.clone(), "/spec/job/parallelism", json!(4))["spec"]
        );
        let refusal = apply(&patched(etl.clone(), IMAGE, json!(EVIL))).unwrap_err();
        assert!(refusal.contains(REGISTRY), "{refusal}");
        assert_eq!(get()["spec"]["job"]["parallelism"], 4);
        admin.kubectl(&["delete", "flinkdeployment", "etl", "--namespace", &namespace]);
    }
}

#[test]
fn patches_are_judged_by_what_they_make() {
    let (admin, namespace, etl) = payments("patch");
    admin.create(&etl.to_string());
    let get = || admin.get(&["flinkdeployment", "etl", "--namespace", &namespace]);
    let patch = |kind: &str, patch: Value| {
        let (kind, patch) = (format!("--type={kind}"), patch.to_string());
        admin.try_kubectl(
            &[
                "patch",
                "flinkdeployment",
                "etl",
                "--namespace",
                &namespace,
                &kind,
                "--patch",
                &patch,
            ],
            "",
        )
    };
    let first = get();
    patch("merge", json!({"spec": {"job": {"parallelism": 2}}})).unwrap();
    assert_eq!(get()["spec"], patched(first.clone(), "/spec/job/parallelism", json!(2))["spec"]);
    let before = get();
    let refusal = patch("merge", json!({"spec": {"image": EVIL}})).unwrap_err();
    assert!(refusal.contains(REGISTRY), "{refusal}");
    let refusal = patch(
        "json",
        json!([{"op": "replace", "path": "/spec/taskManager/resource/cpu", "value": 100}]),
    )
    .unwrap_err();
    assert!(refusal.contains("quota/"), "{refusal}");
    // What Flinkgate added comes back when somebody takes it away.
    let template = json!({"spec": {"containers": [{"name": "flink-main-container", "env": [{"name": "A", "value": "b"}]}]}});
    patch(
        "merge",
        json!({"spec": {"podTemplate": template, "taskManager": {"podTemplate": null}}}),
    )
    .unwrap();
    patch("json", json!([{"op": "replace", "path": "/spec/podTemplate", "value": template}]))
        .unwrap();
    assert_eq!(get()["spec"], before["spec"]);
}

#[test]
fn a_dry_run_is_answered_like_the_real_thing_and_stores_nothing() {
    let (admin, namespace, etl) = payments("dry-run");
    let bad = example("manifests/refused.yaml", &namespace);
    let create = |object: &Value, flags: &[&str]| {
        admin.try_kubectl(
            &[&["create", "-o", "json", "-f", "-"], flags].concat(),
            &object.to_string(),
        )
    };
    admin.kubectl(&["create", "serviceaccount", "flink", "--namespace", &namespace]);
    let mut good = pod(&namespace, "good", false);
    good["spec"]["serviceAccountName"] = json!("flink");
    // The name of a token's volume would be chance.
    good["spec"]["automountServiceAccountToken"] = json!(false);
    good["spec"]["securityContext"] = json!({"runAsNonRoot": true});
    good["spec"]["containers"][0]["image"] = json!("registry.example.com/flink/tool:1.0");
    good["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "1", "memory": "1Gi"}});
    for object in [&etl, &good] {
        let dry: Value =
            serde_json::from_str(&create(object, &["--dry-run=server"]).unwrap()).unwrap();
        let get = [
            "get",
            object["kind"].as_str().unwrap(),
            object["metadata"]["name"].as_str().unwrap(),
            "--namespace",
            &namespace,
        ];
        assert!(admin.refused(&get, "").contains("not found"));
        let real: Value = serde_json::from_str(&create(object, &[]).unwrap()).unwrap();
        assert_eq!(dry["spec"], real["spec"]);
        assert_eq!(dry["metadata"]["labels"], real["metadata"]["labels"]);
        assert_eq!(
            real["metadata"]["labels"].get("cost-center").is_some(),
            object == &good,
            "{real:#}"
        );
    }
    for object in [&bad, &pod(&namespace, "bad", true)] {
        let (dry, real) =
            (create(object, &["--dry-run=server"]).unwrap_err(), create(object, &[]).unwrap_err());
        assert!(dry.contains("denied the request"), "{dry}");
        assert_eq!(dry, real);
    }
}

#[test]
fn a_generated_name_is_judged_like_any_other() {
    let (admin, strict, etl) = payments("generated");
    let plain = admin.tenant("plain-generated", json!({}));
    let create = |namespace: &str, mut object: Value| {
        object["metadata"] = json!({"namespace": namespace, "generateName": "etl-"});
        let answer = admin.try_kubectl(&["create", "-o", "json", "-f", "-"], &object.to_string());
        answer.map(|text| serde_json::from_str::<Value>(&text).unwrap())
    };
    for namespace in [&strict, &plain] {
        let refusal = create(namespace, pod(namespace, "", true)).unwrap_err();
        assert!(refusal.contains("security/privileged"), "{refusal}");
    }
    let mut elsewhere = etl.clone();
    for directory in ["dir", "savepoint-dir"] {
        elsewhere["spec"]["flinkConfiguration"][format!("execution.checkpointing.{directory}")] =
            json!("s3://bucket/etl");
    }
    for object in [pod(&plain, "", false), elsewhere] {
        let stored = create(&plain, object).unwrap();
        assert!(stored["metadata"]["name"].as_str().unwrap().len() > "etl-".len(), "{stored:#}");
    }
    // The claim is named after the cluster, whose name is not known when Flinkgate would add it.
    let refusal = create(&strict, etl).unwrap_err();
    assert!(
        refusal.contains("storage/checkpoint-volume") && refusal.contains("metadata.generateName"),
        "{refusal}"
    );
}

#[test]
fn scaling_goes_through_and_leaves_the_rest() {
    let (admin, namespace, mut etl) = payments("scale");
    etl["spec"]["mode"] = json!("standalone");
    etl["spec"]["job"]["jarURI"] = json!("local:///opt/flink/jobs/etl.jar");
    etl["spec"]["taskManager"]["replicas"] = json!(1);
    admin.create(&etl.to_string());
    let here = ["--namespace", &namespace];
    let get = |what: &str| admin.get(&[what, here[0], here[1]]);
    let before = get("flinkdeployment/etl");
    admin.kubectl(&["scale", "flinkdeployment/etl", "--replicas=3", here[0], here[1]]);
    assert_eq!(
        get("flinkdeployment/etl")["spec"],
        patched(before, "/spec/taskManager/replicas", json!(3))["spec"]
    );

    let plain = admin.tenant("plain-scale", json!({}));
    let here = ["--namespace", &plain];
    admin.kubectl(&["create", "deployment", "web", "--image=example.com/web:1", here[0], here[1]]);
    for replicas in [3, 0] {
        admin.kubectl(&[
            "scale",
            "deployment/web",
            &format!("--replicas={replicas}"),
            here[0],
            here[1],
        ]);
        until("as many pods run as were asked for", || {
            let web = admin.get(&["deployment/web", here[0], here[1]]);
            let running = web["status"]["readyReplicas"].as_u64().unwrap_or(0);
            if running == replicas
                && web["status"]["observedGeneration"] == web["metadata"]["generation"]
            {
                Ok(())
            } else {
                Err(web["status"].to_string())
            }
        });
    }
}

#[test]
fn scaling_beyond_what_one_cluster_may_use_is_refused() {
    let admin = installation();
    let namespace = admin.tenant("scaled", json!({"quota": {"perCluster": {"taskManagers": 2}}}));
    let here = ["--namespace", namespace.as_str()];
    let mut etl = example("manifests/etl.yaml", &namespace);
    etl["spec"]["mode"] = json!("standalone");
    etl["spec"]["job"] = json!({"jarURI": "local:///opt/flink/jobs/etl.jar", "parallelism": 2, "upgradeMode": "stateless"});
    admin.create(&etl.to_string());
    let container = json!({"name": "taskmanager", "image": "registry.example.com/flink:1.20", "args": ["taskmanager"]});
    let template =
        json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}});
    for (kind, replicas) in [("Deployment", 1), ("StatefulSet", 1)] {
        let spec = json!({"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "serviceName": "web", "template": template});
        let mut workload = json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web", "namespace": namespace}, "spec": spec});
        if kind == "Deployment" {
            workload["spec"].as_object_mut().unwrap().remove("serviceName");
        }
        admin.create(&workload.to_string());
    }
    for what in ["flinkdeployment/etl", "deployment/web", "statefulset/web"] {
        let scale = |replicas: u64| {
            admin.try_kubectl(
                &["scale", what, &format!("--replicas={replicas}"), here[0], here[1]],
                "",
            )
        };
        scale(2).unwrap();
        let refusal = scale(3).unwrap_err();
        assert!(
            refusal.contains("quota/per-cluster") && refusal.contains("refuses to scale"),
            "{what}: {refusal}"
        );
        // Less is never refused, and what does not exist is the API server's to tell.
        scale(1).unwrap();
    }
    let refusal = admin
        .try_kubectl(&["scale", "flinkdeployment/none", "--replicas=9", here[0], here[1]], "")
        .unwrap_err();
    assert!(refusal.contains("not found"), "{refusal}");
}

#[test]
fn what_is_done_to_a_running_pod_is_judged_too() {
    let admin = installation();
    let namespace = admin.tenant("running", json!({"quota": {"hard": {"cpu": "5"}}}));
    let here = ["--namespace", namespace.as_str()];
    let amounts = |cpu: &str| json!({"requests": {"cpu": cpu}});
    for name in ["debugged", "resized"] {
        let mut pod = pod(&namespace, name, false);
        pod["spec"]["containers"][0]["resources"] = amounts("1");
        if name == "resized" {
            // kwok's nodes cannot resize what runs on them.
            pod["spec"]["schedulerName"] = json!("nobody");
        }
        admin.create(&pod.to_string());
    }
    admin.kubectl(&[
        "wait",
        "--for=condition=Ready",
        "pod/debugged",
        "--timeout=60s",
        here[0],
        here[1],
    ]);

    let debug = |profile: &str| {
        let profile = format!("--profile={profile}");
        let arguments = [
            "debug",
            "debugged",
            "--image=example.com/tools:1",
            &profile,
            "--attach=false",
            "--quiet",
            here[0],
            here[1],
        ];
        admin.try_kubectl(&arguments, "")
    };
    let refusal = debug("sysadmin").unwrap_err();
    assert!(
        refusal.contains("security/privileged") && refusal.contains("ephemeralContainers"),
        "{refusal}"
    );
    debug("restricted").unwrap();
    let containers = || {
        admin.get(&["pod", "debugged", here[0], here[1]])["spec"]["ephemeralContainers"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(containers(), 1);

    let resize = |cpu: &str| {
        let patch =
            json!({"spec": {"containers": [{"name": "c", "resources": amounts(cpu)}]}}).to_string();
        admin.try_kubectl(
            &[
                "patch",
                "pod",
                "resized",
                "--subresource=resize",
                "--patch",
                &patch,
                here[0],
                here[1],
            ],
            "",
        )
    };
    let refusal = resize("5").unwrap_err();
    assert!(refusal.contains("quota/exceeded"), "{refusal}");
    for cpu in ["4", "500m"] {
        resize(cpu).unwrap();
        let resized = admin.get(&["pod", "resized", here[0], here[1]]);
        assert_eq!(resized["spec"]["containers"][0]["resources"]["requests"]["cpu"], cpu);
    }

    // A pod that today's rules would refuse may leave, in every way.
    let strict = json!({"security": {"images": {"allow": ["registry.example.com/*"]}}});
    admin.change("running", &strict, &pod(&namespace, "other", false), Some(REGISTRY));
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "debugged", "namespace": namespace}});
    let path = format!("/api/v1/namespaces/{namespace}/pods/debugged/eviction");
    admin.try_kubectl(&["create", "--raw", &path, "-f", "-"], &eviction.to_string()).unwrap();
    admin.kubectl(&["wait", "--for=delete", "pod/debugged", "--timeout=60s", here[0], here[1]]);
    admin.kubectl(&["delete", "pod", "resized", "--timeout=60s", here[0], here[1]]);
}

/// A tenant whose rules were only written down when its things were made, and hold now.
const LENIENT: &str = "Audit";

#[test]
fn a_deployment_whose_pods_are_refused_says_why() {
    let admin = installation();
    let now = json!({"enforcement": "Enforce", "onChange": "Enforce"});
    let namespace = admin.tenant("refused", json!({"enforcement": LENIENT, "onChange": "Enforce"}));
    let here = ["--namespace", namespace.as_str()];
    let labels = json!({"app": "miner"});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "miner", "namespace": namespace},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod(&namespace, "", true)["spec"]}}});
    admin.create(&deployment.to_string());
    admin.kubectl(&["rollout", "status", "deployment/miner", "--timeout=60s", here[0], here[1]]);

    admin.change("refused", &now, &pod(&namespace, "probe", true), Some("security/privileged"));
    admin.kubectl(&["delete", "pod", "--selector=app=miner", here[0], here[1]]);
    let reason = "security/privileged: container `c` is privileged";
    for kind in ["replicasets", "deployments"] {
        until("the condition says why there is no pod", || {
            let found = admin.get(&[kind, here[0], here[1]])["items"][0].clone();
            let conditions = found["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let failure = conditions.into_iter().find(|condition| {
                condition["type"] == "ReplicaFailure" && condition["status"] == "True"
            });
            let failure = failure.ok_or_else(|| found["status"].to_string())?;
            let message = failure["message"].as_str().unwrap_or_default();
            if failure["reason"] == "FailedCreate" && message.contains(reason) {
                Ok(())
            } else {
                Err(failure.to_string())
            }
        });
    }
    until("an event says it too", || {
        let events = admin.kubectl(&["events", "--types=Warning", here[0], here[1]]);
        if events.contains("FailedCreate") && events.contains(reason) {
            Ok(())
        } else {
            Err(events)
        }
    });
    admin.kubectl(&["delete", "deployment", "miner", "--timeout=60s", here[0], here[1]]);
}

#[test]
fn finalizers_go_and_namespaces_go_whatever_the_rules_are_by_now() {
    let (admin, namespace, _) = payments("leaving-late");
    let here = ["--namespace", namespace.as_str()];
    let merge = |name: &str, patch: Value| {
        admin.try_kubectl(
            &[
                "patch",
                "flinkdeployment",
                name,
                "--type=merge",
                "--patch",
                &patch.to_string(),
                here[0],
                here[1],
            ],
            "",
        )
    };
    let mut bad = example("manifests/refused.yaml", &namespace);
    let rules = |enforcement: &str| json!({ "enforcement": enforcement });
    admin.change("leaving-late", &rules(LENIENT), &bad, None);
    bad["metadata"]["finalizers"] = json!(["flinkdeployments.flink.apache.org/finalizer"]);
    for name in ["first", "second"] {
        admin.create(&patched(bad.clone(), "/metadata/name", json!(name)).to_string());
    }
    admin.change("leaving-late", &rules("Enforce"), &bad, Some(REGISTRY));
    assert!(merge("first", json!({"spec": {"image": EVIL}})).unwrap_err().contains(REGISTRY));

    let no_finalizer = json!({"metadata": {"finalizers": null}});
    merge("first", no_finalizer.clone()).unwrap();
    merge(
        "first",
        json!({"metadata": {"finalizers": ["example.com/again"], "annotations": {"a": "b"}}}),
    )
    .unwrap();
    for name in ["first", "second"] {
        admin.kubectl(&["delete", "flinkdeployment", name, "--wait=false", here[0], here[1]]);
    }
    merge("first", no_finalizer.clone()).unwrap();
    admin.kubectl(&[
        "wait",
        "--for=delete",
        "flinkdeployment/first",
        "--timeout=60s",
        here[0],
        here[1],
    ]);

    admin.kubectl(&["delete", "namespace", &namespace, "--wait=false"]);
    merge("second", no_finalizer).unwrap();
    admin.kubectl(&["wait", "--for=delete", &format!("namespace/{namespace}"), "--timeout=60s"]);
}

#[test]
fn session_jobs_and_snapshots_are_held_against_what_they_are_about() {
    let admin = installation();
    let namespace = admin.tenant("about", json!({}));
    let mut cluster = example("manifests/etl.yaml", &namespace);
    cluster["spec"]["job"] = json!({"jarURI": "local:///opt/flink/jobs/etl.jar", "parallelism": 2, "upgradeMode": "stateless"});
    admin.create(&cluster.to_string());
    cluster["metadata"]["name"] = json!("session");
    cluster["spec"].as_object_mut().unwrap().remove("job");
    admin.create(&cluster.to_string());
    let object = |kind: &str, name: &str, spec: Value| json!({"apiVersion": "flink.apache.org/v1beta1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec});
    let create = |object: Value| admin.try_kubectl(&["create", "-f", "-"], &object.to_string());
    let job = |cluster: &str| {
        let job = json!({"jarURI": "https://repo.example.com/job.jar", "parallelism": 1, "upgradeMode": "stateless"});
        object("FlinkSessionJob", "clicks", json!({"deploymentName": cluster, "job": job}))
    };
    let refusal = create(job("etl")).unwrap_err();
    assert!(
        refusal.contains("flink/session-job: FlinkDeployment `etl` is not a session cluster"),
        "{refusal}"
    );
    create(job("session")).unwrap();
    let snapshot = |kind: &str, name: &str, savepoint: Value| {
        object(
            "FlinkStateSnapshot",
            &format!("of-{name}"),
            json!({"jobReference": {"kind": kind, "name": name}, "savepoint": savepoint}),
        )
    };
    let refusal = create(snapshot("FlinkSessionJob", "gone", json!({}))).unwrap_err();
    assert!(refusal.contains("flink/snapshot: FlinkSessionJob `gone` does not exist"), "{refusal}");
    for (kind, name, savepoint) in [
        ("FlinkSessionJob", "clicks", json!({})),
        ("FlinkDeployment", "etl", json!({})),
        (
            "FlinkDeployment",
            "gone",
            json!({"alreadyExists": true, "path": "s3://payments-flink/savepoints/1", "disposeOnDelete": false}),
        ),
    ] {
        create(snapshot(kind, name, savepoint)).unwrap();
    }
}
