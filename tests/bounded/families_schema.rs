//! Families of objects that their definitions or the API server do not allow: misspelt and misplaced
//! fields, values of wrong types, names that are used twice, amounts that are none.

use super::families::{Family, deployment, list, pod, session_job, workload};
use serde_json::{Map, Value, json};

/// A container that is whole but for these fields.
fn container(i: usize, fields: Value) -> Value {
    let mut container = json!({"name": format!("c{i}"), "image": "registry.example.com/flink/a:1"});
    container.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    container
}

/// A mapping whose keys begin alike.
fn keyed(n: usize, key: &str, value: &Value) -> Value {
    (0..n).map(|i| (format!("{key}{i}"), value.clone())).collect::<Map<_, _>>().into()
}

fn template(spec: Value) -> Value {
    deployment(json!({"podTemplate": {"spec": spec}}))
}

/// As in [`FAMILIES`](super::families::FAMILIES).
pub const FAMILIES: &[(&str, usize, Family)] = &[
    ("AJ misspelt fields", 300, |n| {
        let mut object = deployment(keyed(n, "flinkConfiguratio", &json!("x")));
        object["spec"]["job"]
            .as_object_mut()
            .unwrap()
            .extend(keyed(n, "parallelis", &json!(1)).as_object().unwrap().clone());
        object
    }),
    ("AJ long unknown fields", 300, |n| {
        deployment(keyed(30, &"flinkConfiguration".repeat(n), &json!(1)))
    }),
    ("AJ unknown fields of containers", 20, |n| {
        template(
            json!({"containers": list(n, |i| container(i, keyed(40, "imagePullPolic", &json!("Always"))))}),
        )
    }),
    ("AJ wrong types", 20, |n| {
        template(json!({"containers": list(n, |i| container(i, json!({
            "ports": list(20, |p| json!({"containerPort": format!("{p}"), "name": p})),
            "env": list(20, |e| json!({"name": e, "value": e})), "command": "x", "stdin": "true"})))}))
    }),
    ("AJ missing fields", 300, |n| {
        template(json!({"containers": [container(0, json!({
            "env": list(n, |_| json!({"value": "x"})), "volumeMounts": list(n, |_| json!({}))}))],
            "volumes": list(n, |_| json!({"emptyDir": {}}))}))
    }),
    ("AJ negative amounts", 300, |n| {
        let amounts = json!({"requests": keyed(n, "example.com/k", &json!("-1")), "limits": keyed(n, "example.org/k", &json!("-1"))});
        pod(
            json!({"containers": [container(0, json!({"args": ["taskmanager"], "resources": amounts}))]}),
        )
    }),
    ("AJ unreadable amounts of the template", 300, |n| {
        let amounts = |i| json!({"requests": keyed(n, &format!("example.com/{i}k"), &json!("1x")), "limits": keyed(n, "odd", &json!("-1.5"))});
        template(json!({"containers": list(4, |i| container(i, json!({"resources": amounts(i)})))}))
    }),
    ("AJ volumes over a folder of Flink", 64, |n| {
        let mounts =
            |path: &str| list(n, |i| json!({"name": format!("v{}", i % 2), "mountPath": path}));
        pod(json!({
            "containers": [container(0, json!({"name": "flink-main-container", "args": ["taskmanager"], "volumeMounts": mounts("/opt/flink/lib")}))],
            "initContainers": list(20, |i| container(i + 1, json!({"volumeMounts": mounts("/opt/flink/lib"), "command": ["cp", "-r", "x"]}))),
            "volumes": list(2, |i| json!({"name": format!("v{i}"), "emptyDir": {}}))}))
    }),
    ("AJ claims of a StatefulSet and volumes", 60, |n| {
        let mut set = workload(
            "StatefulSet",
            json!({
            "containers": [container(0, json!({"args": ["taskmanager"], "volumeMounts": list(4 * n, |i| json!({"name": format!("v{i}"), "mountPath": format!("/m/{}", i / 2)}))}))],
            "volumes": list(n, |i| json!({"name": format!("v{}", i / 2), "secret": {"secretName": "strict-a"}}))}),
        );
        set["spec"]["volumeClaimTemplates"] = list(
            n,
            |i| json!({"metadata": {"name": format!("v{}", i + n)}, "spec": {"accessModes": ["Odd"], "resources": {"requests": {"storage": "-1"}}}}),
        );
        set
    }),
    ("AJ mounts of a native pod", 60, |n| {
        pod(json!({
            "containers": [container(0, json!({"name": "flink-main-container", "command": ["bash", "-c", "kubernetes-taskmanager.sh"],
                "volumeMounts": list(2 * n, |i| json!({"name": format!("v{i}"), "mountPath": "/opt/flink/conf"}))}))],
            "volumes": list(n, |i| json!({"name": format!("v{}", 2 * n - i), "configMap": {"name": "strict-a"}}))}))
    }),
    ("AJ ports that are taken", 20, |n| {
        pod(json!({"containers": list(n, |i| container(i, json!({
            "ports": list(20, |p| json!({"containerPort": p % 5, "hostPort": p % 5, "name": format!("p{}", p % 3)})),
            "livenessProbe": {"httpGet": {"port": 0}, "exec": {"command": []}, "successThreshold": 9}})))}))
    }),
    ("AJ labels that are none", 300, |n| {
        let labels = keyed(n, "a_/b/", &json!("-x-"));
        let mut set = workload(
            "Deployment",
            json!({"containers": [container(0, json!({"args": ["jobmanager"]}))], "nodeSelector": labels}),
        );
        set["spec"]["selector"] = json!({"matchLabels": labels, "matchExpressions": list(n, |i| json!({"key": format!("-{i}"), "operator": "in", "values": ["a b"]}))});
        set["spec"]["template"]["metadata"] = json!({"labels": labels, "annotations": labels});
        set
    }),
    ("AJ terms that are none", 200, |n| {
        let term = |i| json!({"labelSelector": {"matchLabels": {"a": "b"}}, "matchLabelKeys": ["a", format!("-{i}")], "namespaces": ["A"]});
        pod(json!({"containers": [container(0, json!({"args": ["taskmanager"]}))],
            "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": list(n, term)},
                "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": list(n, |i| json!({"preference": {"matchExpressions": [{"key": format!("-{i}"), "operator": "Gt", "values": ["a", "b"]}]}}))}},
            "topologySpreadConstraints": list(n, |_| json!({"maxSkew": 0, "topologyKey": "zone", "whenUnsatisfiable": "Never"}))}))
    }),
    ("AJ variables by option", 200, |n| {
        let mut options = keyed(n, "containerized.master.env.9-", &json!("x"));
        options.as_object_mut().unwrap().extend(
            keyed(n, "containerized.taskmanager.env.FLINK_PROPERTIES", &json!("x"))
                .as_object()
                .unwrap()
                .clone(),
        );
        options["kubernetes.jobmanager.annotations"] =
            json!((0..n).map(|i| format!("/{i}:x")).collect::<Vec<_>>().join(","));
        deployment(json!({"flinkConfiguration": options}))
    }),
    ("AJ object for EMR", 300, |n| {
        let mut object = deployment(keyed(n, "monitoringConfiguratio", &json!("x")));
        object["spec"]["emrReleaseLabel"] = json!("emr-7.12.0-flink-latest");
        object["spec"]["jobManager"]["storageDir"] = json!("s3://".to_owned() + &"a".repeat(n));
        object
    }),
    ("AJ images of Stateful Functions", 20, |n| {
        workload(
            "Deployment",
            json!({"containers": list(n, |i| json!({"name": format!("c{i}"), "image": "apache/flink-statefun:3.2.0", "args": ["master"]}))}),
        )
    }),
    ("AJ long URIs of JARs", 300, |n| {
        let uri = |i: usize| {
            format!("https://u{i}:p@h.{}/%2e%2e/{}?a=b&c={i}#x", "a.".repeat(n), "../".repeat(n))
        };
        session_job(json!({"flinkConfiguration": {
            "pipeline.jars": (0..10).map(uri).collect::<Vec<_>>().join(";"), "pipeline.classpaths": (0..10).map(uri).collect::<Vec<_>>().join(";"),
            "user.artifacts.artifact-list": (0..10).map(uri).collect::<Vec<_>>().join(";")},
            "job": {"jarURI": uri(0), "entryClass": "a.".repeat(n), "args": list(10, |i| json!(uri(i))), "parallelism": 1}}))
    }),
    ("AJ many JARs", 200, |n| {
        let jars = (0..n)
            .map(|i| format!("local:///opt/flink/lib/a-{i}-1.20.0.jar"))
            .collect::<Vec<_>>()
            .join(";");
        deployment(
            json!({"flinkConfiguration": {"pipeline.jars": jars, "pipeline.classpaths": jars, "user.artifacts.artifact-list": jars}}),
        )
    }),
    ("AJ plugins by variable", 200, |n| {
        let names =
            (0..n).map(|i| format!("flink-s3-fs-hadoop-1.{i}.0.jar")).collect::<Vec<_>>().join(";");
        deployment(
            json!({"podTemplate": {"spec": {"containers": [{"name": "flink-main-container", "env": [{"name": "ENABLE_BUILT_IN_PLUGINS", "value": names}]}]}},
            "flinkConfiguration": {"execution.checkpointing.dir": "s3://strict-flink/a"}}),
        )
    }),
    ("AJ lists in both templates by position", 100, |n| {
        let spec = |own: &str| {
            json!({"spec": {
            "containers": [{"name": "flink-main-container", "env": list(n, |i| json!({"name": format!("E{i}"), "value": own})), "envFrom": list(n, |i| json!({"configMapRef": {"name": format!("strict-{i}")}}))}],
            "tolerations": list(n, |i| json!({"key": format!("{own}{i}"), "operator": "Exists"})),
            "hostAliases": list(n, |i| json!({"ip": format!("10.0.0.{i}"), "hostnames": list(5, |h| json!(format!("{own}{h}")))}))}})
        };
        deployment(
            json!({"podTemplate": spec("a"), "jobManager": {"podTemplate": spec("b")}, "taskManager": {"podTemplate": spec("c")}}),
        )
    }),
    ("AJ deep templates", 6, |n| {
        let deep = |end: Value| (0..n).fold(end, |inner, _| json!({"a": [inner, {"b": 1}]}));
        let part = |end: &str| json!({"podTemplate": {"spec": deep(json!(end)), "metadata": deep(json!(end))}});
        let mut fields = part("x");
        fields["jobManager"] = part("y");
        fields["taskManager"] = part("z");
        deployment(fields)
    }),
];
