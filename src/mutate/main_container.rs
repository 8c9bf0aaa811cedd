//! Adds the main container to templates that leave it to the operator, so that other injectors can
//! write into it.

use super::context::{Context, Pods};
use super::edit::{Path, PodChanges};
use super::{checkpoint_volume, read_only_root, security_context};
use crate::flink::workload::MAIN_CONTAINER;
use serde_json::json;

pub(super) fn inject(context: &Context<'_>, pods: &Pods<'_>, changes: &mut PodChanges) {
    let needed = security_context::hardens_containers(context, pods)
        || checkpoint_volume::mounts(context, pods)
        || read_only_root::is_requested(context, pods);
    if needed && pods.operator_adds_main_container() && pods.main_container().is_none() {
        changes.append(Path::keys(&["spec", "containers"]), json!({"name": MAIN_CONTAINER}));
    }
}
