//! Kubernetes' kinds with a pod template: `apps Deployment`, `apps ReplicaSet`, `apps StatefulSet`,
//! `apps DaemonSet`, `batch Job`, `batch CronJob`, `v1 ReplicationController` and `v1 PodTemplate`.
//! They run Flink on plain Kubernetes with a pod set for each role, and are the workloads of native
//! mode and the Flink operator. Other workloads of a tenant's namespace are lowered too.
//!
//! Mutation does not change these kinds: their pods are mutated when they are created. Rules check
//! the template in the state that mutation will give its pods ([`crate::mutate::foresee`]), so
//! nothing is refused that mutation fixes.
//!
//! The configuration is that of the template (`FLINK_PROPERTIES`,
//! `TASK_MANAGER_NUMBER_OF_TASK_SLOTS` and `-D` arguments), which overrides the mounted ConfigMap,
//! if it is known. The size is the sum of the pods' requests.

use super::counts::count;
use super::pod_template_workload::PodTemplateWorkload;
use crate::flink::requester::Requester;
use crate::flink::sizing::SizeProblem;
use crate::flink::sizing::requests::PodRequests;
use crate::flink::{FlinkContext, Workload};
use crate::resource::fields::text;
use crate::resource::{Resource, metadata_text, owners, pointer};
use serde_json::Value;

const CLAIMS: &str = "/spec/volumeClaimTemplates";

pub(crate) fn lower(resource: &Resource, object: &Value, context: &FlinkContext) -> Workload {
    let mut problems = Vec::new();
    let replicas = replicas(&resource.kind.kind, object, &mut problems);
    let claims = PodRequests::of_claims(
        pointer::at(object, CLAIMS).unwrap_or(&Value::Null),
        CLAIMS,
        &mut problems,
    );
    let pods = PodTemplateWorkload {
        object,
        place: template(&resource.kind.kind),
        replicas,
        name: |object| metadata_text(object, "name"),
        namespace: &resource.namespace,
        context,
    };
    let mut workload = pods.lower(problems);
    workload.size.add_claims(replicas, &claims, CLAIMS);
    // The operator's object counts its cluster and job itself.
    if context.requester(resource) == Requester::FlinkOperator {
        workload.size.total.clusters = 0;
        workload.size.total.jobs = 0;
    }
    workload.jobs = workload.size.total.jobs;
    workload
}

/// Whether an update leaves every pod as it is and asks for no more of them: the operator scales a
/// Deployment to zero before it deletes it, and no rule that came since may keep it from that.
pub(crate) fn only_shrinks(resource: &Resource, old: &Value) -> bool {
    let new = &resource.object;
    let kind = resource.kind.kind.as_str();
    let same = |place: &str| pointer::at(new, place) == pointer::at(old, place);
    let replicas = |object: &Value| replicas(kind, object, &mut Vec::new());
    same(template(kind)) && same(CLAIMS) && replicas(new) <= replicas(old)
}

/// Whether a stored ReplicaSet belongs to a Deployment, which counts with all its pods. Its pods
/// draw on the Deployment, whatever is written here: the controller adopts or releases it.
pub(crate) fn is_counted_by_deployment(stored: &Resource) -> bool {
    owners(&stored.object).iter().any(|owner| {
        text(owner, "kind") == "Deployment"
            && text(owner, "apiVersion").starts_with("apps/")
            && owner.get("controller") == Some(&Value::Bool(true))
    })
}

/// JSON Pointer of the pod template.
fn template(kind: &str) -> &'static str {
    match kind {
        "CronJob" => "/spec/jobTemplate/spec/template",
        "PodTemplate" => "/template",
        _ => "/spec/template",
    }
}

/// The number of pods that run at once. A suspended workload counts as if it ran, because it may
/// start at any time. A CronJob counts as one run: if runs overlap, their pods count when they are
/// created. A DaemonSet counts as one pod, because its nodes are unknown: further pods count when
/// they are created. A PodTemplate runs none.
fn replicas(kind: &str, object: &Value, problems: &mut Vec<SizeProblem>) -> u64 {
    let mut field = |place| count(object, place, 0, problems);
    let (parallelism, completions) = match kind {
        "Job" => ("/spec/parallelism", "/spec/completions"),
        "CronJob" => ("/spec/jobTemplate/spec/parallelism", "/spec/jobTemplate/spec/completions"),
        "DaemonSet" => return 1,
        "PodTemplate" => return 0,
        _ => return field("/spec/replicas").unwrap_or(1),
    };
    let parallelism = field(parallelism).unwrap_or(1);
    field(completions).map_or(parallelism, |completions| completions.min(parallelism))
}
