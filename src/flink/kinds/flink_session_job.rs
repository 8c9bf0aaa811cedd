//! `flink.apache.org FlinkSessionJob`: a job that the operator submits to a session cluster.
//!
//! It has no pods: the cluster's TaskManagers count when they are created. Its options apply to the
//! job only; the cluster's configuration applies to the rest, if the cluster is known.

use super::counts::count;
use super::flink_deployment;
use super::operator_config::FLINK_CONFIGURATION;
use crate::flink::config::FlinkConfig;
use crate::flink::sizing::Size;
use crate::flink::text_form::TextForm;
use crate::flink::workload::SessionCluster;
use crate::flink::{Engine, FlinkContext, Workload};
use crate::resource::{Resource, pointer};
use serde_json::Value;

/// The session cluster that the job is submitted to.
pub(crate) fn refers_to(object: &Value) -> Option<(&'static str, &str)> {
    Some(("FlinkDeployment", pointer::at(object, "/spec/deploymentName")?.as_str()?))
}

pub(crate) fn lower(resource: &Resource, object: &Value, context: &FlinkContext) -> Workload {
    let cluster =
        pointer::at(object, "/spec/deploymentName").and_then(Value::as_str).unwrap_or_default();
    let jobs = u64::from(pointer::at(object, "/spec/job").is_some_and(Value::is_object));
    let mut size = Size::default();
    size.total.jobs = jobs;
    count(object, "/spec/job/parallelism", 1, &mut size.problems);
    let session =
        context.object("FlinkDeployment", &resource.namespace, cluster).map(|deployment| {
            let of = Resource {
                namespace: resource.namespace.clone(),
                name: cluster.into(),
                ..Resource::default()
            };
            flink_deployment::lower(&of, deployment, context)
        });
    let session_defaults = match &session {
        None => context.operator_defaults(&resource.namespace, None),
        Some(_) => FlinkConfig::default(),
    };
    let mut config = FlinkConfig::from_object(
        pointer::at(object, FLINK_CONFIGURATION).unwrap_or(&Value::Null),
        FLINK_CONFIGURATION,
    );
    // They reach Flink in the request that submits the job.
    let text_faults = TextForm::AsWritten.read_back(&mut config);
    Workload {
        engine: Engine::Operator,
        cluster: cluster.into(),
        version: session.as_ref().and_then(|session| session.version),
        jobs,
        config,
        text_faults,
        config_pointer: Some(FLINK_CONFIGURATION.into()),
        size,
        session: session.map(|session| SessionCluster {
            is_application: session.jobs > 0,
            config: session.config,
        }),
        session_defaults,
        ..Workload::default()
    }
}
