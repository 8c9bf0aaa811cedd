//! A stand-in for the operator's merge of pod templates until `flink::kinds::pod_template` is there.

use crate::flink::workload::MergedTemplate;
use serde_json::Value;
use std::collections::BTreeMap;

type Elements = BTreeMap<String, Vec<(Option<usize>, Option<usize>)>>;

pub(super) fn merge(object: &Value, common: &str, role: &str, by_name: bool) -> MergedTemplate {
    let mut elements = Elements::new();
    let side = |pointer: &str| object.pointer(pointer).unwrap_or(&Value::Null);
    let value = merge_values(side(common), side(role), by_name, &mut String::new(), &mut elements);
    MergedTemplate { value, common: common.into(), role: role.into(), by_name, elements }
}

fn merge_values(common: &Value, role: &Value, by_name: bool, at: &mut String, elements: &mut Elements) -> Value {
    match (common, role) {
        (_, Value::Null) => common.clone(),
        (Value::Object(left), Value::Object(right)) => {
            let mut merged = left.clone();
            for (key, value) in right {
                let length = at.len();
                crate::resource::pointer::push(at, key);
                let value = merge_values(left.get(key).unwrap_or(&Value::Null), value, by_name, at, elements);
                at.truncate(length);
                merged.insert(key.clone(), value);
            }
            Value::Object(merged)
        }
        (Value::Array(left), Value::Array(right)) => merge_arrays(left, right, by_name, at, elements),
        (Value::Object(_), _) => common.clone(),
        _ => role.clone(),
    }
}

fn merge_arrays(left: &[Value], right: &[Value], by_name: bool, at: &mut String, elements: &mut Elements) -> Value {
    let name = |value: &Value| value.get("name").and_then(Value::as_str).map(str::to_owned);
    let keyed = by_name && left.iter().chain(right).all(|element| name(element).is_some());
    let pairs: Vec<(Option<usize>, Option<usize>)> = if keyed {
        let of = |side: &[Value], wanted: &Value| side.iter().position(|element| name(element) == name(wanted));
        let first = left.iter().enumerate().map(|(index, element)| (Some(index), of(right, element)));
        let rest = right.iter().enumerate().filter(|(_, element)| of(left, element).is_none()).map(|(index, _)| (None, Some(index)));
        first.chain(rest).collect()
    } else {
        (0..left.len().max(right.len()))
            .map(|index| ((index < left.len()).then_some(index), (index < right.len()).then_some(index)))
            .collect()
    };
    let mut merged = Vec::with_capacity(pairs.len());
    for (index, (in_left, in_right)) in pairs.iter().enumerate() {
        let length = at.len();
        crate::resource::pointer::push(at, &index.to_string());
        let side = |side: &[Value], index: &Option<usize>| index.and_then(|index| side.get(index).cloned()).unwrap_or(Value::Null);
        let (left, right) = (side(left, in_left), side(right, in_right));
        // A scalar that both lists have stays the common one's.
        let scalars = !left.is_null() && !left.is_object();
        merged.push(if scalars { left } else { merge_values(&left, &right, by_name, at, elements) });
        at.truncate(length);
    }
    if keyed {
        elements.insert(at.clone(), pairs);
    }
    Value::Array(merged)
}
