//! Adds the tenant's node selector to every pod, so that its pods run on its nodes.

use super::PodMap;
use super::context::{Context, Pods};
use super::edit::PodChanges;
use super::labels::set_entries;

pub(super) fn inject(context: &Context<'_>, pods: &Pods<'_>, changes: &mut PodChanges) {
    set_entries(PodMap::NodeSelector, &context.tenant.scheduling.node_selector, pods, changes);
}
