//! Updates of `status`, which are exempt from all rules: a refusal would block controllers.
//!
//! Three things in them act. The Flink operator works from the status of its objects: it deploys
//! the specification that it finds in `lastReconciledSpec`. The status of a pod decides whether it
//! uses quota and where its traffic goes. And Kubernetes stores the metadata of such an update, so
//! it is a second way to write labels and annotations. Only the users that need these may change
//! them: components of the cluster, controllers outside of the tenants' namespaces, the operator.

use super::answer::Answer;
use crate::flink::requester::Requester;
use crate::kinds::{self, Origin};
use crate::pipeline::Gate;
use crate::resource::{Operation, Resource, pointer};
use crate::rules::notices::STATUS;
use crate::rules::{Finding, enforcement};
use serde_json::Value;

/// What acts in the status of Kubernetes' kinds, and in the metadata that is stored with it.
const ACTING: [(&str, &[&str]); 3] = [
    ("", &["/metadata/labels", "/metadata/annotations", "/metadata/ownerReferences"]),
    ("Pod", &["/status/phase", "/status/podIPs"]),
    ("Service", &["/status/loadBalancer"]),
];

/// The answer to an update of `status`; `None` for every other request.
pub(super) fn answer(gate: &Gate, resource: &Resource) -> Option<Answer> {
    if resource.sub_resource.as_deref() != Some("status") || resource.operation != Operation::Update
    {
        return None;
    }
    let Some(tenant) = gate.tenants().owner(&resource.namespace).tenant() else {
        return Some(Answer::default());
    };
    let mut answer = Answer { tenant: Some(tenant.name.clone()), ..Answer::default() };
    let place = acting_change(resource).filter(|_| {
        gate.context().requester(resource) != Requester::FlinkOperator
            && !gate.is_platform_user(&resource.user)
    });
    let level = || {
        let today = enforcement::today();
        enforcement::level(&tenant.spec, STATUS.id, STATUS.level, resource, today)
    };
    if let Some((place, level)) = place.zip(level()) {
        let (kind, name) = (&resource.kind.kind, resource.display_name());
        answer.findings.push(Finding {
            rule: STATUS.id.into(),
            level,
            message: format!(
                "only a controller may change `{place}` by the status of {kind} `{name}`"
            ),
            pointer: place.into(),
            help: Some("change the object itself, and leave its status to its controller".into()),
            ..Finding::default()
        });
    }
    Some(answer)
}

/// The first changed place that acts.
fn acting_change(resource: &Resource) -> Option<&'static str> {
    let row = kinds::of(&resource.kind).filter(|row| row.lower.is_some())?;
    let old = resource.old_object.as_ref().unwrap_or(&Value::Null);
    let changes = |place: &&&str| at(&resource.object, place) != at(old, place);
    if row.origin == Origin::Operator {
        // Kubernetes stores nothing else of an update of a custom resource's status.
        return Some("/status").filter(|place| changes(&place));
    }
    let acting = ACTING.iter().filter(|(kind, _)| kind.is_empty() || *kind == row.kind);
    acting.flat_map(|(_, places)| places.iter()).find(changes).copied()
}

/// A value, where an empty one counts as missing.
fn at<'v>(object: &'v Value, place: &str) -> Option<&'v Value> {
    pointer::at(object, place).filter(|value| match value {
        Value::Null => false,
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        _ => true,
    })
}
