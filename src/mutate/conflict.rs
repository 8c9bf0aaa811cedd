//! Where an object and what its tenant gives every object differ.

/// One difference between an object and what its tenant gives every object. Rules report it.
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
    /// A label or a node selector of pods has another value.
    Entry(EntryDifference),
    /// `kubernetes.node-name-label` is not the label of node names, while the tenant has a node
    /// selector.
    NodeNameLabel {
        /// The value of the option.
        found: String,
    },
    /// An enforced option has another value.
    EnforcedOption {
        /// The name under which the object sets the option.
        key: String,
        /// The tenant's value.
        wanted: String,
        /// The object's value; it may be a secret.
        found: String,
    },
    /// The tenant's checkpoint volume cannot be mounted.
    CheckpointVolume(VolumeDifference),
}

/// An entry of a map of pods that has another value than the tenant's.
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
    /// The object's value.
    pub found: String,
}

/// A map of pods that tenants give entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodMap {
    /// `metadata.labels`.
    Labels,
    /// `spec.nodeSelector`.
    NodeSelector,
}

/// Why the tenant's checkpoint volume cannot be mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeDifference {
    /// A volume with its name is another one than this claim.
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
    /// The claim, or the cluster's folder in it, is named after the cluster, and the API server
    /// will generate that name.
    GeneratedName {
        /// The tenant's pattern for the claim.
        claim: String,
    },
}
