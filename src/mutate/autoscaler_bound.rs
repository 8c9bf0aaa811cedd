//! Limits the operator's autoscaler to the parallelism that fits into the tenant's quota.
//!
//! The limit follows from the size of the completed pods, so it is set after all other injectors. The
//! quota may change while a cluster lives: an update gets the limit of now.

use super::context::Context;
use super::kept::{UserManifest, is_completed_on_update, remove_at};
use super::template_editor::TemplateEditor;
use super::{claim_cluster, configuration::Configuration, is_completed};
use crate::flink::Workload;
use crate::flink::options::{AUTOSCALER_PARALLELISM_MAX, canonical};
use crate::resource::{Operation, Resource, pointer};
use crate::tenant::FlinkTenantSpec;
use serde_json::Value;

/// A completed object with this maximum parallelism of the autoscaler; `None` if the object sets
/// one. The tenant's own default gives way.
pub fn bound_autoscaler(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
    parallelism: u64,
) -> Option<Value> {
    if !tenant.flink.autoscaler.bound || !is_completed(resource, object, tenant) {
        return None;
    }
    let cluster = claim_cluster(object, workload);
    let context = Context { resource, workload, tenant, cluster };
    let mut configuration = Configuration::of(&context)?;
    let names = AUTOSCALER_PARALLELISM_MAX;
    let is_given = configuration.has(names) && !is_default(workload, tenant);
    if is_given && stored_bound(resource, object, workload).is_none() {
        return None;
    }
    let most = tenant.flink.elasticity.max_parallelism.map_or(u64::MAX, u64::from);
    let mut editor = TemplateEditor::new(object, workload);
    configuration.write(canonical(names), &parallelism.min(most).to_string(), &mut editor);
    editor.finish()
}

/// The object of an update without the bound that Flinkgate gave the stored object, so that it gets the
/// one that fits the quota in force; `None` where it has none.
///
/// Only an object that shows its user's manifest tells Flinkgate's bound from the user's own. The bound
/// of any other object can become smaller, not larger.
pub fn without_bound(
    resource: &Resource,
    workload: &Workload,
    tenant: &FlinkTenantSpec,
) -> Option<Value> {
    if !tenant.flink.autoscaler.bound || is_default(workload, tenant) {
        return None;
    }
    let place = stored_bound(resource, &resource.object, workload)?;
    let enforced = &tenant.flink.configuration.enforced;
    let shows_manifest = UserManifest::of_user(&resource.object).exists();
    if !shows_manifest || AUTOSCALER_PARALLELISM_MAX.iter().any(|name| enforced.contains_key(*name))
    {
        return None;
    }
    let mut object = resource.object.clone();
    remove_at(&mut object, &place);
    Some(object)
}

/// The place of a bound that the stored object has too, and that the user's manifest does not write.
fn stored_bound(resource: &Resource, object: &Value, workload: &Workload) -> Option<String> {
    let old = resource.old_object.as_ref()?;
    if resource.operation != Operation::Update || !is_completed_on_update(resource) {
        return None;
    }
    let (_, entry) = workload.config.first(AUTOSCALER_PARALLELISM_MAX)?;
    let place = entry.pointer.as_deref()?;
    let value = pointer::at(object, place)?;
    let is_kept = pointer::at(old, place) == Some(value)
        && pointer::at(&resource.object, place) == Some(value);
    let is_own = is_kept && !UserManifest::of_user(&resource.object).says(place);
    (is_own && !value.is_object()).then(|| place.to_owned())
}

/// Whether the object has the value of the tenant's defaults.
fn is_default(workload: &Workload, tenant: &FlinkTenantSpec) -> bool {
    let configuration = &tenant.flink.configuration;
    let given =
        AUTOSCALER_PARALLELISM_MAX.iter().any(|name| configuration.enforced.contains_key(*name));
    workload.config.first(AUTOSCALER_PARALLELISM_MAX).is_some_and(|(key, entry)| {
        let default = configuration.defaults.get(key);
        !given && default.is_some_and(|default| default.text() == entry.value)
    })
}
