//! A dry run is answered as the real thing and writes nothing, in the ledger neither.

use super::scene::{cluster, pod, scene};
use serde_json::json;

#[test]
fn a_dry_run_is_held_against_the_ledger_and_leaves_it_as_it_is() {
    let scene = scene();
    let namespace = scene.tenant_with("dry", json!({"cpu": "6"}));
    scene.ask(&cluster(&namespace, "etl", 2)).unwrap();
    let before = scene.settled("dry", 3);
    let here = ["--namespace", namespace.as_str(), "--dry-run=server"];
    let scale = |replicas: &str| {
        scene.try_kubectl(&[&["scale", "flinkdeployment/etl", replicas], &here[..]].concat(), "")
    };
    // Together they are too much, one by one they are not.
    for server in scene.servers() {
        for name in ["a", "b", "c"] {
            server
                .try_kubectl(
                    &[&["create", "-f", "-"], &here[..]].concat(),
                    &pod(&namespace, name, 3).to_string(),
                )
                .unwrap();
            server
                .try_kubectl(
                    &[&["create", "-f", "-"], &here[..]].concat(),
                    &cluster(&namespace, name, 2).to_string(),
                )
                .unwrap();
        }
        scale("--replicas=5").unwrap();
        for too_much in [pod(&namespace, "d", 4), cluster(&namespace, "d", 3)] {
            let refused = |flags: &[&str]| {
                server.refused(&[&["create", "-f", "-"], flags].concat(), &too_much.to_string())
            };
            let (dry, real) = (refused(&here), refused(&here[..2]));
            assert!(dry.contains("quota/exceeded"), "{dry}");
            assert_eq!(dry, real);
        }
        let refusal = scale("--replicas=6").unwrap_err();
        assert!(refusal.contains("quota/exceeded"), "{refusal}");
    }
    assert_eq!(scene.settled("dry", 3), before, "the ledger was written");
    scene.ask(&pod(&namespace, "a", 3)).unwrap();
}
