//! What overrides all separation of pods: affinity to the pods of their own set, or a single domain
//! left for them.

use super::HOSTNAME;
use super::Spreading;
use super::selector::list;
use super::spread_terms::{Siblings, SpreadTerm};
use serde_json::Value;

const AFFINITY: &str = "/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution";

/// The place of a required affinity that colocates these pods. Pods on one node are in one zone
/// too.
pub(super) fn colocation(spec: &Value, pods: &Siblings<'_>, topology_key: &str) -> Option<String> {
    let affinity = spec.get("affinity")?.get("podAffinity")?;
    let terms =
        list(affinity.get("requiredDuringSchedulingIgnoredDuringExecution")).iter().enumerate();
    let mut spread_terms =
        terms.map(|(index, value)| SpreadTerm::new(Spreading::Required, AFFINITY, index, value));
    let same = |term: &SpreadTerm<'_>| [topology_key, HOSTNAME].contains(&term.topology_key());
    spread_terms.find(|term| same(term) && term.fault(pods).is_none()).map(|term| term.place())
}

/// The place that pins pods to one domain: a node selector, or a node affinity whose terms all name
/// the same value.
pub fn pinned(spec: &Value, topology_key: &str) -> Option<String> {
    let selected = spec
        .get("nodeSelector")
        .and_then(|selector| selector.get(topology_key))
        .is_some_and(Value::is_string);
    if selected {
        return Some(crate::resource::pointer::join("/spec/nodeSelector", topology_key));
    }
    let required = spec
        .get("affinity")?
        .get("nodeAffinity")?
        .get("requiredDuringSchedulingIgnoredDuringExecution")?;
    let mut only = list(required.get("nodeSelectorTerms")).iter().map(|term| {
        let expressions = list(term.get("matchExpressions")).iter();
        let over_key = |expression: &&Value| {
            expression.get("key").and_then(Value::as_str) == Some(topology_key)
        };
        expressions.filter(over_key).find_map(|expression| match list(expression.get("values")) {
            [one] if expression.get("operator").and_then(Value::as_str) == Some("In") => {
                one.as_str()
            }
            _ => None,
        })
    });
    let first = only.next()??;
    only.all(|place| place == Some(first)).then(|| "/spec/affinity/nodeAffinity".to_owned())
}

/// Whether pods are bound to one node: by its name, or by a required affinity to pods of a node.
pub fn binds_to_node(spec: &Value) -> bool {
    let follows = || {
        let terms = spec
            .get("affinity")
            .and_then(|affinity| affinity.get("podAffinity"))
            .and_then(|affinity| affinity.get("requiredDuringSchedulingIgnoredDuringExecution"));
        let key = |term: &Value| term.get("topologyKey").and_then(Value::as_str) == Some(HOSTNAME);
        list(terms).iter().any(key)
    };
    spec.get("nodeName").is_some_and(Value::is_string)
        || pinned(spec, HOSTNAME).is_some()
        || follows()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::placement::ZONE;
    use serde_json::json;

    #[test]
    fn pods_limited_to_one_domain_are_pinned() {
        let affinity = |terms: Value| json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}});
        let term = |values: &[&str]| json!({"matchExpressions": [{"key": "disk", "operator": "Exists"}, {"key": ZONE, "operator": "In", "values": values}]});
        for (spec, expected) in [
            (
                json!({"nodeSelector": {ZONE: "a"}}),
                Some("/spec/nodeSelector/topology.kubernetes.io~1zone"),
            ),
            (json!({"nodeSelector": {HOSTNAME: "node-7"}}), None),
            (affinity(json!([term(&["a"])])), Some("/spec/affinity/nodeAffinity")),
            (affinity(json!([term(&["a"]), term(&["a"])])), Some("/spec/affinity/nodeAffinity")),
            (affinity(json!([term(&["a"]), term(&["b"])])), None),
            (affinity(json!([term(&["a", "b"])])), None),
            (affinity(json!([term(&["a"]), {}])), None),
            (affinity(json!([])), None),
            (json!(null), None),
        ] {
            assert_eq!(pinned(&spec, ZONE).as_deref(), expected, "{spec}");
        }
    }
}
