//! Custom resources that are being deleted. Their operator deploys nothing more for them, but reads
//! their options while it cleans up: where it takes a last savepoint, and which ZooKeeper node it
//! removes.

use crate::resource::{Resource, is_being_deleted, pointer};
use serde_json::Value;

/// The options of each kind.
const OPTIONS: [&str; 4] = [
    "/spec/flinkConfiguration",
    "/spec/template/spec/flinkConfiguration",
    "/spec/flinkProperties",
    "/spec/flinkConfig",
];

/// Whether an object is being deleted, and an update leaves its options as they are.
pub(crate) fn keeps_options(resource: &Resource, old: &Value) -> bool {
    let same = |place: &str| pointer::at(&resource.object, place) == pointer::at(old, place);
    is_being_deleted(old) && OPTIONS.iter().all(|place| same(place))
}
