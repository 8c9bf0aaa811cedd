//! `policy PodDisruptionBudget`: it runs nothing, but it limits how many pods may be evicted at
//! once.

use crate::flink::budgets::Budget;
use crate::flink::{FlinkContext, Workload};
use crate::resource::Resource;
use serde_json::Value;

pub(crate) fn lower(resource: &Resource, object: &Value, _: &FlinkContext) -> Workload {
    let mut budget = Budget::read(object, "/spec");
    if resource.kind.version == "v1beta1" {
        // In that version an empty selector selects nothing.
        budget.selector = budget
            .selector
            .filter(|selector| selector.as_object().is_some_and(|selector| !selector.is_empty()));
    }
    Workload { budgets: vec![budget], ..Workload::default() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::kinds::lower;
    use serde_json::json;

    #[test]
    fn an_empty_selector_selects_everything_since_v1() {
        for (version, selector, expected) in [
            ("v1", json!({}), Some(json!({}))),
            ("v1beta1", json!({}), None),
            (
                "v1beta1",
                json!({"matchLabels": {"app": "etl"}}),
                Some(json!({"matchLabels": {"app": "etl"}})),
            ),
            ("v1", Value::Null, None),
        ] {
            let object = json!({"apiVersion": format!("policy/{version}"), "kind": "PodDisruptionBudget",
                "metadata": {"name": "etl"}, "spec": {"minAvailable": 1, "selector": selector}});
            let resource = Resource::from_manifest(object).unwrap();
            let workload = lower(&resource, &resource.object).unwrap();
            assert!(workload.pods.is_empty() && !workload.is_flink());
            assert_eq!(workload.budgets[0].selector, expected, "{version} {selector}");
        }
    }
}
