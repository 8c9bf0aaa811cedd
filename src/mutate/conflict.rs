//! Differences between an object and the values that its tenant requires.
//!
//! The user's other value is a conflict for mutation too. A missing value is one only for validation:
//! mutation adds it.

/// One difference between an object and a value that its tenant requires. Rules report it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// JSON Pointer of the value in the object.
    pub pointer: String,
    /// What differs.
    pub difference: Difference,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A label or node selector of pods has a different value.
    Entry(EntryDifference),
    /// `kubernetes.node-name-label` is not the standard label of node names, but the tenant has a
    /// node selector.
    NodeNameLabel {
        /// The value of the option.
        found: String,
    },
    /// An enforced option has a different value.
    EnforcedOption {
        /// The name under which the object sets the option.
        key: String,
        /// The tenant's value.
        wanted: String,
        /// The object's value, which may be a secret; `None` if the object lacks the option.
        found: Option<String>,
    },
    /// Flink does not read an enforced option, because the object writes its whole map as one text.
    HiddenOption {
        /// The key of the enforced option.
        key: String,
        /// The key of the map.
        map: String,
    },
    /// The tenant's checkpoint volume is not mounted, or cannot be.
    CheckpointVolume(VolumeDifference),
    /// Flink's container has a writable root file system.
    WritableRoot {
        /// The name of the container.
        container: String,
        /// Whether the object sets the field; otherwise it lacks it.
        is_written: bool,
    },
}

/// An entry of a map in pods whose value differs from the tenant's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryDifference {
    /// The map.
    pub map: PodMap,
    /// The option that sets the entry; `None` if a pod template does.
    pub option: Option<String>,
    /// The key of the entry.
    pub key: String,
    /// The tenant's value.
    pub wanted: String,
    /// The object's value; `None` if the object lacks the entry.
    pub found: Option<String>,
}

/// A map in pods to which tenants add entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodMap {
    /// `metadata.labels`.
    Labels,
    /// `spec.nodeSelector`.
    NodeSelector,
}

/// Why the tenant's checkpoint volume is not mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeDifference {
    /// Nothing mounts it, and nothing prevents that.
    Missing {
        /// The claim that holds the cluster's state.
        claim: String,
        /// The path at which Flink's container needs it.
        path: String,
        /// The cluster's folder in the claim, if clusters share it.
        folder: Option<String>,
    },
    /// Another volume already has the name of this claim's volume.
    Name {
        /// The claim that holds the cluster's state.
        claim: String,
    },
    /// Another volume is mounted at its path.
    Mount {
        /// The other volume.
        volume: String,
        /// The path.
        path: String,
    },
    /// `kubernetes.persistent-volume-claims` mounts another claim at its path.
    Option {
        /// The other claim.
        claim: String,
        /// The path.
        path: String,
    },
    /// The claim, or the cluster's folder in it, has the cluster's name, but the API server will
    /// generate that name.
    GeneratedName {
        /// The tenant's pattern for the claim.
        claim: String,
    },
}
