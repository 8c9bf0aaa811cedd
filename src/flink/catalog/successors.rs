//! What replaces a deprecated option.

use super::table::{KeyRole, Release, Table};

/// Options that others replace, and that Flink does not read as their older names: what the classes
/// that declare them say with `@deprecated`, or in `withFallbackKeys` of the newer option. Read in
/// flink-core, flink-runtime, flink-streaming-java and flink-table-api-java of 1.17.2, 1.20.4 and 2.3.0;
/// an option that none of them gives a successor, such as `web.ssl.enabled`, which no class reads, has
/// none here. The memory of a whole process replaces that of a heap, since these are containers.
const REPLACED: &[(&str, &[&str])] = &[
    ("cluster.evenly-spread-out-slots", &["taskmanager.load-balance.mode"]),
    ("job-result-store.delete-on-commit", &["application-result-store.delete-on-commit"]),
    (
        "jobmanager.adaptive-scheduler.min-parallelism-increase",
        &[
            "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling",
            "jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout",
        ],
    ),
    (
        "jobmanager.adaptive-scheduler.scaling-interval.max",
        &["jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout"],
    ),
    ("jobmanager.heap.mb", &["jobmanager.memory.process.size"]),
    ("jobmanager.heap.size", &["jobmanager.memory.process.size"]),
    ("jobstore.expiration-time", &["completed-application-store.expiration-time"]),
    ("pipeline.default-kryo-serializers", &["pipeline.serialization-config"]),
    ("pipeline.registered-kryo-types", &["pipeline.serialization-config"]),
    ("pipeline.registered-pojo-types", &["pipeline.serialization-config"]),
    ("security.ssl.enabled", &["security.ssl.internal.enabled", "security.ssl.rest.enabled"]),
    ("security.ssl.verify-hostname", &["security.ssl.rest.verify-hostname"]),
    ("slotmanager.request-timeout", &["slot.request.timeout"]),
    ("sql-client.display.max-column-width", &["table.display.max-column-width"]),
    ("table.exec.legacy-transformation-uids", &["table.exec.uid.generation"]),
    ("table.exec.shuffle-mode", &["execution.batch-shuffle-mode"]),
    ("taskmanager.heap.mb", &["taskmanager.memory.process.size"]),
    ("taskmanager.heap.size", &["taskmanager.memory.process.size"]),
    (
        "taskmanager.network.batch-shuffle.compression.enabled",
        &["taskmanager.network.compression.codec"],
    ),
    (
        "taskmanager.network.numberOfBuffers",
        &[
            "taskmanager.memory.network.fraction",
            "taskmanager.memory.network.min",
            "taskmanager.memory.network.max",
        ],
    ),
    ("taskmanager.registration.initial-backoff", &["cluster.registration.initial-timeout"]),
    ("taskmanager.registration.max-backoff", &["cluster.registration.max-timeout"]),
    (
        "taskmanager.registration.refused-backoff",
        &["cluster.registration.refused-registration-delay"],
    ),
    ("web.address", &["rest.bind-address"]),
];

/// The options that replace a deprecated one in a release. A class may declare the old key as an option
/// while another has it as an older name of its own option.
pub fn successors(key: &str, release: Release) -> impl Iterator<Item = &'static str> {
    let aliases = Table::get()
        .readings(key)
        .iter()
        .filter(move |reading| reading.reads == KeyRole::Alias && reading.holds(release))
        .map(|reading| reading.detail);
    let replaced = REPLACED.iter().filter(move |(old, _)| *old == key);
    let replaced = replaced.flat_map(|(_, new)| new.iter().copied());
    aliases.chain(replaced)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::catalog::reading;
    use crate::flink::version::FlinkVersion;

    #[test]
    fn successors_are_read_where_the_old_option_is_deprecated() {
        let table = Table::get();
        for (old, new) in REPLACED {
            let obsolete = table.readings(old).iter().find_map(|reading| reading.obsolete).unwrap();
            for key in *new {
                let found = reading(table.readings(key), obsolete);
                let is_read = found.is_some_and(|found| matches!(found.reads, KeyRole::Value(_)));
                assert!(is_read, "{old}: {key}");
            }
        }
    }

    #[test]
    fn an_option_with_a_newer_name_has_a_successor() {
        let of = |key, minor| -> Vec<&str> {
            successors(key, Release::of(FlinkVersion::new(1, minor))).collect()
        };
        assert_eq!(
            of("taskmanager.network.memory.fraction", 20),
            ["taskmanager.memory.network.fraction"]
        );
        assert_eq!(of("state.backend.local-recovery", 20).len(), 2);
        assert_eq!(of("state.backend.local-recovery", 19).len(), 0);
        assert_eq!(of("taskmanager.heap.size", 18), ["taskmanager.memory.process.size"]);
        for without in ["state.backend.async", "web.ssl.enabled"] {
            assert!(of(without, 18).is_empty(), "{without}");
        }
        // The fallback that Flink reads, and not the address under which clients find it.
        assert_eq!(of("web.address", 20), ["rest.bind-address"]);
    }
}
