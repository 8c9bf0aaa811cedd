//! Mutation: adds to an object what its tenant requires, with one file per injector. An object, its
//! workload and its tenant go in; the changed object and its conflicts come out. It does not judge
//! the object: rules do.
//!
//! An injector reads one pod set and requests changes; the template editor decides where in the
//! object to write them. The user's values stay unless the tenant's value takes precedence. Then
//! the value is replaced and a [`Conflict`] records it. A second pass changes nothing.

mod anti_affinity;
mod checkpoint_volume;
mod configuration;
mod conflict;
mod context;
mod edit;
mod labels;
mod main_container;
mod node_selector;
mod option_entries;
mod patch;
mod pending;
mod places;
mod read_only_root;
mod resources;
mod security_context;
mod template_editor;
mod tolerations;
mod topology_spread;

pub use checkpoint_volume::VOLUME_NAME;
pub use conflict::{Conflict, Difference, EntryDifference, PodMap, VolumeDifference};
pub use option_entries::NODE_NAME_LABEL;
pub use patch::patch;

use crate::flink::claims::blue_green_parent;
use crate::flink::workload::is_canary;
use crate::flink::{PodSet, Workload};
use crate::kinds::{self, Completed};
use crate::resource::{Operation, Resource};
use crate::tenant::FlinkTenantSpec;
use context::{Context, Pods};
use edit::{Edit, PodChanges};
use serde_json::Value;
use template_editor::TemplateEditor;

/// The result of mutation: the new object, and what conflicts with the user's values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mutation {
    /// The object to store; `None` if nothing changes.
    pub object: Option<Value>,
    /// The differences between the object and the values that its tenant requires.
    pub conflicts: Vec<Conflict>,
}

/// Requests the changes for one pod set.
type PodInjector = fn(&Context<'_>, &Pods<'_>, &mut PodChanges);

/// The injectors in the order in which they run: later ones write into the container that the first
/// one adds.
const POD_INJECTORS: [PodInjector; 9] = [
    main_container::inject,
    labels::inject,
    node_selector::inject,
    tolerations::inject,
    security_context::inject,
    read_only_root::inject,
    anti_affinity::inject,
    topology_spread::inject,
    checkpoint_volume::inject,
];

/// The injectors that decide what [`conflicts`] finds, and whether what one asks for is written: a
/// container or a mount that it adds matters to the last one.
const CONFLICT_INJECTORS: [(PodInjector, bool); 5] = [
    (main_container::inject, true),
    (labels::inject, false),
    (node_selector::inject, false),
    (read_only_root::inject, true),
    (checkpoint_volume::inject, false),
];

/// Annotation of a kubelet's own pods, which nobody may change.
const MIRROR_ANNOTATION: &str = "kubernetes.io/config.mirror";

/// Adds the tenant's values to an object. Idempotent.
pub fn mutate(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
) -> Mutation {
    if !is_completed(resource, object) {
        return Mutation::default();
    }
    let (editor, conflicts) = complete(resource, object, workload, tenant);
    Mutation { object: editor.finish(), conflicts }
}

/// The conflicts that [`mutate`] finds. An object that was completed before is not copied for it.
pub fn conflicts(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    if !is_completed(resource, object) {
        return conflicts;
    }
    let context = Context { resource, workload, tenant, cluster: claim_cluster(object, workload) };
    let mut editor = TemplateEditor::of_templates(object, workload);
    if let Some(mut configuration) = configuration::Configuration::of(&context) {
        configuration::inject(&context, &mut configuration, &mut editor, &mut conflicts);
    }
    for (injector, is_written) in CONFLICT_INJECTORS {
        let edits = run(injector, &context, &editor, &mut conflicts);
        if is_written {
            editor.apply(edits);
        }
    }
    option_entries::judge(&context, &mut conflicts);
    conflicts
}

/// The state claim that a cluster's pods mount, if it has a name of the tenant's template.
pub fn state_claim(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
) -> Option<String> {
    let context = Context { resource, workload, tenant, cluster: claim_cluster(object, workload) };
    workload
        .pods
        .iter()
        .find_map(|set| checkpoint_volume::mounted_claim(&context, &Pods::new(set, object)))
}

/// An object that creates pods, with these pods in the state that mutation will give them.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictedPods {
    /// The object with completed templates; `None` where none that stands in it changes.
    pub object: Option<Value>,
    /// The pod sets after mutation.
    pub pods: Vec<PodSet>,
    /// The differences between the object and the values that its tenant requires.
    pub conflicts: Vec<Conflict>,
}

/// An object with its pods as [`mutate`] will complete them one by one; `None` where mutation
/// completes the object itself, or it has no pods. It is judged so and never stored: a refusal must
/// not name what mutation cures, and need not wait for the pods.
pub fn predict_pods(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
) -> Option<PredictedPods> {
    (completed(resource) == Completed::Never && !workload.pods.is_empty()).then(|| {
        let (editor, conflicts) = complete(resource, object, workload, tenant);
        let (object, pods) = editor.into_parts();
        PredictedPods { object, pods, conflicts }
    })
}

fn complete<'a>(
    resource: &'a Resource,
    object: &'a Value,
    workload: &'a Workload,
    tenant: &'a FlinkTenantSpec,
) -> (TemplateEditor<'a>, Vec<Conflict>) {
    let context = Context { resource, workload, tenant, cluster: claim_cluster(object, workload) };
    let mut editor = TemplateEditor::new(object, workload);
    let mut conflicts = Vec::new();
    let mut configuration = configuration::Configuration::of(&context);
    // The configuration comes first: an option decides how pod templates merge.
    if let Some(configuration) = &mut configuration {
        configuration::inject(&context, configuration, &mut editor, &mut conflicts);
    }
    for injector in POD_INJECTORS {
        let edits = run(injector, &context, &editor, &mut conflicts);
        editor.apply(edits);
    }
    option_entries::judge(&context, &mut conflicts);
    if let Some(configuration) = &mut configuration {
        configuration::inject_state_directories(&context, configuration, &mut editor);
        resources::inject(&context, configuration, &mut editor);
    }
    (editor, conflicts)
}

/// What an injector asks for, a list a set of pods.
fn run(
    injector: PodInjector,
    context: &Context<'_>,
    editor: &TemplateEditor<'_>,
    conflicts: &mut Vec<Conflict>,
) -> Vec<Vec<Edit>> {
    let changes = editor.pods().map(|set| {
        let mut changes = PodChanges::default();
        injector(context, &Pods::new(set, editor.object()), &mut changes);
        for conflict in changes.conflicts {
            // Both roles have the common template.
            if !conflicts.contains(&conflict) {
                conflicts.push(conflict);
            }
        }
        changes.edits
    });
    changes.collect()
}

fn is_completed(resource: &Resource, object: &Value) -> bool {
    let is_due = match (completed(resource), resource.operation) {
        (Completed::OnCreate, operation) => operation == Operation::Create,
        (Completed::OnCreateAndUpdate, operation) => {
            matches!(operation, Operation::Create | Operation::Update)
        }
        (Completed::Never, _) => false,
    };
    let metadata = object.get("metadata").unwrap_or(&Value::Null);
    let is_set = |field: &str| metadata.get(field).is_some_and(|value| !value.is_null());
    let is_mirror = metadata
        .get("annotations")
        .and_then(|annotations| annotations.get(MIRROR_ANNOTATION))
        .is_some();
    is_due
        && resource.sub_resource.as_deref().is_none_or(str::is_empty)
        && object.get("spec").is_some_and(Value::is_object)
        && !is_set("deletionTimestamp")
        && !is_canary(object)
        && !is_mirror
}

fn completed(resource: &Resource) -> Completed {
    kinds::of(&resource.kind).map_or(Completed::Never, |row| row.completed)
}

/// The cluster that the claim is named after. Blue and green hand state over to each other: both
/// have their parent's.
fn claim_cluster<'a>(object: &'a Value, workload: &'a Workload) -> &'a str {
    blue_green_parent(object).filter(|_| workload.declares_cluster).unwrap_or(&workload.cluster)
}
