//! What an object does not have of what its tenant enforces. Mutation runs before validation, but not
//! always, and not always last: see the table of injectors.

use super::context::Context;
use super::template_editor::TemplateEditor;
use super::{
    Conflict, POD_INJECTORS, PodInjector, claim_cluster, completed, configuration,
    configuration_files, is_completed, labels, node_selector, of_files, option_entries, run,
};
use crate::flink::Workload;
use crate::kinds::Completed;
use crate::resource::{Operation, Resource};
use crate::tenant::FlinkTenantSpec;
use serde_json::Value;

/// The injectors whose result an update of a pod can change.
const CHANGED_BY_UPDATES: [PodInjector; 2] = [labels::inject, node_selector::inject];

/// The conflicts that [`mutate`](super::mutate) finds. An object that was completed before is not
/// copied for it.
pub fn conflicts(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
) -> Vec<Conflict> {
    differences(resource, object, workload, tenant, false)
}

/// What of the tenant's guarantees the object does not have when validation sees it:
/// [`conflicts`], and what mutation should have added.
pub fn unmet(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
) -> Vec<Conflict> {
    differences(resource, object, workload, tenant, true)
}

/// What an update takes away from a pod. Mutation does not see updates of pods, so what the pod
/// lacked before is not held against the update.
pub(super) fn changed_by_update(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
) -> Vec<Conflict> {
    let old = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
    let Some(old) = old.filter(|_| completed(resource, tenant) == Completed::OnCreate) else {
        return Vec::new();
    };
    let context = Context { resource, workload, tenant, cluster: claim_cluster(object, workload) };
    let of = |object| {
        let (editor, mut found) = (TemplateEditor::of_templates(object, workload), Vec::new());
        for injector in CHANGED_BY_UPDATES {
            run(injector, &context, &editor, &mut found, true);
        }
        found
    };
    let mut found = of(object);
    if !found.is_empty() {
        let before = of(old);
        found.retain(|conflict| !before.contains(conflict));
    }
    found
}

/// The conflicts of an object as it came; with `verifies` also what it lacks. Of one that mutation
/// does not complete, what an update takes away.
fn differences(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
    verifies: bool,
) -> Vec<Conflict> {
    if completed(resource, tenant) == Completed::Files {
        let context = of_files(resource, workload, tenant);
        return if verifies {
            configuration_files::unmet(&context, object)
        } else {
            configuration_files::complete(&context, object).conflicts
        };
    }
    if !is_completed(resource, object, tenant) {
        return changed_by_update(resource, object, workload, tenant);
    }
    let mut conflicts = Vec::new();
    let context = Context { resource, workload, tenant, cluster: claim_cluster(object, workload) };
    let mut editor = TemplateEditor::of_templates(object, workload);
    if let Some(mut configuration) = configuration::Configuration::of(&context) {
        configuration::inject(&context, &mut configuration, &mut editor, &mut conflicts, verifies);
    }
    for injector in POD_INJECTORS.iter().filter(|injector| injector.is_verified()) {
        let edits = run(injector.inject, &context, &editor, &mut conflicts, verifies);
        if injector.is_written {
            editor.apply(edits);
        }
    }
    option_entries::judge(&context, &mut conflicts);
    conflicts
}
