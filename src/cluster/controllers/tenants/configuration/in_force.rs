//! What is in force of an object that configures Flinkgate.

/// What is in force of a stored object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InForce {
    /// The object as it is stored.
    AsStored,
    /// The last valid version that this process has seen.
    LastValid,
    /// The parts of it that can be read.
    ReadableParts,
    /// Nothing of it.
    Nothing,
}

impl InForce {
    /// For `/readyz`, the label of a metric and the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AsStored => "as-stored",
            Self::LastValid => "last-valid",
            Self::ReadableParts => "readable-parts",
            Self::Nothing => "nothing",
        }
    }
}
