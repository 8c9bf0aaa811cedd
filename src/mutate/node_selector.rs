//! The tenant's node selector on every pod: its pods run on its nodes.

use super::context::{Context, Pods};
use super::edit::Wishes;
use super::labels::give_entries;

const RULE: &str = "scheduling/node-selector";

pub(super) fn inject(context: &Context<'_>, pods: &Pods<'_>, wishes: &mut Wishes) {
    give_entries(
        &context.tenant.scheduling.node_selector,
        &["spec", "nodeSelector"],
        pods,
        wishes,
        |key, wanted, found| {
            (RULE, format!("pods of this tenant run on nodes with {key}={wanted}, not {found}"))
        },
    );
}
