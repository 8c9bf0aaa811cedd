//! When a pod that is being deleted stops to count.
//!
//! As in a ResourceQuota of Kubernetes: when its grace period has passed since its deletion
//! timestamp. What a pod does on a lost node is unknown, and its replacement must not wait for
//! that node.

use crate::kinds::{Kind, Watched};
use crate::resource::pointer;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// The longest grace period with which a pod can be replaced before it is gone. With a longer one, a
/// tenant could run twice its quota for hours.
const LONGEST_REPLACED: i64 = 600;

/// The end of a pod that is being deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Departure {
    /// When it stops to count.
    pub(super) ends: Timestamp,
    /// Whether another pod may take its place before.
    is_replaceable: bool,
}

impl Departure {
    /// Whether another pod may take its place at a time.
    pub(super) fn may_be_replaced(self, now: Timestamp) -> bool {
        self.is_replaceable && now < self.ends
    }

    /// That of a pod; `None` for one that stays, and for other kinds.
    pub(super) fn of(kind: &Kind, object: &Value) -> Option<Self> {
        if kind.watched != Some(Watched::FixedUsage) {
            return None;
        }
        let deleted = pointer::at(object, "/metadata/deletionTimestamp")?.as_str()?;
        let deleted: Timestamp = deleted.parse().ok()?;
        let grace = pointer::at(object, "/metadata/deletionGracePeriodSeconds")?.as_i64()?.max(0);
        // A time beyond the calendar never comes.
        let ends = deleted.checked_add(SignedDuration::from_secs(grace)).unwrap_or(Timestamp::MAX);
        Some(Self { ends, is_replaceable: grace <= LONGEST_REPLACED })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::kinds::named;
    use serde_json::json;

    #[test]
    fn a_pod_ends_a_grace_period_after_its_deletion_timestamp() {
        let of = |kind: &str, grace: Value| {
            let metadata = json!({"deletionTimestamp": "2026-11-27T10:00:00Z", "deletionGracePeriodSeconds": grace});
            let departure = Departure::of(named(kind).unwrap(), &json!({ "metadata": metadata }))?;
            Some((departure.ends.to_string(), departure.is_replaceable))
        };
        let at = |time: &str, replaceable| Some((format!("2026-11-27T{time}Z"), replaceable));
        assert_eq!(of("Pod", 30.into()), at("10:00:30", true));
        assert_eq!(of("Pod", 0.into()), at("10:00:00", true));
        assert_eq!(of("Pod", 3600.into()), at("11:00:00", false));
        assert!(!of("Pod", i64::MAX.into()).unwrap().1);
        assert_eq!(of("Pod", Value::Null), None);
        assert_eq!(of("Deployment", 30.into()), None);
        assert_eq!(Departure::of(named("Pod").unwrap(), &json!({"metadata": {}})), None);
    }
}
