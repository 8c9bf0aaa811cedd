//! What the required node affinity of a pod requires of one node label.

use super::selector::list;
use crate::resource::fields::text;
use serde_json::Value;

/// Whether every alternative term requires exactly this label value.
pub fn requires_label(spec: &Value, key: &str, value: &str) -> bool {
    every_term(spec, key, |operator, values| {
        operator == "In" && matches!(values, [own] if own.as_str() == Some(value))
    })
}

/// Whether every alternative term excludes this label value.
pub fn excludes_label(spec: &Value, key: &str, value: &str) -> bool {
    every_term(spec, key, |operator, values| {
        let mut values = values.iter().filter_map(Value::as_str);
        match operator {
            "In" => values.all(|own| own != value),
            "NotIn" => values.any(|own| own == value),
            "DoesNotExist" => true,
            _ => false,
        }
    })
}

/// Whether each term has an expression on the key that meets a condition.
fn every_term(spec: &Value, key: &str, meets: impl Fn(&str, &[Value]) -> bool) -> bool {
    let required = spec.get("affinity").and_then(|affinity| {
        affinity.get("nodeAffinity")?.get("requiredDuringSchedulingIgnoredDuringExecution")
    });
    let terms = list(required.and_then(|required| required.get("nodeSelectorTerms")));
    !terms.is_empty()
        && terms.iter().all(|term| {
            list(term.get("matchExpressions")).iter().any(|expression| {
                text(expression, "key") == key
                    && meets(text(expression, "operator"), list(expression.get("values")))
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_term_must_require_the_label() {
        let term = |operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": "disk", "operator": "Exists"}, {"key": "pool", "operator": operator, "values": values}]});
        for (terms, requires, excludes) in [
            (json!([]), false, false),
            (json!([term("In", &["spot"])]), true, false),
            (json!([term("In", &["spot", "stable"])]), false, false),
            (json!([term("In", &["spot"]), {}]), false, false),
            (json!([term("In", &["stable"])]), false, true),
            (json!([term("NotIn", &["spot"]), term("DoesNotExist", &[])]), false, true),
            (json!([term("NotIn", &["spot"]), term("Exists", &[])]), false, false),
        ] {
            let spec = json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}});
            assert_eq!(requires_label(&spec, "pool", "spot"), requires, "{spec}");
            assert_eq!(excludes_label(&spec, "pool", "spot"), excludes, "{spec}");
        }
    }
}
