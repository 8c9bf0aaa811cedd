//! Keys that are also the beginning of another key, which the operator does not deploy for Flink 2.
//!
//! Since Flink 2.0 the operator writes `config.yaml`, whose keys are nested: `a` and `a.b` cannot
//! both have a value there. `FlinkConfMountDecorator.validateConfigKeysForV2` (operator 1.12 to
//! 1.15 and main of July 2026) refuses them with `Overlapping key prefixes detected`, for native
//! and standalone clusters. What it compares is what `FlinkConfigBuilder` made: the options of the
//! object over the operator's own, the fields, and what the builder adds.

use crate::flink::config::{Entry, FlinkConfig};
use crate::flink::options;
use crate::flink::version::FlinkVersion;
use crate::flink::{Engine, Workload};
use crate::resource::steps;

/// The first version for which the operator writes `config.yaml`.
const NESTED_SINCE: FlinkVersion = FlinkVersion::new(2, 0);

/// Prefixes that `AbstractFlinkService.removeOperatorConfigs` takes out before.
const OF_OPERATOR: [&str; 2] = ["kubernetes.operator.", "job.autoscaler."];

/// Keys that `FlinkConfMountDecorator` takes out before.
const TAKEN_OUT: [&str; 6] = [
    "kubernetes.config.file",
    "$internal.deployment.config-dir",
    "rest.bind-address",
    "jobmanager.bind-host",
    "taskmanager.bind-host",
    "taskmanager.host",
];

/// A map to which the operator adds an entry: it writes all entries under the key of the map then.
const REWRITTEN_MAP: &str = "kubernetes.jobmanager.annotations";

/// Keys that `FlinkConfigBuilder` and Flink's `KubernetesClusterDescriptor` add to every cluster, and
/// that a shorter option of Flink could begin.
const ADDED: [&str; 12] = [
    "$internal.flink.version",
    "blob.server.port",
    "execution.target",
    "jobmanager.rpc.address",
    "kubernetes.cluster-id",
    "kubernetes.internal.jobmanager.entrypoint.class",
    "kubernetes.namespace",
    "kubernetes.pod-template-file.jobmanager",
    "kubernetes.rest-service.exposed.type",
    "pipeline.name",
    "taskmanager.rpc.port",
    "web.cancel.enable",
];

/// What the operator adds to a cluster with high availability.
const CLUSTER_ID: &str = "high-availability.cluster-id";

/// The most keys that are listed: more would hide the first.
const MOST: usize = 50;

/// A key that is also the beginning of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverlappingKey<'a> {
    /// The shorter key.
    pub key: &'a str,
    /// Its value with its place.
    pub entry: &'a Entry,
    /// The first of the longer keys.
    pub longer: &'a str,
    /// Whether the operator adds the longer key.
    pub is_added: bool,
}

/// The overlapping keys of a cluster for Flink 2, each once. Allocates nothing if there are none.
pub fn overlapping_keys(workload: &Workload) -> Vec<OverlappingKey<'_>> {
    let is_nested = workload.version.is_some_and(|version| version >= NESTED_SINCE);
    let mut found = Vec::new();
    if !is_nested || !workload.declares_cluster || workload.engine != Engine::Operator {
        return found;
    }
    let config = &workload.config;
    for (longer, _) in config.iter().filter(|(key, _)| is_deployed(key)) {
        find(config, longer, false, &mut found);
    }
    let cluster_id = options::high_availability(config).map(|_| CLUSTER_ID);
    for longer in ADDED.into_iter().chain(cluster_id) {
        find(config, longer, true, &mut found);
    }
    found
}

/// Adds the keys that begin a longer one, and are not known yet.
fn find<'a>(
    config: &'a FlinkConfig,
    longer: &'a str,
    is_added: bool,
    found: &mut Vec<OverlappingKey<'a>>,
) {
    for (dot, _) in longer.match_indices('.') {
        steps::step();
        let Some((key, entry)) = longer.get(..dot).and_then(|key| config.exact_pair(key)) else {
            continue;
        };
        if found.len() >= MOST {
            return;
        }
        let is_known = found.iter().any(|overlap| overlap.key == key);
        if !key.is_empty() && !is_known && is_deployed(key) && key != REWRITTEN_MAP {
            found.push(OverlappingKey { key, entry, longer, is_added });
        }
    }
}

fn is_deployed(key: &str) -> bool {
    !OF_OPERATOR.iter().any(|prefix| key.starts_with(prefix)) && !TAKEN_OUT.contains(&key)
}
