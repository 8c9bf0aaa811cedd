//! What Flinkgate adds to an object: one file an injector.
//!
//! An injector looks at one set of pods and asks for what is missing; the template editor knows
//! where in the object that is written. What the user set stays, except where the tenant's value
//! takes precedence: then it is replaced, and a [`Conflict`] records it. A second pass finds nothing
//! to do.

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
use crate::resource::{Operation, Resource};
use crate::tenant::FlinkTenantSpec;
use context::{Context, Pods};
use edit::PodChanges;
use serde_json::Value;
use template_editor::TemplateEditor;

/// What mutation makes of an object, and what could not be reconciled with what the user wrote.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mutation {
    /// The object as it shall be stored; `None` where it stays as it is.
    pub object: Option<Value>,
    /// Where the object and what its tenant gives every object differ.
    pub conflicts: Vec<Conflict>,
}

/// Asks for what one set of pods lacks.
type PodInjector = fn(&Context<'_>, &Pods<'_>, &mut PodChanges);

/// What pods are given, in this order: later injectors write into the container that the first one
/// makes.
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

/// Kinds that are completed. Pods of other kinds are completed as they are created: a changed
/// template would roll out a Deployment anew whenever its tenant changes.
const KINDS: [(&str, &str); 3] = [
    ("", "Pod"),
    ("flink.apache.org", "FlinkDeployment"),
    ("flink.apache.org", "FlinkBlueGreenDeployment"),
];

/// Annotation of a kubelet's own pods, which nobody may change.
const MIRROR_ANNOTATION: &str = "kubernetes.io/config.mirror";

/// Completes an object with what its tenant gives every workload. Idempotent.
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

/// The claim that a cluster's pods mount for their state, where it is one that the tenant's
/// template names.
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

/// An object of which pods will be made, as it will be when mutation has completed them.
#[derive(Clone, Debug, PartialEq)]
pub struct Foresight {
    /// The object with completed templates; `None` where none that stands in it changes.
    pub object: Option<Value>,
    /// The sets of pods as they will be.
    pub pods: Vec<PodSet>,
    /// Where the object and what its tenant gives every object differ.
    pub conflicts: Vec<Conflict>,
}

/// An object with its pods as [`mutate`] will complete them one by one; `None` where mutation
/// completes the object itself, or it has no pods. It is judged so and never stored: a refusal must
/// not name what mutation cures, and need not wait for the pods.
pub fn foresee(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
) -> Option<Foresight> {
    let kind = (resource.kind.group.as_str(), resource.kind.kind.as_str());
    (!KINDS.contains(&kind) && !workload.pods.is_empty()).then(|| {
        let (editor, conflicts) = complete(resource, object, workload, tenant);
        let (object, pods) = editor.into_parts();
        Foresight { object, pods, conflicts }
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
    // First, because an option decides how pod templates are merged.
    if let Some(configuration) = &mut configuration {
        configuration::inject(&context, configuration, &mut editor, &mut conflicts);
    }
    for injector in POD_INJECTORS {
        let mut edits = Vec::with_capacity(workload.pods.len());
        for set in editor.pods() {
            let mut changes = PodChanges::default();
            injector(&context, &Pods::new(set, editor.object()), &mut changes);
            edits.push(changes.edits);
            for conflict in changes.conflicts {
                // Both roles have the common template.
                if !conflicts.contains(&conflict) {
                    conflicts.push(conflict);
                }
            }
        }
        editor.apply(edits);
    }
    option_entries::judge(&context, &mut conflicts);
    if let Some(configuration) = &mut configuration {
        configuration::inject_state_directories(&context, configuration, &mut editor);
        resources::inject(&context, configuration, &mut editor);
    }
    (editor, conflicts)
}

fn is_completed(resource: &Resource, object: &Value) -> bool {
    let kind = (resource.kind.group.as_str(), resource.kind.kind.as_str());
    let is_pod = kind == ("", "Pod");
    let asked = match resource.operation {
        Operation::Create => true,
        // A pod that runs can no longer be changed.
        Operation::Update => !is_pod,
        Operation::Delete | Operation::Connect => false,
    };
    let metadata = object.get("metadata").unwrap_or(&Value::Null);
    let is_set = |field: &str| metadata.get(field).is_some_and(|value| !value.is_null());
    let is_mirror = metadata
        .get("annotations")
        .and_then(|annotations| annotations.get(MIRROR_ANNOTATION))
        .is_some();
    KINDS.contains(&kind)
        && asked
        && resource.sub_resource.as_deref().is_none_or(str::is_empty)
        && object.get("spec").is_some_and(Value::is_object)
        && !is_set("deletionTimestamp")
        && !is_canary(object)
        && !is_mirror
}

/// The cluster that the claim is named after. Blue and green hand state over to each other: both
/// have their parent's.
fn claim_cluster<'a>(object: &'a Value, workload: &'a Workload) -> &'a str {
    blue_green_parent(object).filter(|_| workload.declares_cluster).unwrap_or(&workload.cluster)
}
