//! `pods[].securityContexts`: every security context of a pod in one flat list, the pod's own first.

use super::{elements, extended, get, object};
use regorus::Value;

/// `[{container, path, spec}]`, where `container` is null for the pod's own; only what the template writes is there.
pub fn security_contexts(template: &Value, base: &[Value], containers: &Value) -> Value {
    let own = get(template, &["spec", "securityContext"]);
    let pods = written(own).map(|spec| (Value::Null, extended(base, ["spec", "securityContext"]), spec));
    let containers = elements(containers).iter().filter_map(|container| {
        let spec = written(get(container, &["spec", "securityContext"]))?;
        Some((container["name"].clone(), extended(elements(&container["path"]), ["securityContext"]), spec))
    });
    let contexts = pods.into_iter().chain(containers);
    Value::from(
        contexts.map(|(container, path, spec)| object([("container", container), ("path", path), ("spec", spec)])).collect::<Vec<_>>(),
    )
}

fn written(context: &Value) -> Option<Value> {
    matches!(context, Value::Object(_)).then(|| context.clone())
}
