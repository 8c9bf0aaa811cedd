//! What the cluster of a request was admitted with, and whether the requester may have it.
//!
//! The ledger knows what an object was admitted with, by the object's UID. Owner references are text
//! that a tenant writes, so each owner is read from the API server, and only its stored UID counts.
//! What is found here is used only where the spec in force refuses a request, and for updates of
//! custom resources, which may have to keep their state.

use super::answer::{Answer, Decision};
use super::context::{Context, LookupError};
use super::quota::Quota;
use crate::causes::with_causes;
use crate::flink::kinds::snapshot_job;
use crate::flink::requester::Requester;
use crate::kinds::{self, Kind};
use crate::pipeline::{Gate, Rights};
use crate::quota::ledger::ObjectRef;
use crate::quota::ledger::admitted::{AdmittedSpecs, Change};
use crate::resource::fields::text;
use crate::resource::{
    GroupVersionKind, GroupVersionResource, Operation, Resource, metadata_text, owners, pointer,
    steps, users,
};
use crate::rules::{Level, enforcement};
use crate::tenant::readable::{self, Instead};
use crate::tenant::{FlinkTenantSpec, Tenant};
use serde_json::Value;

/// From a pod to a FlinkBlueGreenDeployment: ReplicaSet, Deployment, FlinkDeployment.
const DEEPEST: usize = 5;
/// The most owners that are read for a request. Controllers write one to each object.
const MOST_OWNERS: usize = 8;
/// The most specs by which a request is judged.
const MOST_SPECS: usize = 6;

/// The specs with which a cluster was admitted, the last one first, and what a request may have of
/// them.
#[derive(Clone, Debug)]
pub(super) struct Admitted {
    /// The specs, with the parts that hold as they are in the spec in force.
    pub specs: Vec<FlinkTenantSpec>,
    /// What the request may have.
    pub rights: Rights,
}

/// What an updated object was admitted with, or else its owners: the operator updates the FlinkDeployment
/// of one colour. `None` where nothing is known.
pub(super) async fn of_object<C: Context, Q: Quota>(
    context: &C,
    quota: &Q,
    gate: &Gate,
    resource: &Resource,
) -> Option<Admitted> {
    let tenant = gate.keeps_running(&resource.namespace)?;
    let old = resource.old_object.as_ref()?;
    let record = quota.admitted(&tenant.name).await?;
    let mut found = specs(&record, gate, &tenant, resource, [metadata_text(old, "uid")]);
    if found.is_empty() && !record.is_empty() {
        let chain = stored_owners(context, &tenant, &resource.namespace, old).await;
        let uids = chain.iter().map(|owner| metadata_text(owner, "uid"));
        found = specs(&record, gate, &tenant, resource, uids);
    }
    let by_user = gate.context().requester(resource) == Requester::Other;
    let rights = if by_user { Rights::Unchanged } else { Rights::Whole };
    (!found.is_empty()).then_some(Admitted { specs: found, rights })
}

/// Whether a new object may belong to an admitted cluster, judged by its requester alone.
pub(super) fn may_be_for_cluster(gate: &Gate, resource: &Resource) -> bool {
    if resource.operation != Operation::Create
        || (owners(&resource.object).is_empty() && snapshot_of(gate, resource).is_none())
    {
        return false;
    }
    gate.context().requester(resource) != Requester::Other
        || own_account(resource).is_some()
        || users::is_component(&resource.user)
}

/// What the cluster was admitted with that a refused object belongs to; `None` where nothing is known,
/// or where the requester may not have it.
///
/// A new object may have all of it, if a controller of Kubernetes, the operator or the cluster's
/// JobManager asks for it. Controllers that run with the administrator's certificate look like the
/// administrator: then the pod must be one of its owner's template. A person's new
/// object has nothing of it. An update by any user keeps what the object has already.
pub(super) async fn of_cluster<C: Context, Q: Quota>(
    context: &C,
    quota: &Q,
    gate: &Gate,
    resource: &Resource,
) -> Option<Admitted> {
    let tenant = gate.keeps_running(&resource.namespace)?;
    let old = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
    if old.is_none() && !may_be_for_cluster(gate, resource) {
        return None;
    }
    let record = quota.admitted(&tenant.name).await.filter(|record| !record.is_empty())?;
    let object = old.unwrap_or(&resource.object);
    let mut chain = stored_owners(context, &tenant, &resource.namespace, object).await;
    if let Some((kind, name)) = snapshot_of(gate, resource) {
        chain.extend(jobs(context, resource, kind, name).await);
    }
    let by_user = gate.context().requester(resource) == Requester::Other;
    let rights = match old {
        _ if !by_user => Rights::Whole,
        Some(_) => Rights::Unchanged,
        None if is_account_of(resource, &chain) || is_by_template(resource, &chain) => {
            Rights::Whole
        }
        None => return None,
    };
    let own = old.map(|old| metadata_text(old, "uid"));
    let uids = own.into_iter().chain(chain.iter().map(|owner| metadata_text(owner, "uid")));
    let specs = specs(&record, gate, &tenant, resource, uids);
    (!specs.is_empty()).then_some(Admitted { specs, rights })
}

/// The kind and name of the job of which the operator makes a snapshot. It writes no owner into it, and
/// what it writes is of the job's stored options.
fn snapshot_of<'r>(gate: &Gate, resource: &'r Resource) -> Option<(&'static str, &'r str)> {
    let is_snapshot = resource.kind.kind == "FlinkStateSnapshot"
        && gate.context().requester(resource) == Requester::FlinkOperator;
    is_snapshot.then(|| snapshot_job(&resource.object)).flatten()
}

/// The job of a snapshot as it is stored, and the session cluster in which it runs.
async fn jobs<C: Context>(
    context: &C,
    snapshot: &Resource,
    kind: &'static str,
    name: &str,
) -> Vec<Value> {
    let mut jobs: Vec<Value> = Vec::new();
    let mut next = Some((kind, name.to_owned()));
    while let Some((kind, name)) = next.take() {
        let Some(row) = kinds::find(&snapshot.kind.group, kind) else { break };
        let of = GroupVersionResource {
            group: row.group.to_owned(),
            version: snapshot.kind.version.clone(),
            resource: row.plural.to_owned(),
        };
        let found = context.object(&of, &snapshot.namespace, &name).await;
        let Ok(Some(found)) = found else { break };
        next = row
            .refers_to
            .and_then(|refers| refers(&found))
            .map(|(kind, name)| (kind, name.to_owned()));
        jobs.push(found);
        if jobs.len() > 1 {
            break;
        }
    }
    jobs
}

/// Whether an answer refuses a request for another reason than its quota.
pub(super) fn is_refused(answer: &Answer) -> bool {
    answer.decision() == Decision::Refused
        && answer
            .findings
            .iter()
            .any(|finding| finding.level == Level::Error && !finding.rule.starts_with("quota/"))
}

/// What is to be recorded of an admitted request: the object with the spec that admitted it. `None` is
/// the spec in force.
pub(super) fn change(
    gate: &Gate,
    resource: &Resource,
    spec: Option<&FlinkTenantSpec>,
) -> Option<(String, Change)> {
    let is_declaring = |row: &&Kind| row.is_counted() && row.declares();
    kinds::of(&resource.kind).filter(is_declaring)?;
    let is_due = match resource.operation {
        // The leader records what has no owner; the rest belongs to its owner.
        Operation::Create => gate.context().requester(resource) == Requester::Other,
        Operation::Update => gate.changes_what_runs(resource),
        Operation::Delete | Operation::Connect => false,
    };
    let tenant = gate.tenants().owner(&resource.namespace).tenant().filter(|_| is_due)?;
    let old = resource.old_object.as_ref();
    let uid = [Some(&resource.object), old]
        .into_iter()
        .flatten()
        .map(|object| metadata_text(object, "uid"))
        .find(|uid| !uid.is_empty())?;
    let object = ObjectRef::new(
        &resource.kind.kind,
        &resource.namespace,
        resource.name_in(&resource.object),
    );
    let spec = spec.unwrap_or(&tenant.spec).kept_text().ok()?;
    Some((tenant.name.clone(), Change::Admitted { object, uid: uid.to_owned(), spec }))
}

/// The specs of the first of these objects, then those of the next, each once.
fn specs<'u>(
    record: &AdmittedSpecs,
    gate: &Gate,
    tenant: &Tenant,
    resource: &Resource,
    uids: impl IntoIterator<Item = &'u str>,
) -> Vec<FlinkTenantSpec> {
    let mut found: Vec<FlinkTenantSpec> = Vec::new();
    for uid in uids.into_iter().filter(|uid| !uid.is_empty()) {
        for text in record.of(uid, &resource.namespace) {
            let Some(spec) = read(text, gate) else {
                tracing::warn!(tenant = tenant.name, uid, "an earlier spec cannot be read");
                continue;
            };
            let spec = spec.with_parts_of(&tenant.spec);
            if found.len() < MOST_SPECS && !found.contains(&spec) {
                found.push(spec);
            }
        }
    }
    found
}

/// Reads an earlier spec. One that another version wrote may have parts that this one does not know:
/// stricter values hold in their place, or it is not used.
fn read(text: &str, gate: &Gate) -> Option<FlinkTenantSpec> {
    if let Ok(spec) = serde_json::from_str(text) {
        return Some(spec);
    }
    let value: Value = serde_json::from_str(text).ok()?;
    let rules: Vec<&str> = gate.policies().catalog().iter().map(|rule| rule.id.as_str()).collect();
    let parts = readable::read(&value, &rules, enforcement::today());
    let is_usable =
        !parts.is_nothing && parts.unread.iter().all(|part| part.instead != Instead::Refusal);
    is_usable.then_some(parts.spec)
}

/// [`owner_chain`], or no owners where they cannot be read.
async fn stored_owners<C: Context>(
    context: &C,
    tenant: &Tenant,
    namespace: &str,
    object: &Value,
) -> Vec<Value> {
    owner_chain(context, namespace, object).await.unwrap_or_else(|error| {
        let error = with_causes(&error);
        tracing::warn!(tenant = tenant.name, error, "failed to read the owners of an object");
        Vec::new()
    })
}

/// The owners of an object and their owners as they are stored, nearest first. An owner reference
/// with another UID than the stored object's leads nowhere.
async fn owner_chain<C: Context>(
    context: &C,
    namespace: &str,
    object: &Value,
) -> Result<Vec<Value>, LookupError> {
    let mut chain: Vec<Value> = Vec::new();
    let mut level = owner_references(object);
    let mut reads = 0;
    for _ in 0..DEEPEST {
        let mut next = Vec::new();
        for (of, name, uid) in level {
            if reads >= MOST_OWNERS {
                return Ok(chain);
            }
            reads += 1;
            let Some(found) = context.object(&of, namespace, &name).await? else { continue };
            let is_it = metadata_text(&found, "uid") == uid
                && matches!(metadata_text(&found, "namespace"), other if other == namespace);
            let is_known = chain.iter().any(|known| metadata_text(known, "uid") == uid);
            if is_it && !is_known {
                next.extend(owner_references(&found));
                chain.push(found);
            }
        }
        level = next;
    }
    Ok(chain)
}

/// The owners that an object names, as resources, names and UIDs: the controller first.
fn owner_references(object: &Value) -> Vec<(GroupVersionResource, String, String)> {
    let controls = |owner: &&Value| owner.get("controller").and_then(Value::as_bool) == Some(true);
    let (controller, others): (Vec<&Value>, Vec<&Value>) =
        owners(object).iter().take(MOST_OWNERS).partition(controls);
    let reference = |owner: &Value| {
        let kind = GroupVersionKind::parse(text(owner, "apiVersion"), text(owner, "kind"));
        let row = kinds::of(&kind).filter(|row| row.is_counted() && row.declares())?;
        let (name, uid) = (text(owner, "name"), text(owner, "uid"));
        let resource = row.plural.to_owned();
        let of = GroupVersionResource { group: kind.group, version: kind.version, resource };
        (!name.is_empty() && !uid.is_empty()).then(|| (of, name.to_owned(), uid.to_owned()))
    };
    controller.into_iter().chain(others).filter_map(reference).collect()
}

/// The name of the requester's service account, if it is one of the object's namespace.
fn own_account(resource: &Resource) -> Option<&str> {
    let (namespace, name) = users::service_account(&resource.user)?;
    (namespace == resource.namespace).then_some(name)
}

/// Whether the requester is the service account as which the pods of the nearest owner run: the
/// JobManager of a native cluster creates its TaskManagers, and its Deployment owns them. What
/// declares further pods would be another cluster.
fn is_account_of(resource: &Resource, chain: &[Value]) -> bool {
    let Some((account, owner)) = own_account(resource).zip(chain.first()) else { return false };
    if kinds::of(&resource.kind).is_none_or(Kind::declares) {
        return false;
    }
    let spec = pointer::at(owner, "/spec/template/spec");
    let Some(spec) = spec.filter(|spec| spec.is_object()) else { return false };
    let runs_as = ["serviceAccountName", "serviceAccount"]
        .into_iter()
        .map(|field| text(spec, field))
        .find(|name| !name.is_empty());
    runs_as.unwrap_or("default") == account
}

/// Whether a component of the cluster asks for a pod as the template of the nearest owner has it.
fn is_by_template(resource: &Resource, chain: &[Value]) -> bool {
    let template = chain.first().and_then(|owner| pointer::at(owner, "/spec/template"));
    let Some(template) = template.filter(|_| resource.kind.kind == "Pod") else { return false };
    let owns_pods = chain.first().is_some_and(|owner| text(owner, "kind") != "Deployment");
    let has =
        |place: &str| match (pointer::at(&resource.object, place), pointer::at(template, place)) {
            (Some(pod), Some(template)) => covers(pod, template),
            (None, Some(_)) => false,
            (_, None) => true,
        };
    owns_pods
        && users::is_component(&resource.user)
        && pointer::at(template, "/spec").is_some_and(Value::is_object)
        && ["/metadata/labels", "/spec"].into_iter().all(has)
}

/// Whether a value has everything of another one: admission adds fields and elements.
fn covers(value: &Value, part: &Value) -> bool {
    steps::step();
    match (value, part) {
        (_, Value::Null) => true,
        (Value::Object(fields), Value::Object(part)) => part.iter().all(|(key, part)| {
            part.is_null() || fields.get(key).is_some_and(|value| covers(value, part))
        }),
        (Value::Array(elements), Value::Array(part)) => {
            part.iter().enumerate().all(|(index, part)| {
                elements.get(index).is_some_and(|element| covers(element, part))
                    || elements.iter().any(|element| covers(element, part))
            })
        }
        (value, part) => value == part,
    }
}
