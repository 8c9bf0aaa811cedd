//! Whether pods ask for other nodes than the tenant's: by node affinity, or by naming a node, which
//! goes past the scheduler and so past all that keeps pods in the pool and apart.

use super::super::super::as_text;
use super::super::shown;
use super::{Found, Placement};
use crate::kubernetes::placement::asks_elsewhere;
use crate::resource::{Operation, pointer};
use regorus::Value;

/// Annotation of a kubelet's own pods, which stand on their node before the API server hears of
/// them.
const MIRROR_ANNOTATION: &str = "/metadata/annotations/kubernetes.io~1config.mirror";

pub(super) fn judge(placement: &Placement<'_>, found: &mut Found) {
    node_affinity(placement, found);
    node_names(placement, found);
}

fn node_affinity(placement: &Placement<'_>, found: &mut Found) {
    let subject = placement.subject;
    let pool = &placement.wanted["nodeSelector"];
    for set in &subject.workload.pods {
        let Some(spec) = set.template(subject.root).get("spec") else { continue };
        if pointer::at(spec, "/affinity/nodeAffinity").is_none() {
            continue;
        }
        for elsewhere in asks_elsewhere(spec, |key| as_text(&pool[key])) {
            let message = format!(
                "node affinity asks for nodes with {} {}, and pods of this tenant run on nodes with {}={}",
                shown(elsewhere.key),
                shown(&elsewhere.asked),
                shown(elsewhere.key),
                shown(elsewhere.pool)
            );
            found.add("nodeAffinity", &format!("{}{}", set.path(), elsewhere.place), message, None);
        }
    }
}

fn node_names(placement: &Placement<'_>, found: &mut Found) {
    let subject = placement.subject;
    // A pod that is there has been put on its node by the scheduler.
    let is_stored_pod =
        subject.resource.kind.kind == "Pod" && subject.resource.operation != Operation::Create;
    if is_stored_pod {
        return;
    }
    for set in &subject.workload.pods {
        let name =
            set.template(subject.root).get("spec").and_then(|spec| spec.get("nodeName")?.as_str());
        if let Some(name) = name.filter(|name| !name.is_empty())
            && is_placed(placement)
            && pointer::at(subject.root, MIRROR_ANNOTATION).is_none()
        {
            let message = format!(
                "pods of role {} are put on node {:?} past the scheduler",
                set.role.as_str(),
                shown(name)
            );
            found.add("nodeNames", &format!("{}/spec/nodeName", set.path()), message, None);
        }
    }
}

/// Whether the tenant has any word on where pods run.
fn is_placed(placement: &Placement<'_>) -> bool {
    let wanted = placement.wanted;
    let given = |field: &str| matches!(&wanted[field], Value::Object(fields) if !fields.is_empty());
    let apart = &wanted["antiAffinity"];
    given("nodeSelector")
        || given("zoneSpread")
        || matches!(wanted["tolerations"], Value::Array(_))
        || matches!(wanted["schedulerNames"], Value::Array(_))
        || ["jobManager", "taskManager"].into_iter().any(|role| as_text(&apart[role]).is_some())
}
