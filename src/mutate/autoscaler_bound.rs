//! Limits the operator's autoscaler to the parallelism that fits into the tenant's quota.
//!
//! The limit follows from the size of the completed pods, so it is set after all other injectors.

use super::context::Context;
use super::template_editor::TemplateEditor;
use super::{claim_cluster, configuration::Configuration, is_completed};
use crate::flink::Workload;
use crate::flink::options::{AUTOSCALER_PARALLELISM_MAX, canonical};
use crate::resource::Resource;
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
    if configuration.has(names) && !is_default(workload, tenant) {
        return None;
    }
    let most = tenant.flink.elasticity.max_parallelism.map_or(u64::MAX, u64::from);
    let mut editor = TemplateEditor::new(object, workload);
    configuration.write(canonical(names), &parallelism.min(most).to_string(), &mut editor);
    editor.finish()
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
