//! `apps Deployment`, `apps StatefulSet`, `batch Job`, `batch CronJob`: Flink on plain Kubernetes,
//! a set of pods for each role, and what native mode and the Flink operator make of their clusters.
//! Other workloads of a tenant's namespace are lowered too, as other pods are.
//!
//! Nothing is changed in these kinds: their pods are completed as they are created. So that nothing
//! is refused here that would be cured there, the template is judged as mutation will complete its
//! pods ([`crate::mutate::foresee`]).
//!
//! Configuration is what the template itself gives (`FLINK_PROPERTIES`,
//! `TASK_MANAGER_NUMBER_OF_TASK_SLOTS` and `-D` arguments), over the ConfigMap that it mounts,
//! where that is known. The size is what the pods request.

use super::config_map;
use super::counts::count;
use super::pod_template_workload::PodTemplateWorkload;
use crate::flink::sizing::SizeProblem;
use crate::flink::sizing::requests::PodRequests;
use crate::flink::{Role, Surroundings, Workload};
use crate::resource::{Resource, metadata_text, owners, pointer};
use serde_json::Value;

const CLAIMS: &str = "/spec/volumeClaimTemplates";
/// API groups whose objects are lowered with all that their operators make of them.
const OPERATOR_GROUPS: [&str; 3] = ["flink.apache.org/", "flinkoperator.k8s.io/", "flink.k8s.io/"];

pub(super) fn lower(resource: &Resource, object: &Value, surroundings: &Surroundings) -> Workload {
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
        surroundings,
    };
    let mut workload = pods.lower(problems);
    workload.size.add_claims(replicas, &claims, CLAIMS);
    let leads = workload.pods.iter().any(|set| set.role == Role::JobManager && set.replicas > 0);
    // The operator's object counts its cluster and job itself.
    if leads && !has_operators_owner(object) {
        workload.size.total.clusters = 1;
        workload.size.total.jobs = workload.jobs;
    } else {
        workload.jobs = 0;
    }
    workload
}

/// Whether an update leaves every pod as it is and asks for no more of them: the operator scales a
/// Deployment to zero before it deletes it, and no rule that came since may keep it from that.
pub fn only_shrinks(resource: &Resource, old: &Value) -> bool {
    let new = &resource.object;
    let kind = resource.kind.kind.as_str();
    let same = |place: &str| pointer::at(new, place) == pointer::at(old, place);
    let replicas = |object: &Value| replicas(kind, object, &mut Vec::new());
    is_workload(resource) && same(template(kind)) && same(CLAIMS) && replicas(new) <= replicas(old)
}

/// Whether an operator made this workload, or the ConfigMap of its cluster, from an object of its
/// own. That was judged and counted with all its pods, and its status tells a refusal of a pod
/// better than one of a Deployment. Whoever forges the owner hears later, no less: every pod is
/// judged and counted as it is created.
pub fn is_made_by_operator(resource: &Resource) -> bool {
    (is_workload(resource) && has_operators_owner(&resource.object))
        || config_map::is_made_by_operator(resource)
}

fn is_workload(resource: &Resource) -> bool {
    matches!(
        (resource.kind.group.as_str(), resource.kind.kind.as_str()),
        ("apps", "Deployment" | "StatefulSet") | ("batch", "Job" | "CronJob")
    )
}

/// Where the pod template stands.
fn template(kind: &str) -> &'static str {
    if kind == "CronJob" { "/spec/jobTemplate/spec/template" } else { "/spec/template" }
}

/// How many pods run at once. What is suspended counts as if it ran: it may at any moment. A
/// CronJob counts as one run: where the next begins before the last has ended, its pods are counted
/// as they are created.
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

fn has_operators_owner(object: &Value) -> bool {
    let mut versions = owners(object).iter().filter_map(|owner| owner.get("apiVersion")?.as_str());
    versions.any(|version| OPERATOR_GROUPS.iter().any(|group| version.starts_with(group)))
}
