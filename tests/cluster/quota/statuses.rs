//! The status of a tenant follows what it uses, down to nothing and up again.

use super::scene::{pod, scene};
use crate::support::wait::until;
use serde_json::{Value, json};

#[test]
fn a_status_returns_to_nothing_and_follows_again() {
    let scene = scene();
    let namespace = scene.tenant_with("emptied", json!({"cpu": "6"}));
    let wait = |what: &str, cpu: Value, clusters: i64| {
        until(what, || {
            let status = scene.get(&["flinktenant", "emptied"])["status"].take();
            let is_so = status["used"]["cpu"] == cpu && status["clusters"] == clusters;
            if is_so { Ok(status) } else { Err(status.to_string()) }
        })
    };
    for cores in [1, 2] {
        scene.ask(&pod(&namespace, "only", cores)).unwrap();
        wait("the first use is shown", json!(cores.to_string()), 0);
        scene.kubectl(&["delete", "pod", "only", "--namespace", &namespace]);
        let status = wait("nothing is used", Value::Null, 0);
        assert!(status.get("used").is_none() && status.get("largest").is_none(), "{status}");
    }
    // Limits that are removed go from the status too, and what comes then is shown.
    let patch = json!([{"op": "remove", "path": "/spec/quota"}]).to_string();
    scene.kubectl(&["patch", "flinktenant", "emptied", "--type=json", "--patch", &patch]);
    until("the limits are gone", || {
        let status = scene.get(&["flinktenant", "emptied"])["status"].take();
        if status.get("hard").is_none() { Ok(()) } else { Err(status.to_string()) }
    });
    scene.ask(&pod(&namespace, "last", 3)).unwrap();
    wait("use without limits is shown", json!("3"), 0);
    for replica in &scene.replicas {
        let (_, metrics) = replica.health("/metrics").unwrap();
        for kind in ["FlinkTenant", "FlinkTenantLedger"] {
            let none = format!("flinkgate_status_write_failures_total{{kind=\"{kind}\"}} 0");
            assert!(metrics.contains(&none), "{metrics}");
        }
    }
}
