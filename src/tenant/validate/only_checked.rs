//! Fields that only a completed custom resource gets, in a tenant whose custom resources are only checked
//! (`mutation: {customResources: false}`): they have no effect.

use super::Problems;
use crate::flink::options::is_carried_by_file;
use crate::resource::pointer;
use crate::tenant::FlinkTenantSpec;

const REASON: &str = "nothing gives it where `mutation.customResources` is `false`";
const HELP: &str =
    "write it in each custom resource and remove it here, or remove `mutation.customResources`";

/// Reports what has no effect.
pub(super) fn check(spec: &FlinkTenantSpec, problems: &mut Problems) {
    if spec.mutation.custom_resources {
        return;
    }
    let message = format!("{REASON}: {HELP}");
    let roles = &spec.flink.resources;
    for (field, role) in [("jobManager", &roles.job_manager), ("taskManager", &roles.task_manager)]
    {
        if role.is_some() {
            problems.warn_key(format!("/flink/resources/{field}"), message.clone());
        }
    }
    // The operator reads these before there is a ConfigMap that could have them.
    for key in spec.flink.configuration.defaults.keys().filter(|key| !is_carried_by_file(key)) {
        let place = pointer::join("/flink/configuration/defaults", key);
        problems.warn_key(place, message.clone());
    }
    if spec.flink.autoscaler.bound {
        let help = "set `job.autoscaler.vertex.max-parallelism` in each custom resource and remove \
                    `bound`, or remove `mutation.customResources`";
        problems.warn_key("/flink/autoscaler/bound".into(), format!("{REASON}: {help}"));
    }
}
