//! `input`, as rules see it: the object, what it makes Kubernetes run, its tenant, and the facts Rego is poor at.

use super::facts::convert::convert;
use super::facts::{object, options, path, pods, size, state, text};
use crate::flink::Workload;
use crate::mutate::Conflict;
use crate::resource::{Operation, Resource, UserInfo};
use regorus::Value;
use std::collections::BTreeMap;

pub use super::facts::tenant::tenant_value;

/// What `input` is made of.
#[derive(Clone, Debug)]
pub struct InputParts<'a> {
    /// The request.
    pub resource: &'a Resource,
    /// The object after mutation.
    pub object: &'a serde_json::Value,
    /// What the object makes Kubernetes run.
    pub workload: Option<&'a Workload>,
    /// The tenant's name and [`tenant_value`]; `None` in a namespace of no tenant.
    pub tenant: Option<(&'a str, &'a Value)>,
    /// What mutation could not reconcile.
    pub conflicts: &'a [Conflict],
    /// `{hard, used, requested, exceeded: […], undeclared: […]}`.
    pub quota: Value,
    /// `allow`, `warn` or `deny`: what becomes of Flink in a namespace of no tenant.
    pub unassigned: &'a str,
    /// Whether any rule reads `input.object`; converting it costs as much as the rest.
    pub need_object: bool,
    /// Whether any rule reads `input.oldObject`.
    pub need_old_object: bool,
}

/// The `input` document.
pub fn build(parts: InputParts<'_>) -> Value {
    let mut fields = BTreeMap::new();
    let mut put = |key: &str, value: Value| fields.insert(Value::from(key), value);
    let object_ = parts.need_object.then(|| convert(parts.object));
    let tenant = parts.tenant.map_or(Value::Null, |(name, spec)| named(name, spec));
    put("request", request(parts.resource));
    if let Some(workload) = parts.workload {
        put("flink", flink(workload, parts.object, object_.as_ref(), &parts.resource.namespace, &tenant));
    }
    if let Some(object_) = object_ {
        put("object", object_);
    }
    if let Some(old) = parts.resource.old_object.as_ref().filter(|_| parts.need_old_object) {
        put("oldObject", convert(old));
    }
    put("tenant", tenant);
    put("quota", parts.quota);
    put("mutation", object([("conflicts", Value::from(parts.conflicts.iter().map(conflict).collect::<Vec<_>>()))]));
    put("tenancy", object([("unassigned", Value::from(parts.unassigned))]));
    Value::from(fields)
}

fn named(name: &str, spec: &Value) -> Value {
    let mut tenant = spec.as_object().cloned().unwrap_or_default();
    tenant.insert(Value::from("name"), Value::from(name));
    tenant.into_value()
}

fn request(resource: &Resource) -> Value {
    let operation = match resource.operation {
        Operation::Create => "CREATE",
        Operation::Update => "UPDATE",
        Operation::Delete => "DELETE",
        Operation::Connect => "CONNECT",
    };
    let kind = object([
        ("group", Value::from(resource.kind.group.as_str())),
        ("version", Value::from(resource.kind.version.as_str())),
        ("kind", Value::from(resource.kind.kind.as_str())),
    ]);
    object([
        ("operation", Value::from(operation)),
        ("kind", kind),
        ("namespace", Value::from(resource.namespace.as_str())),
        ("name", Value::from(resource.name.as_str())),
        ("subResource", text(resource.sub_resource.as_deref())),
        ("dryRun", Value::Bool(resource.dry_run)),
        ("userInfo", user_info(&resource.user)),
    ])
}

fn user_info(user: &UserInfo) -> Value {
    let list = |values: &[String]| Value::from(values.iter().map(|value| Value::from(value.as_str())).collect::<Vec<_>>());
    let extra = user.extra.iter().map(|(key, values)| (Value::from(key.as_str()), list(values))).collect::<BTreeMap<_, _>>();
    object([
        ("username", Value::from(user.username.as_str())),
        ("uid", Value::from(user.uid.as_str())),
        ("groups", list(&user.groups)),
        ("extra", Value::from(extra)),
    ])
}

fn conflict(conflict: &Conflict) -> Value {
    object([
        ("rule", Value::from(conflict.rule)),
        ("msg", Value::from(conflict.message.as_str())),
        ("path", Value::from(path(&conflict.pointer))),
        ("help", Value::from(conflict.help.as_deref().unwrap_or_default())),
    ])
}

fn flink(workload: &Workload, root: &serde_json::Value, converted: Option<&Value>, namespace: &str, tenant: &Value) -> Value {
    // A pod says its role by being one; what declares a whole cluster has none.
    let role = match workload.pods.as_slice() {
        [only] => Value::from(only.role.as_str()),
        _ => Value::Null,
    };
    let job = workload.config_pointer.as_deref().and_then(crate::resource::pointer::parent).and_then(|spec| root.pointer(spec)?.get("job"));
    let upgrade =
        job.filter(|job| job.is_object()).map(|job| job.get("upgradeMode").and_then(serde_json::Value::as_str).unwrap_or("stateless"));
    object([
        ("engine", Value::from(workload.engine.as_str())),
        ("mode", text(workload.mode.map(|mode| mode.as_str()))),
        ("cluster", Value::from(workload.cluster.as_str())),
        ("version", workload.version.map_or(Value::Null, |version| Value::from(version.to_string()))),
        ("role", role),
        ("jobs", Value::from(workload.jobs)),
        ("declaresCluster", Value::Bool(workload.declares_cluster)),
        ("upgradeMode", text(upgrade)),
        ("pods", pods::pods(workload, root, converted, namespace, tenant)),
        ("config", options::config(workload)),
        ("forbidden", options::forbidden(workload, tenant)),
        ("tolerations", options::tolerations(workload)),
        ("state", state::state(workload, root, tenant)),
        ("size", size::size(workload)),
    ])
}
