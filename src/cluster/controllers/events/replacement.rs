//! Whether a refusal needs no Event because the next try succeeded.
//!
//! A pod that replaces another may come before the tenant's quota is free: the other one still
//! terminates. Its controller tries again within seconds.

use super::regarding::Regarding;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ListParams, PartialObjectMeta};
use kube::{Api, Client, ResourceExt};
use std::time::Duration;

/// How long after the end of a pod's grace period its replacement may take.
const NEXT_TRY: Duration = Duration::from_secs(5);

/// What became of a refused pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replacement {
    /// Its owner has a pod that was created after the refusal.
    Created,
    /// A pod of its namespace terminates within its grace period, which ends in this time.
    Waiting(Duration),
    /// Nothing: it is refused.
    Missing,
}

/// What became of a pod that was last refused at `refused`.
///
/// # Errors
/// When the API server does not answer.
pub(super) async fn replacement(
    client: &Client,
    regarding: &Regarding,
    refused: Timestamp,
    now: Timestamp,
) -> kube::Result<Replacement> {
    let Regarding::Owner { namespace, uid, .. } = regarding else {
        return Ok(Replacement::Missing);
    };
    let pods = Api::<Pod>::namespaced(client.clone(), namespace);
    // The API server's cache is enough.
    let pods = pods.list_metadata(&ListParams::default().match_any()).await?;
    Ok(among(&pods.items, uid, refused, now))
}

fn among(
    pods: &[PartialObjectMeta<Pod>],
    owner: &str,
    refused: Timestamp,
    now: Timestamp,
) -> Replacement {
    // The API server stores whole seconds.
    let is_created = |pod: &&PartialObjectMeta<Pod>| {
        let created = pod.creation_timestamp();
        pod.metadata.deletion_timestamp.is_none()
            && pod.owner_references().iter().any(|reference| reference.uid == owner)
            && created.is_some_and(|created| created.0.as_second() >= refused.as_second())
    };
    if pods.iter().any(|pod| is_created(&pod)) {
        return Replacement::Created;
    }
    // The timestamp of a deletion is the end of the grace period.
    let ends = pods.iter().filter_map(|pod| pod.metadata.deletion_timestamp.as_ref());
    let rest = ends.filter_map(|end| Duration::try_from(end.0.duration_since(now)).ok()).max();
    match rest.filter(|rest| !rest.is_zero()) {
        Some(rest) => Replacement::Waiting(rest + NEXT_TRY),
        None => Replacement::Missing,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(owner: &str, created: &str, deleted: Option<&str>) -> Value {
        let owner =
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "etl", "uid": owner});
        json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": {"name": "p",
            "creationTimestamp": created, "deletionTimestamp": deleted, "ownerReferences": [owner]}})
    }

    #[test]
    fn only_a_later_pod_of_the_owner_replaces_the_refused_one() {
        let (before, same, after) =
            ("2026-11-27T10:00:09Z", "2026-11-27T10:00:10Z", "2026-11-27T10:00:12Z");
        let (ended, ends) = ("2026-11-27T10:00:11Z", "2026-11-27T10:00:40Z");
        let refused: Timestamp = "2026-11-27T10:00:10.7Z".parse().unwrap();
        let now: Timestamp = "2026-11-27T10:00:20Z".parse().unwrap();
        let waiting = Replacement::Waiting(Duration::from_secs(25));
        for (pods, expected) in [
            (vec![], Replacement::Missing),
            (vec![pod("own", before, None)], Replacement::Missing),
            (vec![pod("own", same, None)], Replacement::Created),
            (vec![pod("own", after, None)], Replacement::Created),
            (vec![pod("other", after, None)], Replacement::Missing),
            // One that is being deleted replaces nothing, and makes room until its grace ends.
            (vec![pod("own", after, Some(ends))], waiting),
            (vec![pod("other", before, Some(ends))], waiting),
            (vec![pod("other", before, Some(ended))], Replacement::Missing),
            (vec![pod("other", before, Some(ends)), pod("own", after, None)], Replacement::Created),
        ] {
            let pods: Vec<PartialObjectMeta<Pod>> =
                pods.into_iter().map(|pod| serde_json::from_value(pod).unwrap()).collect();
            assert_eq!(among(&pods, "own", refused, now), expected, "{pods:?}");
        }
    }
}
