//! Topology spread constraints: over zones if the tenant requires it, and over nodes if it prefers
//! them to anti-affinity.

use super::anti_affinity;
use super::context::{Context, Pods};
use super::edit::{Path, PodChanges};
use crate::kubernetes::placement::{ZONE, by_role};
use crate::resource::fields::{elements, text};
use crate::tenant::Spreading;
use serde_json::{Value, json};

const FIELD: &str = "topologySpreadConstraints";

/// Spreads a cluster's JobManagers and its TaskManagers over zones.
pub(super) fn inject(context: &Context<'_>, pods: &Pods<'_>, changes: &mut PodChanges) {
    let wanted = &context.tenant.scheduling.zone_spread;
    let Some(strength) = by_role(pods.set.role, wanted.job_manager, wanted.task_manager).flatten()
    else {
        return;
    };
    let Some(labels) = anti_affinity::lacking(context, pods, ZONE, strength) else { return };
    if has_room(pods.spec(), ZONE, strength) {
        append(&labels, ZONE, strength, changes);
    } else if strength == Spreading::Preferred {
        // Required anti-affinity would allow no more pods than zones, which the user must decide.
        anti_affinity::append(&labels, ZONE, strength, changes);
    }
}

/// Whether one more constraint is possible. Kubernetes refuses two with the same key and
/// strictness.
pub(super) fn has_room(spec: &Value, topology_key: &str, strength: Spreading) -> bool {
    let same = |constraint: &Value| {
        text(constraint, "topologyKey") == topology_key
            && text(constraint, "whenUnsatisfiable") == when_unsatisfiable(strength)
    };
    !elements(spec, FIELD).iter().any(same)
}

/// Requests a constraint that spreads the pods with these labels evenly.
pub(super) fn append(
    labels: &Value,
    topology_key: &str,
    strength: Spreading,
    changes: &mut PodChanges,
) {
    let constraint = json!({
        "maxSkew": 1,
        "topologyKey": topology_key,
        "whenUnsatisfiable": when_unsatisfiable(strength),
        "labelSelector": {"matchLabels": labels},
    });
    changes.append(Path::keys(&["spec", FIELD]), constraint);
}

fn when_unsatisfiable(strength: Spreading) -> &'static str {
    match strength {
        Spreading::Required => "DoNotSchedule",
        Spreading::Preferred => "ScheduleAnyway",
    }
}
