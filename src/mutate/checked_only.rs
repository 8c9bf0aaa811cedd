//! Custom resources that are only checked (`mutation: {customResources: false}`). Nothing is written
//! into them, so that a GitOps tool finds them as they are in Git. Their pods are completed when they
//! are created, and the options that Flink's processes read, in the ConfigMap that the operator writes.
//!
//! What neither can give must be in the custom resource: an enforced option that the operator reads
//! itself, or that decides what it creates.

use super::configuration::{self, Configuration};
use super::context::Context;
use super::option_maps::LackingOptions;
use super::template_editor::TemplateEditor;
use super::{Conflict, Difference, PredictedPods, claim_cluster, complete, is_whole_object};
use crate::flink::catalog::mirrored_names;
use crate::flink::config::{Entry, FlinkConfig};
use crate::flink::options::{is_carried_by_file, is_written_by_operator, names_of};
use crate::flink::{Engine, Workload};
use crate::kinds::{self, Completed};
use crate::resource::{Resource, pointer};
use crate::tenant::{FlinkTenantSpec, Scalar};
use serde_json::Value;

/// Whether a tenant's custom resources of this kind are only checked.
pub fn is_only_checked(resource: &Resource, tenant: &FlinkTenantSpec) -> bool {
    let is_completed =
        |completed| matches!(completed, Completed::OnCreateAndUpdate | Completed::Options);
    !tenant.mutation.custom_resources
        && kinds::of(&resource.kind).is_some_and(|row| is_completed(row.completed))
}

/// The custom resource with the pods and options that its cluster will have.
pub(super) fn predict(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
) -> Option<PredictedPods> {
    if !is_whole_object(resource, object) {
        return None;
    }
    let carried = carried(object, workload, tenant);
    let (editor, mut conflicts) = complete(resource, object, workload, &carried);
    conflicts.retain(|conflict| !is_about_options(conflict));
    let context = Context { resource, workload, tenant, cluster: claim_cluster(object, workload) };
    conflicts.extend(missing_options(&context, object));
    let (object, pods) = editor.into_parts();
    Some(PredictedPods {
        object,
        pods,
        conflicts,
        stored: None,
        unmet: Vec::new(),
        blocked: Vec::new(),
    })
}

fn is_about_options(conflict: &Conflict) -> bool {
    matches!(
        conflict.difference,
        Difference::EnforcedOption { .. } | Difference::HiddenOption { .. }
    )
}

/// The enforced options that the object contradicts, and those that only it can carry and lacks.
fn missing_options(context: &Context<'_>, object: &Value) -> Vec<Conflict> {
    let Some(mut configuration) = Configuration::of(context) else {
        let lacking = LackingOptions::of(context, None);
        return lacking.map(|lacking| lacking.enforced()).unwrap_or_default();
    };
    let mut editor = TemplateEditor::of_templates(object, context.workload);
    let mut found = Vec::new();
    configuration::inject(context, &mut configuration, &mut editor, &mut found, true);
    found.retain(|conflict| match &conflict.difference {
        Difference::EnforcedOption { key, wanted, found: None } => {
            // What the operator's own configuration sets is in its ConfigMap already.
            !is_carried(object, context.workload, key, wanted)
                || given(&context.workload.config, key).is_some()
        }
        _ => is_about_options(conflict),
    });
    found
}

/// The spec without what nothing gives to an object that is not changed.
fn carried(object: &Value, workload: &Workload, tenant: &FlinkTenantSpec) -> FlinkTenantSpec {
    let mut carried = tenant.clone();
    let is_given = |key: &str, value: &Scalar| {
        is_carried(object, workload, key, &value.text()) && given(&workload.config, key).is_none()
    };
    carried.flink.configuration.enforced.retain(|key, value| is_given(key, value));
    carried.flink.configuration.defaults.retain(|key, value| is_given(key, value));
    carried.flink.resources = Default::default();
    carried
}

/// Whether mutation gives Flink an option that the object lacks: in the object itself or on its way.
pub fn is_option_given(
    resource: &Resource,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
    (key, wanted): (&str, &str),
) -> bool {
    !is_only_checked(resource, tenant) || is_carried(&resource.object, workload, key, wanted)
}

/// Whether an option reaches Flink through a ConfigMap that the operator writes for the object. A job
/// of a session cluster has none, and other operators write theirs again and again.
fn is_carried(object: &Value, workload: &Workload, key: &str, wanted: &str) -> bool {
    workload.engine == Engine::Operator
        && workload.declares_cluster
        && is_carried_by_file(key)
        && !is_written_by_operator(key, wanted, upgrades_by_last_state(object))
}

/// Whether a cluster's job is upgraded by `last-state`, in a template too.
fn upgrades_by_last_state(object: &Value) -> bool {
    ["/spec/job/upgradeMode", "/spec/template/spec/job/upgradeMode"]
        .iter()
        .any(|place| pointer::at(object, place).and_then(Value::as_str) == Some("last-state"))
}

fn given<'c>(config: &'c FlinkConfig, key: &str) -> Option<&'c Entry> {
    let other = || names_of(key).find_map(|name| config.exact(name));
    let mirrored = || mirrored_names(key).find_map(|name| config.exact(&name));
    config.exact(key).or_else(other).or_else(mirrored)
}
