//! The tenant's node selector on every pod: its pods run on its nodes.

use super::PodMap;
use super::context::{Context, Pods};
use super::edit::Wishes;
use super::labels::give_entries;

pub(super) fn inject(context: &Context<'_>, pods: &Pods<'_>, wishes: &mut Wishes) {
    give_entries(PodMap::NodeSelector, &context.tenant.scheduling.node_selector, pods, wishes);
}
