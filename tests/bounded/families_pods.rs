//! Families of pods that the API server refuses, and of templates that change each other.

use super::families::{Family, deployment, list, pod_with};
use serde_json::{Map, Value, json};

fn named(i: usize) -> Value {
    json!({"name": format!("c{i}"), "image": "registry.example.com/a:1"})
}

fn template(containers: Value, volumes: Value) -> Value {
    json!({"podTemplate": {"spec": {"containers": containers, "volumes": volumes}}})
}

/// As in [`FAMILIES`](super::families::FAMILIES).
pub const FAMILIES: &[(&str, usize, Family)] = &[
    ("K mounts without volumes in both templates", 50, |n| {
        let mounts = list(n, |i| json!({"name": format!("v{}", i + n), "mountPath": "/m"}));
        let main = json!([{"name": "flink-main-container", "volumeMounts": mounts}]);
        let volumes = list(n, |i| json!({"name": format!("v{i}"), "emptyDir": {}}));
        let mut fields = template(main, volumes);
        fields["taskManager"] = template(
            json!([{"name": "b"}]),
            list(n, |i| json!({"name": format!("w{i}"), "secret": {}})),
        );
        deployment(fields)
    }),
    ("K profiles of containers", 20, |n| {
        let key = |i: usize| format!("container.apparmor.security.beta.kubernetes.io/x{i}");
        let profiles: Map<String, Value> = (0..n).map(|i| (key(i), json!("odd"))).collect();
        pod_with(json!({"annotations": profiles}), json!({"containers": list(n, named)}))
    }),
    ("K names that are used twice", 50, |n| {
        pod_with(
            json!({}),
            json!({
                "containers": [named(0)],
                "volumes": list(n, |i| json!({"name": format!("v{}", i / 2), "emptyDir": {}})),
                "hostAliases": list(n, |i| json!({"ip": format!("x{i}"), "hostnames": ["A b"]})),
                "tolerations": list(n, |i| json!({"key": format!("/{i}"), "operator": "Exists"})),
            }),
        )
    }),
    ("K projected files at one path", 50, |n| {
        let items = list(n, |i| json!({"key": "a", "path": format!("p{}", i / 2)}));
        let sources = json!([{"secret": {"name": "a", "items": items}}]);
        let volumes = json!([{"name": "a", "projected": {"sources": sources}}]);
        pod_with(json!({}), json!({"containers": [named(0)], "volumes": volumes}))
    }),
    ("K lists of both templates", 50, |n| {
        let env = |own: &str| list(n, |i| json!({"name": format!("{own}{i}"), "value": "x"}));
        let main = |own| json!([{"name": "flink-main-container", "env": env(own)}]);
        let mut fields = template(main("a"), json!([]));
        fields["jobManager"] = template(main("b"), json!([]));
        fields["flinkConfiguration"] = json!({
            "kubernetes.taskmanager.labels": "k/:v ".repeat(n),
            "kubernetes.operator.pod-template.merge-arrays-by-name": (n % 2 == 0).to_string(),
        });
        deployment(fields)
    }),
];
