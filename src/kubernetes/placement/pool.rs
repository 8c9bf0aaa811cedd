//! Whether a pod requires nodes outside the pool that the tenant's node selector defines.
//!
//! Every pod gets that selector, and the scheduler requires both the selector and the node
//! affinity. So no affinity moves a pod out of the pool. A term that requires other nodes never
//! matches, and if no term matches, the pod stays pending.

use super::selector::list;
use serde_json::Value;

/// A node affinity requirement that no node of the pool meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmetNodeRequirement<'v> {
    /// JSON Pointer within the pod's template.
    pub place: String,
    /// The node label.
    pub key: &'v str,
    /// The operator and its values: `In gpu, cpu`.
    pub requirement: String,
    /// The label's value on the pool's nodes.
    pub pool: &'v str,
}

/// The node affinity requirements of a spec that nodes with these labels do not meet.
pub fn unmet_node_requirements<'v>(
    spec: &'v Value,
    pool: impl Fn(&str) -> Option<&'v str>,
) -> Vec<UnmetNodeRequirement<'v>> {
    let required = spec.get("affinity").and_then(|affinity| {
        affinity
            .get("nodeAffinity")?
            .get("requiredDuringSchedulingIgnoredDuringExecution")?
            .get("nodeSelectorTerms")
    });
    let mut found = Vec::new();
    for (term, at) in list(required).iter().zip(0..) {
        for (expression, index) in list(term.get("matchExpressions")).iter().zip(0..) {
            let Some(key) = expression.get("key").and_then(Value::as_str) else { continue };
            let Some(pool) = pool(key) else { continue };
            if let Some(requirement) = refused(expression, pool) {
                let place = format!(
                    "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/{at}/matchExpressions/{index}"
                );
                found.push(UnmetNodeRequirement { place, key, requirement, pool });
            }
        }
    }
    found
}

/// The operator and values of an expression that this label value does not meet.
fn refused(expression: &Value, value: &str) -> Option<String> {
    let operator = expression.get("operator").and_then(Value::as_str)?;
    let values = || list(expression.get("values")).iter().filter_map(Value::as_str);
    let numbers = || value.parse::<i64>().ok().zip(values().next()?.parse::<i64>().ok());
    let met = match operator {
        "In" => values().any(|other| other == value),
        "NotIn" => values().all(|other| other != value),
        "Exists" => true,
        "DoesNotExist" => false,
        "Gt" => numbers().is_some_and(|(own, other)| own > other),
        "Lt" => numbers().is_some_and(|(own, other)| own < other),
        // The API server refuses any other operator.
        _ => true,
    };
    (!met).then(|| match values().collect::<Vec<_>>().join(", ") {
        values if values.is_empty() => operator.to_owned(),
        values => format!("{operator} {values}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn requirements_outside_the_pool_are_found() {
        for (expression, requirement) in [
            (json!({"key": "pool", "operator": "In", "values": ["flink", "gpu"]}), None),
            (
                json!({"key": "pool", "operator": "In", "values": ["gpu", "cpu"]}),
                Some("In gpu, cpu"),
            ),
            (json!({"key": "pool", "operator": "NotIn", "values": ["flink"]}), Some("NotIn flink")),
            (json!({"key": "pool", "operator": "NotIn", "values": ["gpu"]}), None),
            (json!({"key": "pool", "operator": "Exists"}), None),
            (json!({"key": "pool", "operator": "DoesNotExist"}), Some("DoesNotExist")),
            (json!({"key": "generation", "operator": "Gt", "values": ["3"]}), None),
            (json!({"key": "generation", "operator": "Gt", "values": ["4"]}), Some("Gt 4")),
            (json!({"key": "generation", "operator": "Lt", "values": ["4"]}), Some("Lt 4")),
            (json!({"key": "zone", "operator": "In", "values": ["b"]}), None),
            (json!({"key": "pool", "operator": "Near"}), None),
            (json!({"operator": "In"}), None),
        ] {
            let spec = json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]}, {"matchExpressions": [expression]}]}}}});
            let found = unmet_node_requirements(&spec, |key| match key {
                "pool" => Some("flink"),
                "generation" => Some("4"),
                _ => None,
            });
            let reported: Vec<_> = found.iter().map(|found| found.requirement.as_str()).collect();
            assert_eq!(reported, requirement.into_iter().collect::<Vec<_>>(), "{expression}");
            assert!(
                found
                    .iter()
                    .all(|found| found.place.ends_with("/nodeSelectorTerms/1/matchExpressions/0"))
            );
        }
        for odd in [
            json!(null),
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []}}}),
        ] {
            assert_eq!(unmet_node_requirements(&odd, |_| Some("x")), []);
        }
    }
}
