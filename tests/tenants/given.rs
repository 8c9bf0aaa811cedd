//! What a tenant gives to pods is validated as Kubernetes does: each field of the schema that reaches
//! a pod or a claim, with values that the API server refuses and with values that it accepts.
//!
//! The values are those of Kubernetes' own tests of `ValidateQualifiedName`, `ValidateLabelValue`,
//! `NameIsDNSSubdomain` and `ValidateTolerations` (release 1.34).

use flinkgate::pipeline::tenant_check;
use flinkgate::tenant::check::Severity;
use serde_json::{Value, json};

#[path = "../tenant_schema/mod.rs"]
mod tenant_schema;

/// The severities of the problems of a spec, and where they are.
fn problems(spec: &Value) -> Vec<(Severity, String, String)> {
    let tenant = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": "a"}, "spec": spec});
    let (_, problems) = tenant_check::check(&tenant, &[], "2026-11-27".parse().unwrap());
    problems.into_iter().map(|p| (p.severity, p.pointer, p.message)).collect()
}

/// A spec with one field. A part `*` is a list with one element.
fn with(path: &str, value: Value) -> Value {
    path.rsplit('.').fold(value, |inner, name| match name {
        "*" => json!([inner]),
        name => json!({name: inner}),
    })
}

/// Adds what a field needs beside it.
fn merge(into: &mut Value, other: Value) {
    match (into, other) {
        (Value::Object(into), Value::Object(other)) => {
            for (key, value) in other {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(other)) if into.len() == other.len() => {
            into.iter_mut().zip(other).for_each(|(into, other)| merge(into, other));
        }
        (into, other) if into.is_null() => *into = other,
        _ => {}
    }
}

const LONG: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

const KEYS: (&[&str], &[&str]) = (
    &[
        "simple",
        "now-with-dashes",
        "1-starts-with-num",
        "1234",
        "simple/simple",
        "now.with.dots/simple",
        "UppercaseIsOK123",
        "example.com/Uppercase_IsOK_123",
    ],
    &[
        "nospecialchars%^=@",
        "cantendwithadash-",
        "-cantstartwithadash-",
        "only/one/slash",
        "Example.com/abc",
        "example_com/abc",
        "example.com/",
        "/simple",
        "",
        " ",
        "a b",
        LONG,
    ],
);
const VALUES: (&[&str], &[&str]) = (
    &["", "a", "4711", "1.0", "A_b-c.d", "end-with-num1"],
    &["nospecialchars%^=@", "Tama-nui-te-ra.is.Maori.sun.", "end-", "-a", "only/one", "a b", LONG],
);
const NAMES: (&[&str], &[&str]) = (
    &["a", "nfs", "a.b", "1-a", "a-1.b-2"],
    &["A", "a_b", "a..b", "-a", "a-", ".a", "a b", "a/b", "_"],
);

struct Field {
    path: &'static str,
    good: Vec<Value>,
    bad: Vec<Value>,
    with: Value,
}

fn field(path: &'static str, good: Vec<Value>, bad: Vec<Value>) -> Field {
    Field { path, good, bad, with: json!({}) }
}

fn texts(values: &[&str]) -> Vec<Value> {
    values.iter().map(|text| json!(text)).collect()
}

fn maps(make: impl Fn(&str) -> Value, values: &[&str]) -> Vec<Value> {
    values.iter().map(|text| make(text)).collect()
}

fn tolerations() -> (Vec<Value>, Vec<Value>) {
    let good = json!([
        [{"key": "a", "operator": "Exists"}],
        [{"operator": "Exists"}],
        [{"operator": "Exists", "effect": "NoSchedule"}],
        [{"key": "a", "value": "b"}],
        [{"key": "a", "operator": "Equal", "value": "", "effect": "PreferNoSchedule"}],
        [{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}],
    ]);
    let bad = json!([
        [{}],
        [{"key": "a b", "operator": "Exists"}],
        [{"operator": "Equal", "value": "b"}],
        [{"key": "a", "operator": "In", "value": "b"}],
        [{"key": "a", "operator": "exists"}],
        [{"key": "a", "operator": "Exists", "value": "b"}],
        [{"key": "a", "operator": "Equal", "value": "b c"}],
        [{"key": "a", "operator": "Exists", "effect": "NoScheduling"}],
        [{"key": "a", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 60}],
        [{"key": "a", "operator": "Exists", "tolerationSeconds": 60}],
        [{"key": "a", "operator": "Gt", "value": "many"}],
    ]);
    (good.as_array().unwrap().clone(), bad.as_array().unwrap().clone())
}

/// The fields of which Flinkgate writes the value into pods, claims or options, or compares it with
/// a name that Kubernetes validates.
fn given() -> Vec<Field> {
    let label = |key: &str| json!({key: "x"});
    let of = |value: &str| json!({"team": value});
    let labels = |path| {
        let bad = [maps(label, KEYS.1), maps(of, VALUES.1)].concat();
        field(path, [maps(label, KEYS.0), maps(of, VALUES.0)].concat(), bad)
    };
    let (good, bad) = tolerations();
    let volume = |path, good: Vec<Value>, bad| Field {
        with: json!({"storage": {"checkpoints": {"volume": {"claimName": "shared"}}}}),
        ..field(path, good, bad)
    };
    let names = |path| field(path, texts(NAMES.0), texts(NAMES.1));
    let memory = json!(["2g", "2048m", "2Gi", "1 gb"]).as_array().unwrap().clone();
    let cpu = json!([0.5, 1]).as_array().unwrap().clone();
    let options = |path| {
        field(
            path,
            vec![
                json!({"parallelism.default": 4}),
                json!({"execution.checkpointing.interval": "60s"}),
            ],
            vec![
                json!({"parallelism.default": "many"}),
                json!({"execution.checkpointing.interval": "soon"}),
                json!({"taskmanager.numberOfTaskSlots": "two"}),
                json!({"state.backend.incremental": "yes"}),
                json!({"taskmanager.memory.process.size": "2 apples"}),
            ],
        )
    };
    let mut claim = volume(
        "storage.checkpoints.volume.claimName",
        texts(&["shared", "{cluster}-state", "flink.{cluster}", "{cluster}"]),
        texts(&[
            "",
            "{name}-state",
            "{cluster}_state",
            "{Cluster}",
            "{cluster",
            "-{cluster}",
            "State",
        ]),
    );
    claim.with = json!({"storage": {"checkpoints": {"volume": {"size": "1Gi"}}}});
    claim.bad.push(json!("a".repeat(220) + "{cluster}"));
    vec![
        labels("labels"),
        labels("scheduling.nodeSelector"),
        labels("cost.spot.nodeSelector"),
        field("cost.labels.*", texts(KEYS.0), texts(KEYS.1)),
        field("scheduling.antiAffinity.topologyKey", texts(KEYS.0), texts(KEYS.1)),
        field("scheduling.tolerations", good.clone(), bad.clone()),
        field("cost.spot.tolerations", good, bad),
        names("scheduling.priorityClasses.*"),
        names("security.serviceAccounts.*"),
        names("storage.claims.storageClassNames.*"),
        claim,
        volume("storage.checkpoints.volume.storageClassName", texts(NAMES.0), texts(NAMES.1)),
        volume(
            "storage.checkpoints.volume.size",
            vec![json!("1Gi"), json!(1), json!("500M")],
            vec![json!("0"), json!("-1Gi"), json!(0), json!("1 Gi"), json!("lots")],
        ),
        volume(
            "storage.checkpoints.volume.accessModes",
            vec![json!(["ReadWriteMany"]), json!(["ReadWriteOncePod"]), json!([])],
            vec![
                json!(["ReadWriteOncePod", "ReadWriteOnce"]),
                json!(["RWX"]),
                json!(["ReadOnlyMany"]),
            ],
        ),
        volume(
            "storage.checkpoints.volume.mountPath",
            texts(&["/flink/state", "/state", "/opt/flink/state", "/opt/flink-state", "/etcd"]),
            texts(&[
                "",
                "state",
                "/a/../b",
                "/a:b",
                "/",
                "//",
                "/opt",
                "/opt/flink",
                "/opt/flink/lib",
                "/etc",
                "/usr/",
            ]),
        ),
        field(
            "flink.resources.jobManager.memory",
            memory.clone(),
            texts(&["", "2x", "much", "0m", "1.5g"]),
        ),
        field("flink.resources.taskManager.memory", memory, texts(&["", "2x", "-1g"])),
        field("flink.resources.jobManager.cpu", cpu.clone(), vec![json!(0), json!(-1)]),
        field("flink.resources.taskManager.cpu", cpu, vec![json!(0), json!(-0.5)]),
        options("flink.configuration.defaults"),
        options("flink.configuration.enforced"),
        field(
            "namespaces.names.*",
            texts(&["a", "pay-*", "*", "a-1"]),
            texts(&["-a", "a-", "A", "a.b", "", "a*b", "-*", LONG]),
        ),
        field(
            "namespaces.selector.matchLabels",
            [maps(label, KEYS.0), maps(of, VALUES.0)].concat(),
            [maps(label, KEYS.1), maps(of, VALUES.1)].concat(),
        ),
        field(
            "storage.checkpoints.locations.*",
            texts(&[
                "s3://bucket",
                "s3a://bucket/x",
                "hdfs:///flink",
                "gs://b/",
                "/flink/state",
                "file:///a",
            ]),
            texts(&[
                "s3://",
                "s3:///x",
                "s3a:bucket",
                "gs://",
                "abfss://",
                "oss://*/x",
                "s3://team-*",
                "",
                " ",
                "s3://b/../c",
            ]),
        ),
    ]
}

#[test]
fn what_kubernetes_refuses_is_refused_at_its_field() {
    for Field { path, good, bad, with: needed } in given() {
        for (values, is_good) in [(good, true), (bad, false)] {
            for value in values {
                let mut spec = with(path, value.clone());
                merge(&mut spec, needed.clone());
                let found = problems(&spec);
                let errors: Vec<_> =
                    found.iter().filter(|problem| problem.0 > Severity::Warning).collect();
                assert_eq!(errors.is_empty(), is_good, "{path} {value}: {found:?}");
                let place = format!("/spec/{}", path.split(".*").next().unwrap().replace('.', "/"));
                let is_there =
                    |place_of: &str| place_of.starts_with(&place) || place.starts_with(place_of);
                assert!(errors.iter().all(|problem| is_there(&problem.1)), "{path}: {errors:?}");
                assert!(!is_good || found.is_empty(), "{path} {value}: {found:?}");
            }
        }
    }
}

/// Fields whose values reach no pod: they decide, compare or count. Their forms have other tests.
const OTHERS: &[&str] = &[
    "cost.idleSlots",
    "cost.spot.taskManagers",
    "enforcement",
    "exemptions",
    "flink.autoscaler.bound",
    "flink.configuration.forbidden",
    "flink.elasticity.maxParallelism",
    "flink.elasticity.minParallelism",
    "flink.metricsReporters",
    "flink.requireLogConfiguration",
    "flink.restartStrategy.maxRestarts",
    "flink.restartStrategy.minDelay",
    "flink.restartStrategy.types",
    "flink.versions",
    "namespaces.selector.matchExpressions",
    "network.hostPorts",
    "network.ingressHosts",
    "network.requireAuthentication",
    "network.serviceTypes",
    "onChange",
    "quota.hard",
    "quota.perCluster",
    "quota.suspended",
    "rules",
    "scheduling.antiAffinity.jobManager",
    "scheduling.antiAffinity.taskManager",
    "scheduling.disruptionBudgets.jobManager",
    "scheduling.disruptionBudgets.taskManager",
    "scheduling.nodes",
    "scheduling.schedulerNames",
    "scheduling.spread",
    "scheduling.zoneSpread.jobManager",
    "scheduling.zoneSpread.taskManager",
    "mutation.customResources",
    "security.configMaps",
    "security.entrypoints",
    "security.extendedResources",
    "security.forbiddenAnnotations",
    "security.forbiddenEnvironment",
    "security.forbiddenLabels",
    "security.hostAliases",
    "security.images.allow",
    "security.images.forbidLatestTag",
    "security.images.pullPolicies",
    "security.images.requireDigest",
    "security.podSecurity.level",
    "security.podSecurity.version",
    "security.readOnlyRootFilesystem",
    "security.runtimeClasses",
    "security.secrets",
    "security.sidecars.most",
    "security.sidecars.names",
    "security.tokensWhereNeeded",
    "storage.checkpoints.volume.reclaim",
    "storage.claims.accessModes",
    "storage.claims.maxSize",
    "storage.claims.names",
    "storage.zooKeeperPaths",
];

/// A new field must say whether Kubernetes validates it.
#[test]
fn every_field_is_given_or_not() {
    let given: Vec<&str> =
        given().iter().map(|field| field.path.split(".*").next().unwrap()).collect();
    for path in tenant_schema::fields() {
        let known = given.contains(&path.as_str()) || OTHERS.contains(&path.as_str());
        assert!(
            known,
            "`{path}`: add it to the fields that Kubernetes validates, or to the others"
        );
    }
}
