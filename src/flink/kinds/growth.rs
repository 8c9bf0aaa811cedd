//! Calculates how many TaskManagers a FlinkDeployment may have beyond its declared number: for jobs
//! of a session, through the autoscaler, with the adaptive scheduler, and in reactive mode.

use super::slot_limits::{SlotLimits, cores};
use crate::flink::Mode;
use crate::flink::config::FlinkConfig;
use crate::flink::memory::java::{parse_double, parse_int};
use crate::flink::memory_size::parse_memory_size;
use crate::flink::options::{self, Names, canonical};
use crate::flink::sizing::bounds::{Bounds, Growth, GrowthCause, Unbounded};
use crate::flink::version::FlinkVersion;

/// The autoscaler's default maximum parallelism of a vertex.
const AUTOSCALER_PARALLELISM: u64 = 200;
/// The first release whose adaptive scheduler takes other resource requirements while a job runs.
const REQUIREMENTS_SINCE: FlinkVersion = FlinkVersion::new(1, 18);
/// Key groups of an operator that sets no number: one and a half times its parallelism, as a power
/// of two within these bounds.
const KEY_GROUPS: (u64, u64) = (128, 32_768);

/// The inputs for a cluster's bounds.
pub struct ClusterGrowth<'a> {
    /// Its configuration.
    pub config: &'a FlinkConfig,
    /// Its Flink version.
    pub version: Option<FlinkVersion>,
    /// What creates TaskManagers.
    pub mode: Mode,
    /// The parallelism of its own job; `None` for a session.
    pub parallelism: Option<u64>,
    /// Slots of one TaskManager.
    pub slots: u64,
    /// The declared number of TaskManagers.
    pub declared: u64,
    /// Whether the object has a field with that number.
    pub has_replicas: bool,
    /// The limits in the slot manager's options, which apply in native mode only.
    pub limits: SlotLimits,
}

impl ClusterGrowth<'_> {
    /// The minimum and maximum number of TaskManagers, and what is unbounded.
    pub fn bounds(&self) -> Bounds {
        let limits = self.limits;
        match (self.mode, self.parallelism) {
            // The operator gives a standalone cluster the replicas of the field, whatever the
            // autoscaler chose.
            (Mode::Standalone, Some(_)) if self.is_autoscaled() && self.has_replicas => {
                Bounds::fixed(self.declared)
            }
            (_, Some(_)) if self.is_autoscaled() => self.autoscaled(),
            (Mode::Native, Some(parallelism)) if self.is_adaptive() => self.adaptive(parallelism),
            // User code may request more than the parallelism, but rarely less.
            (Mode::Native, Some(_)) => {
                Bounds { least: self.declared, most: limits.most, ..Bounds::default() }
            }
            (Mode::Native, None) => {
                let open = limits.most.is_none().then(|| Unbounded {
                    message: "this session cluster starts as many TaskManagers as its jobs request"
                        .into(),
                    option: canonical(options::SLOTS_MAX),
                    help: "set `slotmanager.number-of-slots.max`, or \
                        `slotmanager.max-total-resource.cpu` and \
                        `slotmanager.max-total-resource.memory`",
                });
                let growth = Some(self.by_slots(GrowthCause::SessionJobs));
                Bounds { least: limits.least, most: limits.most, open, growth }
            }
            (Mode::Standalone, Some(_)) if self.is_reactive() => {
                let open = limits.most.is_none().then(|| Unbounded {
                    message:
                        "in reactive mode the job uses every TaskManager that an autoscaler or a \
                        user adds"
                            .into(),
                    option: canonical(options::SLOTS_MAX),
                    help: "set `slotmanager.number-of-slots.max`, and `maxReplicas` of the \
                        HorizontalPodAutoscaler",
                });
                let most = limits.most.map(|most| most.max(self.declared));
                let growth = Some(self.by_slots(GrowthCause::ReactiveMode));
                Bounds { least: 1, most, open, growth }
            }
            (Mode::Standalone, _) => Bounds::fixed(self.declared),
        }
    }

    fn autoscaled(&self) -> Bounds {
        let written = self.positive(options::AUTOSCALER_PARALLELISM_MAX);
        let key_groups = self.positive(options::MAX_PARALLELISM);
        let quota = self.quota();
        // The slot manager's options apply in native mode only.
        let limits = if self.mode == Mode::Native {
            self.limits
        } else {
            SlotLimits { least: 0, most: None, redundant: 0 }
        };
        let parallelism = written.unwrap_or(AUTOSCALER_PARALLELISM);
        let parallelism = key_groups.map_or(parallelism, |groups| groups.min(parallelism));
        let by_parallelism = parallelism.div_ceil(self.slots);
        let most = quota.map_or(by_parallelism, |quota| quota.min(by_parallelism));
        // The autoscaler's limits concern growth, not what already runs.
        let most = most.saturating_add(limits.redundant).max(self.declared);
        let most = limits.most.map_or(most, |limit| limit.min(most));
        let bounded = written.or(key_groups).or(quota).or(limits.most).is_some();
        let open = (!bounded).then(|| Unbounded {
            message: format!(
                "the autoscaler may scale this job to {most} TaskManagers at a parallelism of \
                {AUTOSCALER_PARALLELISM}"
            ),
            option: canonical(options::AUTOSCALER_PARALLELISM_MAX),
            help: "set `job.autoscaler.vertex.max-parallelism`, or `job.autoscaler.quota.cpu` and \
                `job.autoscaler.quota.memory`",
        });
        let (by, uncounted) = (GrowthCause::Autoscaler, limits.redundant);
        let growth = Some(Growth { by, unit: self.slots, uncounted });
        Bounds { least: limits.least.max(1), most: Some(most), open, growth }
    }

    /// With the adaptive scheduler, users raise a running job's parallelism up to its key groups.
    fn adaptive(&self, parallelism: u64) -> Bounds {
        let key_groups = self.positive(options::MAX_PARALLELISM).unwrap_or_else(|| {
            let wanted = parallelism.saturating_add(parallelism / 2);
            wanted.min(KEY_GROUPS.1).next_power_of_two().clamp(KEY_GROUPS.0, KEY_GROUPS.1)
        });
        let most = key_groups.div_ceil(self.slots).saturating_add(self.limits.redundant);
        let most = self.limits.most.map_or(most, |limit| limit.min(most)).max(self.declared);
        let growth = Some(self.by_slots(GrowthCause::AdaptiveScheduler));
        Bounds { least: self.declared, most: Some(most), open: None, growth }
    }

    /// Growth that the slot manager's number of slots limits, redundant TaskManagers included.
    fn by_slots(&self, by: GrowthCause) -> Growth {
        Growth { by, unit: self.slots, uncounted: 0 }
    }

    /// TaskManagers within the autoscaler's quota, which excludes the JobManager.
    ///
    /// The autoscaler rounds the number of TaskManagers down before it compares: with several slots
    /// one more starts. It reads the cores and the memory of a TaskManager from one option each and
    /// has no quota without it. Memory tuning makes TaskManagers smaller, so more of them fit.
    fn quota(&self) -> Option<u64> {
        let value = |names: Names| self.config.first(names).map(|(_, entry)| entry.value.as_str());
        let by_cpu = value(options::AUTOSCALER_CPU).and_then(parse_double).and_then(|quota| {
            let one = value(options::TASK_MANAGER_CPU).and_then(parse_double).and_then(cores)?;
            u64::try_from(cores(quota)?.checked_div(one)?).ok()
        });
        let by_memory = value(options::AUTOSCALER_MEMORY)
            .filter(|_| !self.is_set_to(options::AUTOSCALER_MEMORY_TUNING, "true"))
            .and_then(|quota| parse_memory_size(quota).ok())
            .and_then(|quota| {
                let one = parse_memory_size(value(options::TASK_MANAGER_MEMORY)?).ok()?;
                quota.checked_div(one)
            });
        let within = by_cpu.into_iter().chain(by_memory).min()?;
        Some(within.saturating_add(u64::from(self.slots > 1)))
    }

    fn is_autoscaled(&self) -> bool {
        self.is_set_to(options::AUTOSCALER, "true")
            && !self.is_set_to(options::AUTOSCALER_SCALING, "false")
    }

    fn is_reactive(&self) -> bool {
        self.is_set_to(options::SCHEDULER_MODE, "reactive")
    }

    fn is_adaptive(&self) -> bool {
        self.is_set_to(options::SCHEDULER, "adaptive")
            && self.version.is_none_or(|version| version >= REQUIREMENTS_SINCE)
    }

    fn is_set_to(&self, names: Names, word: &str) -> bool {
        self.config
            .first(names)
            .is_some_and(|(_, entry)| entry.value.trim().eq_ignore_ascii_case(word))
    }

    fn positive(&self, names: Names) -> Option<u64> {
        let (_, entry) = self.config.first(names)?;
        parse_int(&entry.value)
            .and_then(|count| u64::try_from(count).ok())
            .filter(|count| *count > 0)
    }
}
