//! When everything that runs of a cluster has its last spec, the earlier ones are dropped.

use crate::hostile::world_after;
use crate::table::{changed, tenant};
use crate::world::{NAMESPACE, gate};
use flinkgate::resource::{GroupVersionKind, Resource};
use serde_json::json;

#[test]
fn what_meets_a_spec_needs_no_earlier_one() {
    let changes = [
        (vec![], true),
        (vec![("labels/cost-center", json!("9999"))], false),
        // Mutation gives a pod what it only lacks.
        (vec![("labels/team", json!("a"))], true),
        (vec![("scheduling/tolerations", json!([]))], false),
        (vec![("scheduling/nodeSelector/pool", json!("other"))], false),
        (vec![("quota/hard/cpu", json!("1"))], true),
        (vec![("quota/perCluster/cpu", json!("100m"))], true),
        (vec![("flink/configuration/defaults/a.b", json!("c"))], true),
        (vec![("security/images/allow", json!(["other.example.com/*"]))], false),
        (vec![("security/serviceAccounts", json!(["other"]))], false),
    ];
    for (change, expected) in changes {
        let after = changed(&tenant(), &change);
        let world = world_after(&after);
        for index in [0, 1] {
            // It may have what its cluster was admitted with.
            let pod = world.admit(world.replacement("a", index)).unwrap();
            let kind =
                GroupVersionKind { group: String::new(), version: "v1".into(), kind: "Pod".into() };
            let mut stored = Resource::from_listed(&kind, pod).unwrap();
            stored.object["spec"]["nodeName"] = "node-1".into();
            stored.object["status"] = json!({"phase": "Running"});
            let gate = gate(&after);
            let tenant = gate.tenants().owner(NAMESPACE).tenant().unwrap();
            let meets = gate.under(&tenant, tenant.spec.clone()).meets(&stored, &tenant.name);
            assert_eq!(meets, expected, "{change:?} {index}");
            // Without earlier specs the same pod comes again, or not.
            let mut enforced = after.clone();
            enforced["onChange"] = json!("Enforce");
            world.change(&enforced);
            let again = world.admit(world.replacement("a", index));
            assert!(again.is_ok() || !meets, "{change:?} {index}: {again:?}");
            world.change(&after);
        }
    }
}
