//! Whether a cluster's JobManagers, and its TaskManagers, are kept in different places as strictly as the tenant wants it.

use super::super::super::as_text;
use super::{Found, Placement, is_nameless, noun};
use crate::flink::PodSet;
use crate::placement::{Siblings, ZONE, by_role, clauses, identity};
use crate::tenant::{DEFAULT_TOPOLOGY_KEY, Spreading};
use regorus::Value;

pub(super) fn judge(placement: &Placement<'_>, found: &mut Found) {
    let anti_affinity = &placement.wanted["antiAffinity"];
    let zones = &placement.wanted["zoneSpread"];
    let wants = |wanted: &Value| ["jobManager", "taskManager"].into_iter().any(|role| strength(&wanted[role]).is_some());
    let (by_node, by_zone) = (wants(anti_affinity), wants(zones));
    if !(by_node || by_zone) || is_nameless(placement.subject) {
        return;
    }
    let topology_key = as_text(&anti_affinity["topologyKey"]).unwrap_or(DEFAULT_TOPOLOGY_KEY);
    for set in &placement.subject.workload.pods {
        let Some(role) = by_role(set.role, "jobManager", "taskManager") else { continue };
        let list = by_role(set.role, "jobManagerAntiAffinity", "taskManagerAntiAffinity").unwrap_or_default();
        if by_node && let Some(wanted) = strength(&anti_affinity[role]) {
            judge_set(placement, set, &Wish { list, topology_key, wanted }, found);
        }
        if by_zone && let Some(wanted) = strength(&zones[role]) {
            judge_set(placement, set, &Wish { list: "zoneSpread", topology_key: ZONE, wanted }, found);
        }
    }
}

/// What a tenant wants for one role.
struct Wish<'a> {
    list: &'static str,
    topology_key: &'a str,
    wanted: Spreading,
}

fn judge_set(placement: &Placement<'_>, set: &PodSet, wish: &Wish<'_>, found: &mut Found) {
    let subject = placement.subject;
    let template = set.template(subject.root);
    let spec = template.get("spec").unwrap_or(&serde_json::Value::Null);
    let siblings = Siblings::of(set, template, subject.workload, &subject.resource.namespace);
    let strength = siblings.kept_apart(spec, wish.topology_key);
    if strength >= Some(wish.wanted) {
        return;
    }
    let required = if wish.wanted == Spreading::Required { "required" } else { "preferred" };
    let rule = if wish.list == "zoneSpread" { "a topology spread constraint" } else { "anti-affinity" };
    let mut message = format!("{} need {required} {rule} over {}", noun(set.role), wish.topology_key);
    // The one that was meant to do it, if there is one.
    let mut meant = clauses(spec).filter(|clause| clause.topology_key() == wish.topology_key && clause.strength >= wish.wanted);
    let faulty = meant.find_map(|clause| Some((clause, clause.fault(&siblings)?)));
    let default = if wish.list == "zoneSpread" { "/spec/topologySpreadConstraints" } else { "/spec/affinity/podAntiAffinity" };
    let within = match faulty {
        Some((clause, fault)) => {
            let noun = if clause.is_constraint() { "constraint" } else { "term" };
            message.push_str(&format!("; this {noun} {}", fault.as_str()));
            clause.place()
        }
        None => {
            if strength.is_some() {
                message.push_str("; what is there is preferred only");
            }
            default.to_owned()
        }
    };
    let help = match identity(set, template, subject.workload) {
        Some(labels) => {
            let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}: {value}")).collect();
            format!("select {}", labels.join(", "))
        }
        None => "give the pods labels by which they can be selected".into(),
    };
    found.add(wish.list, &format!("{}{within}", set.path()), message, help);
}

/// Preferred or Required; nothing where the tenant leaves it out.
pub(super) fn strength(wanted: &Value) -> Option<Spreading> {
    match as_text(wanted)? {
        "Required" => Some(Spreading::Required),
        "Preferred" => Some(Spreading::Preferred),
        _ => None,
    }
}
