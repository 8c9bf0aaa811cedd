//! Calculates how many TaskManagers a FlinkDeployment may have beyond its declared number: for jobs
//! of a session, through the autoscaler, and in reactive mode.

use super::slot_limits::{SlotLimits, cores};
use crate::flink::Mode;
use crate::flink::config::FlinkConfig;
use crate::flink::memory::{self, java::parse_double, java::parse_int};
use crate::flink::memory_size::parse_memory_size;
use crate::flink::options::{self, Names, canonical};
use crate::flink::sizing::bounds::{Bounds, Unbounded};
use crate::flink::version::FlinkVersion;

/// The autoscaler's default maximum parallelism of a vertex.
const AUTOSCALER_PARALLELISM: u64 = 200;

/// The inputs for a cluster's bounds.
pub struct ClusterGrowth<'a> {
    /// Its configuration.
    pub config: &'a FlinkConfig,
    /// Its Flink version.
    pub version: Option<FlinkVersion>,
    /// What creates TaskManagers.
    pub mode: Mode,
    /// Whether it runs its own job.
    pub application: bool,
    /// Slots of one TaskManager.
    pub slots: u64,
    /// The declared number of TaskManagers.
    pub declared: u64,
    /// The limits in the slot manager's options, which apply in native mode only.
    pub limits: SlotLimits,
}

impl ClusterGrowth<'_> {
    /// The minimum and maximum number of TaskManagers, and what is unbounded.
    pub fn bounds(&self) -> Bounds {
        let limits = self.limits;
        let native = self.mode == Mode::Native;
        if self.application && self.is_autoscaled() {
            return self.autoscaled();
        }
        match (native, self.application) {
            // User code may request more than the parallelism, but rarely less.
            (true, true) => Bounds { least: self.declared, most: limits.most, open: None },
            (true, false) => {
                let open = limits.most.is_none().then(|| Unbounded {
                    message: "this session cluster starts as many TaskManagers as its jobs request"
                        .into(),
                    option: canonical(options::SLOTS_MAX),
                    help: "set `slotmanager.number-of-slots.max`, or \
                        `slotmanager.max-total-resource.cpu` and \
                        `slotmanager.max-total-resource.memory`",
                });
                Bounds { least: limits.least, most: limits.most, open }
            }
            (false, true) if self.is_reactive() && limits.most.is_none() => {
                let open = Unbounded {
                    message:
                        "in reactive mode the job uses every TaskManager that an autoscaler or a \
                        user adds"
                            .into(),
                    option: canonical(options::SLOTS_MAX),
                    help: "set `slotmanager.number-of-slots.max`, and `maxReplicas` of the \
                        HorizontalPodAutoscaler",
                };
                Bounds { least: 1, most: None, open: Some(open) }
            }
            (false, true) if self.is_reactive() => Bounds {
                least: 1,
                most: limits.most.map(|most| most.max(self.declared)),
                open: None,
            },
            (false, _) => Bounds::fixed(self.declared),
        }
    }

    fn autoscaled(&self) -> Bounds {
        let written = self.positive(options::AUTOSCALER_PARALLELISM_MAX);
        let quota = self.quota();
        // The slot manager's options apply in native mode only.
        let limits = if self.mode == Mode::Native {
            self.limits
        } else {
            SlotLimits { least: 0, most: None, redundant: 0 }
        };
        let by_parallelism = written
            .unwrap_or(AUTOSCALER_PARALLELISM)
            .div_ceil(self.slots)
            .saturating_add(limits.redundant);
        // The quota limits growth, not what already runs.
        let most =
            quota.map_or(by_parallelism, |quota| quota.min(by_parallelism)).max(self.declared);
        let most = limits.most.map_or(most, |limit| limit.min(most));
        let bounded = written.is_some() || quota.is_some() || limits.most.is_some();
        let open = (!bounded).then(|| Unbounded {
            message: format!(
                "the autoscaler may scale this job to {most} TaskManagers at a parallelism of \
                {AUTOSCALER_PARALLELISM}"
            ),
            option: canonical(options::AUTOSCALER_PARALLELISM_MAX),
            help: "set `job.autoscaler.vertex.max-parallelism`, or `job.autoscaler.quota.cpu` and \
                `job.autoscaler.quota.memory`",
        });
        Bounds { least: limits.least.max(1), most: Some(most), open }
    }

    /// TaskManagers within the autoscaler's quota, which excludes the JobManager.
    fn quota(&self) -> Option<u64> {
        let value = |names: Names| self.config.first(names).map(|(_, entry)| entry.value.as_str());
        let by_cpu = value(options::AUTOSCALER_CPU).and_then(parse_double).and_then(|quota| {
            let one = memory::task_manager_cpu(self.config, self.version)
                .ok()
                .and_then(cores)
                .filter(|one| *one > 0)?;
            u64::try_from(cores(quota)? / one).ok()
        });
        let by_memory = value(options::AUTOSCALER_MEMORY)
            .and_then(|quota| parse_memory_size(quota).ok())
            .and_then(|quota| {
                let one = memory::task_manager(self.config, self.version).ok()?.process;
                quota.checked_div(one)
            });
        by_cpu.into_iter().chain(by_memory).min()
    }

    fn is_autoscaled(&self) -> bool {
        self.is_set_to(options::AUTOSCALER, "true")
            && !self.is_set_to(options::AUTOSCALER_SCALING, "false")
    }

    fn is_reactive(&self) -> bool {
        self.is_set_to(options::SCHEDULER_MODE, "reactive")
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
