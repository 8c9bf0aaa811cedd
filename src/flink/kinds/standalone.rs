//! `apps Deployment`, `apps StatefulSet`, `batch Job` and `batch CronJob`: Flink on plain
//! Kubernetes with a pod set for each role, and the workloads of native mode and the Flink
//! operator. Other workloads of a tenant's namespace are lowered too.
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
use crate::flink::{FlinkContext, Role, Workload};
use crate::resource::{Resource, metadata_text, pointer};
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
    let leads = workload.pods.iter().any(|set| set.role == Role::JobManager && set.replicas > 0);
    // The operator's object counts its cluster and job itself.
    if leads && context.requester(resource) != Requester::FlinkOperator {
        workload.size.total.clusters = 1;
        workload.size.total.jobs = workload.jobs;
    } else {
        workload.jobs = 0;
    }
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

/// JSON Pointer of the pod template.
fn template(kind: &str) -> &'static str {
    if kind == "CronJob" { "/spec/jobTemplate/spec/template" } else { "/spec/template" }
}

/// The number of pods that run at once. A suspended workload counts as if it ran, because it may
/// start at any time. A CronJob counts as one run: if runs overlap, their pods count when they are
/// created.
fn replicas(kind: &str, object: &Value, problems: &mut Vec<SizeProblem>) -> u64 {
    let mut field = |place| count(object, place, 0, problems);
    let (parallelism, completions) = match kind {
        "Job" => ("/spec/parallelism", "/spec/completions"),
        "CronJob" => ("/spec/jobTemplate/spec/parallelism", "/spec/jobTemplate/spec/completions"),
        _ => return field("/spec/replicas").unwrap_or(1),
    };
    let parallelism = field(parallelism).unwrap_or(1);
    field(completions).map_or(parallelism, |completions| completions.min(parallelism))
}
