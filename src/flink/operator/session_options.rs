//! The options that a FlinkSessionJob takes effect with.
//!
//! The operator merges a session job's options over those of its cluster. It acts on its own
//! options itself and sends all of them with the job. The processes of the cluster run already, so
//! that the options of processes and pods change nothing.

/// Options of processes and pods, and of what runs next to jobs.
const OF_CLUSTERS: [&str; 26] = [
    "akka.",
    "application-result-store.",
    "blob.",
    "classloader.check-leaked",
    "client.",
    "cluster.",
    "containerized.",
    "env.",
    "external-resource",
    "flink.",
    "heartbeat.",
    "high-availability",
    "historyserver.",
    "io.tmp.dirs",
    "jobmanager.",
    "jobstore.",
    "kubernetes.",
    "metrics.",
    "pekko.",
    "process.",
    "queryable-state.",
    "rest.",
    "security.",
    "slotmanager.",
    "taskmanager.",
    "web.",
];

/// Whether an option in a session job changes what the operator or Flink does with the job.
pub fn is_option_of_jobs(key: &str) -> bool {
    key.starts_with("kubernetes.operator.")
        || !OF_CLUSTERS.iter().any(|prefix| key.starts_with(prefix))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::is_option_of_jobs;

    #[test]
    fn options_of_processes_are_not_options_of_jobs() {
        for key in [
            "execution.checkpointing.dir",
            "restart-strategy.type",
            "state.backend.type",
            "pipeline.name",
            "kubernetes.operator.periodic.savepoint.interval",
            "job.autoscaler.enabled",
        ] {
            assert!(is_option_of_jobs(key), "{key}");
        }
        for key in [
            "kubernetes.rest-service.exposed.type",
            "env.java.opts.all",
            "taskmanager.numberOfTaskSlots",
            "high-availability.type",
        ] {
            assert!(!is_option_of_jobs(key), "{key}");
        }
    }
}
