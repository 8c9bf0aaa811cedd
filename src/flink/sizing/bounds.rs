//! How far a cluster can grow and shrink without a change of the object: in native mode Flink
//! starts TaskManagers for jobs, and the operator's autoscaler changes the parallelism.

/// The minimum and maximum number of TaskManagers that an object allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The minimum number of TaskManagers.
    pub least: u64,
    /// The maximum number; `None` if no option limits it.
    pub most: Option<u64>,
    /// What is unlimited although an option could limit it.
    pub open: Option<Unbounded>,
}

/// Growth that the object does not limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbounded {
    /// What can grow.
    pub message: String,
    /// The option that would limit it.
    pub option: &'static str,
    /// What to write.
    pub help: &'static str,
}

impl Bounds {
    /// A number that only a change of the object changes.
    pub fn fixed(count: u64) -> Self {
        Self { least: count, most: Some(count), open: None }
    }

    /// Multiplies the bounds by a number of identical clusters.
    pub fn multiply(&mut self, clusters: u64) {
        self.least = self.least.saturating_mul(clusters);
        self.most = self.most.map(|most| most.saturating_mul(clusters));
    }
}
