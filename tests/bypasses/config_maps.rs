//! Cases 03 and 22: what Flink and its operator read from ConfigMaps of the tenant's namespace.

use crate::fake_cluster::FakeCluster;
use assert_cmd::Command;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flinkgate::admission::answer::Webhook;
use flinkgate::flink::requester::DEFAULT_OPERATOR_USER;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::resource::{Operation, Resource, yaml};
use flinkgate::rules::{Finding, Level};
use serde_json::{Value, json};

const TENANTS: &str = "tests/data/bypasses/tenants/strict.yaml";
/// An option that the tenant forbids, in both formats.
const BAD: &str = "web.submit.enable: true\n";
const GOOD: &str = "taskmanager.numberOfTaskSlots: 2\n";

fn gate() -> Gate {
    Gate::load(&[TENANTS.into()], &[], Unassigned::Deny).unwrap().0
}

fn objects(case: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(format!("tests/data/bypasses/{case}.yaml")).unwrap();
    yaml::parse(&text).into_iter().filter_map(|document| document.value).collect()
}

fn from(user: &str, object: &Value) -> Resource {
    let mut resource = Resource::from_manifest(object.clone()).unwrap();
    resource.user.username = user.into();
    resource
}

fn errors(findings: &[Finding]) -> Vec<String> {
    let errors = findings.iter().filter(|finding| finding.level == Level::Error);
    errors.map(|finding| format!("{} {}", finding.rule, finding.pointer)).collect()
}

fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "strict"}, "data": data})
}

/// The errors after mutation.
fn of_user(object: &Value) -> Vec<String> {
    let resource = from("alice", object);
    let object = gate().mutated(&resource);
    errors(&gate().validate(&Resource { object, ..resource }).findings)
}

/// The errors that `lint` reports for ConfigMaps among these objects.
fn linted(objects: &[Value]) -> Vec<String> {
    let input: Vec<String> = objects.iter().map(Value::to_string).collect();
    let output = Command::cargo_bin("flinkgate")
        .unwrap()
        .args(["lint", "-", "--format", "json", "--tenants", TENANTS])
        .write_stdin(input.join("\n---\n"))
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings =
        report["findings"].as_array().unwrap().iter().filter(|finding| {
            finding["level"] == "error" && finding["object"]["kind"] == "ConfigMap"
        });
    findings
        .map(|finding| {
            format!(
                "{} {}",
                finding["rule"].as_str().unwrap(),
                finding["pointer"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn only_the_operator_writes_the_state_of_its_autoscaler() {
    let state = objects("03-autoscaler-configmap-reaches-into-the-operator").pop().unwrap();
    let found = of_user(&state);
    for expected in [
        "flink/operator-identity /data/configOverrides",
        "flink/operator-files /data/configOverrides",
    ] {
        assert!(found.contains(&expected.to_owned()), "{found:?}");
    }
    assert!(!linted(std::slice::from_ref(&state)).is_empty());
    assert_eq!(gate().validate(&from(DEFAULT_OPERATOR_USER, &state)).findings, []);
    for user in ["", "system:serviceaccount:strict:flink-operator", "system:admin"] {
        assert!(!gate().validate(&from(user, &state)).findings.is_empty(), "{user}");
    }
    // The options are judged as if the custom resource had them.
    let forbidden = "overrides: {env: {java.opts: {all: -Dx}}}";
    let overrides = config_map("autoscaler-etl", json!({"configOverrides": forbidden}));
    let found = of_user(&overrides);
    assert!(
        found.contains(&"flink/forbidden-option /data/configOverrides".to_owned()),
        "{found:?}"
    );
}

#[test]
fn every_key_of_the_autoscaler_is_the_operators() {
    for key in [
        "configOverrides",
        "parallelismOverrides",
        "collectedMetrics",
        "delayedScaleDown",
        "scalingHistory",
        "scalingTracking",
    ] {
        let state = config_map("autoscaler-a", json!({key: "a:2"}));
        let expected = format!("flink/operator-identity /data/{key}");
        assert!(of_user(&state).contains(&expected), "{state}");
        let mut generated = state.clone();
        generated["metadata"] = json!({"generateName": "autoscaler-x", "namespace": "strict"});
        assert!(of_user(&generated).contains(&expected), "{generated}");
        let update = |new: Value, old: Value| {
            let mut update = from("alice", &config_map("autoscaler-a", new));
            update.operation = Operation::Update;
            update.old_object = Some(config_map("autoscaler-a", old));
            errors(&gate().validate(&update).findings)
        };
        assert!(update(json!({key: "b"}), json!({key: "a"})).contains(&expected));
        assert!(update(json!({key: "b"}), json!({})).contains(&expected));
        // Metadata changes, and the state is reset.
        assert_eq!(update(json!({key: "a"}), json!({key: "a"})), [""; 0]);
        assert_eq!(update(json!({}), json!({key: "a"})), [""; 0]);
    }
}

#[test]
fn other_config_maps_of_such_names_are_admitted() {
    for (name, data) in [
        ("autoscaler-settings", json!({"region": "eu", "config.yaml": "min: 1\nmax: 4\n"})),
        ("cluster-autoscaler-status", json!({"status": "configOverrides: none"})),
        ("my-autoscaler-etl", json!({"configOverrides": "a: b"})),
        ("autoscaler", json!({"scalingHistory": "x"})),
    ] {
        let object = config_map(name, data);
        assert_eq!(of_user(&object), [""; 0], "{object}");
        assert_eq!(linted(&[object]), [""; 0]);
    }
}

#[test]
fn nothing_in_a_config_map_hides_an_option() {
    let case = objects("22-configmaps-that-are-not-judged").pop().unwrap();
    let found = of_user(&case);
    assert!(found.contains(&"flink/forbidden-option /data/config.yaml".to_owned()), "{found:?}");
    let unknown: String = (0..20).map(|number| format!("x{number}: y\n")).collect();
    let comment = "# kubernetes.jobmanager.owner.reference: apiVersion:flink.apache.org/v1beta1\n";
    for (data, place) in [
        (json!({"config.yaml": format!("{comment}{BAD}")}), "config.yaml"),
        (json!({"flink-conf.yaml": format!("{comment}{BAD}")}), "flink-conf.yaml"),
        (json!({"config.yaml": BAD, "flink-conf.yaml": GOOD}), "config.yaml"),
        (json!({"config.yaml": GOOD, "flink-conf.yaml": BAD}), "flink-conf.yaml"),
        (json!({"config.yaml": format!("{unknown}{BAD}")}), "config.yaml"),
        (
            json!({"config.yaml": "web: {submit: {enable: true}, a: 1, b: 2, c: 3}\nd: 4\n"}),
            "config.yaml",
        ),
        (json!({"FLINK_PROPERTIES": BAD}), "FLINK_PROPERTIES"),
    ] {
        let object = config_map("strict-conf", data);
        let expected = [format!("flink/forbidden-option /data/{place}")];
        assert_eq!(of_user(&object), expected, "{object}");
        assert_eq!(linted(std::slice::from_ref(&object)), expected, "{object}");
        assert_eq!(gate().validate(&from(DEFAULT_OPERATOR_USER, &object)).findings, []);
    }
    let mut binary = config_map("strict-conf", json!({}));
    binary["binaryData"] = json!({"config.yaml": STANDARD.encode(BAD)});
    assert_eq!(of_user(&binary), ["flink/forbidden-option /binaryData/config.yaml"]);
}

#[test]
fn nothing_in_front_of_an_option_hides_it() {
    let flow: String = (0..6_000).map(|i| format!("{{a{i}: 1}}, ")).collect();
    let deep = format!("{}1{}", "{a: ".repeat(40), "}".repeat(40));
    for front in [
        numbered(5_000, "a"),
        numbered(5_000, "metrics.a"),
        numbered(20_000, "a"),
        format!("a: [{flow}]\n"),
        format!("a: {deep}\n"),
        format!("{}: 1\n", "a".repeat(600)),
        format!("a: {}\n", "x".repeat(300_000)),
        numbered(5_000, "a") + "web: {submit: {enable: true}}\n",
    ] {
        let object = config_map("strict-conf", json!({"config.yaml": format!("{front}{BAD}")}));
        let found = of_user(&object);
        let refused = |rule: &str| found.contains(&format!("{rule} /data/config.yaml"));
        let is_refused = refused("tenancy/object-limits") || refused("flink/forbidden-option");
        assert!(is_refused, "{found:?} {}", &front[..40]);
    }
}

fn numbered(count: usize, key: &str) -> String {
    (0..count).map(|number| format!("{key}{number}: y\n")).collect()
}

#[test]
fn configurations_of_other_programs_have_no_finding() {
    for data in [
        json!({"config.yaml": numbered(6_000, "route")}),
        json!({"config.yaml": format!("routes:\n{}", numbered(6_000, "  route"))}),
        json!({"config.yaml": format!("{}: 1\n", "a".repeat(600))}),
        json!({"config.yaml": "receivers: {otlp: {}}\nexporters: {debug: {}}\n"}),
        json!({"config.yaml": "log: {level: info}\nrest.port: 8080\nstorage: {path: /x}\nretention: 7d\nname: y\n"}),
        json!({"prometheus.yml": "global:\n  scrape_interval: 15s\n", "notes": BAD}),
        json!({"application.properties": "spring.name=x\nenv.java.opts.all=-Dx\n"}),
    ] {
        let object = config_map("strict-app", data);
        assert_eq!(gate().validate(&from("alice", &object)).findings, [], "{object}");
        assert_eq!(linted(&[object]), [""; 0]);
    }
}

/// A pod template that reads the key `odd` of ConfigMap `strict-conf` as Flink's configuration.
fn templates() -> Vec<(Value, &'static str)> {
    let file = "/opt/flink/conf/config.yaml";
    let items = |path: &str| json!([{"key": "odd", "path": path}]);
    let spec = |volume: Value, mount: Value| {
        json!({"volumes": [{"name": "v"}, volume], "containers": [{"name": "jobmanager", "args": ["jobmanager"],
            "volumeMounts": [{"name": "v", "mountPath": "/tmp"}, mount]}]})
    };
    let of_map =
        |items: Value| json!({"name": "c", "configMap": {"name": "strict-conf", "items": items}});
    let projected = |items: Value| json!({"name": "c", "projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "strict-conf", "items": items}}]}});
    let mount =
        |path: &str, sub_path: &str| json!({"name": "c", "mountPath": path, "subPath": sub_path});
    let at = "/spec/containers/0/volumeMounts/1";
    let mut found: Vec<(Value, &'static str)> = [
        spec(of_map(items("config.yaml")), mount("/opt/flink/conf", "")),
        spec(of_map(json!([])), mount(file, "odd")),
        spec(of_map(json!([])), json!({"name": "c", "mountPath": file, "subPathExpr": "odd"})),
        spec(of_map(json!([])), json!({"name": "c", "mountPath": file, "subPathExpr": "$(X)"})),
        spec(projected(items("config.yaml")), mount("/opt/flink/conf/", "")),
        spec(projected(items("conf/config.yaml")), mount("/opt//flink", "")),
        spec(of_map(items("a/flink-conf.yaml")), mount("/opt/flink/./conf", "a")),
    ]
    .map(|spec| (spec, at))
    .into();
    let mut elsewhere = spec(of_map(items("config.yaml")), mount("/c", ""));
    elsewhere["containers"][0]["env"] = json!([{"name": "FLINK_CONF_DIR", "value": "/c"}]);
    found.push((elsewhere, at));
    found
}

fn deployment(spec: &Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "w", "namespace": "strict"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": spec}}})
}

#[test]
fn lint_judges_a_config_map_by_its_mounts() {
    let map = config_map("strict-conf", json!({"odd": BAD}));
    for (spec, _) in templates() {
        let workload = deployment(&spec);
        let expected = ["flink/forbidden-option /data/odd"];
        assert_eq!(linted(&[map.clone(), workload.clone()]), expected, "{spec}");
        assert_eq!(linted(&[workload, map.clone()]), expected, "{spec}");
        // Of another namespace or another name it is another one.
        let mut other = map.clone();
        other["metadata"]["name"] = json!("strict-other");
        assert_eq!(linted(&[deployment(&spec), other]), [""; 0]);
    }
    assert_eq!(linted(std::slice::from_ref(&map)), [""; 0]);
    let variable = json!({"name": "FLINK_PROPERTIES", "valueFrom": {"configMapKeyRef": {"name": "strict-conf", "key": "odd"}}});
    let spec = json!({"containers": [{"name": "x", "args": ["taskmanager"], "env": [variable]}]});
    assert_eq!(linted(&[map, deployment(&spec)]), ["flink/forbidden-option /data/odd"]);
}

/// The errors of the validating webhook in a cluster with these pods and this ConfigMap.
fn reviewed(object: &Value, user: &str, pods: Vec<Value>, config_map: &Value) -> Vec<String> {
    // Lists of the API server name no kinds.
    let pods = pods.into_iter().map(|mut pod| {
        pod["kind"] = "Pod".into();
        pod
    });
    let objects = pods.chain([config_map.clone()]);
    let cluster = FakeCluster::new(gate().with_ledgers(), objects);
    errors(&cluster.answer(Webhook::Validate, from(user, object)).findings)
}

#[test]
fn a_workload_is_judged_with_what_it_mounts() {
    let (bad, good) = (
        config_map("strict-conf", json!({"odd": BAD})),
        config_map("strict-conf", json!({"odd": GOOD})),
    );
    let of_options = |found: Vec<String>| -> Vec<String> {
        found.into_iter().filter(|found| found.contains("forbidden-option")).collect()
    };
    for (spec, place) in templates() {
        let deployment = deployment(&spec);
        let found = of_options(reviewed(&deployment, "alice", Vec::new(), &bad));
        assert_eq!(found, [format!("flink/forbidden-option /spec/template{place}")], "{spec}");
        assert_eq!(of_options(reviewed(&deployment, "alice", Vec::new(), &good)), [""; 0]);
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "strict"}, "spec": spec});
        for user in ["alice", "system:serviceaccount:kube-system:replicaset-controller"] {
            let found = of_options(reviewed(&pod, user, Vec::new(), &bad));
            assert_eq!(found, [format!("flink/forbidden-option {place}")], "{spec}");
        }
    }
}

/// ConfigMaps that a pod reads first hide no later one.
#[test]
fn no_number_of_config_maps_hides_one() {
    let pod = |decoys: usize| {
        let source = |name: String| json!({"configMap": {"name": name, "items": [{"key": "odd", "path": "config.yaml"}]}});
        let mut sources: Vec<Value> =
            (0..decoys).map(|number| source(format!("a-{number:03}"))).collect();
        sources.push(source("strict-conf".into()));
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "strict"},
            "spec": {"volumes": [{"name": "c", "projected": {"sources": sources}}],
                "containers": [{"name": "x", "args": ["taskmanager"], "volumeMounts": [{"name": "c", "mountPath": "/opt/flink/conf"}]}]}})
    };
    for (text, hidden) in [(BAD, true), (GOOD, false)] {
        let map = config_map("strict-conf", json!({"odd": text}));
        for decoys in [0, 1, 8, 30] {
            let found = reviewed(&pod(decoys), "alice", Vec::new(), &map);
            let is_found = found.iter().any(|found| found.contains("forbidden-option"));
            assert_eq!(is_found, hidden, "{decoys}: {found:?}");
        }
        let found = reviewed(&pod(200), "alice", Vec::new(), &map);
        assert!(found.iter().any(|found| found.contains("configuration-source")), "{found:?}");
    }
}

#[test]
fn more_config_maps_than_are_read_are_refused() {
    let pod = |count: usize, path: &str| {
        let containers = (0..count).map(|index| {
            let mount = json!({"name": format!("v{index}"), "mountPath": path, "subPath": "odd"});
            json!({"name": format!("c{index}"), "image": "x:1", "volumeMounts": [mount]})
        });
        let volumes = (0..count).map(|index| json!({"name": format!("v{index}"), "configMap": {"name": format!("strict-{index}")}}));
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "strict"},
            "spec": {"containers": containers.collect::<Vec<_>>(), "volumes": volumes.collect::<Vec<_>>()}})
    };
    for (count, path, is_refused) in [
        (33, "/opt/flink/conf/flink-conf.yaml", true),
        (32, "/opt/flink/conf/flink-conf.yaml", false),
        (33, "/opt/flink/conf/log4j.properties", false),
    ] {
        let found = of_user(&pod(count, path));
        let expected = "flink/configuration-source /spec/containers/32/volumeMounts/0";
        assert_eq!(
            found.iter().any(|found| found == expected),
            is_refused,
            "{count} {path}: {found:?}"
        );
    }
}

#[test]
fn an_update_of_what_pods_mount_is_judged() {
    for (spec, _) in templates() {
        let pod = json!({"metadata": {"name": "p", "namespace": "strict"}, "spec": spec});
        let map = config_map("strict-conf", json!({"odd": BAD}));
        // Without mutation it lacks an enforced option too.
        let expected = ["flink/enforced-option /data/odd", "flink/forbidden-option /data/odd"];
        assert_eq!(reviewed(&map, "alice", vec![json!({}), pod.clone()], &map), expected, "{spec}");
        assert_eq!(reviewed(&map, "alice", Vec::new(), &map), [""; 0]);
        let other = config_map("strict-notes", json!({"odd": BAD}));
        assert_eq!(reviewed(&other, "alice", vec![pod], &map), [""; 0]);
    }
}

/// What both webhooks make of a request about a ConfigMap while these objects exist: the errors of
/// validation without mutation, and the text of a key after mutation.
fn completed(resource: &Resource, objects: &[Value], key: &str) -> (Vec<String>, String) {
    let cluster = || FakeCluster::new(gate().with_ledgers(), objects.iter().cloned());
    let found = errors(&cluster().answer(Webhook::Validate, resource.clone()).findings);
    let mut object = resource.object.clone();
    if let Some(patch) = cluster().answer(Webhook::Mutate, resource.clone()).patch {
        json_patch::patch(&mut object, &patch).unwrap();
    }
    (found, object["data"][key].as_str().unwrap().to_owned())
}

/// A file without a known option lacks the enforced ones, whenever it gets there.
#[test]
fn a_file_without_options_is_completed_where_pods_read_it() {
    const ENFORCED: &str = "kubernetes.rest-service.exposed.type: ClusterIP";
    let workload = |spec: &Value| {
        let mut workload = deployment(spec);
        workload["spec"]["replicas"] = json!(0);
        workload
    };
    let request = |text: &str, old: Option<Value>| {
        let mut resource =
            from("alice", &config_map("strict-conf", json!({"odd": text, "more": "x"})));
        if old.is_some() {
            (resource.operation, resource.old_object) = (Operation::Update, old);
        }
        resource
    };
    let olds = [
        None,
        Some(config_map("strict-conf", json!({}))),
        Some(config_map("strict-conf", json!({"more": "x"}))),
        Some(config_map("strict-conf", json!({"odd": format!("{GOOD}{ENFORCED}\n"), "more": "x"}))),
    ];
    // A mount by a variable is refused.
    let is_named = |spec: &Value| !spec.to_string().contains("$(X)");
    for (spec, _) in templates().into_iter().filter(|(spec, _)| is_named(spec)) {
        let reader = workload(&spec);
        for (text, old) in ["", "# none\n", "unknown.option: 1\n"]
            .iter()
            .flat_map(|text| olds.iter().map(move |old| (*text, old.clone())))
        {
            let (found, after) =
                completed(&request(text, old.clone()), std::slice::from_ref(&reader), "odd");
            assert_eq!(found, ["flink/enforced-option /data/odd"], "{spec} {text:?} {old:?}");
            assert!(after.starts_with(text) && after.contains(ENFORCED), "{after}");
            // Nobody reads it.
            let (found, after) = completed(&request(text, old), &[], "odd");
            assert_eq!((found, after.as_str()), (vec![], text), "{spec}");
        }
        // Another key changes.
        let stored = config_map("strict-conf", json!({"odd": "", "more": "y"}));
        let (found, after) = completed(&request("", Some(stored)), &[reader], "odd");
        assert_eq!((found, after.as_str()), (vec![], ""), "{spec}");
    }
}

/// A key with the name of one file, mounted as the other one, is read in the format of that.
#[test]
fn a_file_is_judged_in_the_format_in_which_pods_read_it() {
    let nested = "web: {submit: {enable: true}}\n";
    let reader = |key: &str, path: &str| {
        let mounted = json!({"volumes": [{"name": "c", "configMap": {"name": "strict-conf",
            "items": [{"key": key, "path": path}]}}],
            "containers": [{"name": "jobmanager", "args": ["jobmanager"],
                "volumeMounts": [{"name": "c", "mountPath": "/opt/flink/conf"}]}]});
        json!({"metadata": {"name": "p", "namespace": "strict"}, "spec": mounted})
    };
    for (key, path, text, is_bad) in [
        ("flink-conf.yaml", "config.yaml", nested, true),
        ("FLINK_PROPERTIES", "config.yaml", nested, true),
        ("config.yaml", "config.yaml", nested, true),
        ("config.yaml", "flink-conf.yaml", BAD, true),
        // Lines of the older file have no such option.
        ("flink-conf.yaml", "flink-conf.yaml", nested, false),
        ("flink-conf.yaml", "log.yaml", nested, false),
    ] {
        let map = config_map("strict-conf", json!({key: text}));
        let found = reviewed(&map, "alice", vec![reader(key, path)], &map);
        let found = found.iter().any(|error| error.starts_with("flink/forbidden-option"));
        assert_eq!(found, is_bad, "{key} as {path}");
    }
}

/// The API server does not ask about keys of high availability.
#[test]
fn keys_that_nothing_judges_are_no_configuration() {
    let spec = |sub_path: &str, field: &str| {
        json!({"volumes": [{"name": "c", "configMap": {"name": "strict-conf"}}],
            "containers": [{"name": "jobmanager", "args": ["jobmanager"],
                "volumeMounts": [{"name": "c", "mountPath": "/opt/flink/conf/config.yaml", field: sub_path}]}]})
    };
    let items = |key: &str| {
        json!({"volumes": [{"name": "c", "projected": {"sources": [{"configMap": {"name": "strict-conf",
            "items": [{"key": key, "path": "flink-conf.yaml"}]}}]}}],
            "containers": [{"name": "jobmanager", "args": ["jobmanager"],
                "volumeMounts": [{"name": "c", "mountPath": "/opt/flink/conf"}]}]})
    };
    let variable = |key: &str| {
        json!({"containers": [{"name": "jobmanager", "args": ["jobmanager"], "env": [{"name": "FLINK_PROPERTIES",
            "valueFrom": {"configMapKeyRef": {"name": "strict-conf", "key": key}}}]}]})
    };
    let is_refused = |spec: &Value| {
        let found = [
            deployment(spec),
            json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "p", "namespace": "strict"}, "spec": spec}),
        ]
        .map(|object| of_user(&object).iter().any(|error| error.contains("configuration-source")));
        assert_eq!(found[0], found[1], "{spec}");
        found[0]
    };
    for (key, expected) in [
        ("counter", true),
        ("sessionId", true),
        ("address", true),
        ("jobGraph-1", true),
        ("executionPlan-1", true),
        ("checkpointID-0000000000000000001", true),
        ("runningJobsRegistry-1", true),
        ("org.apache.flink.k8s.leader.dispatcher", true),
        ("config.yaml", false),
        ("odd", false),
        ("counters", false),
        ("my-counter", false),
        ("jobGraph", false),
        ("org.apache.flink.yaml", false),
    ] {
        for spec in [spec(key, "subPath"), spec(key, "subPathExpr"), items(key), variable(key)] {
            assert_eq!(is_refused(&spec), expected, "{spec}");
        }
    }
    assert!(is_refused(&spec("$(X)", "subPathExpr")));
    // Elsewhere, such keys are what people make of them.
    let mut elsewhere = spec("counter", "subPath");
    elsewhere["containers"][0]["volumeMounts"][0]["mountPath"] = json!("/app/counter");
    assert!(!is_refused(&elsewhere));
}

#[test]
fn a_custom_resource_keeps_its_configuration() {
    let cluster = |spec: &Value| {
        let mut cluster = objects("03-autoscaler-configmap-reaches-into-the-operator").remove(0);
        let mut spec = spec.clone();
        spec["containers"][0]["name"] = json!("flink-main-container");
        cluster["spec"]["podTemplate"]["spec"] = spec;
        cluster
    };
    let found = |object: &Value| -> Vec<String> {
        let found = errors(&gate().validate(&from("alice", object)).findings).into_iter();
        found.filter(|found| found.starts_with("flink/configuration-source")).collect()
    };
    for (spec, _) in templates() {
        let mut object = cluster(&spec);
        let all = found(&object);
        assert!(!all.is_empty(), "{spec}");
        let template = object["spec"]["podTemplate"].take();
        object["spec"]["taskManager"]["podTemplate"] = template;
        assert_eq!(found(&object).len(), all.len(), "{spec}");
    }
    let log = json!({"volumes": [{"name": "c", "configMap": {"name": "strict-log"}}], "containers": [{"name": "x", "volumeMounts": [
        {"name": "c", "mountPath": "/opt/flink/conf/log4j-console.properties", "subPath": "log4j"},
        {"name": "c", "mountPath": "/opt/flink/usrlib"}, {"name": "c", "mountPath": "/etc/app/config.yaml", "subPath": "config.yaml"}]}]});
    assert_eq!(found(&cluster(&log)), [""; 0]);
    let variables = json!({"containers": [{"name": "x", "envFrom": [{"configMapRef": {"name": "strict-app"}}]}]});
    assert_eq!(found(&cluster(&variables)), [""; 0]);
    let secret = json!({"volumes": [{"name": "c", "secret": {"secretName": "strict-s"}}], "containers": [{"name": "x", "volumeMounts": [
        {"name": "c", "mountPath": "/opt/flink/conf/./flink-conf.yaml", "subPath": "x"}]}]});
    let expected =
        ["flink/configuration-source /spec/podTemplate/spec/containers/0/volumeMounts/0/mountPath"];
    assert_eq!(found(&cluster(&secret)), expected);
}
