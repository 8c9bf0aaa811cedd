//! ConfigMaps that Flink and its operator read, in a cluster: the conditions of the webhooks, and
//! what Flinkgate reads of other objects.

use super::native::recorded;
use super::support::installation::installation;
use super::support::operator::operator_account;
use super::support::wait::until;
use serde_json::{Value, json};

#[test]
fn options_in_config_maps_are_judged_by_what_reads_them() {
    let admin = installation();
    let spec = json!({"flink": {"configuration": {"forbidden": ["web.submit.enable"]}}});
    let namespace = admin.tenant("config-maps", spec);
    let config_map = |name: &str, data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data});
    let ask = |object: &Value| admin.try_kubectl(&["create", "-f", "-"], &object.to_string());
    let refused = |object: &Value, rule: &str| {
        let refusal = ask(object).unwrap_err();
        assert!(refusal.contains(rule), "{refusal}");
    };
    let bad = "web.submit.enable: true\n";
    refused(&config_map("a", json!({"config.yaml": bad})), "flink/forbidden-option");
    refused(&config_map("a", json!({"FLINK_PROPERTIES": bad})), "flink/forbidden-option");
    let many: serde_json::Map<String, Value> =
        (0..60).map(|number| (format!("key-{number}"), json!("x"))).collect();
    let mut full = config_map("a", many.into());
    full["data"]["flink-conf.yaml"] = json!(bad);
    refused(&full, "flink/forbidden-option");
    refused(
        &config_map("autoscaler-etl", json!({"configOverrides": "overrides: {}"})),
        "flink/operator-identity",
    );
    ask(&config_map("autoscaler-settings", json!({"a": "b"}))).unwrap();
    // High availability.
    let address = "1-2-3,pekko.tcp://flink@10.0.0.1:6123/user/rpc/jobmanager_1";
    ask(&config_map("etl-cluster-config-map", json!({"org.apache.flink.k8s.leader.x": address})))
        .unwrap();

    // Nothing shows what this is, until a pod mounts it as Flink's configuration.
    let odd = config_map("odd", json!({"settings": bad}));
    ask(&odd).unwrap();
    let pod = |key: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "jm", "namespace": namespace}, "spec": {
            "containers": [{"name": "jobmanager", "image": "registry.example.com/flink:1.20", "args": ["jobmanager"],
                "volumeMounts": [{"name": "c", "mountPath": "/opt/flink/conf/config.yaml", "subPath": key}]}],
            "volumes": [{"name": "c", "configMap": {"name": "odd"}}]}})
    };
    refused(&pod("settings"), "flink/forbidden-option");
    ask(&pod("later")).unwrap();
    // The match condition of the webhook knows each style of YAML.
    for text in [bad, "{? \"web.submit.enable\" # x\n:true}"] {
        let patch = json!({"data": {"later": text}}).to_string();
        let update = ["patch", "configmap", "odd", "--namespace", &namespace, "--patch", &patch];
        let refusal = admin.try_kubectl(&update, "").unwrap_err();
        assert!(refusal.contains("flink/forbidden-option"), "{text}: {refusal}");
    }
}

#[test]
fn files_of_clients_are_completed_and_the_operators_are_its_own() {
    let admin = installation();
    let spec = json!({
        "flink": {"configuration": {"enforced": {"web.submit.enable": "false"}, "defaults": {"execution.checkpointing.interval": "60s"}}},
        "storage": {"checkpoints": {"volume": {"claimName": "{cluster}-state", "storageClassName": "nfs", "size": "1Gi"}}},
    });
    let namespace = admin.tenant("config-files", spec);
    let stored = |name: &str| admin.get(&["configmap", name, "--namespace", &namespace]);
    let here = |mut object: Value| {
        object["metadata"]["namespace"] = json!(namespace);
        for field in ["uid", "resourceVersion", "creationTimestamp", "ownerReferences"] {
            object["metadata"].as_object_mut().unwrap().remove(field);
        }
        object
    };
    let added = |defaults: &str| {
        format!(
            "web.submit.enable: false\n{defaults}\
             state.checkpoints.dir: 'file:///flink/state/checkpoints'\n\
             state.savepoints.dir: 'file:///flink/state/savepoints'\n"
        )
    };

    // Flink's client writes the Deployment and then the ConfigMap; people apply it again.
    admin.create(&here(recorded("01-CREATE-Deployment-fraud-scoring.json")).to_string());
    let map = here(recorded("05-CREATE-ConfigMap-flink-config-fraud-scoring.json"));
    let text = map["data"]["config.yaml"].as_str().unwrap().to_owned();
    let name = "flink-config-fraud-scoring";
    for arguments in [vec!["apply"], vec!["apply", "--server-side", "--force-conflicts"]] {
        let apply =
            || admin.try_kubectl(&[&arguments[..], &["-f", "-"]].concat(), &map.to_string());
        apply().unwrap();
        let first = stored(name);
        assert_eq!(first["data"]["config.yaml"], json!(format!("{text}{}", added(""))));
        assert_eq!(
            first["data"]["log4j-console.properties"],
            map["data"]["log4j-console.properties"]
        );
        apply().unwrap();
        let (then, now) = (&first["metadata"], &stored(name)["metadata"]);
        assert_eq!(then["resourceVersion"], now["resourceVersion"], "{arguments:?}");
    }
    let mut other = map.clone();
    other["data"]["config.yaml"] = json!(format!("{text}web.submit.enable: true\n"));
    let refusal = admin.try_kubectl(&["replace", "-f", "-"], &other.to_string()).unwrap_err();
    assert!(
        refusal.contains("`web.submit.enable` is `true`, but the tenant sets `false`"),
        "{refusal}"
    );

    // The operator writes what it makes of a custom resource, again and again.
    let operator = operator_account(admin);
    let mut of_operator = map.clone();
    of_operator["metadata"]["name"] = json!("flink-config-etl");
    let mut version = Value::Null;
    for _ in 0..3 {
        operator
            .try_kubectl(&["apply", "--server-side", "-f", "-"], &of_operator.to_string())
            .unwrap();
        let found = stored("flink-config-etl");
        assert_eq!(found["data"], of_operator["data"]);
        assert!(version.is_null() || version == found["metadata"]["resourceVersion"], "{found}");
        version = found["metadata"]["resourceVersion"].clone();
    }

    // A process with a file that was not completed, and pods with options in a variable.
    let deployment = |name: &str, container: Value| {
        let labels = json!({"app": name, "component": "jobmanager"});
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace}, "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container],
                "volumes": [{"name": "c", "configMap": {"name": "flink-config-etl"}}]}}}})
    };
    let mut container = json!({"name": "jobmanager", "image": "registry.example.com/flink:1.20", "args": ["jobmanager"],
        "volumeMounts": [{"name": "c", "mountPath": "/opt/flink/conf"}]});
    let mounted = deployment("mounted", container.clone());
    let refusal = admin.try_kubectl(&["create", "-f", "-"], &mounted.to_string()).unwrap_err();
    let missing = "`web.submit.enable` is missing, but the tenant sets `false`";
    assert!(refusal.contains(missing), "{refusal}");
    container["volumeMounts"] = json!([]);
    container["env"] = json!([{"name": "FLINK_PROPERTIES", "value": "rest.port: 8081"}]);
    admin.create(&deployment("lines", container).to_string());
    let pod = until("the pod is there", || {
        let pods = admin.get(&["pods", "--namespace", &namespace, "--selector", "app=lines"]);
        let pod = pods["items"][0].clone();
        if pod.is_null() { Err(pods.to_string()) } else { Ok(pod) }
    });
    let container = &pod["spec"]["containers"][0];
    let expected = "rest.port: 8081\nweb.submit.enable: false\nexecution.checkpointing.interval: 60s\n\
                    state.checkpoints.dir: file:///flink/state/checkpoints\n\
                    state.savepoints.dir: file:///flink/state/savepoints\n";
    assert_eq!(container["env"][0]["value"], json!(expected));
    let mounts = container["volumeMounts"].as_array().unwrap();
    assert!(mounts.iter().any(|mount| mount["mountPath"] == "/flink/state"), "{container}");

    // A file that could be another program's, but for a workload that starts later.
    let mut later = deployment(
        "later",
        json!({"name": "jobmanager", "image": "registry.example.com/flink:1.20", "args": ["jobmanager"],
        "volumeMounts": [{"name": "c", "mountPath": "/opt/flink/conf"}]}),
    );
    later["spec"]["replicas"] = json!(0);
    later["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"] = json!("later");
    admin.create(&later.to_string());
    let unclear = "a: b\nc: d\nrest.port: 8081\n";
    for (name, expected) in [
        ("later", format!("{unclear}{}", added("execution.checkpointing.interval: '60s'\n"))),
        ("another-program", unclear.to_owned()),
    ] {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": {"config.yaml": unclear}});
        admin.create(&map.to_string());
        assert_eq!(stored(name)["data"]["config.yaml"], json!(expected));
    }
}

/// The match conditions ask about whatever a pod may read as Flink's configuration.
#[test]
fn a_file_under_another_key_is_completed_whenever_it_gets_its_text() {
    let admin = installation();
    let spec = json!({"flink": {"configuration": {"enforced": {"web.submit.enable": "false"}}}});
    let namespace = admin.tenant("config-keys", spec);
    let labels = json!({"app": "later", "component": "jobmanager"});
    let container = json!({"name": "jobmanager", "image": "registry.example.com/flink:1.20", "args": ["jobmanager"],
        "volumeMounts": [{"name": "c", "mountPath": "/opt/flink/conf"}]});
    let items = json!([{"key": "odd", "path": "flink-conf.yaml"}]);
    let template = json!({"metadata": {"labels": labels}, "spec": {"containers": [container],
        "volumes": [{"name": "c", "configMap": {"name": "later", "items": items}}]}});
    let workload = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "later", "namespace": namespace},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}});
    admin.create(&workload.to_string());
    let map = |data: Value| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "later", "namespace": namespace}, "data": data})
            .to_string()
    };
    let here = ["configmap", "later", "--namespace", &namespace];
    let is_completed = |what: &str| {
        let stored = admin.get(&here);
        let text = stored["data"]["odd"].as_str().unwrap_or_default();
        assert!(text.contains("web.submit.enable: false"), "{what}: {stored}");
    };
    let patch = |data: Value| {
        let patch = json!({ "data": data }).to_string();
        admin.kubectl(&[&["patch"], &here[..], &["--type", "merge", "--patch", &patch]].concat());
    };
    for (first, then) in [
        (json!({"odd": ""}), None),
        (json!({"odd": "x"}), None),
        (json!({}), Some(json!({"odd": ""}))),
        (json!({"counter": "1"}), Some(json!({"odd": "x"}))),
        (json!({"odd": "rest.port: 8081"}), Some(json!({"odd": "x"}))),
    ] {
        admin.create(&map(first.clone()));
        if let Some(then) = &then {
            patch(then.clone());
        }
        is_completed(&format!("{first} {then:?}"));
        patch(json!({"odd": "y"}));
        is_completed("an update");
        // What changes beside it, and what high availability writes, changes nothing of it.
        patch(json!({"notes": "a", "checkpointID-1": "rO0AB"}));
        is_completed("another key");
        admin.kubectl(&[&["delete"], &here[..]].concat());
    }
}
