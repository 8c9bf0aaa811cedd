//! Whether a cluster's JobManagers, and its TaskManagers, are kept in different places as strictly
//! as the tenant wants it.

use super::super::super::as_text;
use super::super::shown;
use super::{Found, Placement, is_nameless, noun};
use crate::flink::PodSet;
use crate::flink::map_options::map_entries;
use crate::kubernetes::placement::{Siblings, ZONE, by_role, clauses, identity, pinned};
use crate::tenant::{DEFAULT_TOPOLOGY_KEY, Spreading};
use regorus::Value;

pub(super) fn judge(placement: &Placement<'_>, found: &mut Found) {
    let anti_affinity = &placement.wanted["antiAffinity"];
    let zones = &placement.wanted["zoneSpread"];
    let wants = |wanted: &Value| {
        ["jobManager", "taskManager"].into_iter().any(|role| strength(&wanted[role]).is_some())
    };
    let (by_node, by_zone) = (wants(anti_affinity), wants(zones));
    if !(by_node || by_zone) || is_nameless(placement.subject) {
        return;
    }
    let topology_key = as_text(&anti_affinity["topologyKey"]).unwrap_or(DEFAULT_TOPOLOGY_KEY);
    for set in &placement.subject.workload.pods {
        let Some(role) = by_role(set.role, "jobManager", "taskManager") else { continue };
        let list = by_role(set.role, "jobManagerAntiAffinity", "taskManagerAntiAffinity")
            .unwrap_or_default();
        if by_node && let Some(wanted) = strength(&anti_affinity[role]) {
            judge_set(placement, set, &Wish { list, topology_key, wanted }, found);
        }
        if by_zone && let Some(wanted) = strength(&zones[role]) {
            judge_set(
                placement,
                set,
                &Wish { list: "zoneSpread", topology_key: ZONE, wanted },
                found,
            );
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
    let required = if wish.wanted == Spreading::Required { "required" } else { "preferred" };
    let (rule, default) = if wish.list == "zoneSpread" {
        ("a topology spread constraint", "/spec/topologySpreadConstraints")
    } else {
        ("anti-affinity", "/spec/affinity/podAntiAffinity")
    };
    let mut note = |place: &str, why: &str, help: String| {
        let message =
            format!("{} need {required} {rule} over {}{why}", noun(set.role), wish.topology_key);
        found.add(wish.list, place, message, help);
    };
    let within = |place: &str| format!("{}{place}", set.path());
    if let Some(place) = siblings.held_together(spec, wish.topology_key) {
        return note(
            &within(&place),
            "; this term of podAffinity holds them together",
            "leave the term out, or let it select others".into(),
        );
    }
    let strength = siblings.kept_apart(spec, wish.topology_key);
    if strength >= Some(wish.wanted) {
        if let Some(place) = only_place(placement, set, spec, wish.topology_key) {
            note(
                &place,
                "; here they have one place only",
                "leave the label out, or name more than one value".into(),
            );
        }
        return;
    }
    // The one that was meant to do it, if there is one.
    let mut meant = clauses(spec).filter(|clause| {
        clause.topology_key() == wish.topology_key && clause.strength >= wish.wanted
    });
    let faulty = meant.find_map(|clause| Some((clause, clause.fault(&siblings)?)));
    let help = match identity(set, template, subject.workload) {
        Some(labels) => {
            let labels: Vec<String> =
                labels.iter().map(|(key, value)| format!("{key}: {value}")).collect();
            shown(&format!("select {}", labels.join(", ")))
        }
        None => "give the pods labels by which they can be selected".into(),
    };
    match faulty {
        Some((clause, fault)) => {
            let noun = if clause.is_constraint() { "constraint" } else { "term" };
            note(&within(&clause.place()), &format!("; this {noun} {}", fault.as_str()), help);
        }
        None => note(
            &within(default),
            if strength.is_some() { "; what is there is preferred only" } else { "" },
            help,
        ),
    }
}

/// Where several pods are left one place only, and not by the tenant itself.
fn only_place(
    placement: &Placement<'_>,
    set: &PodSet,
    spec: &serde_json::Value,
    topology_key: &str,
) -> Option<String> {
    let workload = placement.subject.workload;
    if set.replicas < 2 || as_text(&placement.wanted["nodeSelector"][topology_key]).is_some() {
        return None;
    }
    let option = by_role(
        set.role,
        "kubernetes.jobmanager.node-selector",
        "kubernetes.taskmanager.node-selector",
    )?;
    let selected = || {
        let pairs = if workload.options_make(set.role) {
            map_entries(&workload.config, option)
        } else {
            Vec::new()
        };
        pairs
            .into_iter()
            .find(|pair| pair.key == topology_key)
            .map(|pair| placement.subject.place(pair.option, pair.entry))
    };
    pinned(spec, topology_key).map(|place| format!("{}{place}", set.path())).or_else(selected)
}

/// Preferred or Required; nothing where the tenant leaves it out.
pub(super) fn strength(wanted: &Value) -> Option<Spreading> {
    match as_text(wanted)? {
        "Required" => Some(Spreading::Required),
        "Preferred" => Some(Spreading::Preferred),
        _ => None,
    }
}
