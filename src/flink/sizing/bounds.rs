//! How far a cluster can grow and shrink without a change of the object: in native mode Flink
//! starts TaskManagers for jobs, and the operator's autoscaler changes the parallelism.

/// The largest value of Flink's options that count.
const LARGEST_COUNT: u64 = i32::MAX as u64;

/// The minimum and maximum number of TaskManagers that an object allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The minimum number of TaskManagers.
    pub least: u64,
    /// The maximum number; `None` if no option limits it.
    pub most: Option<u64>,
    /// What is unlimited although an option could limit it.
    pub open: Option<Unbounded>,
    /// What changes the number; `None` if only a change of the object does.
    pub growth: Option<Growth>,
}

/// What changes the number of TaskManagers while the object does not change, and the setting that
/// limits it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// What starts TaskManagers.
    pub by: GrowthCause,
    /// The limit in one unit of the setting: slots of one TaskManager for an option that counts
    /// slots or parallelism, 1 for one that counts TaskManagers.
    pub unit: u64,
    /// TaskManagers that the setting does not count.
    pub uncounted: u64,
}

/// What starts TaskManagers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrowthCause {
    /// The autoscaler of the Apache operator, for a job.
    Autoscaler,
    /// The adaptive scheduler, when users change a job's resource requirements.
    AdaptiveScheduler,
    /// Reactive mode, with every TaskManager that is added.
    ReactiveMode,
    /// The jobs that users submit to a session cluster.
    SessionJobs,
    /// The HorizontalPodAutoscaler of Spotify's operator.
    HorizontalPodAutoscaler,
}

impl Growth {
    /// The largest value of the setting with which at most so many TaskManagers run; `None` if
    /// there is no such value.
    pub fn largest_value(self, task_managers: u64) -> Option<u64> {
        let counted = task_managers.checked_sub(self.uncounted)?;
        counted.checked_mul(self.unit).filter(|value| (1..=LARGEST_COUNT).contains(value))
    }
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
        Self { least: count, most: Some(count), ..Self::default() }
    }

    /// Multiplies the bounds by a number of identical clusters.
    pub fn multiply(&mut self, clusters: u64) {
        self.least = self.least.saturating_mul(clusters);
        self.most = self.most.map(|most| most.saturating_mul(clusters));
    }
}
