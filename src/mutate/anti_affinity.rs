//! Keeps a cluster's JobManagers on different nodes, and likewise its TaskManagers, so that one
//! lost node does not take all of them.
//!
//! The user's terms and constraints stay. Nothing is added if one of them already separates the
//! pods.

use super::context::{Context, Pods};
use super::edit::{Path, PodChanges};
use super::topology_spread;
use crate::kubernetes::placement::{Siblings, by_role, identity};
use crate::tenant::{DEFAULT_TOPOLOGY_KEY, Spread, Spreading};
use serde_json::{Value, json};

/// Weights go from 1 to 100. The tenant's term gets the highest.
const WEIGHT: i64 = 100;

pub(super) fn inject(context: &Context<'_>, pods: &Pods<'_>, changes: &mut PodChanges) {
    let wanted = &context.tenant.scheduling.anti_affinity;
    let Some(strength) = by_role(pods.set.role, wanted.job_manager, wanted.task_manager).flatten()
    else {
        return;
    };
    let topology_key = wanted.topology_key.as_deref().unwrap_or(DEFAULT_TOPOLOGY_KEY);
    let Some(labels) = lacking(context, pods, topology_key, strength) else { return };
    let by_constraint = context.tenant.scheduling.spread == Some(Spread::TopologySpread);
    if by_constraint && topology_spread::has_room(pods.spec(), topology_key, strength) {
        topology_spread::append(&labels, topology_key, strength, changes);
    } else {
        append(&labels, topology_key, strength, changes);
    }
}

/// The labels to select by; `None` if these pods are already separated this strictly.
pub(super) fn lacking(
    context: &Context<'_>,
    pods: &Pods<'_>,
    topology_key: &str,
    strength: Spreading,
) -> Option<Value> {
    let siblings =
        Siblings::of(pods.set, pods.template, context.workload, &context.resource.namespace);
    // With a term that colocates the pods, an anti-affinity term would leave them no node at all.
    if siblings.spreading(pods.spec(), topology_key) >= Some(strength)
        || siblings.colocation(pods.spec(), topology_key).is_some()
    {
        return None;
    }
    let labels = identity(pods.set, pods.template, context.workload)?;
    Some(
        labels
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.into()))
            .collect::<serde_json::Map<_, Value>>()
            .into(),
    )
}

/// Requests an anti-affinity term for the pods with these labels.
pub(super) fn append(
    labels: &Value,
    topology_key: &str,
    strength: Spreading,
    changes: &mut PodChanges,
) {
    let term = json!({"labelSelector": {"matchLabels": labels}, "topologyKey": topology_key});
    let (field, value) = match strength {
        Spreading::Required => ("requiredDuringSchedulingIgnoredDuringExecution", term),
        Spreading::Preferred => (
            "preferredDuringSchedulingIgnoredDuringExecution",
            json!({"weight": WEIGHT, "podAffinityTerm": term}),
        ),
    };
    changes.append(Path::keys(&["spec", "affinity", "podAntiAffinity", field]), value);
}
