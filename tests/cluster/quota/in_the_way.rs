//! Never in the way: a tenant that is over a limit that was lowered may do everything but ask for
//! more.

use super::scene::{Scene, cluster, pod, scene};
use serde_json::{Value, json};

const FINALIZER: &str = "example.com/wait";

struct Lowered {
    scene: &'static Scene,
    namespace: String,
}

impl Lowered {
    /// A tenant with a pod of two cpu and a cluster of four, which may use three from now on.
    fn tenant(name: &str) -> Self {
        let scene = scene();
        let namespace = scene.tenant_with(name, json!({"cpu": "6"}));
        scene.ask(&pod(&namespace, "pod", 2)).unwrap();
        scene.ask(&cluster(&namespace, "etl", 3)).unwrap();
        scene.settled(name, 6);
        scene.limit(name, &[name], json!({"cpu": "3"}));
        Self { scene, namespace }
    }

    fn patch(&self, what: &str, patch: &Value) -> Result<String, String> {
        self.scene.try_kubectl(
            &[
                "patch",
                what,
                "--type=merge",
                "--patch",
                &patch.to_string(),
                "--namespace",
                &self.namespace,
            ],
            "",
        )
    }

    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        self.scene.try_kubectl(&[arguments, &["--namespace", &self.namespace]].concat(), "")
    }

    fn resize(&self, cpu: &str) -> Result<String, String> {
        let patch = json!({"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}}).to_string();
        self.run(&["patch", "pod", "pod", "--subresource=resize", "--patch", &patch])
    }
}

#[test]
fn over_a_lowered_limit_everything_passes_that_asks_for_no_more() {
    let lowered = Lowered::tenant("lowered");
    let (scene, namespace) = (lowered.scene, lowered.namespace.as_str());
    let over = |answer: Result<String, String>| {
        let refusal = answer.unwrap_err();
        assert!(
            refusal.contains("quota/exceeded") && refusal.contains("the quota is 3)"),
            "{refusal}"
        );
    };
    over(scene.ask(&pod(namespace, "another", 1)));
    over(scene.ask(&cluster(namespace, "another", 1)));
    over(lowered.resize("3"));
    over(lowered.run(&["scale", "flinkdeployment/etl", "--replicas=4"]));
    over(
        lowered.patch(
            "flinkdeployment/etl",
            &json!({"spec": {"jobManager": {"resource": {"cpu": 2}}}}),
        ),
    );

    // The same again, words about it, finalizers, and what changes no amount.
    scene
        .try_kubectl(
            &["apply", "--server-side", "--force-conflicts", "-f", "-"],
            &cluster(namespace, "etl", 3).to_string(),
        )
        .unwrap();
    for what in ["pod/pod", "flinkdeployment/etl"] {
        lowered.run(&["label", what, "team=a"]).unwrap();
        lowered.run(&["annotate", what, "note=b"]).unwrap();
        lowered.patch(what, &json!({"metadata": {"finalizers": [FINALIZER]}})).unwrap();
        lowered.patch(what, &json!({"metadata": {"finalizers": null}})).unwrap();
    }
    lowered
        .patch(
            "flinkdeployment/etl",
            &json!({"spec": {"image": "registry.example.com/flink:1.20.1"}}),
        )
        .unwrap();
    let status = json!({"status": {"lifecycleState": "STABLE"}}).to_string();
    lowered
        .run(&[
            "patch",
            "flinkdeployment",
            "etl",
            "--subresource=status",
            "--type=merge",
            "--patch",
            &status,
        ])
        .unwrap();

    // Less, on every way, and not back again.
    lowered.resize("1").unwrap();
    over(lowered.resize("2"));
    lowered.run(&["scale", "flinkdeployment/etl", "--replicas=2"]).unwrap();
    scene.settled("lowered", 4);
    over(lowered.run(&["scale", "flinkdeployment/etl", "--replicas=3"]));
    lowered
        .patch("flinkdeployment/etl", &json!({"spec": {"taskManager": {"replicas": 1}}}))
        .unwrap();
    scene.settled("lowered", 3);
    over(scene.ask(&pod(namespace, "another", 1)));

    // All may go, with and without finalizers, and what has gone is free.
    lowered
        .patch("flinkdeployment/etl", &json!({"metadata": {"finalizers": [FINALIZER]}}))
        .unwrap();
    lowered.run(&["delete", "flinkdeployment", "etl", "--wait=false"]).unwrap();
    lowered.run(&["delete", "pod", "pod", "--timeout=60s"]).unwrap();
    // What only waits for its finalizer declares nothing any more: its pods would count by
    // themselves.
    scene.settled("lowered", 0);
    lowered.patch("flinkdeployment/etl", &json!({"metadata": {"finalizers": null}})).unwrap();
    scene.settled("lowered", 0);
    scene.ask(&pod(namespace, "another", 3)).unwrap();
}

#[test]
fn a_namespace_goes_with_all_that_is_in_it_and_frees_it() {
    let lowered = Lowered::tenant("going");
    lowered.scene.kubectl(&["delete", "namespace", &lowered.namespace, "--timeout=60s"]);
    lowered.scene.settled("going", 0);
}
