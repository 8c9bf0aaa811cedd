//! Families of inputs: each makes an object of a size. The first letters are those of the
//! measurements that led to the limits.

use serde_json::{Map, Value, json};

/// An object of size `n`.
pub type Family = fn(usize) -> Value;

/// All families by name, with the size that is doubled until a limit refuses the object.
pub const FAMILIES: &[(&str, usize, Family)] = &[
    ("A options below a long key", 100, |n| {
        deployment(json!({"flinkConfiguration": {"k".repeat(450): map(n, |_| json!("v"))}}))
    }),
    ("A long key", 100, |n| {
        deployment(json!({"flinkConfiguration": {"k".repeat(n): {"a": 1, "b": 2}}}))
    }),
    ("A nested keys", 4, |n| deployment(json!({"flinkConfiguration": nested(n, json!(1))}))),
    ("A session job", 100, |n| {
        session_job(json!({"flinkConfiguration": {"k".repeat(450): map(n, |_| json!("v"))}}))
    }),
    ("B pod with containers", 20, |n| pod(json!({"containers": list(n, container)}))),
    ("B pod with init containers", 20, |n| {
        pod(json!({"containers": [container(0)], "initContainers": list(n, container)}))
    }),
    ("B containers of the template", 20, |n| {
        deployment(json!({"podTemplate": {"spec": {"containers": list(n, container)}}}))
    }),
    ("B containers by name", 20, |n| {
        by_name(json!({"podTemplate": {"spec": {"containers": list(n, container)}}}))
    }),
    ("B containers of both roles", 10, |n| {
        deployment(json!({
        "jobManager": {"podTemplate": {"spec": {"containers": list(n, container)}}},
        "taskManager": {"podTemplate": {"spec": {"containers": list(n, container)}}}}))
    }),
    ("B containers of all templates by name", 8, |n| {
        by_name(json!({
        "podTemplate": {"spec": {"containers": list(n, container)}},
        "jobManager": {"podTemplate": {"spec": {"containers": list(n, |i| container(2 * i))}}},
        "taskManager": {"podTemplate": {"spec": {"containers": list(n, |i| container(3 * i))}}}}))
    }),
    ("B containers of which one role differs by name", 20, |n| {
        by_name(json!({
        "podTemplate": {"spec": {"containers": list(n, container)}},
        "jobManager": {"podTemplate": {"spec": {"securityContext": {"runAsUser": 0}}}}}))
    }),
    ("B root containers by name", 20, |n| {
        by_name(json!({
        "podTemplate": {"spec": {"containers": list(n, |i| json!({"name": format!("c{i}"), "securityContext": {"runAsUser": 0}}))}}}))
    }),
    ("C mounts and volumes", 100, |n| {
        pod(json!({
        "containers": [{"name": "flink-main-container", "args": ["taskmanager"], "volumeMounts": list(n, |i| json!({"name": format!("v{i}"), "mountPath": format!("/m/{i}")}))}],
        "volumes": list(n, |i| json!({"name": format!("v{i}"), "emptyDir": {}}))}))
    }),
    ("C claims", 100, |n| {
        pod(json!({
        "containers": [{"name": "flink-main-container", "args": ["taskmanager"], "volumeMounts": list(n, |i| json!({"name": format!("v{i}"), "mountPath": format!("/m/{i}")}))}],
        "volumes": list(n, |i| json!({"name": format!("v{i}"), "persistentVolumeClaim": {"claimName": format!("c{i}")}}))}))
    }),
    ("C volumes of the template by name", 100, |n| {
        by_name(json!({"podTemplate": {"spec": {
        "containers": [{"name": "flink-main-container", "volumeMounts": list(n, |i| json!({"name": format!("v{i}"), "mountPath": format!("/m/{i}")}))}],
        "volumes": list(n, |i| json!({"name": format!("v{i}"), "emptyDir": {}}))}}}))
    }),
    ("D claims by option", 500, |n| {
        deployment(json!({"flinkVersion": "v2_3", "flinkConfiguration": {
        "kubernetes.persistent-volume-claims": pairs(n, |i| format!("c{i}:/mnt/{i}"))}}))
    }),
    ("D state below claims by option", 500, |n| {
        deployment(json!({"flinkVersion": "v2_3", "flinkConfiguration": {
        "execution.checkpointing.dir": "file:///mnt/7/x", "execution.checkpointing.savepoint-dir": "file:///mnt/8/x",
        "high-availability.storageDir": "file:///mnt/9/x", "high-availability.type": "kubernetes",
        "kubernetes.persistent-volume-claims": pairs(n, |i| format!("c{i}:/mnt/{i}"))}}))
    }),
    ("D claims by separate options", 500, |n| {
        deployment(json!({"flinkVersion": "v2_3", "flinkConfiguration": {
        "kubernetes.persistent-volume-claims": map(n, |i| json!(format!("/mnt/{i}")))}}))
    }),
    ("D secrets by option", 500, |n| {
        deployment(
            json!({"flinkConfiguration": {"kubernetes.secrets": pairs(n, |i| format!("s{i}:/mnt/{i}"))}}),
        )
    }),
    ("D labels by option", 500, |n| {
        deployment(json!({"flinkConfiguration": {
        "kubernetes.jobmanager.labels": pairs(n, |i| format!("l{i}:v{i}")), "kubernetes.taskmanager.annotations": pairs(n, |i| format!("a{i}:v{i}")),
        "kubernetes.taskmanager.node-selector": pairs(n, |i| format!("n{i}:v{i}"))}}))
    }),
    ("D reporters", 500, |n| {
        deployment(
            json!({"flinkConfiguration": {"metrics.reporters": pairs(n, |i| format!("r{i}")),
        "metrics.reporter": map(n, |_| json!({"factory.class": "a.B", "port": 1}))}}),
        )
    }),
    ("E subPathExpr and variables", 500, |n| {
        pod(json!({
        "containers": [{"name": "flink-main-container", "args": ["taskmanager"], "env": list(n, |i| json!({"name": format!("E{i}"), "value": "x"})),
            "volumeMounts": [{"name": "v", "mountPath": "/flink/state", "subPathExpr": "$(E1)".repeat(n)}]}],
        "volumes": [{"name": "v", "emptyDir": {}}]}))
    }),
    ("E variables that refer to others", 500, |n| {
        pod(json!({
        "containers": [{"name": "flink-main-container", "args": ["taskmanager"], "env": list(n, |i| json!({"name": format!("E{i}"), "value": format!("$(E{})", i + 1)}))}]}))
    }),
    ("F invalid dynamic properties", 300, |n| {
        pod(json!({"containers": [{"name": "flink-main-container", "image": "flink:1.20",
        "args": list(n, |i| if i == 0 { json!("jobmanager") } else { json!(format!("-Dtaskmanager.memory.process.size{}=${{x}}", i + 1000)) }),
        "resources": {"limits": map(n, |_| json!("bad"))}}]}))
    }),
    ("F bad quantities", 300, |n| {
        pod(
            json!({"containers": [{"name": "flink-main-container", "resources": {"limits": map(n, |_| json!("bad")), "requests": map(n, |_| json!("1x"))}}]}),
        )
    }),
    ("F dynamic properties of a script", 300, |n| {
        pod(json!({"containers": [{"name": "flink-main-container", "image": "flink:1.20",
        "command": ["sh", "-c", format!("bin/jobmanager.sh {}", "-D a=${x} ".repeat(n))]}]}))
    }),
    ("G unknown keys", 500, |n| {
        deployment(json!({"flinkConfiguration": map(n, |i| json!(format!("{i}")))}))
    }),
    ("G misspelled keys", 500, |n| {
        deployment(
            json!({"flinkConfiguration": (0..n).map(|i| (format!("state.backend.typ{i}"), json!("v"))).collect::<Map<_, _>>()}),
        )
    }),
    ("G keys of dots", 500, |n| {
        deployment(json!({"flinkConfiguration": {".".repeat(400): map(n, |_| json!("v"))}}))
    }),
    ("G one long value", 20_000, |n| {
        deployment(
            json!({"flinkConfiguration": {"env.java.opts.all": "-Da=b ".repeat(n), "pipeline.jars": "a;".repeat(n)}}),
        )
    }),
    ("H invalid values of every type", 5_000, |n| {
        deployment(json!({"flinkVersion": "v1_20", "flinkConfiguration": {
        "taskmanager.numberOfTaskSlots": "9".repeat(n), "execution.checkpointing.interval": "9".repeat(n),
        "taskmanager.memory.process.size": "9".repeat(n), "taskmanager.memory.managed.fraction": "0.9".repeat(n),
        "restart-strategy.type": "x".repeat(n), "pipeline.cached-files": "'".repeat(n), "kubernetes.taskmanager.tolerations": "key:a,;".repeat(n),
        "job.autoscaler.excluded.periods": "10:00-11:00 && ".repeat(n)}}))
    }),
    ("I duplicated options", 500, |n| {
        deployment(json!({"flinkConfiguration": {
        "metrics": map(n, |i| json!(i)), "metrics.scope": "x",
        "": map(0, |_| json!(0))}}))
    }),
    ("I options in two spellings", 500, |n| {
        let mut config: Map<String, Value> =
            (0..n).map(|i| (format!("metrics.k{i}"), json!(i))).collect();
        config.insert("metrics".into(), map(n, |i| json!(i)));
        deployment(json!({"flinkConfiguration": config}))
    }),
    ("K config.yaml with options", 500, |n| {
        config_map(&format!(
            "jobmanager.rpc.port: 1\n{}",
            (0..n).map(|i| format!("k{i}: v\n")).collect::<String>()
        ))
    }),
    ("K config.yaml with nested keys", 100, |n| {
        config_map(&format!(
            "jobmanager.rpc.port: 1\n{}:\n{}",
            "k".repeat(400),
            (0..n).map(|i| format!("  k{i}: v\n")).collect::<String>()
        ))
    }),
    ("K config.yaml with two spellings", 200, |n| {
        let options: String = (0..n).map(|i| format!("a{i}.b: 1\na{i}: {{b: 2}}\n")).collect();
        config_map(&format!("jobmanager.rpc.address: jm\n{options}"))
    }),
    ("K config.yaml with aliases", 500, |n| {
        config_map(&format!(
            "jobmanager.rpc.port: &a 1\n{}",
            (0..n).map(|i| format!("k{i}: *a\n")).collect::<String>()
        ))
    }),
    ("K config.yaml with merges", 200, |n| {
        config_map(&format!(
            "jobmanager: &a {{rpc.port: 1}}\n{}",
            (0..n).map(|i| format!("k{i}: {{<<: *a}}\n")).collect::<String>()
        ))
    }),
    ("K config.yaml of brackets", 2_000, |n| config_map(&format!("jobmanager: {}", "[".repeat(n)))),
    ("K config.yaml of mappings", 1_500, |n| {
        config_map(&format!("jobmanager.rpc.port: 1\nx: [{}]\n", "{a: 1},".repeat(n)))
    }),
    ("K config.yaml of mappings in lines", 1_500, |n| {
        config_map(&format!("jobmanager.rpc.port: 1\nx:\n{}", "- a: 1\n".repeat(n)))
    }),
    ("K config.yaml of documents", 2_000, |n| {
        config_map(&format!("jobmanager.rpc.port: 1\n{}", "---\n".repeat(n)))
    }),
    ("K config.yaml of comments", 2_000, |n| {
        config_map(&format!("jobmanager.rpc.port: 1\n{}", "# a\n".repeat(n)))
    }),
    ("K flink-conf.yaml", 500, |n| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"},
        "data": {"flink-conf.yaml": (0..n).map(|i| format!("jobmanager.k{i}: v\n")).collect::<String>()}})
    }),
    ("L one long name", 20_000, |n| {
        deployment(
            json!({"metadata": {"name": "a".repeat(n)}, "image": "i".repeat(n), "serviceAccount": "s".repeat(n)}),
        )
    }),
    ("L long container names", 20_000, |n| {
        by_name(
            json!({"podTemplate": {"spec": {"containers": list(10, |i| json!({"name": format!("{}{i}", "c".repeat(n)), "image": "x".repeat(n)}))}}}),
        )
    }),
    ("L images", 20_000, |n| {
        pod(
            json!({"containers": [{"name": "a", "image": "a/".repeat(n)}, {"name": "b", "image": "a:".repeat(n)}, {"name": "c", "image": "a@".repeat(n)}]}),
        )
    }),
    ("L paths", 20_000, |n| {
        pod(json!({
        "containers": [{"name": "flink-main-container", "args": ["taskmanager"], "volumeMounts": [{"name": "v", "mountPath": "/a/..".repeat(n)}, {"name": "w", "mountPath": "/".repeat(n)}]}],
        "volumes": [{"name": "v", "hostPath": {"path": "/..".repeat(n)}}]}))
    }),
    ("M annotations", 1_000, |n| {
        pod_with(
            json!({"annotations": map(n, |i| json!(format!("{i}"))), "labels": map(n, |i| json!(format!("{i}")))}),
            json!({"containers": [container(0)]}),
        )
    }),
    ("M owners and finalizers", 1_000, |n| {
        pod_with(
            json!({"ownerReferences": list(n, |i| json!({"kind": "FlinkDeployment", "name": format!("o{i}"), "apiVersion": "flink.apache.org/v1beta1"})), "finalizers": list(n, |i| json!(format!("f{i}")))}),
            json!({"containers": [container(0)]}),
        )
    }),
    ("O options", 500, |n| {
        deployment(json!({"flinkConfiguration": map(n, |i| json!(format!("v{i}")))}))
    }),
    ("P privileged containers", 20, |n| {
        pod(
            json!({"containers": list(n, |i| json!({"name": format!("c{i}"), "securityContext": {"privileged": true, "runAsUser": 0, "capabilities": {"add": ["ALL"]}, "procMount": "Unmasked", "seccompProfile": {"type": "Unconfined"}}, "ports": [{"hostPort": 1}]}))}),
        )
    }),
    ("Q bad init containers", 20, |n| {
        deployment(
            json!({"podTemplate": {"spec": {"initContainers": list(n, |i| json!({"name": format!("c{i}"), "image": "x", "securityContext": {"privileged": true}, "resources": {"limits": {"cpu": "x"}}}))}}}),
        )
    }),
    ("Q values that are no containers", 60, |n| {
        deployment(json!({"podTemplate": {"spec": {"containers": list(n, |_| json!(1))}}}))
    }),
    ("R node selector terms", 300, |n| {
        pod(json!({"containers": [container(0)], "affinity": {"nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(n, |i| json!({"matchExpressions": [{"key": format!("k{i}"), "operator": "In", "values": ["a"]}]}))},
        "preferredDuringSchedulingIgnoredDuringExecution": list(n, |i| json!({"weight": i, "preference": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}))}}}))
    }),
    ("R values of an expression", 500, |n| {
        pod(json!({"containers": [container(0)], "affinity": {"nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "pool", "operator": "In", "values": list(n, |i| json!(format!("v{i}")))}]}]}}}}))
    }),
    ("S tolerations", 500, |n| {
        pod(
            json!({"containers": [container(0)], "tolerations": list(n, |i| json!({"key": format!("k{i}"), "operator": "Exists"}))}),
        )
    }),
    ("S tolerations of the template", 500, |n| {
        deployment(
            json!({"podTemplate": {"spec": {"tolerations": list(n, |i| json!({"key": format!("k{i}"), "operator": "Exists"}))}}}),
        )
    }),
    ("T tolerations by option", 500, |n| {
        deployment(
            json!({"flinkConfiguration": {"kubernetes.taskmanager.tolerations": (0..n).map(|i| format!("key:k{i},operator:Exists;")).collect::<String>()}}),
        )
    }),
    ("U forbidden labels", 500, |n| {
        pod_with(
            json!({"labels": (0..n).map(|i| (format!("mesh.example.com/{i}"), json!("x"))).collect::<Map<_, _>>()}),
            json!({"containers": [container(0)]}),
        )
    }),
    ("V anti-affinity terms", 300, |n| {
        pod(
            json!({"containers": [{"name": "flink-main-container", "args": ["taskmanager"]}], "affinity": {"podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": list(n, |i| json!({"topologyKey": "zone", "labelSelector": {"matchLabels": {"a": format!("{i}")}, "matchExpressions": [{"key": "b", "operator": "In", "values": ["c"]}]}}))}}}),
        )
    }),
    ("V anti-affinity terms of the template", 200, |n| {
        by_name(json!({"podTemplate": {"spec": {"affinity": {"podAntiAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": list(n, |i| json!({"weight": 1, "podAffinityTerm": {"topologyKey": "zone", "labelSelector": {"matchLabels": {"a": format!("{i}")}}}}))}}}}}))
    }),
    ("V spread constraints", 300, |n| {
        pod(
            json!({"containers": [{"name": "flink-main-container", "args": ["taskmanager"]}], "topologySpreadConstraints": list(n, |i| json!({"maxSkew": i, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"a": "b"}}}))}),
        )
    }),
    ("W hosts of an Ingress", 300, |n| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i"}, "spec": {
        "rules": list(n, |i| json!({"host": format!("h{i}.example.org"), "http": {"paths": [{"path": "/", "backend": {"service": {"name": "etl-rest", "port": {"number": 8081}}}}]}})),
        "tls": list(n, |i| json!({"hosts": [format!("h{i}.example.org")], "secretName": "x"}))}})
    }),
    ("W ports of a Service", 300, |n| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"type": "LoadBalancer",
        "selector": map(n, |i| json!(format!("{i}"))), "ports": list(n, |i| json!({"port": i, "name": format!("p{i}")}))}})
    }),
    ("X Deployment with containers", 20, |n| {
        workload("Deployment", json!({"containers": list(n, container)}))
    }),
    ("X Job with init containers", 20, |n| {
        workload("Job", json!({"containers": [container(0)], "initContainers": list(n, container)}))
    }),
    ("X StatefulSet with claims", 100, |n| {
        let mut set = workload(
            "StatefulSet",
            json!({"containers": [{"name": "taskmanager", "args": ["taskmanager"], "volumeMounts": list(n, |i| json!({"name": format!("v{i}"), "mountPath": format!("/m/{i}")}))}]}),
        );
        set["spec"]["volumeClaimTemplates"] = list(
            n,
            |i| json!({"metadata": {"name": format!("v{i}")}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}),
        );
        set
    }),
    ("X Deployment with volumes", 100, |n| {
        workload(
            "Deployment",
            json!({"containers": [{"name": "jobmanager", "args": ["jobmanager"], "volumeMounts": list(n, |i| json!({"name": format!("v{i}"), "mountPath": format!("/m/{i}")}))}],
        "volumes": list(n, |i| json!({"name": format!("v{i}"), "secret": {"secretName": format!("s{i}")}}))}),
        )
    }),
    ("Y FlinkCluster with sidecars", 20, |n| {
        flink_cluster(json!({"sidecars": list(n, container)}))
    }),
    ("Y FlinkCluster with volumes", 100, |n| {
        flink_cluster(
            json!({"volumes": list(n, |i| json!({"name": format!("v{i}"), "hostPath": {"path": "/"}})), "volumeMounts": list(n, |i| json!({"name": format!("v{i}"), "mountPath": format!("/m/{i}")}))}),
        )
    }),
    ("Y FlinkCluster with properties", 500, |n| {
        json!({"apiVersion": "flinkoperator.k8s.io/v1beta1", "kind": "FlinkCluster", "metadata": {"name": "c"},
        "spec": {"flinkVersion": "1.20", "image": {"name": "flink"}, "jobManager": {}, "taskManager": {}, "flinkProperties": map(n, |i| json!(format!("{i}"))),
            "envVars": list(n, |i| json!({"name": format!("E{i}"), "value": "x"}))}})
    }),
    ("Y FlinkApplication with volumes", 100, |n| {
        json!({"apiVersion": "flink.k8s.io/v1beta1", "kind": "FlinkApplication", "metadata": {"name": "c"},
        "spec": {"image": "flink", "jarName": "a", "parallelism": 1, "flinkConfig": map(n, |i| json!(format!("{i}"))),
            "volumes": list(n, |i| json!({"name": format!("v{i}"), "hostPath": {"path": "/"}})),
            "volumeMounts": list(n, |i| json!({"name": format!("v{i}"), "mountPath": format!("/m/{i}")}))}})
    }),
    ("Y FlinkBlueGreenDeployment with containers", 20, |n| {
        json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkBlueGreenDeployment", "metadata": {"name": "c"},
        "spec": {"template": {"spec": deployment(json!({"podTemplate": {"spec": {"containers": list(n, container)}}}))["spec"]}}})
    }),
    ("Z parallelism overrides", 500, |n| {
        deployment(
            json!({"flinkConfiguration": {"pipeline.jobvertex-parallelism-overrides": pairs(n, |i| format!("{i:032x}:{i}"))}}),
        )
    }),
    ("AA secretKeyRefs", 300, |n| {
        pod(
            json!({"containers": [{"name": "a", "env": list(n, |i| json!({"name": format!("E{i}"), "valueFrom": {"secretKeyRef": {"name": format!("s{i}"), "key": "k"}}})),
        "envFrom": list(n, |i| json!({"configMapRef": {"name": format!("c{i}")}}))}]}),
        )
    }),
    ("AB external resources", 300, |n| {
        deployment(
            json!({"flinkConfiguration": {"external-resources": (0..n).map(|i| format!("r{i};")).collect::<String>(),
        "external-resource": map(n, |_| json!({"amount": 1, "kubernetes.config-key": "nvidia.com/gpu"}))}}),
        )
    }),
    ("AC extended resources", 300, |n| {
        pod(
            json!({"containers": [{"name": "a", "resources": {"limits": (0..n).map(|i| (format!("example.com/r{i}"), json!("1"))).collect::<Map<_, _>>()}}]}),
        )
    }),
    ("AD script arguments", 300, |n| {
        pod(
            json!({"containers": [{"name": "a", "image": "flink", "command": ["bash", "-c"], "args": list(n, |i| json!(format!("a{i} && b")))}]}),
        )
    }),
    ("AE job arguments", 500, |n| {
        deployment(
            json!({"job": {"jarURI": "local:///a.jar", "parallelism": 1, "args": list(n, |i| json!(format!("--a{i}")))}}),
        )
    }),
    ("AF ports and probes", 300, |n| {
        pod(
            json!({"containers": [{"name": "a", "ports": list(n, |i| json!({"containerPort": i, "hostPort": i, "name": format!("p{i}")})),
        "livenessProbe": {"httpGet": {"host": "h", "port": 1, "httpHeaders": list(n, |i| json!({"name": format!("h{i}"), "value": "x"}))}}}]}),
        )
    }),
    ("AF sysctls, aliases and groups", 300, |n| {
        pod(
            json!({"containers": [container(0)], "hostAliases": list(n, |i| json!({"ip": "1.2.3.4", "hostnames": [format!("h{i}")]})),
        "imagePullSecrets": list(n, |i| json!({"name": format!("s{i}")})), "readinessGates": list(n, |i| json!({"conditionType": format!("c{i}")})),
        "dnsConfig": {"nameservers": list(n, |_| json!("1.1.1.1")), "searches": list(n, |i| json!(format!("d{i}"))), "options": list(n, |i| json!({"name": format!("o{i}")}))},
        "securityContext": {"supplementalGroups": list(n, |i| json!(i)), "sysctls": list(n, |i| json!({"name": format!("kernel.x{i}"), "value": "1"}))}}),
        )
    }),
    ("AF projected sources", 300, |n| {
        pod(
            json!({"containers": [{"name": "flink-main-container", "args": ["taskmanager"], "volumeMounts": list(n, |_| json!({"name": "v", "mountPath": "/opt/flink/conf"}))}],
        "volumes": [{"name": "v", "projected": {"sources": list(n, |i| json!({"configMap": {"name": format!("c{i}"), "items": [{"key": "a", "path": "b"}]}, "secret": {"name": format!("s{i}")}}))}}]}),
        )
    }),
    ("AF capabilities", 300, |n| {
        pod(
            json!({"containers": [{"name": "a", "securityContext": {"capabilities": {"add": list(n, |i| json!(format!("C{i}"))), "drop": list(n, |i| json!(format!("D{i}")))}}}]}),
        )
    }),
    ("AF resource claims and gates", 300, |n| {
        pod(
            json!({"containers": [{"name": "a", "resources": {"claims": list(n, |i| json!({"name": format!("c{i}")}))}}],
        "resourceClaims": list(n, |i| json!({"name": format!("c{i}"), "resourceClaimName": "x"})), "schedulingGates": list(n, |i| json!({"name": format!("g{i}")}))}),
        )
    }),
    ("AG containers with volumes, mounts and variables", 10, |n| {
        by_name(json!({"podTemplate": {"spec": {
        "containers": list(n, |i| json!({"name": format!("c{i}"), "image": "x", "env": list(20, |e| json!({"name": format!("E{e}"), "value": "v"})), "volumeMounts": list(20, |m| json!({"name": format!("v{i}x{m}"), "mountPath": format!("/m/{m}")}))})),
        "volumes": list(5 * n, |i| json!({"name": format!("v{i}"), "secret": {"secretName": "x"}}))}}}))
    }),
    ("AG deep object", 20, |n| {
        pod(json!({"containers": [container(0)], "x": nested(n, json!(1))}))
    }),
    ("AG unknown fields", 1_000, |n| {
        pod(json!({"containers": [container(0)], "x": map(n, |i| json!([i, {}]))}))
    }),
    ("AG PersistentVolumeClaim", 500, |n| {
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "p", "labels": map(n, |i| json!(format!("{i}")))},
        "spec": {"accessModes": list(n, |_| json!("ReadWriteOnce")), "selector": {"matchLabels": map(n, |i| json!(format!("{i}")))}, "resources": {"requests": {"storage": "9".repeat(n)}}}})
    }),
    ("AG PodDisruptionBudget", 300, |n| {
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "p"},
        "spec": {"maxUnavailable": "9".repeat(n), "selector": {"matchLabels": map(n, |i| json!(format!("{i}"))), "matchExpressions": list(n, |i| json!({"key": format!("k{i}"), "operator": "In", "values": ["a"]}))}}})
    }),
    ("AG FlinkStateSnapshot", 5_000, |n| {
        json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkStateSnapshot", "metadata": {"name": "p"},
        "spec": {"savepoint": {"path": "s3://a/".repeat(n)}, "jobReference": {"kind": "FlinkDeployment", "name": "x".repeat(n)}}})
    }),
    ("AH mounts with a long FLINK_HOME", 200, |n| {
        pod(json!({
        "containers": [{"name": "flink-main-container", "args": ["taskmanager"], "env": [{"name": "FLINK_HOME", "value": "/a".repeat(50 * n)}],
            "volumeMounts": list(n, |i| json!({"name": "v", "mountPath": "/./".repeat(1 + i % 2)}))}],
        "volumes": [{"name": "v", "configMap": {"name": "c"}}]}))
    }),
    ("AH mounts of projected ConfigMaps", 8, |n| {
        workload(
            "Deployment",
            json!({
        "containers": list(n, |i| json!({"name": format!("c{i}"), "args": ["taskmanager"], "volumeMounts": [{"name": "v", "mountPath": "/opt/flink/conf"}]})),
        "volumes": [{"name": "v", "projected": {"sources": list(40 * n, |i| json!({"configMap": {"name": format!("c{i}"), "items": [{"key": "a", "path": "config.yaml"}]}}))}}]}),
        )
    }),
    ("AH mounts by sub-paths", 200, |n| {
        pod(json!({
        "containers": [{"name": "flink-main-container", "args": ["taskmanager"], "volumeMounts": list(n, |i| json!({"name": "v", "mountPath": "/opt/flink/conf", "subPath": format!("s{i}")}))}],
        "volumes": [{"name": "v", "configMap": {"name": "c", "items": list(n, |i| json!({"key": format!("k{i}"), "path": format!("s{i}/config.yaml")}))}}]}))
    }),
    ("AH properties by envFrom", 200, |n| {
        workload(
            "Deployment",
            json!({"containers": [{"name": "jobmanager", "args": ["jobmanager"], "envFrom": list(n, |i| json!({"prefix": "FLINK_", "configMapRef": {"name": format!("c{i}")}, "secretRef": {"name": format!("s{i}")}})),
            "env": list(n, |i| json!({"name": "FLINK_PROPERTIES", "valueFrom": {"configMapKeyRef": {"name": format!("c{i}"), "key": "k"}}}))}]}),
        )
    }),
    ("AH options by FLINK_PROPERTIES", 200, |n| {
        workload(
            "Deployment",
            json!({"containers": [{"name": "jobmanager", "image": "flink:1.20", "args": ["jobmanager"], "env": [{"name": "FLINK_PROPERTIES", "value": (0..n).map(|i| format!("s3.secret-key.k{i}: value-{i}\n")).collect::<String>()}]}]}),
        )
    }),
    ("AH doors of volumes", 100, |n| {
        pod(json!({"containers": [{"name": "flink-main-container", "args": ["taskmanager"]}],
        "volumes": list(n, |i| match i % 6 {
            0 => json!({"name": format!("v{i}"), "image": {"reference": format!("r/{i}"), "pullPolicy": "Never"}}),
            1 => json!({"name": format!("v{i}"), "csi": {"driver": "d", "nodePublishSecretRef": {"name": format!("s{i}")}}}),
            2 => json!({"name": format!("v{i}"), "ephemeral": {"volumeClaimTemplate": {"spec": {"dataSource": {"kind": "PersistentVolumeClaim", "name": format!("c{i}")}, "selector": {"matchLabels": {"a": "b"}}, "resources": {"requests": {"storage": "1Ti"}}}}}}),
            3 => json!({"name": format!("v{i}"), "iscsi": {"secretRef": {"name": format!("s{i}")}}}),
            4 => json!({"name": format!("v{i}"), "downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "metadata.labels"}}]}}),
            _ => json!({"name": format!("v{i}"), "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}, {"secret": {"name": format!("s{i}")}}]}}),
        })}))
    }),
    ("AH ephemeral containers", 20, |n| {
        pod(
            json!({"containers": [container(0)], "ephemeralContainers": list(n, |i| json!({"name": format!("e{i}"), "image": "x", "securityContext": {"privileged": true}, "envFrom": [{"secretRef": {"name": "s"}}]}))}),
        )
    }),
    ("AH secrets in arguments", 200, |n| {
        pod(
            json!({"containers": [{"name": "a", "image": "flink", "args": list(n, |i| json!(format!("--password=hunter{i:06} https://u:secret{i}@h/?sig=q{i}"))),
            "env": list(n, |i| json!({"name": format!("DB_PASSWORD_{i}"), "value": "a".repeat(1 + i % 40)}))}]}),
        )
    }),
    ("AH secrets that begin alike", 2_000, |n| {
        deployment(
            json!({"flinkConfiguration": {"my.password": "aaaa", "my.token": "aaaaaa", "pipeline.max-parallelism": "a".repeat(n), "restart-strategy.type": "a.".repeat(n)},
            "job": {"jarURI": format!("s3://aaaa:{}@b/{}", "a".repeat(n), "a".repeat(n)), "parallelism": 1}}),
        )
    }),
    ("AH annotations of hosts on a Service", 300, |n| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "annotations": {
            "external-dns.alpha.kubernetes.io/hostname": pairs(n, |i| format!("h{i}.example.org")),
            "nginx.ingress.kubernetes.io/server-alias": pairs(n, |i| format!("a{i}.example.org")),
            "alb.ingress.kubernetes.io/conditions.a": json!([{"hostHeaderConfig": {"values": list(n, |i| json!(format!("h{i}.org")))}}]).to_string(),
            "alb.ingress.kubernetes.io/actions.a": "[".repeat(n)}},
        "spec": {"type": "ExternalName", "externalName": "a.".repeat(n)}})
    }),
    ("AH snippets of an Ingress", 300, |n| {
        let snippets: Map<_, _> =
            (0..n).map(|i| (format!("x{i}.org/server-snippet"), json!("x"))).collect();
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i", "annotations": snippets}, "spec": {
            "defaultBackend": {"service": {"name": "x-rest", "port": {"name": "rest"}}},
            "rules": list(n, |i| json!({"host": "*.".repeat(i % 9), "http": {"paths": [{"path": "/", "backend": {"service": {"name": format!("s{i}"), "port": {"number": i}}}}]}}))}})
    }),
    ("AH ConfigMap with keys", 300, |n| {
        let text = "jobmanager.rpc.port: 1\nmy.password: hunter2\n";
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"},
        "data": map(n, |_| json!(text)), "binaryData": map(n, |_| json!("am9ibWFuYWdlci5ycGMucG9ydDogMQo="))})
    }),
    ("AH binary config.yaml", 5_000, |n| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"},
        "binaryData": {"config.yaml": "am9ibWFuYWdlci5ycGMucG9ydDogMQo=", "flink-conf.yaml": "QUFB".repeat(n)}})
    }),
    ("AH autoscaler state", 300, |n| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "autoscaler-etl"}, "data": {
        "configOverrides": format!("overrides:\n{}", (0..n).map(|i| format!("  env.java.opts.k{i}: -Xmx\n")).collect::<String>()),
        "parallelismOverrides": pairs(n, |i| format!("{i:032x}:{i}")),
        "scalingHistory": "H4sIAAAAAAAA".repeat(10 * n), "collectedMetrics": "H4sI".repeat(10 * n)}})
    }),
    ("AH autoscaler state of aliases", 100, |n| {
        let aliases: String = (1..n)
            .map(|i| format!("  k{i}: &a{i} [*a{before}, *a{before}]\n", before = i - 1))
            .collect();
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "autoscaler-etl"}, "data": {
        "configOverrides": format!("overrides:\n  k0: &a0 [x, x]\n{aliases}")}})
    }),
    ("AH options of both colours", 300, |n| {
        let template =
            deployment(json!({"flinkConfiguration": map(n, |i| json!(format!("v{i}")))}));
        json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkBlueGreenDeployment", "metadata": {"name": "c"},
        "spec": {"template": {"metadata": {"labels": map(n, |i| json!(format!("{i}")))}, "spec": template["spec"]}, "configuration": map(n, |i| json!(format!("v{i}")))}})
    }),
    ("AH session job with invalid options", 300, |n| {
        session_job(
            json!({"flinkConfiguration": {"kubernetes.operator": map(n, |i| json!(format!("v{i}"))), "env.java.opts": map(n, |_| json!("x")), "user.artifacts.password": "x".repeat(n)},
            "job": {"jarURI": "http://u:p@h/?".repeat(n), "parallelism": 1, "args": list(n, |i| json!(format!("--token {i}")))}}),
        )
    }),
    ("AH DaemonSet with containers", 20, |n| {
        workload("DaemonSet", json!({"containers": list(n, container)}))
    }),
    ("AH PodTemplate with volumes", 100, |n| {
        json!({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "t"}, "template": {"spec": {
        "containers": [{"name": "jobmanager", "image": "flink", "args": ["jobmanager"]}],
        "volumes": list(n, |i| json!({"name": format!("v{i}"), "configMap": {"name": format!("s{i}")}}))}}})
    }),
    ("AH owners of a ReplicaSet", 500, |n| {
        let mut set =
            workload("ReplicaSet", json!({"containers": [{"name": "a", "args": ["jobmanager"]}]}));
        set["metadata"]["ownerReferences"] = list(
            n,
            |i| json!({"kind": "Deployment", "name": format!("o{i}"), "apiVersion": "apps/v1", "controller": true}),
        );
        set
    }),
    ("AH labels of terms by matchLabelKeys", 100, |n| {
        pod_with(
            json!({"labels": map(n, |i| json!(format!("{i}")))}),
            json!({"containers": [{"name": "flink-main-container", "args": ["taskmanager"]}], "affinity": {"podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": list(n, |_| json!({"topologyKey": "kubernetes.io/hostname", "matchLabelKeys": list(20, |i| json!(format!("k{i}"))), "labelSelector": {"matchLabels": {"component": "taskmanager"}}}))}}}),
        )
    }),
    ("AI update of metadata with findings", 20, |n| {
        let spec = json!({"containers": list(n, |i| json!({"name": format!("c{i}"), "securityContext": {"privileged": true, "runAsUser": 0, "procMount": "Unmasked"}, "ports": [{"hostPort": 1}]}))});
        let labels = |value: &str| {
            let labels = (0..20 * n).map(|i| (format!("mesh.example.com/{i}"), json!(value)));
            json!({"labels": labels.collect::<Map<_, _>>()})
        };
        update(pod_with(labels("a"), spec.clone()), &pod_with(labels("b"), spec))
    }),
    ("AI update of annotations of a Service", 300, |n| {
        let service = |host: &str| {
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "annotations": {
            "external-dns.alpha.kubernetes.io/hostname": pairs(n, |i| format!("{host}{i}.example.org"))}}, "spec": {"type": "ClusterIP"}})
        };
        update(service("a"), &service("b"))
    }),
    ("AI update of a status", 300, |n| {
        let status = |host: &str| {
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "finalizers": list(n, |i| json!(format!("f{i}")))}, "spec": {"type": "LoadBalancer"},
            "status": {"loadBalancer": {"ingress": list(n, |i| json!({"hostname": format!("{host}{i}")}))}}})
        };
        let mut review = update(status("a"), &status("b"));
        review["request"]["subResource"] = json!("status");
        review
    }),
    ("AI update of a FlinkDeployment", 300, |n| {
        let object = |value: &str| {
            deployment(
                json!({"flinkConfiguration": {"k".repeat(400): map(n, |i| json!(format!("{value}{i}"))), "my.password": value.repeat(n)}}),
            )
        };
        update(object("a"), &object("b"))
    }),
    ("AI Binding", 1_000, |n| {
        json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "p", "labels": map(n, |i| json!(format!("{i}"))), "annotations": map(n, |i| json!(format!("{i}")))},
        "target": {"kind": "Node", "name": "n".repeat(n)}})
    }),
    (
        "AI Namespace",
        1_000,
        |n| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x", "labels": map(n, |i| json!(format!("{i}"))), "annotations": map(n, |i| json!(format!("{i}")))}}),
    ),
    ("AI FlinkTenant", 200, |n| {
        json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": "t"}, "spec": {
        "namespaces": {"names": list(n, |i| json!(format!("n{i}")))}, "rules": list(n, |i| json!({"rule": format!("a/b{i}"), "enforcement": "Warn"})),
        "exemptions": list(n, |i| json!({"rules": [format!("a/b{i}")], "names": ["*"]})),
        "quota": {"hard": map(n, |i| json!(format!("{i}")))}, "labels": map(n, |i| json!(format!("{i}"))), "unknown": map(n, |i| json!(i)),
        "flink": {"configuration": {"enforced": map(n, |i| json!(format!("{i}"))), "forbidden": list(n, |i| json!(format!("k{i}.*")))}}}})
    }),
];

pub fn list(n: usize, element: impl Fn(usize) -> Value) -> Value {
    (0..n).map(element).collect()
}

pub fn map(n: usize, value: impl Fn(usize) -> Value) -> Value {
    (0..n).map(|i| (format!("k{i}"), value(i))).collect::<Map<_, _>>().into()
}

fn pairs(n: usize, pair: impl Fn(usize) -> String) -> String {
    (0..n).map(pair).collect::<Vec<_>>().join(",")
}

fn nested(n: usize, inner: Value) -> Value {
    (0..n).fold(inner, |inner, _| json!({ "a": inner }))
}

/// A request that changes an object: with `old`, in place of a review that creates one.
fn update(old: Value, object: &Value) -> Value {
    let mut changed = object.clone();
    changed["request"] = json!({"operation": "UPDATE", "oldObject": old});
    changed
}

fn container(i: usize) -> Value {
    json!({"name": format!("c{i}")})
}

/// The body of an AdmissionReview about an object. Its field `request` has fields of the request.
pub fn body(object: &Value) -> Vec<u8> {
    let mut object = object.clone();
    let given = object.as_object_mut().and_then(|object| object.remove("request"));
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let mut review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "0815", "operation": "CREATE", "namespace": "strict",
        "kind": {"group": group, "version": version, "kind": object["kind"]},
        "name": object["metadata"]["name"], "userInfo": {"username": "tenant"},
        "object": object}});
    for (field, value) in given.iter().filter_map(Value::as_object).flatten() {
        review["request"][field] = value.clone();
    }
    review.to_string().into_bytes()
}

/// A FlinkDeployment with these fields of its spec, or of the object where it is `metadata`.
pub fn deployment(fields: Value) -> Value {
    let mut object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"},
        "spec": {"flinkVersion": "v1_20", "image": "registry.example.com/flink/etl:1", "serviceAccount": "flink",
            "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}}, "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}},
            "job": {"jarURI": "local:///opt/flink/usrlib/job.jar", "parallelism": 2, "upgradeMode": "stateless"}}});
    for (name, value) in fields.as_object().unwrap() {
        match (name.as_str(), object["spec"].get_mut(name)) {
            ("metadata", _) => object["metadata"] = value.clone(),
            (_, Some(Value::Object(own))) => own.extend(value.as_object().unwrap().clone()),
            _ => object["spec"][name] = value.clone(),
        }
    }
    object
}

/// A FlinkDeployment whose pod templates merge by name.
fn by_name(fields: Value) -> Value {
    let mut object = deployment(fields);
    object["spec"]["flinkConfiguration"]["kubernetes.operator.pod-template.merge-arrays-by-name"] =
        json!("true");
    object
}

pub fn session_job(fields: Value) -> Value {
    let mut object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkSessionJob", "metadata": {"name": "etl"},
        "spec": {"deploymentName": "session", "job": {"jarURI": "local:///a.jar", "parallelism": 2}}});
    object["spec"].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    object
}

pub fn pod(spec: Value) -> Value {
    pod_with(json!({}), spec)
}

pub fn pod_with(metadata: Value, spec: Value) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
    object["metadata"]["name"] = json!("etl-taskmanager-1-1");
    object
}

pub fn workload(kind: &str, spec: Value) -> Value {
    let group = if kind == "Job" { "batch/v1" } else { "apps/v1" };
    json!({"apiVersion": group, "kind": kind, "metadata": {"name": "w"}, "spec": {"replicas": 2, "template": {"spec": spec}}})
}

pub fn config_map(text: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flink-config"}, "data": {"config.yaml": text}})
}

fn flink_cluster(fields: Value) -> Value {
    let mut object = json!({"apiVersion": "flinkoperator.k8s.io/v1beta1", "kind": "FlinkCluster", "metadata": {"name": "c"},
        "spec": {"flinkVersion": "1.20", "image": {"name": "flink"}, "jobManager": {"accessScope": "Cluster"}, "taskManager": {"replicas": 2}}});
    for part in ["jobManager", "taskManager"] {
        object["spec"][part].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    }
    object
}
