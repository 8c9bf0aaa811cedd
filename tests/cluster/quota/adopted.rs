//! What was there before its tenant's limits: it is counted, may be too much, and stops nothing but
//! increases.

use super::scene::{cluster, pod, scene};
use crate::support::wait::until;
use serde_json::{Value, json};

#[test]
fn limits_that_come_later_count_all_that_is_there_and_say_how_much_it_is_over() {
    let scene = scene();
    let namespace = scene.tenant_with("adopted", json!({}));
    for number in 0..5 {
        scene.ask(&pod(&namespace, &format!("pod-{number}"), 1)).unwrap();
    }
    scene.ask(&cluster(&namespace, "etl", 2)).unwrap();
    scene.limit("adopted", &["adopted"], json!({"cpu": "6"}));
    scene.over_quota(&pod(&namespace, "another", 1));
    scene.settled("adopted", 8);
    let told = until("the tenant says that it is over", || {
        let status = scene.get(&["flinktenant", "adopted"])["status"].take();
        let over = |condition: &&Value| {
            condition["status"] == "False"
                && condition["message"].as_str().unwrap_or_default().contains("cpu")
        };
        let told =
            status["conditions"].as_array().and_then(|conditions| conditions.iter().find(over));
        if status["used"]["cpu"] == "8" {
            told.cloned().ok_or_else(|| status.to_string())
        } else {
            Err(status.to_string())
        }
    });
    println!("{told}");
    scene.kubectl(&["scale", "flinkdeployment/etl", "--replicas=1", "--namespace", &namespace]);
    scene.kubectl(&["delete", "pod", "pod-0", "pod-1", "--namespace", &namespace]);
    scene.settled("adopted", 5);
    scene.ask(&pod(&namespace, "another", 1)).unwrap();
    scene.over_quota(&pod(&namespace, "one-more", 1));
}

#[test]
fn a_namespace_that_moves_takes_what_it_uses_with_it() {
    let scene = scene();
    let namespaces =
        [("left", "4", "moving"), ("left", "4", "left-home"), ("right", "5", "right-home")];
    for (tenant, cpu) in [("left", "4"), ("right", "5")] {
        let spec = json!({"namespaces": {"selector": {"matchLabels": {"team": tenant}}}, "quota": {"hard": {"cpu": cpu}}});
        let object = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": tenant}, "spec": spec});
        scene.create(&object.to_string());
    }
    for (tenant, cpu, namespace) in namespaces {
        scene.create_namespace(namespace);
        scene.kubectl(&["label", "namespace", namespace, &format!("team={tenant}")]);
        scene.wait_labelled(namespace, tenant);
        scene.wait_limits(&[namespace], cpu);
    }
    scene.ask(&pod("moving", "a", 3)).unwrap();
    scene.ask(&pod("right-home", "b", 1)).unwrap();
    scene.settled("left", 3);
    scene.settled("right", 1);

    scene.kubectl(&["label", "namespace", "moving", "team=right", "--overwrite"]);
    scene.wait_labelled("moving", "right");
    scene.wait_limits(&["moving"], "5");
    scene.settled("right", 4);
    scene.settled("left", 0);
    scene.ask(&pod("moving", "c", 1)).unwrap();
    scene.over_quota(&pod("right-home", "d", 1));
    scene.ask(&pod("left-home", "e", 4)).unwrap();
}

#[test]
fn a_tenant_that_is_made_again_finds_what_came_while_it_was_away() {
    let scene = scene();
    let namespace = scene.tenant_with("again", json!({"cpu": "4"}));
    scene.ask(&pod(&namespace, "before", 3)).unwrap();
    scene.settled("again", 3);
    let tenant = scene.get(&["flinktenant", "again"]);
    scene.kubectl(&["delete", "flinktenant", "again"]);
    until("the namespace is nobody's", || scene.ask(&pod(&namespace, "meanwhile", 3)));
    let object = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": "again"}, "spec": tenant["spec"]});
    scene.create(&object.to_string());
    scene.wait_labelled(&namespace, "again");
    scene.wait_limits(&[&namespace], "4");
    scene.settled("again", 6);
    scene.over_quota(&pod(&namespace, "another", 1));
    scene.kubectl(&["delete", "pod", "meanwhile", "--namespace", &namespace]);
    scene.settled("again", 3);
    scene.ask(&pod(&namespace, "another", 1)).unwrap();
}
