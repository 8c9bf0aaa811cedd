//! Every kind that carries options of Flink, and what the webhooks find in it.

use crate::cases::{self, asked, review};
use crate::manifests::read;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::rego::PolicySet;
use flinkgate::rules::{Finding, Level};
use flinkgate::tenant::{Tenant, Tenants};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

const BASES: &str = "tests/data/ways-round/bases";

/// The namespace of every object.
pub const NAMESPACE: &str = "payments";

/// A kind, or a place within one, that carries options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carrier {
    Deployment,
    BlueGreen,
    SessionJob,
    FlinkCluster,
    FlinkApplication,
    NativeArguments,
    StandaloneProperties,
    Pod,
    ConfigMapLines,
    ConfigMapYaml,
}

use Carrier::*;

pub const CARRIERS: [Carrier; 10] = [
    Deployment,
    BlueGreen,
    SessionJob,
    FlinkCluster,
    FlinkApplication,
    NativeArguments,
    StandaloneProperties,
    Pod,
    ConfigMapLines,
    ConfigMapYaml,
];

impl Carrier {
    /// A correct object of the kind with these options.
    pub fn with(self, options: &Value) -> Value {
        let mut object = match self {
            Deployment => read(format!("{BASES}/deployment.yaml")),
            BlueGreen => read(format!("{BASES}/blue-green.yaml")),
            SessionJob => read(format!("{BASES}/session-job.yaml")),
            NativeArguments => read(format!("{BASES}/native.yaml")),
            StandaloneProperties => read(format!("{BASES}/standalone.yaml")),
            FlinkCluster => flink_cluster(),
            FlinkApplication => flink_application(),
            Pod => pod(),
            ConfigMapLines | ConfigMapYaml => json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "flink-settings"},
                "data": {}}),
        };
        object["metadata"]["namespace"] = NAMESPACE.into();
        let pairs: Vec<(String, String)> = options
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| {
                (key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            })
            .collect();
        let mut pairs = pairs;
        if matches!(self, ConfigMapLines | ConfigMapYaml) {
            // Flinkgate reads what looks like Flink's configuration.
            let base = ["jobmanager.rpc.port", "taskmanager.rpc.port", "blob.server.port"];
            pairs.extend(base.map(|key| (key.to_owned(), "6123".to_owned())));
        }
        let lines: String = pairs.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
        match self {
            Deployment | SessionJob => put(&mut object["spec"]["flinkConfiguration"], &pairs),
            BlueGreen => put(&mut object["spec"]["template"]["spec"]["flinkConfiguration"], &pairs),
            FlinkCluster => put(&mut object["spec"]["flinkProperties"], &pairs),
            FlinkApplication => put(&mut object["spec"]["flinkConfig"], &pairs),
            NativeArguments => append(
                object.pointer_mut("/spec/template/spec/containers/0/args/2"),
                &arguments(&pairs),
            ),
            Pod => append(object.pointer_mut("/spec/containers/0/args/2"), &arguments(&pairs)),
            StandaloneProperties => {
                append(object.pointer_mut("/spec/template/spec/containers/0/env/0/value"), &lines)
            }
            ConfigMapLines => object["data"]["flink-conf.yaml"] = lines.into(),
            ConfigMapYaml => {
                let options: serde_json::Map<String, Value> =
                    pairs.into_iter().map(|(key, value)| (key, value.into())).collect();
                object["data"]["config.yaml"] = Value::from(options).to_string().into();
            }
        }
        object
    }
}

fn put(place: &mut Value, pairs: &[(String, String)]) {
    for (key, value) in pairs {
        place[key.as_str()] = value.clone().into();
    }
}

fn append(place: Option<&mut Value>, more: &str) {
    let place = place.unwrap();
    *place = format!("{}{more}", place.as_str().unwrap()).into();
}

fn arguments(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(key, value)| format!("-D{key}='{value}' ")).collect()
}

fn pod() -> Value {
    let native = read(format!("{BASES}/native.yaml"));
    let mut pod = native["spec"]["template"].clone();
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = "adhoc-1".into();
    pod
}

fn flink_cluster() -> Value {
    let resources =
        json!({"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}});
    json!({"apiVersion": "flinkoperator.k8s.io/v1beta1", "kind": "FlinkCluster",
        "metadata": {"name": "trips"},
        "spec": {"flinkVersion": "1.14", "image": {"name": "registry.example.com/flink:1.14"},
            "serviceAccountName": "flink", "flinkProperties": {},
            "jobManager": {"resources": resources}, "taskManager": {"replicas": 1, "resources": resources}}})
}

fn flink_application() -> Value {
    let resources =
        json!({"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}});
    json!({"apiVersion": "flink.k8s.io/v1beta1", "kind": "FlinkApplication",
        "metadata": {"name": "clicks"},
        "spec": {"flinkVersion": "1.14", "image": "registry.example.com/flink:1.14", "parallelism": 1,
            "jarName": "job.jar", "entryClass": "com.example.Job", "deleteMode": "None",
            "serviceAccountName": "flink", "flinkConfig": {},
            "jobManagerConfig": {"resources": resources},
            "taskManagerConfig": {"taskSlots": 1, "resources": resources}}})
}

static POLICIES: LazyLock<Arc<PolicySet>> =
    LazyLock::new(|| Arc::new(PolicySet::load(&[]).unwrap()));

/// A gate with one tenant that owns every namespace.
pub fn gate(spec: &Value) -> Gate {
    let mut spec = spec.clone();
    spec["namespaces"] = json!({"names": ["*"]});
    let spec = serde_json::from_value(spec).unwrap();
    let tenant = Tenant { name: "payments".into(), spec, ..Tenant::default() };
    Gate::new(Tenants::new(vec![tenant], BTreeMap::new()), POLICIES.clone(), Unassigned::Warn)
}

/// What both webhooks find in a new object.
pub fn found(gate: &Gate, object: &Value) -> Vec<Finding> {
    let findings = cases::webhooks(gate, asked(&review("CREATE", object, &Value::Null)));
    findings.into_iter().flatten().collect()
}

/// The rules by which both webhooks refuse a new object.
pub fn refused_by(gate: &Gate, object: &Value) -> Vec<String> {
    let errors = found(gate, object).into_iter().filter(|finding| finding.level == Level::Error);
    errors.map(|finding| finding.rule.to_string()).collect()
}

/// What the validating webhook finds in a new object that mutation skipped.
pub fn validated(gate: &Gate, object: &Value) -> Vec<Finding> {
    gate.validate(&asked(&review("CREATE", object, &Value::Null))).findings
}
