//! The part of a spec that may hold for a living cluster after its tenant has changed.
//!
//! Goes in: the spec in force and one of before. Comes out: the spec by which one cluster is judged.
//! What a cluster was admitted with is not decided here: the [ledger](crate::quota::ledger::admitted)
//! knows it.

use super::{CheckpointVolume, FlinkTenantSpec, Namespaces, OnChange, Quota, Scalar};
use std::collections::BTreeMap;

/// What an object keeps of its state under an earlier spec.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeptState {
    /// The volume that it mounts.
    pub volume: Option<CheckpointVolume>,
    /// Options with directories of state that the tenant enforces, and the values that it has.
    pub directories: BTreeMap<String, String>,
}

impl FlinkTenantSpec {
    /// The spec without what always holds as it is now: which namespaces it owns, how much it may
    /// use, and what a change does.
    pub fn kept_part(&self) -> Self {
        Self {
            namespaces: Namespaces::default(),
            quota: Quota::default(),
            on_change: OnChange::default(),
            ..self.clone()
        }
    }

    /// [`Self::kept_part`] as text. Equal specs have equal texts.
    ///
    /// # Errors
    /// Never: a spec came from JSON.
    pub fn kept_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self.kept_part())
    }

    /// An earlier spec with the parts that always hold as they are `now`.
    pub fn with_parts_of(self, now: &Self) -> Self {
        Self {
            namespaces: now.namespaces.clone(),
            quota: now.quota.clone(),
            on_change: now.on_change,
            ..self
        }
    }

    /// This spec, where an object keeps the state that it has.
    pub fn with_state(&self, kept: KeptState) -> Self {
        let mut spec = self.clone();
        if kept.volume.is_some() {
            spec.storage.checkpoints.volume = kept.volume;
        }
        for (key, value) in kept.directories {
            spec.flink.configuration.enforced.insert(key, Scalar(value.into()));
        }
        spec
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_kept_part_is_text() {
        let of = |spec| serde_json::from_value::<FlinkTenantSpec>(spec).unwrap();
        let spec = of(json!({"namespaces": {"names": ["a"]}, "quota": {"hard": {"cpu": 3}},
            "onChange": "Enforce", "labels": {"a": "b"}}));
        assert_eq!(spec.kept_text().unwrap(), r#"{"labels":{"a":"b"}}"#);
        let earlier = of(json!({"labels": {"a": "c"}})).with_parts_of(&spec);
        assert_eq!((&earlier.quota, earlier.on_change), (&spec.quota, OnChange::Enforce));
        assert_eq!(earlier.labels["a"], "c");
    }
}
