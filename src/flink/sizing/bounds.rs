//! How far a cluster may grow and shrink by itself: Flink in native mode starts TaskManagers as
//! jobs want them, and the operator's autoscaler changes parallelism without a word in the object.

/// The least and the most TaskManagers that an object allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// TaskManagers that are there whatever happens.
    pub least: u64,
    /// The most there can be; `None` where no option says.
    pub most: Option<u64>,
    /// What nobody has bounded, though an option would.
    pub open: Option<Unbounded>,
}

/// A growth that the object sets no end to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbounded {
    /// What may grow.
    pub message: String,
    /// The option that would bound it.
    pub option: &'static str,
    /// What to write.
    pub help: &'static str,
}

impl Bounds {
    /// A number that nothing but the object changes.
    pub fn fixed(count: u64) -> Self {
        Self { least: count, most: Some(count), open: None }
    }

    /// The bounds of so many clusters that are all like this one.
    pub fn multiply(&mut self, clusters: u64) {
        self.least = self.least.saturating_mul(clusters);
        self.most = self.most.map(|most| most.saturating_mul(clusters));
    }
}
