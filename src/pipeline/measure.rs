//! What an object counts in a quota: its pods, and the claim that Flinkgate creates for its cluster's
//! state.

use crate::flink::Workload;
use crate::flink::claims::{claim_for, cluster_of, is_shared};
use crate::kinds;
use crate::mutate;
use crate::quota::Usage;
use crate::quota::ledger::{ClaimNames, ObjectRef, request};
use crate::resource::fields::elements_at;
use crate::resource::quantity::Quantity;
use crate::resource::{Resource, metadata_text};
use crate::tenant::Tenant;
use serde_json::Value;

/// What an object uses. A request, the stored object and a manifest in a file all use this function,
/// so that they count the same.
pub(super) fn usage(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: Option<&Tenant>,
) -> Usage {
    let mut usage = request::usage(object, workload);
    if let Some(claim) = tenant.and_then(|tenant| state_claim(resource, object, workload, tenant)) {
        usage.add(&claim);
    }
    usage
}

/// The claim that Flinkgate creates for the object's cluster when a pod waits for it. A shared claim
/// does not count, nor do the children of a blue/green deployment, which mount their parent's.
fn state_claim(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &Tenant,
) -> Option<Usage> {
    let (_, size) = own_state_claim(resource, object, workload, tenant)?;
    Some(
        [("persistentVolumeClaims", Quantity::from_units(1)), ("storage", size)]
            .into_iter()
            .collect(),
    )
}

/// The name and the size of that claim.
fn own_state_claim(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &Tenant,
) -> Option<(String, Quantity)> {
    let volume = tenant.spec.storage.checkpoints.volume.as_ref()?;
    let size = Quantity::parse(&volume.size.as_ref()?.0).ok()?;
    if !workload.declares_cluster || is_shared(&volume.claim_name) {
        return None;
    }
    let claim = mutate::state_claim(resource, object, workload, &tenant.spec)?;
    (claim == claim_for(&volume.claim_name, resource.name_in(object))).then_some((claim, size))
}

/// The names of the claims that an object declares and that outlive it: the one for its cluster's
/// state, and those of a StatefulSet's templates. One that exists already is not more.
pub(super) fn declared_claims(
    resource: &Resource,
    object: &Value,
    workload: &Workload,
    tenant: &Tenant,
) -> Vec<ClaimNames> {
    let state = own_state_claim(resource, object, workload, tenant);
    let name = resource.name_in(object);
    let templates = match resource.kind.kind.as_str() {
        "StatefulSet" => elements_at(object, "/spec/volumeClaimTemplates"),
        _ => &[],
    };
    let of_set = templates.iter().map(|template| {
        ClaimNames::Numbered(format!("{}-{name}-", metadata_text(template, "name")))
    });
    state.map(|(claim, _)| ClaimNames::One(claim)).into_iter().chain(of_set).collect()
}

/// Objects that may have declared a claim, by its name, as `KIND/NAMESPACE/NAME`: a StatefulSet with
/// such a template, or the cluster whose state it holds. Users gain nothing by choosing the name: the
/// larger of a declaration and the objects that draw on it counts.
pub(super) fn owners_by_name(claim: &Resource, tenant: Option<&Tenant>) -> Vec<String> {
    let name = claim.name_in(&claim.object);
    let owner = |kind: &str, name: &str| ObjectRef::new(kind, &claim.namespace, name).to_string();
    let volume = tenant.and_then(|tenant| tenant.spec.storage.checkpoints.volume.as_ref());
    let cluster = volume.and_then(|volume| cluster_of(&volume.claim_name, name));
    let clusters = cluster.into_iter().flat_map(|cluster| {
        kinds::state_owners().into_iter().map(move |row| owner(row.kind, cluster))
    });
    // `<template>-<StatefulSet>-<number>`, where both names may have dashes.
    let set = name.rsplit_once('-').filter(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    let sets = set
        .into_iter()
        .flat_map(|(rest, _)| rest.match_indices('-').filter_map(|(at, _)| rest.get(at + 1..)));
    clusters.chain(sets.map(|set| owner("StatefulSet", set))).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::container_defaults::ContainerDefaults;
    use crate::pipeline::{Gate, Unassigned};
    use crate::rego::PolicySet;
    use crate::tenant::Tenants;
    use serde_json::json;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn gate() -> Gate {
        let spec = json!({"namespaces": {"names": ["prod"]}, "quota": {"hard": {"storage": "100Gi"}},
            "storage": {"checkpoints": {"volume": {"claimName": "{cluster}-state", "size": "50Gi"}}}});
        let tenant = Tenant {
            name: "payments".into(),
            spec: serde_json::from_value(spec).unwrap(),
            ..Tenant::default()
        };
        let policies = Arc::new(PolicySet::built_in().unwrap());
        Gate::new(Tenants::new(vec![tenant], BTreeMap::new()), policies, Unassigned::Warn)
            .with_ledgers()
    }

    fn deployment(name: &str, owners: Value) -> Resource {
        let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
            "metadata": {"name": name, "namespace": "prod", "uid": name, "ownerReferences": owners},
            "spec": {"flinkVersion": "v1_20", "image": "flink:1.20", "serviceAccount": "flink", "job": {"jarURI": "local:///a.jar", "parallelism": 2}}});
        let mut resource = Resource::from_manifest(object).unwrap();
        resource.object = gate().mutated(&resource);
        resource
    }

    #[test]
    fn a_cluster_counts_its_claim_once() {
        let tenant = gate().tenants().iter().next().cloned();
        let claims = |resource: &Resource| {
            gate()
                .living(resource, tenant.as_deref(), ContainerDefaults::default())
                .unwrap()
                .usage
                .get("persistentVolumeClaims")
                .units_ceil()
        };
        assert_eq!(claims(&deployment("etl", json!([]))), 1);
        let etl = deployment("etl", json!([]));
        let charge = gate().charge(&gate().lower(&etl, true).unwrap()).unwrap();
        assert_eq!(charge.request.usage.get("storage").display_bytes(), "50Gi");
        let parent = json!([{"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkBlueGreenDeployment", "name": "etl", "uid": "p"}]);
        assert_eq!(claims(&deployment("etl-blue", parent)), 0);
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "etl-state", "namespace": "prod", "uid": "c"},
            "spec": {"resources": {"requests": {"storage": "50Gi"}}}});
        let claim = Resource::from_manifest(claim).unwrap();
        let none = ContainerDefaults::default();
        let living = gate().living(&claim, tenant.as_deref(), none).unwrap();
        assert!(
            living.owners.contains(&"FlinkDeployment/prod/etl".to_owned()),
            "{:?}",
            living.owners
        );
    }

    #[test]
    fn deletion_ends_declarations_and_not_pods() {
        let uses = |object: Value, deleted: bool| {
            let mut resource = Resource::from_manifest(object).unwrap();
            if deleted {
                resource.object["metadata"]["deletionTimestamp"] = json!("2026-11-22T02:00:00Z");
            }
            gate().living(&resource, None, ContainerDefaults::default()).is_some()
        };
        let template =
            json!({"containers": [{"name": "c", "resources": {"requests": {"cpu": "2"}}}]});
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "prod", "uid": "d"},
            "spec": {"replicas": 1, "template": {"spec": template}}});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "prod", "uid": "p"}, "spec": template});
        assert_eq!((uses(deployment.clone(), false), uses(deployment, true)), (true, false));
        assert_eq!((uses(pod.clone(), false), uses(pod, true)), (true, true));
    }

    #[test]
    fn a_claim_names_every_possible_stateful_set() {
        let claim = |name: &str| {
            let object = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "prod"}});
            owners_by_name(&Resource::from_manifest(object).unwrap(), None)
        };
        assert_eq!(
            claim("data-task-manager-10"),
            ["StatefulSet/prod/task-manager", "StatefulSet/prod/manager"]
        );
        assert_eq!((claim("data"), claim("data-x"), claim("7")), (vec![], vec![], vec![]));
    }
}
