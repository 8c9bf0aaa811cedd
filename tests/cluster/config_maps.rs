//! ConfigMaps that Flink and its operator read, in a cluster: the conditions of the webhooks, and
//! what Flinkgate reads of other objects.

use super::support::installation::installation;
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
