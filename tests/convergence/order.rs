//! The order of webhooks does not matter.

use super::api_server::{Additions, Hook, Outcome, admit, lists_without_roles, without_order};
use super::seeded::Seeded;
use super::{cases, pods};
use flinkgate::mutate::patch;
use serde_json::{Value, json};

/// The container of other webhooks.
fn additions(lists: Vec<&'static str>, dice: &mut Seeded) -> Additions {
    let contexts = [
        Value::Null,
        json!({"runAsUser": 0}),
        json!({"runAsUser": 0, "runAsNonRoot": false}),
        json!({"runAsUser": 1337, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}),
    ];
    let mut sidecar = json!({"name": "sidecar", "image": "registry.example.com/mesh/proxy:2"});
    let context = &contexts[dice.below(contexts.len())];
    if !context.is_null() {
        sidecar["securityContext"] = context.clone();
    }
    sidecar["volumeMounts"] = json!([{"name": "sidecar-socket", "mountPath": "/sidecar"}]);
    Additions { sidecar, first: dice.below(3) == 0, lists }
}

#[test]
fn webhook_order_does_not_matter() {
    let (mut stored, mut refused) = (0, 0);
    for (index, case) in cases(1000, 5).enumerate() {
        let kind = case.resource.kind.kind.as_str();
        if !matches!(kind, "Pod" | "FlinkDeployment" | "FlinkBlueGreenDeployment")
            || (kind == "Pod" && !pods::is_sound_pod(&case.resource.object))
        {
            continue;
        }
        let lists =
            lists_without_roles([&case.resource.object, &case.gate.mutated(&case.resource)], kind);
        let additions = additions(lists, &mut Seeded(index as u64));
        let orders = [
            vec![Hook::Ours, Hook::Other { again: true }],
            vec![Hook::Ours, Hook::Other { again: false }],
            vec![Hook::Other { again: true }, Hook::Ours],
            vec![Hook::Other { again: false }, Hook::Ours],
            // Two configurations exist while one replaces the other.
            vec![Hook::Ours, Hook::Other { again: false }, Hook::Ours],
        ];
        let first = admit(&case.gate, &case.resource, &orders[0], &additions);
        for order in &orders[1..] {
            let other = admit(&case.gate, &case.resource, order, &additions);
            same(&first, &other, &format!("{order:?} with {additions:?}\n{}", case.name));
        }
        match first {
            Outcome::Stored(..) => stored += 1,
            Outcome::Refused(_) => refused += 1,
        }
    }
    assert!(stored > 200 && refused > 20, "{stored} stored, {refused} refused");
}

fn same(left: &Outcome, right: &Outcome, case: &str) {
    if let (Outcome::Stored(left, left_told), Outcome::Stored(right, right_told)) = (left, right) {
        let difference = serde_json::to_string_pretty(&patch(left, right)).unwrap();
        assert!(left == right, "{difference}\n{case}");
        assert_eq!(left_told, right_told, "{case}");
        return;
    }
    assert_eq!(left, right, "{case}");
}

#[test]
fn lists_are_sorted_at_every_depth() {
    let left = json!({"a": [{"b": [2, 1]}, 3]});
    let right = json!({"a": [3, {"b": [1, 2]}]});
    assert_eq!(without_order(&left), without_order(&right));
}
