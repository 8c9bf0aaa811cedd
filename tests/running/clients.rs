//! How users and others write a stored object.

use crate::world::{NAMESPACE, OPERATOR, Refusal, World, person};
use flinkgate::resource::{GroupVersionKind, GroupVersionResource, Operation, Resource};
use serde_json::{Map, Value, json};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Ways to ask for something while a cluster lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A patch of the stored object with another parallelism.
    Update,
    /// `kubectl apply` of the user's manifest: a three-way merge.
    Apply,
    /// `kubectl replace` with the user's manifest.
    Replace,
    /// `kubectl apply --server-side` of the user's manifest.
    ServerSideApply,
    /// The operator writes a finalizer, and then a field of the spec.
    Operator,
    /// `kubectl scale`.
    Scale,
    /// A TaskManager is lost.
    TaskManager,
    /// The JobManager's pod is lost.
    JobManager,
    /// The user updates the object, and the operator deploys it again.
    Upgrade,
}

pub const WAYS: [Way; 9] = [
    Way::Update,
    Way::Apply,
    Way::Replace,
    Way::ServerSideApply,
    Way::Operator,
    Way::Scale,
    Way::TaskManager,
    Way::JobManager,
    Way::Upgrade,
];

impl Way {
    /// The client that created the cluster.
    pub fn client(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::ServerSideApply => "server-side apply",
            _ => "create",
        }
    }

    /// Whether it sends the user's own manifest.
    pub fn sends_manifest(self) -> bool {
        matches!(self, Self::Apply | Self::Replace | Self::ServerSideApply)
    }
}

/// Creates the cluster as the way's client does, so that its later requests fit.
pub fn created(world: &World, manifest: &Value, way: Way) -> Result<Value, Refusal> {
    let mut object = manifest.clone();
    match way {
        Way::Apply => {
            object["metadata"]["annotations"][LAST_APPLIED] = manifest.to_string().into();
        }
        Way::ServerSideApply => object["metadata"]["managedFields"] = managed(manifest),
        _ => {}
    }
    world.create(person("alice"), object)
}

/// Does it to the cluster of a manifest, which is deployed.
pub fn act(world: &World, manifest: &Value, way: Way) -> Result<(), Refusal> {
    let name = manifest["metadata"]["name"].as_str().unwrap();
    let stored = world.stored("flinkdeployments", name);
    let mut scaled = manifest.clone();
    scaled["spec"]["job"]["parallelism"] = json!(3);
    let mut patched = stored.clone();
    patched["spec"]["job"]["parallelism"] = json!(3);
    match way {
        Way::Update => world.update(person("alice"), patched).map(drop),
        Way::Apply => {
            let mut object = stored;
            json_patch::merge(&mut object, &scaled);
            object["metadata"]["annotations"][LAST_APPLIED] = scaled.to_string().into();
            world.update(person("alice"), object).map(drop)
        }
        Way::Replace => world.update(person("alice"), scaled).map(drop),
        Way::ServerSideApply => {
            let mut object = stored;
            json_patch::merge(&mut object, &scaled);
            object["metadata"]["managedFields"] = managed(&scaled);
            world.update(person("alice"), object).map(drop)
        }
        Way::Operator => {
            let mut object = stored;
            object["metadata"]["finalizers"] =
                json!(["flinkdeployments.flink.apache.org/finalizer"]);
            let mut object = world.update(person(OPERATOR), object)?;
            object["spec"]["job"]["state"] = json!("running");
            world.update(person(OPERATOR), object).map(drop)
        }
        Way::Scale => scale(world, &stored, 3),
        Way::TaskManager => world.replace_pod(name, 1),
        Way::JobManager => world.replace_pod(name, 0),
        Way::Upgrade => {
            world.update(person("alice"), patched)?;
            for (plural, name) in [
                ("deployments", name.to_owned()),
                ("configmaps", format!("flink-config-{name}")),
                ("replicasets", format!("{name}-6d85bcdd59")),
            ] {
                world.delete(plural, &name);
            }
            world.deploy(name)
        }
    }
}

fn scale(world: &World, stored: &Value, replicas: i64) -> Result<(), Refusal> {
    let scale = |replicas: i64| json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": stored["metadata"]["name"], "namespace": NAMESPACE}, "spec": {"replicas": replicas}});
    let resource = Resource {
        kind: GroupVersionKind::parse("autoscaling/v1", "Scale"),
        of: GroupVersionResource {
            group: "flink.apache.org".into(),
            version: "v1beta1".into(),
            resource: "flinkdeployments".into(),
        },
        operation: Operation::Update,
        sub_resource: Some("scale".into()),
        namespace: NAMESPACE.into(),
        name: stored["metadata"]["name"].as_str().unwrap().into(),
        user: person("alice"),
        object: scale(replicas),
        old_object: Some(scale(1)),
        ..Resource::default()
    };
    world.admit(resource).map(drop)
}

/// The managed fields of a server-side apply of a manifest.
pub fn managed(manifest: &Value) -> Value {
    let mut fields = Map::new();
    fields.insert("f:spec".into(), field_set(&manifest["spec"]));
    json!([{"manager": "kubectl", "operation": "Apply", "apiVersion": "flink.apache.org/v1beta1",
        "fieldsType": "FieldsV1", "fieldsV1": fields}])
}

fn field_set(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (format!("f:{key}"), field_set(value)))
            .collect::<Map<_, _>>()
            .into(),
        _ => json!({}),
    }
}
