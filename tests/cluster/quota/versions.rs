//! Ledgers that another version of Flinkgate wrote, or nobody can read.

use super::scene::{cluster, pod, scene};
use crate::support::wait::until;
use serde_json::json;

/// The user as which Flinkgate writes its ledgers.
const FLINKGATE: &str = "system:serviceaccount:flinkgate-system:flinkgate";

#[test]
fn a_ledger_of_a_later_version_is_kept_and_a_malformed_one_is_counted_again() {
    let scene = scene();
    let namespace = scene.tenant_with("later", json!({"cpu": "6"}));
    scene.ask(&pod(&namespace, "a", 1)).unwrap();
    scene.ask(&cluster(&namespace, "etl", 2)).unwrap();
    scene.settled("later", 4);
    let replica = scene.as_user(FLINKGATE, &["system:masters"]);
    let slots = || {
        let ledger = scene.get(&["flinktenantledger", "later"]);
        serde_json::from_value::<Vec<String>>(ledger["status"]["slots"].clone()).unwrap()
    };
    let write = |line: &str| {
        let patch = json!([{"op": "replace", "path": "/status/slots/0", "value": line}]);
        let flags = ["--type=json", "--subresource=status", "--patch", &patch.to_string()];
        replica.kubectl(&[&["patch", "flinktenantledger", "later"][..], &flags].concat());
    };
    // A later version has written a line.
    write(&format!("{} format=2 colour=red", slots()[0]));
    scene.ask(&pod(&namespace, "b", 1)).unwrap();
    scene.settled("later", 5);
    scene.over_quota(&pod(&namespace, "c", 2));
    let line = slots().remove(0);
    assert!(line.contains(" format=2 colour=red"), "{line}");

    // A line that no version has written, and amounts that are none.
    write("FlinkDeployment/later");
    scene.over_quota(&pod(&namespace, "c", 2));
    scene.settled("later", 5);
    let patch = json!({"status": {"others": {"cpu": "lots"}, "limits": {"hard": {"cpu": "?"}}}});
    let flags = ["--type=merge", "--subresource=status", "--patch", &patch.to_string()];
    replica.kubectl(&[&["patch", "flinktenantledger", "later"][..], &flags].concat());
    scene.settled("later", 5);
    scene.over_quota(&pod(&namespace, "c", 2));
    scene.ask(&pod(&namespace, "c", 1)).unwrap();
    scene.over_quota(&pod(&namespace, "d", 1));
    until("malformed ledgers are counted", || {
        let all = scene.replicas.iter().map(|replica| replica.health("/metrics"));
        let all = all.collect::<Result<Vec<_>, _>>()?;
        let none = "flinkgate_ledgers_unreadable_total 0";
        if all.iter().any(|(_, text)| !text.contains(none)) {
            Ok(())
        } else {
            Err(format!("{all:?}"))
        }
    });
}
