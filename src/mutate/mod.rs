//! Mutation: adds to an object what its tenant requires, with one file per injector. An object, its
//! workload and its tenant go in; the changed object and its conflicts come out. It does not judge
//! the object: rules do.
//!
//! An injector reads one pod set and requests changes; the template editor decides where in the
//! object to write them. The user's values stay unless the tenant's value takes precedence. Then
//! the value is replaced and a [`Conflict`] records it. A second pass changes nothing.

mod anti_affinity;
mod autoscaler_bound;
mod checked_only;
mod checkpoint_volume;
mod configuration;
mod configuration_files;
mod conflict;
mod context;
mod edit;
mod kept;
mod labels;
mod main_container;
mod node_selector;
mod option_entries;
mod option_maps;
mod patch;
mod pending;
mod places;
mod process_options;
mod read_only_root;
mod resources;
mod security_context;
mod template_editor;
mod tolerations;
mod topology_spread;
mod verification;
mod wanted_options;

pub use autoscaler_bound::{bound_autoscaler, without_bound};
pub use checked_only::{is_only_checked, is_option_given};
pub use checkpoint_volume::{VOLUME_NAME, lacks_volume};
pub use conflict::{Conflict, Difference, EntryDifference, PodMap, VolumeDifference};
pub use kept::{UserManifest, decides_state, drop_replaced, without_earlier};
pub use option_entries::NODE_NAME_LABEL;
pub use patch::patch;
pub use verification::{conflicts, unmet};
pub use wanted_options::complete_file;

use crate::flink::claims::blue_green_parent;
use crate::flink::workload::is_canary;
use crate::flink::{PodSet, Workload};
use crate::kinds::{self, Completed};
use crate::kubernetes::mirror_pod::is_mirror_pod;
use crate::resource::{Operation, Resource};
use crate::tenant::FlinkTenantSpec;
use context::{Context, Pods};
use edit::{Edit, PodChanges};
use option_maps::LackingOptions;
use serde_json::Value;
use template_editor::TemplateEditor;

/// The result of mutation: the new object, and what conflicts with the user's values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mutation {
    /// The object to store; `None` if nothing changes.
    pub object: Option<Value>,
    /// The differences between the object and the values that its tenant requires.
    pub conflicts: Vec<Conflict>,
    /// Whether something could not be added, because a value of another type is in its way.
    pub is_partial: bool,
}

/// Requests the changes for one pod set.
type PodInjector = fn(&Context<'_>, &Pods<'_>, &mut PodChanges);

/// One injector, and what validation makes of its result.
struct Injector {
    inject: PodInjector,
    guarantee: Guarantee,
    /// Whether later guarantees are judged with what it adds: a container, a mount.
    is_written: bool,
}

impl Injector {
    const fn new(inject: PodInjector, guarantee: Guarantee) -> Self {
        Self { inject, guarantee, is_written: false }
    }

    /// Whether validation runs it.
    fn is_verified(&self) -> bool {
        self.is_written || matches!(self.guarantee, Guarantee::Verified)
    }
}

/// Whether the tenant enforces what an injector writes. Mutation may be skipped for many reasons:
/// another webhook changes the object later, or an administrator deletes the configuration. So
/// validation relies on nothing that mutation did.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guarantee {
    /// Validation refuses an object that lacks it: [`unmet`] reports it.
    Verified,
    /// Rules judge the object for it.
    ByRules,
    /// A default: users may choose another value, so the object may lack it.
    Default,
}

/// The injectors in the order in which they run: later ones write into the container that the first
/// one adds. A new injector gets a row here, which decides what its result is.
///
/// | injector | result | judged by |
/// |---|---|---|
/// | `configuration`, enforced options | guarantee | `flink/enforced-option` |
/// | `configuration`, defaults and state directories | default | `storage/checkpoint-dir` and others, for their values |
/// | `configuration_files`, enforced options | guarantee | `flink/enforced-option` |
/// | `labels` | guarantee | `tenancy/label` |
/// | `node_selector` | guarantee | `scheduling/node-selector` |
/// | `tolerations` | default: pods without them stay off the tenant's nodes | `scheduling/tolerations`, for others |
/// | `security_context` | guarantee at the level of Pod Security, default beyond it | `security/run-as-non-root` and others |
/// | `read_only_root` | guarantee, except where Flink must write | `security/read-only-root` |
/// | `anti_affinity`, `topology_spread` | guarantee | `scheduling/*-anti-affinity`, `scheduling/zone-spread` |
/// | `checkpoint_volume` | guarantee | `storage/checkpoint-volume` |
/// | `option_maps`, enforced options | guarantee | `flink/enforced-option` |
/// | `process_options`, enforced options | guarantee | `flink/enforced-option` |
/// | `resources` | default | |
/// | `autoscaler_bound` | guarantee | `quota/growth` |
const POD_INJECTORS: [Injector; 10] = [
    Injector { is_written: true, ..Injector::new(main_container::inject, Guarantee::Default) },
    Injector::new(labels::inject, Guarantee::Verified),
    Injector::new(node_selector::inject, Guarantee::Verified),
    Injector::new(tolerations::inject, Guarantee::Default),
    Injector::new(security_context::inject, Guarantee::ByRules),
    Injector { is_written: true, ..Injector::new(read_only_root::inject, Guarantee::Verified) },
    Injector::new(anti_affinity::inject, Guarantee::ByRules),
    Injector::new(topology_spread::inject, Guarantee::ByRules),
    Injector::new(checkpoint_volume::inject, Guarantee::Verified),
    Injector::new(process_options::inject, Guarantee::Verified),
];

/// Adds the tenant's values to an object. Idempotent.
pub fn mutate(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
) -> Mutation {
    if completed(resource, tenant) == Completed::Files {
        return configuration_files::complete(&of_files(resource, workload, tenant), object);
    }
    if !is_completed(resource, object, tenant) {
        let conflicts = verification::changed_by_update(resource, object, workload, tenant);
        return Mutation { conflicts, ..Mutation::default() };
    }
    let (editor, conflicts) = complete(resource, object, workload, tenant);
    let is_partial = editor.has_lost();
    Mutation { object: editor.finish(), conflicts, is_partial }
}

/// The state claim that a cluster's pods mount, if it has a name of the tenant's template.
pub fn state_claim(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
) -> Option<String> {
    if is_only_checked(resource, tenant) {
        return given_claim(resource, object, workload, tenant);
    }
    claim_of(resource, object, workload, tenant, &workload.pods)
}

/// [`state_claim`] of a cluster whose pods may get the claim one by one.
pub fn given_claim(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
) -> Option<String> {
    let Some(PredictedPods { object: changed, pods, .. }) =
        predict_pods(resource, object, workload, tenant)
    else {
        return claim_of(resource, object, workload, tenant, &workload.pods);
    };
    claim_of(resource, changed.as_ref().unwrap_or(object), workload, tenant, &pods)
}

fn claim_of(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
    pods: &[PodSet],
) -> Option<String> {
    let context = Context { resource, workload, tenant, cluster: claim_cluster(object, workload) };
    pods.iter().find_map(|set| checkpoint_volume::mounted_claim(&context, &Pods::new(set, object)))
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
    /// The object that mutation stores, where it completes the options of a cluster.
    pub stored: Option<Value>,
    /// The enforced options that the object lacks without mutation.
    pub unmet: Vec<Conflict>,
    /// Those that mutation cannot add, because a value of another type is in their way.
    pub blocked: Vec<Conflict>,
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
    if is_only_checked(resource, tenant) {
        return checked_only::predict(resource, object, workload, tenant);
    }
    let completed = completed(resource, tenant);
    let is_predicted = matches!(completed, Completed::Never | Completed::Options);
    (is_predicted && !workload.pods.is_empty()).then(|| {
        let (editor, conflicts) = complete(resource, object, workload, tenant);
        let context = Context { resource, workload, tenant, cluster: &workload.cluster };
        let lacking = (completed == Completed::Options).then(|| {
            let pods = editor.pods().map(|set| Pods::new(set, editor.object()));
            LackingOptions::of(&context, checkpoint_volume::state_root(&context, pods))
        });
        let (changed, pods) = editor.into_parts();
        let mut predicted = PredictedPods {
            object: changed,
            pods,
            conflicts,
            stored: None,
            unmet: Vec::new(),
            blocked: Vec::new(),
        };
        if let Some(lacking) = lacking.flatten() {
            let mut stored = object.clone();
            predicted.unmet = lacking.enforced();
            predicted.blocked = lacking.add_to(&mut stored);
            predicted.stored = Some(stored);
            lacking.add_to(predicted.object.get_or_insert_with(|| object.clone()));
        }
        predicted
    })
}

/// The context of an object that holds files of clusters.
fn of_files<'a>(
    resource: &'a Resource,
    workload: &'a Workload,
    tenant: &'a FlinkTenantSpec,
) -> Context<'a> {
    Context { resource, workload, tenant, cluster: &workload.cluster }
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
        configuration::inject(&context, configuration, &mut editor, &mut conflicts, false);
    }
    for injector in POD_INJECTORS {
        let edits = run(injector.inject, &context, &editor, &mut conflicts, false);
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
    verifies: bool,
) -> Vec<Vec<Edit>> {
    let changes = editor.pods().map(|set| {
        let mut changes = PodChanges { verifies, ..PodChanges::default() };
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

/// Whether mutation completes an object. Each exception holds for the one kind and user it is made
/// for: whatever users can write into any object exempts nothing.
fn is_completed(resource: &Resource, object: &Value, tenant: &FlinkTenantSpec) -> bool {
    let is_due = match (completed(resource, tenant), resource.operation) {
        (Completed::OnCreate, operation) => operation == Operation::Create,
        (Completed::OnCreateAndUpdate, operation) => {
            matches!(operation, Operation::Create | Operation::Update)
        }
        (Completed::Never | Completed::Options | Completed::Files, _) => false,
    };
    is_due && is_whole_object(resource, object)
}

/// Whether this is an object from which pods are made, and no part of one.
fn is_whole_object(resource: &Resource, object: &Value) -> bool {
    resource.sub_resource.as_deref().is_none_or(str::is_empty)
        && object.get("spec").is_some_and(Value::is_object)
        && !is_canary(&resource.kind, object)
        && !is_mirror_pod(resource, object)
}

fn completed(resource: &Resource, tenant: &FlinkTenantSpec) -> Completed {
    if is_only_checked(resource, tenant) {
        return Completed::Never;
    }
    kinds::of(&resource.kind).map_or(Completed::Never, |row| row.completed)
}

/// The cluster that the claim is named after. Blue and green hand state over to each other: both
/// have their parent's.
fn claim_cluster<'a>(object: &'a Value, workload: &'a Workload) -> &'a str {
    blue_green_parent(object).filter(|_| workload.declares_cluster).unwrap_or(&workload.cluster)
}
