//! PersistentVolumeClaims of Flink's pods: the name of a tenant's claim, where pods can mount a
//! claim, and which claims a workload mounts.
//!
//! Since 2.3, Flink has an option that mounts claims. The JobManager reads it for its TaskManagers.
//! The Flink operator creates the JobManager's pod with classes of an older Flink, which do not
//! know the option.

use super::map_options::map_entries;
use super::version::FlinkVersion;
use super::{Engine, Mode, Role, Workload};
use crate::resource::fields::text;
use crate::resource::{metadata_text, owners, pointer};
use serde_json::Value;

/// The placeholder for the cluster's name in a tenant's claim name.
const CLUSTER: &str = "{cluster}";
/// The default access mode of a tenant's claim, because JobManager and TaskManagers share it.
pub const DEFAULT_ACCESS_MODE: &str = "ReadWriteMany";
/// Claims that Flink itself mounts: `claim:/path,…`.
pub const CLAIMS_OPTION: &str = "kubernetes.persistent-volume-claims";
/// Whether Flink mounts these claims read-only.
pub const READ_ONLY_OPTION: &str = "kubernetes.persistent-volume-claim-read-only";
/// The first version that reads these options.
const SINCE: FlinkVersion = FlinkVersion::new(2, 3);

/// The name of a cluster's claim, from a tenant's pattern.
pub fn claim_for(pattern: &str, cluster: &str) -> String {
    pattern.replace(CLUSTER, cluster)
}

/// Whether a claim belongs to a cluster. A pod of a blue/green child names the child as its cluster
/// and mounts the parent's claim.
pub fn is_claim_of(pattern: &str, cluster: &str, claim: &str) -> bool {
    let parent = ["-blue", "-green"].iter().find_map(|suffix| cluster.strip_suffix(suffix));
    [Some(cluster), parent]
        .into_iter()
        .flatten()
        .any(|cluster| is_claim_for(pattern, cluster, claim))
}

/// Whether a claim has the name of [`claim_for`].
fn is_claim_for(pattern: &str, cluster: &str, claim: &str) -> bool {
    let mut parts = pattern.split(CLUSTER);
    let first = parts.next().and_then(|first| claim.strip_prefix(first));
    let rest = parts.fold(first, |rest, part| rest?.strip_prefix(cluster)?.strip_prefix(part));
    rest.is_some_and(str::is_empty)
}

/// The blue/green deployment that owns an object, according to its owner references. Blue and green
/// hand their state over to each other, so both use the parent's claim.
pub fn blue_green_parent(object: &Value) -> Option<&str> {
    let mut owners = owners(object).iter();
    owners.find(|owner| text(owner, "kind") == "FlinkBlueGreenDeployment")?.get("name")?.as_str()
}

/// Whether all clusters share one claim, according to a tenant's pattern.
pub fn is_shared(pattern: &str) -> bool {
    !pattern.contains(CLUSTER)
}

/// The cluster that a claim is named after, according to a tenant's pattern. `None` if clusters
/// share the claim. A claim that does not match the pattern counts as a cluster of its own name.
pub fn cluster_of<'c>(pattern: &str, claim: &'c str) -> Option<&'c str> {
    let (before, after) = pattern.split_once(CLUSTER)?;
    Some(claim.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).unwrap_or(claim))
}

/// How many nodes and pods can mount a claim at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessScope {
    /// ReadWriteMany.
    AnyNode,
    /// ReadWriteOnce: all pods of one node.
    OneNode,
    /// ReadWriteOncePod.
    OnePod,
    /// ReadOnlyMany: no pod can write.
    ReadOnly,
}

/// The combined scope of access modes; `None` if there are none.
pub fn access_scope<'a>(modes: impl IntoIterator<Item = &'a str>) -> Option<AccessScope> {
    let mut found = None;
    for mode in modes {
        match mode {
            "ReadWriteMany" => return Some(AccessScope::AnyNode),
            "ReadWriteOnce" => found = Some(AccessScope::OneNode),
            "ReadWriteOncePod" if found.is_none_or(|found| found == AccessScope::ReadOnly) => {
                found = Some(AccessScope::OnePod)
            }
            "ReadOnlyMany" if found.is_none() => found = Some(AccessScope::ReadOnly),
            _ => {}
        }
    }
    found
}

/// The combined scope of the access modes in a claim's spec.
pub fn claim_access_scope(claim: &Value) -> Option<AccessScope> {
    let modes = pointer::at(claim, "/spec/accessModes").and_then(Value::as_array);
    access_scope(modes.into_iter().flatten().filter_map(Value::as_str))
}

/// Claims that Flink itself mounts into a role's pods, with their paths. An unknown version is
/// treated as the newest.
pub fn mounted_by_flink(workload: &Workload, role: Role) -> Vec<(String, String)> {
    let reads = workload.declares_cluster
        && workload.engine == Engine::Operator
        && workload.mode == Some(Mode::Native)
        && workload.version.is_none_or(|version| version >= SINCE);
    if !reads || role != Role::TaskManager {
        return Vec::new();
    }
    map_entries(&workload.config, CLAIMS_OPTION)
        .into_iter()
        .map(|pair| (pair.key.trim().into(), pair.value.trim().into()))
        .collect()
}

/// Whether Flink mounts its claims read-only.
pub fn mounted_read_only(workload: &Workload) -> bool {
    workload
        .config
        .get(READ_ONLY_OPTION)
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
}

/// Whether the pods of a workload use a claim: through a volume, Flink's option, a StatefulSet's
/// template or an ephemeral volume.
pub fn uses_claim(workload: &Workload, object: &Value, claim: &str) -> bool {
    let name = metadata_text(object, "name");
    let in_templates = workload.pods.iter().any(|set| {
        let volumes = pointer::at(set.template(object), "/spec/volumes").and_then(Value::as_array);
        volumes.into_iter().flatten().any(|volume| {
            let named = pointer::at(volume, "/persistentVolumeClaim/claimName")
                .and_then(Value::as_str)
                == Some(claim);
            // Kubernetes creates the claim for the pod with this name.
            let made = || {
                let volume = volume.get("name").and_then(Value::as_str).unwrap_or_default();
                set.path().is_empty()
                    && claim.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'))
                        == Some(volume)
            };
            named || volume.get("ephemeral").is_some_and(Value::is_object) && made()
        })
    });
    let of_set = || {
        let templates = pointer::at(object, "/spec/volumeClaimTemplates").and_then(Value::as_array);
        templates.into_iter().flatten().any(|template| {
            let ordinal = claim
                .strip_prefix(metadata_text(template, "name"))
                .and_then(|rest| rest.strip_prefix('-'));
            let ordinal = ordinal
                .and_then(|rest| rest.strip_prefix(name))
                .and_then(|rest| rest.strip_prefix('-'));
            ordinal.is_some_and(|ordinal| {
                !ordinal.is_empty() && ordinal.bytes().all(|byte| byte.is_ascii_digit())
            })
        })
    };
    in_templates
        || mounted_by_flink(workload, Role::TaskManager).iter().any(|(mounted, _)| mounted == claim)
        || of_set()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::kinds::lower;
    use crate::resource::Resource;
    use serde_json::json;

    #[test]
    fn widest_access_mode_counts() {
        for (modes, expected) in [
            (vec!["ReadWriteOnce", "ReadWriteMany"], Some(AccessScope::AnyNode)),
            (vec!["ReadOnlyMany", "ReadWriteOnce"], Some(AccessScope::OneNode)),
            (vec!["ReadWriteOnce", "ReadOnlyMany"], Some(AccessScope::OneNode)),
            (vec!["ReadWriteOncePod"], Some(AccessScope::OnePod)),
            (vec!["ReadOnlyMany"], Some(AccessScope::ReadOnly)),
            (vec!["Whatever"], None),
            (vec![], None),
        ] {
            assert_eq!(access_scope(modes.iter().copied()), expected, "{modes:?}");
        }
    }

    #[test]
    fn blue_green_children_use_their_parents_claim() {
        assert!(is_claim_of("{cluster}-state", "etl-blue", "etl-state"));
        assert!(is_claim_of("{cluster}-state", "etl-blue", "etl-blue-state"));
        assert!(is_claim_of("shared", "etl", "shared"));
        assert!(!is_claim_of("{cluster}-state", "etl", "other-state"));
    }

    #[test]
    fn unshared_claim_names_identify_their_cluster() {
        for (pattern, claim, cluster) in [
            ("{cluster}-state", "etl-state", Some("etl")),
            ("flink-{cluster}", "flink-etl", Some("etl")),
            ("{cluster}-state", "other", Some("other")),
            ("shared", "shared", None),
        ] {
            assert_eq!(cluster_of(pattern, claim), cluster, "{pattern} {claim}");
            assert_eq!(is_shared(pattern), cluster.is_none(), "{pattern}");
        }
    }

    #[test]
    fn claims_are_used_by_every_kind_of_mount() {
        let uses = |object: Value, claim: &str| {
            let resource = Resource::from_manifest(object).unwrap();
            uses_claim(&lower(&resource, &resource.object).unwrap(), &resource.object, claim)
        };
        let volume = json!([{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}, {"name": "e", "ephemeral": {}}]);
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"volumes": volume, "containers": []}});
        assert!(
            uses(pod.clone(), "data")
                && uses(pod.clone(), "p-e")
                && !uses(pod.clone(), "p-v")
                && !uses(pod, "other")
        );
        let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "tm"},
            "spec": {"volumeClaimTemplates": [{"metadata": {"name": "pv"}}], "template": {"spec": {"containers": []}}}});
        assert!(
            uses(set.clone(), "pv-tm-0")
                && uses(set.clone(), "pv-tm-12")
                && !uses(set.clone(), "pv-tm-x")
                && !uses(set, "pv-tm-")
        );
        let cluster = |version: &str| {
            json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"}, "spec": {
                "flinkVersion": version, "flinkConfiguration": {"kubernetes.persistent-volume-claims": "data:/data"}}})
        };
        assert!(uses(cluster("v2_3"), "data") && !uses(cluster("v2_2"), "data"));
    }
}
