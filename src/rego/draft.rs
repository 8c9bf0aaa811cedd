//! `input`, as rules see it: the object, what it makes Kubernetes run, its tenant, and the facts
//! Rego is poor at.

use super::facts::convert::convert;
use super::facts::{
    memory, object, operator, option_checks, options, path, pods, problems, size, text,
};
use crate::flink::Workload;
use crate::flink::pods::Pods;
use crate::mutate::Conflict;
use crate::resource::{Operation, Resource, UserInfo, pointer};
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
    /// Tenants that all claim the namespace; empty where it belongs to one or none.
    pub claimants: &'a [String],
    /// Whether any rule reads `input.object`; converting it costs as much as the rest.
    pub need_object: bool,
    /// Whether any rule reads `input.oldObject`.
    pub need_old_object: bool,
}

impl<'a> InputParts<'a> {
    /// A request about this object as it stands, of which nothing else is known yet.
    pub fn of(resource: &'a Resource) -> Self {
        Self {
            resource,
            object: &resource.object,
            workload: None,
            tenant: None,
            conflicts: &[],
            quota: Value::Null,
            unassigned: "warn",
            claimants: &[],
            need_object: false,
            need_old_object: false,
        }
    }
}

/// The `input` document.
pub fn build(parts: InputParts<'_>) -> Value {
    Draft::of(parts).finish()
}

/// The part of `input` that rules' conditions (`custom.when`) look at. It costs a fraction of the
/// whole, and where no condition holds, as for most objects, the rest is never made.
pub struct Draft<'a> {
    parts: InputParts<'a>,
    pods: Vec<Pods<'a>>,
    flink: BTreeMap<Value, Value>,
    fields: BTreeMap<Value, Value>,
}

impl<'a> Draft<'a> {
    /// What conditions look at.
    pub fn of(parts: InputParts<'a>) -> Self {
        let tenant = parts.tenant.map_or(Value::Null, |(name, spec)| named(name, spec));
        let pods = parts
            .workload
            .map(|workload| Pods::of_workload(workload, parts.object))
            .unwrap_or_default();
        let mut fields = BTreeMap::new();
        let mut put = |key: &str, value: Value| fields.insert(Value::from(key), value);
        let flink = parts
            .workload
            .map(|workload| conditions(workload, parts.object, parts.resource, &tenant, &pods))
            .unwrap_or_default();
        put("quota", parts.quota.clone());
        put(
            "mutation",
            object([(
                "conflicts",
                Value::from(parts.conflicts.iter().map(conflict).collect::<Vec<_>>()),
            )]),
        );
        let claimants: Vec<Value> =
            parts.claimants.iter().map(|name| Value::from(name.as_str())).collect();
        // Said only of a namespace that nobody claims: the rule about it is not even looked at
        // elsewhere.
        let unassigned = if parts.tenant.is_none() && claimants.is_empty() {
            Value::from(parts.unassigned)
        } else {
            Value::Null
        };
        put("tenancy", object([("unassigned", unassigned), ("claimants", Value::from(claimants))]));
        put("tenant", tenant);
        Self { parts, pods, flink, fields }
    }

    /// What stands at a place; `Undefined` for what is not made yet.
    pub fn at(&self, place: &[Value]) -> &Value {
        let (found, rest) = match place {
            [Value::String(first), second, rest @ ..] if &**first == "flink" => {
                (self.flink.get(second), rest)
            }
            [first, rest @ ..] => (self.fields.get(first), rest),
            [] => (None, place),
        };
        let found = found.unwrap_or(&Value::Undefined);
        rest.iter().fold(found, |value, field| &value[field])
    }

    /// With what there is to say of the quota beyond its conditions.
    pub fn with_quota(mut self, quota: Value) -> Self {
        self.fields.insert(Value::from("quota"), quota);
        self
    }

    /// The whole document.
    pub fn finish(self) -> Value {
        let Self { parts, pods, mut flink, mut fields } = self;
        let tenant = fields.get(&Value::from("tenant")).cloned().unwrap_or(Value::Null);
        let object_ = parts.need_object.then(|| convert(parts.object));
        fields.insert(Value::from("request"), request(parts.resource));
        if let Some(workload) = parts.workload {
            complete(&mut flink, workload, parts.object);
            let pods = pods::described(&pods, object_.as_ref(), &tenant);
            flink.insert(Value::from("pods"), pods);
            fields.insert(Value::from("flink"), Value::from(flink));
        }
        if let Some(object_) = object_ {
            fields.insert(Value::from("object"), object_);
        }
        if let Some(old) = parts.resource.old_object.as_ref().filter(|_| parts.need_old_object) {
            fields.insert(Value::from("oldObject"), convert(old));
        }
        Value::from(fields)
    }
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
    let list = |values: &[String]| {
        Value::from(values.iter().map(|value| Value::from(value.as_str())).collect::<Vec<_>>())
    };
    let extra = user
        .extra
        .iter()
        .map(|(key, values)| (Value::from(key.as_str()), list(values)))
        .collect::<BTreeMap<_, _>>();
    object([
        ("username", Value::from(user.username.as_str())),
        ("uid", Value::from(user.uid.as_str())),
        ("groups", list(&user.groups)),
        ("extra", Value::from(extra)),
    ])
}

fn conflict(conflict: &Conflict) -> Value {
    let mut fields = BTreeMap::from([
        (Value::from("rule"), Value::from(conflict.rule)),
        (Value::from("msg"), Value::from(conflict.message.as_str())),
        (Value::from("path"), Value::from(path(&conflict.pointer))),
    ]);
    if let Some(help) = &conflict.help {
        fields.insert(Value::from("help"), Value::from(help.as_str()));
    }
    Value::from(fields)
}

/// Of `flink`, what conditions look at: lists of what is wrong, most often empty.
fn conditions(
    workload: &Workload,
    root: &serde_json::Value,
    resource: &Resource,
    tenant: &Value,
    pods: &[Pods<'_>],
) -> BTreeMap<Value, Value> {
    let lists = [
        ("problems", problems::problems(workload, root, resource, tenant, pods)),
        ("duplicates", super::facts::duplicates::duplicates(workload)),
        ("forbidden", options::forbidden(workload, tenant)),
        ("operator", operator::operator(workload, resource, root, tenant)),
        ("options", option_checks::option_checks(workload, tenant)),
        ("size", size::conditions(workload)),
        ("memory", memory::conditions(workload)),
    ];
    lists.into_iter().map(|(name, list)| (Value::from(name), list)).collect()
}

/// The rest of `flink` but for the pods.
fn complete(flink: &mut BTreeMap<Value, Value>, workload: &Workload, root: &serde_json::Value) {
    // A pod says its role by being one; what declares a whole cluster has none.
    let role = match workload.pods.as_slice() {
        [only] => Value::from(only.role.as_str()),
        _ => Value::Null,
    };
    let job = workload
        .config_pointer
        .as_deref()
        .and_then(pointer::parent)
        .and_then(|spec| pointer::at(root, spec)?.get("job"));
    let upgrade = job.filter(|job| job.is_object()).map(|job| {
        job.get("upgradeMode").and_then(serde_json::Value::as_str).unwrap_or("stateless")
    });
    if let Some(options) = flink.get_mut(&Value::from("options")) {
        *options = option_checks::with_empty_lists(options);
    }
    let rest = [
        ("engine", Value::from(workload.engine.as_str())),
        ("mode", text(workload.mode.map(|mode| mode.as_str()))),
        ("cluster", Value::from(workload.cluster.as_str())),
        (
            "children",
            Value::from(
                workload.children.iter().map(|name| Value::from(name.as_str())).collect::<Vec<_>>(),
            ),
        ),
        (
            "version",
            workload.version.map_or(Value::Null, |version| Value::from(version.to_string())),
        ),
        ("role", role),
        ("jobs", Value::from(workload.jobs)),
        ("declaresCluster", Value::Bool(workload.declares_cluster)),
        ("upgradeMode", text(upgrade)),
        ("config", options::config(workload)),
        (
            "configPath",
            Value::from(path(
                workload.config_pointer.as_deref().unwrap_or("/spec/flinkConfiguration"),
            )),
        ),
        ("tolerations", options::tolerations(workload)),
        ("size", size::size(workload)),
        ("memory", memory::memory(workload)),
    ];
    flink.extend(rest.map(|(key, value)| (Value::from(key), value)));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::{Engine, Mode, PodSet, Role, Template};
    use serde_json::json;

    #[test]
    fn a_pod_is_described_once_and_shared() {
        let spec = json!({"containers": [{"name": "tool", "image": "registry.example.com/tool:1"}], "serviceAccountName": "flink"});
        let resource = Resource::from_manifest(
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}),
        )
        .unwrap();
        let set = PodSet {
            role: Role::Other,
            replicas: 1,
            template: Template::InObject(String::new()),
            main_container: None,
        };
        let workload = Workload { pods: vec![set], ..Workload::default() };
        let tenant = tenant_value(
            &serde_json::from_value(
                json!({"security": {"images": {"allow": ["registry.example.com/*"]}}}),
            )
            .unwrap(),
        );
        let input = build(InputParts {
            workload: Some(&workload),
            tenant: Some(("payments", &tenant)),
            quota: Value::new_object(),
            need_object: true,
            need_old_object: true,
            ..InputParts::of(&resource)
        });
        let pod = &input["flink"]["pods"][0];
        assert_eq!(pod["template"], input["object"]);
        assert_eq!(
            pod["serviceAccount"],
            Value::from(json!({"name": "flink", "path": ["spec", "serviceAccountName"]}))
        );
        assert_eq!(pod["containers"][0]["path"], Value::from(json!(["spec", "containers", "0"])));
        assert_eq!(pod["containers"][0]["image"]["allowed"], Value::Bool(true));
        assert_eq!(input["tenant"]["name"], Value::from("payments"));
        assert_eq!(input["oldObject"], Value::Undefined);
    }

    #[test]
    fn a_pod_runs_its_own_image_and_account_whatever_its_arguments_say() {
        let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {
            "serviceAccountName": "admin", "containers": [{"name": "flink-main-container", "image": "evil.io/x:1"}]}});
        let resource = Resource::from_manifest(object).unwrap();
        let set = PodSet {
            role: Role::TaskManager,
            replicas: 1,
            template: Template::InObject(String::new()),
            main_container: Some(0),
        };
        let mut workload =
            Workload { engine: Engine::Operator, pods: vec![set], ..Workload::default() };
        workload.config.set(
            "kubernetes.container.image.ref",
            "registry.example.com/flink:1",
            Some("/spec/containers/0/args/1".into()),
        );
        workload.config.set(
            "kubernetes.taskmanager.service-account",
            "flink",
            Some("/spec/containers/0/args/1".into()),
        );
        let input = build(InputParts { workload: Some(&workload), ..InputParts::of(&resource) });
        let pod = &input["flink"]["pods"][0];
        assert_eq!(pod["containers"][0]["image"]["registry"], Value::from("evil.io"));
        assert_eq!(pod["serviceAccount"]["name"], Value::from("admin"));
    }

    #[test]
    fn the_operators_main_container_is_there_without_a_template() {
        let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"},
            "spec": {"image": "flink:1.20", "serviceAccount": "flink", "job": {"upgradeMode": "savepoint"}}});
        let resource = Resource::from_manifest(object).unwrap();
        let template = Template::InObject("/spec/jobManager/podTemplate".into());
        let workload = Workload {
            engine: Engine::Operator,
            mode: Some(Mode::Native),
            pods: vec![PodSet {
                role: Role::JobManager,
                replicas: 1,
                template,
                main_container: None,
            }],
            config_pointer: Some("/spec/flinkConfiguration".into()),
            declares_cluster: true,
            ..Workload::default()
        };
        let input = build(InputParts { workload: Some(&workload), ..InputParts::of(&resource) });
        let pod = &input["flink"]["pods"][0];
        assert_eq!(input["flink"]["upgradeMode"], Value::from("savepoint"));
        assert_eq!(
            pod["serviceAccount"],
            Value::from(json!({"name": "flink", "path": ["spec", "serviceAccount"]}))
        );
        let main = &pod["containers"][0];
        assert_eq!(
            (&main["name"], &main["image"]["path"]),
            (&Value::from("flink-main-container"), &Value::from(json!(["spec", "image"])))
        );
        assert_eq!(
            main["path"],
            Value::from(json!(["spec", "jobManager", "podTemplate", "spec", "containers", "0"]))
        );
    }
}
