//! Options that a tenant must not set: the cases of the issue, each with its honest look-alike.

use crate::cases;
use crate::manifests::read;
use crate::option_carriers::{NAMESPACE, found, gate, refused_by};
use flinkgate::rules::Level;
use serde_json::{Value, json};

const FOLDER: &str = "tests/data/bypasses";

/// A case of the issue, and a gate with its tenant.
fn case(file: &str) -> (flinkgate::pipeline::Gate, Value) {
    let tenant = read(format!("{FOLDER}/tenants/strict.yaml"));
    let gate = cases::gate(&cases::folder([&tenant]), flinkgate::pipeline::Unassigned::Warn);
    (gate, read(format!("{FOLDER}/{file}.yaml")))
}

fn remove(object: &mut Value, options: &str, keys: &[&str]) {
    let options = object.pointer_mut(options).unwrap().as_object_mut().unwrap();
    options.retain(|key, _| !keys.contains(&key.as_str()));
}

#[test]
fn session_job_stays_in_its_cluster() {
    let (gate, mut object) = case("01-session-job-into-another-tenants-cluster");
    assert_eq!(refused_by(&gate, &object), ["flink/reserved-option"; 2]);
    for (key, value) in [
        ("kubernetes.cluster-id", "attacker.example.org/"),
        ("high-availability.zookeeper.path.namespace", "/x"),
    ] {
        let mut variant = object.clone();
        remove(
            &mut variant,
            "/spec/flinkConfiguration",
            &["kubernetes.namespace", "kubernetes.cluster-id"],
        );
        variant["spec"]["flinkConfiguration"][key] = value.into();
        assert_eq!(refused_by(&gate, &variant), ["flink/reserved-option"], "{key}");
    }
    remove(
        &mut object,
        "/spec/flinkConfiguration",
        &["kubernetes.namespace", "kubernetes.cluster-id"],
    );
    assert_eq!(refused_by(&gate, &object), [""; 0]);
}

#[test]
fn hidden_options_are_refused() {
    let (gate, object) = case("10-hidden-options-by-line-breaks-and-blanks");
    let rules = refused_by(&gate, &object);
    for rule in ["flink/option-text", "flink/forbidden-option", "storage/checkpoint-dir"] {
        assert!(rules.iter().any(|found| found == rule), "{rule}: {rules:?}");
    }
    let mut honest = object;
    remove(&mut honest, "/spec/flinkConfiguration", &[" web.submit.enable"]);
    honest["spec"]["flinkConfiguration"]["pipeline.name"] = "x\n".into();
    assert_eq!(refused_by(&gate, &honest), [""; 0]);
}

#[test]
fn older_name_of_a_forbidden_option_is_refused() {
    let (gate, mut object) = case("12-forbidden-by-its-older-name");
    assert_eq!(refused_by(&gate, &object), ["flink/forbidden-option"]);
    remove(&mut object, "/spec/flinkConfiguration", &["jobmanager.web.submit.enable"]);
    assert_eq!(refused_by(&gate, &object), [""; 0]);
}

#[test]
fn versions_of_the_tenant_are_enforced() {
    let (gate, mut object) = case("13-fields-of-the-tenant-that-nothing-enforces");
    assert_eq!(refused_by(&gate, &object), ["flink/allowed-version"]);
    object["spec"]["flinkVersion"] = "v1_20".into();
    assert_eq!(refused_by(&gate, &object), [""; 0]);
}

#[test]
fn canary_label_of_a_template_changes_nothing() {
    let (gate, mut object) = case("23-blue-green-canary-template");
    let rules = refused_by(&gate, &object);
    for rule in ["security/image-registry", "quota/per-cluster"] {
        assert!(rules.iter().any(|found| found == rule), "{rule}: {rules:?}");
    }
    object["spec"]["template"]["metadata"] = json!({});
    assert_eq!(refused_by(&gate, &object), rules);
}

fn session_job(options: Value) -> Value {
    json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkSessionJob",
        "metadata": {"name": "j", "namespace": NAMESPACE},
        "spec": {"deploymentName": "session", "flinkConfiguration": options,
            "job": {"jarURI": "https://repo.example.com/j.jar", "parallelism": 1, "upgradeMode": "stateless"}}})
}

#[test]
fn enforced_options_hold_for_session_jobs() {
    let enforced = json!({"execution.checkpointing.interval": "60s", "state.backend.type": "rocksdb", "rest.port": 8081});
    let gate = gate(&json!({"flink": {"configuration": {"enforced": enforced,
        "defaults": {"pipeline.object-reuse": "false"}}}}));
    for (key, value) in [
        ("execution.checkpointing.interval", "1h"),
        ("state.backend", "hashmap"),
        ("rest.port", "80"),
    ] {
        let refused = refused_by(&gate, &session_job(json!({key: value})));
        assert!(refused.contains(&"flink/enforced-option".to_owned()), "{key}: {refused:?}");
    }
    // The options of processes, and defaults, are those of the cluster.
    let object = session_job(json!({}));
    let stored = gate.mutated(&cases::asked(&cases::review("CREATE", &object, &Value::Null)));
    let options =
        json!({"execution.checkpointing.interval": "60s", "state.backend.type": "rocksdb"});
    assert_eq!(stored["spec"]["flinkConfiguration"], options);
    assert_eq!(refused_by(&gate, &stored), [""; 0]);
}

fn deployment(spec: Value) -> Value {
    let mut object = crate::option_carriers::Carrier::Deployment.with(&json!({}));
    json_patch::merge(&mut object, &json!({"spec": spec}));
    object
}

#[test]
fn another_configuration_is_refused() {
    let gate = gate(&json!({}));
    let main = |fields: Value| {
        let mut container = json!({"name": "flink-main-container"});
        json_patch::merge(&mut container, &fields);
        json!({"podTemplate": {"spec": {"containers": [container],
            "volumes": [{"name": "v", "configMap": {"name": "mine"}}]}}})
    };
    let mount = |path: &str| {
        main(json!({"volumeMounts": [{"name": "v", "mountPath": path, "subPath": "x"}]}))
    };
    let env = |name: &str, value: &str| main(json!({"env": [{"name": name, "value": value}]}));
    let options = |key: &str, value: &str| json!({"flinkConfiguration": {key: value}});
    for spec in [
        env("FLINK_CONF_DIR", "/other"),
        env("FLINK_HOME", "/opt/other"),
        main(
            json!({"env": [{"name": "FLINK_CONF_DIR", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}}]}),
        ),
        mount("/opt/flink/conf/flink-conf.yaml"),
        mount("/opt/flink/conf/config.yaml"),
        mount("/opt/flink//bin/../conf/./config.yaml"),
        mount("/opt/flink/conf/"),
        mount("/opt/flink/bin/config.sh"),
        mount("/opt/flink/bin"),
        mount("/opt/flink"),
        mount("/opt"),
        mount("/docker-entrypoint.sh"),
        options("kubernetes.flink.conf.dir", "/opt/flink/conf2"),
        options("containerized.master.env.FLINK_CONF_DIR", "/other"),
        options("containerized.taskmanager.env.FLINK_HOME", "/other"),
        options("kubernetes.env.secretKeyRef", "env:FLINK_CONF_DIR,secret:a,key:b"),
        options("kubernetes.taskmanager.entrypoint.args", "--configDir /other"),
        options("kubernetes.taskmanager.entrypoint.args", "-c /other"),
        options("kubernetes.taskmanager.entrypoint.args", "--conf=/other"),
        options("kubernetes.taskmanager.entrypoint.args", "--config'Dir' /other"),
    ] {
        let refused = refused_by(&gate, &deployment(spec.clone()));
        assert!(refused.contains(&"flink/configuration-source".to_owned()), "{spec}: {refused:?}");
    }
    let mut other_home = env("FLINK_CONF_DIR", "/flink/conf");
    other_home["flinkConfiguration"] = json!({"kubernetes.flink.conf.dir": "/flink/conf/"});
    for spec in [
        env("FLINK_CONF_DIR", "/opt/flink/conf/"),
        env("FLINK_HOME", "/opt/flink"),
        env("MY_CONF_DIR", "/other"),
        mount("/opt/flink/conf/logback-console.xml"),
        mount("/opt/flink/usrlib"),
        mount("/opt/flink/config.yaml"),
        mount("/opt/flink/bin/notify.sh"),
        options("kubernetes.flink.conf.dir", "/opt/flink/conf"),
        options("kubernetes.taskmanager.entrypoint.args", "-Da=b --name -c-x --compress"),
        options("containerized.master.env.FLINK_CONF_DIR", "/opt/flink/conf"),
        other_home,
    ] {
        let refused = refused_by(&gate, &deployment(spec.clone()));
        assert!(!refused.contains(&"flink/configuration-source".to_owned()), "{spec}: {refused:?}");
    }
}

#[test]
fn options_in_arguments_are_options() {
    let gate = gate(&json!({"flink": {"configuration": {"forbidden": ["web.submit.enable"]}}}));
    let arguments = json!(["--input", "x", "-D", "web.submit.enable=true"]);
    let args = "kubernetes.jobmanager.entrypoint.args";
    for (spec, place) in [
        (
            json!({"flinkConfiguration": {args: "-Drest.flamegraph.enabled=true -Dweb.submit.enable=true"}}),
            format!("/spec/flinkConfiguration/{args}"),
        ),
        (json!({"mode": "standalone", "job": {"args": arguments}}), "/spec/job/args/3".to_owned()),
    ] {
        let findings = found(&gate, &deployment(spec.clone()));
        let finding = findings.iter().find(|finding| finding.rule == "flink/forbidden-option");
        let finding = finding.unwrap_or_else(|| panic!("{spec}: {findings:?}"));
        assert_eq!((finding.level, finding.pointer.as_str()), (Level::Error, place.as_str()));
    }
    // In native mode the arguments are those of the job.
    let honest = deployment(json!({"job": {"args": arguments}}));
    assert_eq!(refused_by(&gate, &honest), [""; 0]);
}

/// The operator appends the arguments of a job to those of a standalone JobManager.
#[test]
fn a_savepoint_in_the_arguments_of_a_job_is_judged() {
    let gate = gate(&json!({"storage": {"checkpoints": {"locations": ["s3://own/"]}}}));
    let is_refused = |mode: &str, arguments: &Value| {
        let spec =
            json!({"mode": mode, "taskManager": {"replicas": 1}, "job": {"args": arguments}});
        let refused = refused_by(&gate, &deployment(spec));
        refused.iter().any(|rule| rule == "storage/foreign-data")
    };
    for arguments in [
        json!(["--fromSavepoint", "s3://other/x"]),
        json!(["-fromSavepoint=s3://other/x"]),
        json!(["--from", "s3://other/x"]),
        json!(["-s", "s3://other/x"]),
        json!(["-ss3://other/x"]),
        json!(["-n", "-Da=b", "-D", "a=b", "-D", "a", "b", "--host", "x", "-s", "s3://other/x"]),
    ] {
        assert!(is_refused("standalone", &arguments), "{arguments}");
        assert!(!is_refused("native", &arguments), "{arguments}");
    }
    for arguments in [
        json!(["--fromSavepoint", "s3://own/x"]),
        json!(["--rate", "5", "-s", "3"]),
        json!(["input", "--from", "2024-01-01"]),
        json!(["--source", "s3://other/x"]),
    ] {
        assert!(!is_refused("standalone", &arguments), "{arguments}");
    }
}

/// `-D`, a key and its value may be three arguments.
#[test]
fn no_value_of_a_separate_argument_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pod.yaml");
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: flink:1.20\n    args: [jobmanager, -D, s3.secret-key, hushhush]\n";
    std::fs::write(&file, pod).unwrap();
    let output =
        assert_cmd::Command::cargo_bin("flinkgate").unwrap().arg("lint").arg(&file).output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(text.contains("s3.secret-key") && !text.contains("hushhush"), "{text}");
}
