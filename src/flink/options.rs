//! Names of the Flink options that Flinkgate reads, each with its deprecated names in Flink's
//! order.
//!
//! Look up a list with [`FlinkConfig::first`](super::config::FlinkConfig::first). Flinkgate writes
//! the first name and uses it in messages.

use super::catalog::other_names;
use super::config::FlinkConfig;

/// The names of one option: the current one, then the fallbacks.
pub type Names = &'static [&'static str];

/// Cores of a JobManager.
pub const JOB_MANAGER_CPU: Names =
    &["kubernetes.jobmanager.cpu.amount", "kubernetes.jobmanager.cpu"];
/// Cores of a TaskManager in its pod's request.
pub const TASK_MANAGER_CPU: Names =
    &["kubernetes.taskmanager.cpu.amount", "kubernetes.taskmanager.cpu"];
/// A JobManager container's memory.
pub const JOB_MANAGER_MEMORY: Names = &["jobmanager.memory.process.size"];
/// A TaskManager container's memory.
pub const TASK_MANAGER_MEMORY: Names = &["taskmanager.memory.process.size"];
/// A JobManager's cpu limit as a multiple of its request.
pub const JOB_MANAGER_CPU_LIMIT_FACTOR: Names = &["kubernetes.jobmanager.cpu.limit-factor"];
/// A TaskManager's cpu limit as a multiple of its request.
pub const TASK_MANAGER_CPU_LIMIT_FACTOR: Names = &["kubernetes.taskmanager.cpu.limit-factor"];
/// A JobManager's memory limit as a multiple of its request.
pub const JOB_MANAGER_MEMORY_LIMIT_FACTOR: Names = &["kubernetes.jobmanager.memory.limit-factor"];
/// A TaskManager's memory limit as a multiple of its request.
pub const TASK_MANAGER_MEMORY_LIMIT_FACTOR: Names = &["kubernetes.taskmanager.memory.limit-factor"];
/// JobManagers, standby ones included.
pub const JOB_MANAGER_REPLICAS: Names = &["kubernetes.jobmanager.replicas"];
/// TaskManagers of a standalone cluster.
pub const TASK_MANAGER_REPLICAS: Names = &["kubernetes.internal.taskmanager.replicas"];
/// Slots of one TaskManager.
pub const TASK_SLOTS: Names = &["taskmanager.numberOfTaskSlots"];
/// Default parallelism of jobs.
pub const PARALLELISM: Names = &["parallelism.default"];
/// Parallelism by job vertex, as the autoscaler writes it.
pub const PARALLELISM_OVERRIDES: Names = &["pipeline.jobvertex-parallelism-overrides"];
/// TaskManagers beyond what the job needs.
pub const REDUNDANT_TASK_MANAGERS: Names = &["slotmanager.redundant-taskmanager-num"];
/// Minimum slots of a native cluster.
pub const SLOTS_MIN: Names = &["slotmanager.number-of-slots.min"];
/// Maximum slots of a native cluster.
pub const SLOTS_MAX: Names = &["slotmanager.number-of-slots.max"];
/// Minimum cores of all TaskManagers of a native cluster.
pub const CPU_MIN: Names = &["slotmanager.min-total-resource.cpu"];
/// Maximum cores of all TaskManagers of a native cluster.
pub const CPU_MAX: Names = &["slotmanager.max-total-resource.cpu"];
/// Minimum task memory of a native cluster.
pub const MEMORY_MIN: Names = &["slotmanager.min-total-resource.memory"];
/// Maximum task memory of a native cluster.
pub const MEMORY_MAX: Names = &["slotmanager.max-total-resource.memory"];
/// Whether a job uses all available slots.
pub const SCHEDULER_MODE: Names = &["scheduler-mode"];
/// The scheduler of jobs.
pub const SCHEDULER: Names = &["jobmanager.scheduler"];
/// The number of key groups of operators that set none, which their parallelism cannot exceed.
pub const MAX_PARALLELISM: Names = &["pipeline.max-parallelism"];
/// Whether the operator's autoscaler observes the job.
pub const AUTOSCALER: Names =
    &["job.autoscaler.enabled", "kubernetes.operator.job.autoscaler.enabled"];
/// Whether the autoscaler changes the job.
pub const AUTOSCALER_SCALING: Names =
    &["job.autoscaler.scaling.enabled", "kubernetes.operator.job.autoscaler.scaling.enabled"];
/// The maximum parallelism that the autoscaler sets for a vertex.
pub const AUTOSCALER_PARALLELISM_MAX: Names = &[
    "job.autoscaler.vertex.max-parallelism",
    "kubernetes.operator.job.autoscaler.vertex.max-parallelism",
];
/// The autoscaler's limit for the cores of all TaskManagers.
pub const AUTOSCALER_CPU: Names =
    &["job.autoscaler.quota.cpu", "kubernetes.operator.job.autoscaler.quota.cpu"];
/// The autoscaler's limit for the memory of all TaskManagers.
pub const AUTOSCALER_MEMORY: Names =
    &["job.autoscaler.quota.memory", "kubernetes.operator.job.autoscaler.quota.memory"];
/// Whether the autoscaler shrinks the memory of TaskManagers to what they use.
pub const AUTOSCALER_MEMORY_TUNING: Names = &[
    "job.autoscaler.memory.tuning.enabled",
    "kubernetes.operator.job.autoscaler.memory.tuning.enabled",
];
/// Names of external resources, such as `gpu`.
pub const EXTERNAL_RESOURCES: Names = &["external-resources"];
/// Whether the operator merges lists of pod templates by name.
pub const MERGE_BY_NAME: Names = &["kubernetes.operator.pod-template.merge-arrays-by-name"];
/// Image of the Flink containers.
pub const IMAGE: Names = &["kubernetes.container.image.ref", "kubernetes.container.image"];
/// When the kubelet pulls the image.
pub const IMAGE_PULL_POLICY: Names = &["kubernetes.container.image.pull-policy"];
/// Service account of both roles.
pub const SERVICE_ACCOUNT: Names = &["kubernetes.service-account"];
/// Directory of checkpoints.
pub const CHECKPOINT_DIR: Names =
    &["execution.checkpointing.dir", "state.checkpoints.dir", "state.backend.fs.checkpointdir"];
/// Directory of savepoints.
pub const SAVEPOINT_DIR: Names = &[
    "execution.checkpointing.savepoint-dir",
    "state.savepoints.dir",
    "savepoints.state.backend.fs.dir",
];
/// Interval between checkpoints.
pub const CHECKPOINT_INTERVAL: Names = &["execution.checkpointing.interval"];
/// The high-availability services.
pub const HIGH_AVAILABILITY: Names =
    &["high-availability.type", "high-availability", "recovery.mode"];
/// Directory of the high-availability services.
pub const HIGH_AVAILABILITY_DIR: Names = &[
    "high-availability.storageDir",
    "high-availability.zookeeper.storageDir",
    "recovery.zookeeper.storageDir",
];
/// The state backend of tasks.
pub const STATE_BACKEND: Names = &["state.backend.type", "state.backend"];

/// The strategy by which Flink restarts a failing job.
pub const RESTART_STRATEGY: Names = &["restart-strategy.type", "restart-strategy"];

/// All other names of the option with this name. A fallback is another option, and no name of it.
pub fn names_of(key: &str) -> impl Iterator<Item = &'static str> + use<> {
    let names = other_names(key);
    let siblings = names.newer.iter().flat_map(|newer| &other_names(newer).older);
    names.newer.iter().chain(&names.older).chain(siblings).copied()
}

/// The enabled high-availability services: `kubernetes`, `zookeeper` or a factory's class; `None`
/// if disabled.
pub fn high_availability(config: &FlinkConfig) -> Option<&str> {
    let (_, entry) = config.first(HIGH_AVAILABILITY)?;
    let off =
        ["", "none", "standalone"].iter().any(|off| entry.value.trim().eq_ignore_ascii_case(off));
    (!off).then_some(entry.value.as_str())
}

/// Whether the Flink operator reads an option, and no process of Flink does.
pub fn is_read_by_operator(key: &str) -> bool {
    key.starts_with("kubernetes.operator.") || key.starts_with("job.autoscaler.")
}

/// What is not enough in the file that Flink's processes read, by the beginning of the key: the operator
/// or the client makes pods, Services and upgrades from it before any process reads the file.
///
/// Read in flink-kubernetes-operator release-1.8 to release-1.15 and main (`6e9caeb`): every option
/// that `DefaultValidator`, `FlinkConfigBuilder`, the reconcilers, observers, services, autoscaler and
/// `KubernetesStandaloneClusterDescriptor` take from the resource; and the decorators and parameters of
/// flink-kubernetes 1.16.3, 1.18.1, 1.19.0 and 2.3.0, which make the pods.
const BEFORE_THE_FILE: [&str; 38] = [
    "$internal.",
    "blob.server.port",
    "containerized.",
    "deployment.",
    // The operator's client waits so long for savepoints, and health checks count these.
    "execution.checkpointing.timeout",
    "execution.checkpointing.tolerable-failed-checkpoints",
    // The validator refuses stateful upgrades without it.
    "execution.checkpointing.dir",
    // The operator's history of checkpoints has as many.
    "execution.checkpointing.num-retained",
    "execution.checkpointing.savepoint-dir",
    "execution.savepoint.",
    "execution.state-recovery.",
    "execution.target",
    "external-resource",
    "high-availability",
    "internal.",
    "job-result-store.",
    "job.autoscaler.",
    "jobmanager.cpu",
    "jobmanager.heap.",
    "jobmanager.memory.",
    "jobmanager.rpc.",
    // Only with the adaptive scheduler the operator scales a running job.
    "jobmanager.scheduler",
    "kubernetes.",
    "parallelism.default",
    "pipeline.classpaths",
    "pipeline.jars",
    "pipeline.jobvertex-parallelism-overrides",
    "recovery.",
    "rest.",
    "savepoints.state.backend.fs.dir",
    "scheduler-mode",
    "security.",
    "state.checkpoints.dir",
    "state.checkpoints.num-retained",
    "state.savepoints.dir",
    "taskmanager.",
    "user.artifacts.",
    "web.port",
];

/// Options of TaskManagers that their process alone reads.
const OF_TASK_MANAGERS: [&str; 7] = [
    "taskmanager.data.",
    "taskmanager.debug.",
    "taskmanager.log.",
    // Older names of those of Netty.
    "taskmanager.net.",
    "taskmanager.network.",
    "taskmanager.slot.timeout",
    "taskmanager.tmp.dirs",
];

/// Options of TaskManagers from which the autoscaler computes their memory (`MemoryTuning`).
const OF_MEMORY_TUNING: &str = "taskmanager.network.memory.";

/// What the operator writes into a cluster's file unless its resource sets it: the key, and the value if
/// it is the same for all clusters (`FlinkConfigBuilder` of the releases above).
const WRITTEN_BY_OPERATOR: [(&str, Option<&str>); 5] = [
    ("execution.checkpointing.externalized-checkpoint-retention", Some("RETAIN_ON_CANCELLATION")),
    ("execution.shutdown-on-application-finish", Some("false")),
    ("execution.submit-failed-job-on-application-error", Some("true")),
    ("pipeline.name", None),
    ("web.cancel.enable", Some("false")),
];

/// Whether an option has its whole effect from the file that Flink's processes read. Everything else
/// must be known to the operator or the client that creates the cluster.
pub fn is_carried_by_file(key: &str) -> bool {
    let is_before = |key: &str| {
        let is_of_process = OF_TASK_MANAGERS.iter().any(|beginning| key.starts_with(beginning))
            && !key.starts_with(OF_MEMORY_TUNING);
        BEFORE_THE_FILE.iter().any(|beginning| key.starts_with(beginning)) && !is_of_process
    };
    !is_before(key) && !names_of(key).any(is_before)
}

/// Whether the operator writes another value of an option into a cluster's file, unless the resource
/// sets the option.
pub fn is_written_by_operator(key: &str, wanted: &str, upgrades_by_last_state: bool) -> bool {
    let is = |name: &str| key == name || names_of(key).any(|other| other == name);
    // Five minutes, with this mode.
    (upgrades_by_last_state && CHECKPOINT_INTERVAL.iter().any(|name| is(name)))
        || WRITTEN_BY_OPERATOR.iter().any(|(name, value)| {
            is(name) && value.is_none_or(|value| !value.eq_ignore_ascii_case(wanted.trim()))
        })
}

/// The name that Flinkgate writes.
pub fn canonical(names: Names) -> &'static str {
    names.first().copied().unwrap_or_default()
}
