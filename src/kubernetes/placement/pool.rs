//! Whether a pod asks for nodes outside the pool that its tenant's node selector names.
//!
//! Every pod is given that selector, and Kubernetes wants it and the node affinity both: so no
//! affinity gets a pod out of the pool, also not one with several terms of which any will do. A
//! term that asks for other nodes is dead, and where all are, the pod waits for ever. Either is
//! told rather than passed over.

use super::selector::list;
use serde_json::Value;

/// A requirement of a node affinity that no node of the pool meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere<'v> {
    /// Where it stands below the pod's template.
    pub place: String,
    /// The node label.
    pub key: &'v str,
    /// What is asked of it, as a person would write it.
    pub asked: String,
    /// Its value on the pool's nodes.
    pub pool: &'v str,
}

/// What a spec's required node affinity asks for that nodes with these labels do not have.
pub fn asks_elsewhere<'v>(
    spec: &'v Value,
    pool: impl Fn(&str) -> Option<&'v str>,
) -> Vec<Elsewhere<'v>> {
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
            if let Some(asked) = refused(expression, pool) {
                let place = format!(
                    "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/{at}/matchExpressions/{index}"
                );
                found.push(Elsewhere { place, key, asked, pool });
            }
        }
    }
    found
}

/// What the expression asks, where a node whose label has this value does not meet it.
fn refused(expression: &Value, value: &str) -> Option<String> {
    let operator = expression.get("operator").and_then(Value::as_str)?;
    let values: Vec<&str> =
        list(expression.get("values")).iter().filter_map(Value::as_str).collect();
    let numbers = || value.parse::<i64>().ok().zip(values.first()?.parse::<i64>().ok());
    let met = match operator {
        "In" => values.contains(&value),
        "NotIn" => !values.contains(&value),
        "Exists" => true,
        "DoesNotExist" => false,
        "Gt" => numbers().is_some_and(|(own, other)| own > other),
        "Lt" => numbers().is_some_and(|(own, other)| own < other),
        // Kubernetes refuses it.
        _ => true,
    };
    (!met).then(|| {
        if values.is_empty() {
            operator.to_owned()
        } else {
            format!("{operator} {}", values.join(", "))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_term_must_be_met_by_the_pool() {
        for (expression, asked) in [
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
            let found = asks_elsewhere(&spec, |key| match key {
                "pool" => Some("flink"),
                "generation" => Some("4"),
                _ => None,
            });
            let said: Vec<_> = found.iter().map(|found| found.asked.as_str()).collect();
            assert_eq!(said, asked.into_iter().collect::<Vec<_>>(), "{expression}");
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
            assert_eq!(asks_elsewhere(&odd, |_| Some("x")), []);
        }
    }
}
