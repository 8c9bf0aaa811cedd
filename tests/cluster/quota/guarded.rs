//! Only Flinkgate writes ledgers. Whoever deletes one has it counted anew, and wins nothing.

use super::scene::{pod, scene};
use crate::support::wait::until;
use serde_json::json;

#[test]
fn nobody_else_writes_a_ledger_whatever_his_rights() {
    let scene = scene();
    let namespace = scene.tenant_with("guarded", json!({"cpu": "4"}));
    scene.ask(&pod(&namespace, "a", 3)).unwrap();
    let before = scene.settled("guarded", 3);
    let mallory = scene.as_user("mallory", &["system:masters"]);
    let patch = |flags: &[&str], patch: serde_json::Value| {
        let patch = patch.to_string();
        let arguments =
            [&["patch", "flinktenantledger", "guarded", "--type=merge", "--patch", &patch], flags]
                .concat();
        mallory.refused(&arguments, "")
    };
    let nothing = json!({"status": {"others": {}, "total": {}, "slots": []}});
    let more = json!({"status": {"limits": {"version": 999_999_999, "hard": {"cpu": "400"}}}});
    let other = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenantLedger", "metadata": {"name": "other"}, "spec": {"tenant": "other"}});
    for refusal in [
        patch(&["--subresource=status"], nothing.clone()),
        patch(&["--subresource=status"], more),
        patch(&[], json!({"metadata": {"labels": {"a": "b"}}})),
        patch(&[], json!({"spec": {"tenant": "other"}})),
        mallory.refused(&["create", "-f", "-"], &other.to_string()),
    ] {
        assert!(refusal.contains("only Flinkgate") && refusal.contains("mallory"), "{refusal}");
    }
    assert_eq!(scene.settled("guarded", 3), before);
}

#[test]
fn a_ledger_that_is_deleted_is_counted_anew_before_anything_is_admitted_by_it() {
    let scene = scene();
    let namespace = scene.tenant_with("deleted", json!({"cpu": "4"}));
    scene.ask(&pod(&namespace, "a", 3)).unwrap();
    scene.settled("deleted", 3);
    let uid = || scene.get(&["flinktenantledger", "deleted"])["metadata"]["uid"].clone();
    let before = uid();
    scene.kubectl(&["delete", "flinktenantledger", "deleted"]);
    scene.over_quota(&pod(&namespace, "b", 2));
    until("there is a ledger again", || scene.has_settled("deleted", 3));
    assert_ne!(uid(), before);
    scene.ask(&pod(&namespace, "c", 1)).unwrap();
    scene.over_quota(&pod(&namespace, "d", 1));
}
