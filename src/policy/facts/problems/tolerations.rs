//! Tolerations of pods and of Flink's options for pods, held against those that the tenant has.

use super::super::{as_text, elements, options};
use super::{Found, Subject, shown};
use regorus::Value;

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    let own = match &subject.tenant["scheduling"]["tolerations"] {
        Value::Array(own) => own.as_slice(),
        _ => return,
    };
    let mut note = |toleration: &Value, path: &dyn Fn() -> Value| {
        if !is_covered(toleration, own) {
            let key = match text(toleration, "key") {
                "" => "everything",
                key => key,
            };
            found.add_at("tolerations", path(), format!("the toleration of {} is not one of the tenant's", shown(key)), None);
        }
    };
    for pod in elements(subject.pods) {
        for (index, toleration) in elements(&pod["template"]["spec"]["tolerations"]).iter().enumerate() {
            let index = index.to_string();
            note(toleration, &|| super::super::extended(elements(&pod["path"]), ["spec", "tolerations", &index]));
        }
    }
    for option in elements(&options::tolerations(subject.workload)) {
        note(&option["toleration"], &|| option["path"].clone());
    }
}

/// Whether a toleration is one of the tenant's, a narrower one, or one that Kubernetes itself gives every pod.
pub(super) fn is_covered(toleration: &Value, own: &[Value]) -> bool {
    let (key, effect) = (text(toleration, "key"), text(toleration, "effect"));
    let by_kubernetes = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].contains(&key) && effect == "NoExecute";
    by_kubernetes
        || own.iter().any(|own| {
            let same_or_any = |own: &str, other: &str| own.is_empty() || own == other;
            let operator = |toleration: &Value| match text(toleration, "operator") {
                "" => "Equal".to_owned(),
                operator => operator.to_owned(),
            };
            same_or_any(text(own, "key"), key)
                && same_or_any(text(own, "effect"), effect)
                && (operator(own) == "Exists" || operator(own) == operator(toleration) && text(own, "value") == text(toleration, "value"))
        })
}

fn text<'v>(toleration: &'v Value, field: &str) -> &'v str {
    as_text(&toleration[field]).unwrap_or_default()
}
