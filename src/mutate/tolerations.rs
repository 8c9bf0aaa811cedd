//! Adds the tenant's tolerations to every pod, so that it can run on the nodes reserved for the
//! tenant.

use super::context::{Context, Pods};
use super::edit::{Path, PodChanges};
use crate::resource::fields::{elements, text};
use k8s_openapi::api::core::v1::Toleration;
use serde_json::Value;

pub(super) fn inject(context: &Context<'_>, pods: &Pods<'_>, changes: &mut PodChanges) {
    let present = elements(pods.spec(), "tolerations");
    for (index, wanted) in context.tenant.scheduling.tolerations.iter().flatten().enumerate() {
        let repeated = context
            .tenant
            .scheduling
            .tolerations
            .iter()
            .flatten()
            .take(index)
            .any(|earlier| earlier == wanted);
        if repeated || present.iter().any(|toleration| is_same(toleration, wanted)) {
            continue;
        }
        if let Ok(value) = serde_json::to_value(wanted) {
            changes.append(Path::keys(&["spec", "tolerations"]), value);
        }
    }
}

/// Whether both tolerate the same taints for the same time. Kubernetes reads a missing operator as
/// `Equal`.
pub(super) fn is_same(present: &Value, wanted: &Toleration) -> bool {
    let given = |text: &Option<String>| text.as_deref().unwrap_or_default().to_owned();
    let operator = |text: &str| if text.is_empty() { "Equal".to_owned() } else { text.to_owned() };
    present.is_object()
        && text(present, "key") == given(&wanted.key)
        && operator(text(present, "operator")) == operator(&given(&wanted.operator))
        && text(present, "value") == given(&wanted.value)
        && text(present, "effect") == given(&wanted.effect)
        && present.get("tolerationSeconds").and_then(Value::as_i64) == wanted.toleration_seconds
}
