//! `pods[].serviceAccount`: the service account that a pod will run as, and the field that decides it.

use super::{as_text, extended, get, object, path};
use crate::flink::{Engine, PodSet, Role, Workload};
use crate::resource::pointer;
use regorus::Value;

/// The account and its place. With the operator, an option of the role beats `spec.serviceAccount`, which beats the
/// template; a pod that names none runs as `default`.
pub fn service_account(set: &PodSet, template: &Value, base: &[Value], workload: &Workload, root: &serde_json::Value) -> Value {
    let operator = workload.declares_cluster && workload.engine == Engine::Operator && set.role != Role::Other;
    let by_operator = || operator.then(|| given(set.role, workload, root)).flatten();
    let by_template = || {
        let named = |field| as_text(get(template, &["spec", field])).filter(|name| !name.is_empty());
        let found = ["serviceAccountName", "serviceAccount"].into_iter().find_map(|field| Some((field, named(field)?)));
        found.map(|(field, name)| (name.to_owned(), extended(base, ["spec", field])))
    };
    let (name, path) = by_operator().or_else(by_template).unwrap_or_else(|| {
        let at = if operator { Value::from(path(&spec_field(workload))) } else { extended(base, ["spec", "serviceAccountName"]) };
        ("default".to_owned(), at)
    });
    object([("name", Value::from(name)), ("path", path)])
}

fn given(role: Role, workload: &Workload, root: &serde_json::Value) -> Option<(String, Value)> {
    let component = role.component()?;
    let option = |key: &str| {
        let entry = workload.config.entry(key)?;
        let fallback = || workload.config_pointer.as_deref().map(|base| pointer::join(base, key)).unwrap_or_default();
        Some((entry.value.clone(), Value::from(path(&entry.pointer.clone().unwrap_or_else(fallback)))))
    };
    let field = || {
        let at = spec_field(workload);
        let name = pointer::at(root, &at)?.as_str().filter(|name| !name.is_empty())?;
        Some((name.to_owned(), Value::from(path(&at))))
    };
    option(&format!("kubernetes.{component}.service-account")).or_else(field).or_else(|| option("kubernetes.service-account"))
}

/// Where `serviceAccount` stands: beside the configuration.
fn spec_field(workload: &Workload) -> String {
    let spec = workload.config_pointer.as_deref().and_then(pointer::parent).unwrap_or("/spec");
    pointer::join(spec, "serviceAccount")
}
