//! What people are told: why something does not fit and what to do about it, and how a tenant
//! stands.

use super::scene::{cluster, pod, scene};
use crate::support::wait::until;
use serde_json::json;

#[test]
fn a_refusal_says_what_was_asked_who_uses_how_much_what_is_free_and_what_would_fit() {
    let scene = scene();
    let namespace = scene.tenant_with("told", json!({"cpu": "15", "clusters": 5}));
    for (name, task_managers) in [("small", 1), ("large", 4), ("middle", 2), ("other", 1)] {
        scene.ask(&cluster(&namespace, name, task_managers)).unwrap();
    }
    scene.ask(&pod(&namespace, "tool", 1)).unwrap();
    scene.settled("told", 13);
    let users = "largest users of cpu: `FlinkDeployment/told/large` (5), `FlinkDeployment/told/middle` (3), `FlinkDeployment/told/other` (2) and 1 more";
    let refusal = |webhook: &str, kind: &str, finding: &str| {
        format!(
            "Error from server (Forbidden): error when creating \"STDIN\": admission webhook \"{webhook}.flinkgate.dev\" denied the request: \
             tenant `told` refuses {kind} told/next: 1 finding\n\
             spec:\n  quota/exceeded: {finding}\n\
             learn more: flinkgate explain quota/exceeded"
        )
    };
    let fewer = format!(
        "tenant `told`: this object requests 5 more cpu (13 used, the quota is 15); {users}\n    help: 1 of the 4 TaskManagers would fit"
    );
    assert_eq!(
        scene.over_quota(&cluster(&namespace, "next", 4)).trim(),
        refusal("flink", "FlinkDeployment", &fewer)
    );
    let less = format!(
        "tenant `told`: this object requests 4 more cpu (13 used, the quota is 15); {users}\n    help: request at most 2 more cpu, \
         or ask the platform team for a higher quota"
    );
    assert_eq!(scene.over_quota(&pod(&namespace, "next", 4)).trim(), refusal("pods", "Pod", &less));
}

#[test]
fn a_tenants_status_and_columns_show_how_it_stands() {
    let scene = scene();
    let namespace =
        scene.tenant_with("stands", json!({"cpu": "15", "memory": "64Gi", "clusters": 5}));
    scene.ask(&cluster(&namespace, "etl", 2)).unwrap();
    scene.settled("stands", 3);
    let status = until("the status shows what is used", || {
        let status = scene.get(&["flinktenant", "stands"])["status"].take();
        if status["used"]["cpu"] == "3" { Ok(status) } else { Err(status.to_string()) }
    });
    assert_eq!(
        (&status["used"]["memory"], &status["used"]["clusters"]),
        (&json!("6Gi"), &json!("1")),
        "{status:#}"
    );
    assert_eq!(
        status["hard"],
        json!({"cpu": "15", "memory": "64Gi", "clusters": "5"}),
        "{status:#}"
    );
    assert_eq!(status["clusters"], 1, "{status:#}");
    let printed = scene.kubectl(&["get", "flinktenant", "stands"]);
    let cells: Vec<&str> = printed.lines().nth(1).unwrap().split_whitespace().collect();
    for cell in ["1", "3", "15", "6Gi", "64Gi"] {
        assert!(cells.contains(&cell), "{printed}");
    }
    let printed = scene.kubectl(&["get", "flinktenantledger", "stands"]);
    assert!(
        printed.lines().nth(1).unwrap().split_whitespace().any(|cell| cell == "6Gi"),
        "{printed}"
    );
}
