//! Tolerations of pods and of Flink's options for pods, held against those that the tenant has.

use super::super::convert::convert;
use super::super::{as_text, elements, options, path};
use super::{Found, Subject, shown};
use crate::resource::pointer;
use regorus::Value;
use serde_json::Value as Json;

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
            found.add_at(
                "tolerations",
                path(),
                format!("the toleration of {} is not one of the tenant's", shown(key)),
                None,
            );
        }
    };
    for pods in subject.pods {
        let tolerations = pointer::at(pods.template, "/spec/tolerations").and_then(Json::as_array);
        for (index, toleration) in tolerations.into_iter().flatten().enumerate() {
            let place =
                || Value::from(path(&format!("{}/spec/tolerations/{index}", pods.set.path())));
            note(&convert(toleration), &place);
        }
    }
    for option in elements(&options::tolerations(subject.workload)) {
        note(&option["toleration"], &|| option["path"].clone());
    }
}

/// Whether a toleration is one of the tenant's, a narrower one, or one that Kubernetes itself gives
/// every pod.
pub(super) fn is_covered(toleration: &Value, own: &[Value]) -> bool {
    let (key, effect) = (text(toleration, "key"), text(toleration, "effect"));
    let by_kubernetes = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
        .contains(&key)
        && effect == "NoExecute";
    by_kubernetes
        || own.iter().any(|own| {
            let same_or_any = |own: &str, other: &str| own.is_empty() || own == other;
            let operator = |toleration: &Value| match text(toleration, "operator") {
                "" => "Equal".to_owned(),
                operator => operator.to_owned(),
            };
            same_or_any(text(own, "key"), key)
                && same_or_any(text(own, "effect"), effect)
                && (operator(own) == "Exists"
                    || operator(own) == operator(toleration)
                        && text(own, "value") == text(toleration, "value"))
        })
}

fn text<'v>(toleration: &'v Value, field: &str) -> &'v str {
    as_text(&toleration[field]).unwrap_or_default()
}
