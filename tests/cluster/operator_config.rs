//! The Flink operator's own configuration, from its ConfigMap: it decides what a FlinkDeployment
//! amounts to.

use super::support::installation::{Installation, example};
use super::support::{ControlPlane, Options};
use serde_json::{Value, json};

const OPERATOR: [&str; 2] = ["--namespace", "flink-operator"];

fn config_map(slots: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flink-operator-config", "namespace": OPERATOR[1]},
        "data": {"config.yaml": format!("taskmanager:\n  numberOfTaskSlots: {slots}\n")}})
}

fn operator(image: &str, version: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "flink-kubernetes-operator", "namespace": OPERATOR[1], "labels": {"app.kubernetes.io/version": version}},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "operator"}}, "template": {
            "metadata": {"labels": {"app": "operator"}},
            "spec": {"containers": [{"name": "flink-kubernetes-operator", "image": format!("ghcr.io/apache/flink-kubernetes-operator:{image}")}]}}}})
}

/// One replica that may read ConfigMaps of the operator's namespace, limited by these arguments of the
/// Role.
fn start(control_plane: ControlPlane, limits: &[&str]) -> Installation {
    let role = [
        "create",
        "role",
        "flinkgate-operator-config",
        "--verb=get,list,watch",
        "--resource=configmaps",
    ];
    control_plane.kubectl(&[&role[..], limits, &OPERATOR[..]].concat());
    let binding = [
        "create",
        "rolebinding",
        "flinkgate-operator-config",
        "--role=flinkgate-operator-config",
        "--serviceaccount=flinkgate-system:flinkgate",
    ];
    control_plane.kubectl(&[&binding[..], &OPERATOR[..]].concat());
    let arguments = ["--operator-config-map", "flink-operator/flink-operator-config"];
    Installation::with(control_plane, 1, &arguments)
}

/// The chart's ClusterRole lets Flinkgate read Deployments, and its Role one ConfigMap, which need not
/// exist.
#[test]
fn the_operators_deployment_says_which_release_judges() {
    let control_plane = ControlPlane::start(Options { nodes: 0, ..Options::default() });
    control_plane.create_namespace(OPERATOR[1]);
    control_plane.create(&operator("1.15.0", "1.8.0").to_string());
    let admin = start(control_plane, &[]);
    let namespace = admin.tenant("versions", json!({}));
    let job = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkSessionJob",
        "metadata": {"name": "clicks", "namespace": namespace},
        "spec": {"deploymentName": "sessions", "job": {"jarURI": "s3://jars/clicks.jar", "parallelism": 1, "upgradeMode": "stateless"}}});
    admin.wait_judged(&job, Some("flink/session-job"));
    // The tag says nothing, the label does.
    admin.try_kubectl(&["replace", "-f", "-"], &operator("9f2c1e7", "1.14.0").to_string()).unwrap();
    admin.wait_judged(&job, None);
    admin.try_kubectl(&["replace", "-f", "-"], &operator("1.15.0", "1.14.0").to_string()).unwrap();
    admin.wait_judged(&job, Some("flink/session-job"));
    // What is unknown is as mild as any release.
    let deployment =
        ["delete", "deployment", "flink-kubernetes-operator", OPERATOR[0], OPERATOR[1]];
    admin.kubectl(&deployment);
    admin.wait_judged(&job, None);
}

#[test]
fn a_deployment_is_counted_with_what_the_operator_gives_it() {
    let control_plane = ControlPlane::start(Options { nodes: 0, ..Options::default() });
    control_plane.create_namespace(OPERATOR[1]);
    control_plane.create(&config_map("4").to_string());
    // What the chart's Role allows, which names the one ConfigMap.
    let admin = start(control_plane, &["--resource-name=flink-operator-config"]);

    let namespace = admin.tenant("counted", json!({"quota": {"perCluster": {"taskManagers": 2}}}));
    let mut etl = example("manifests/etl.yaml", &namespace);
    etl["spec"]["job"] = json!({"jarURI": "local:///opt/flink/jobs/etl.jar", "parallelism": 8, "upgradeMode": "stateless"});
    etl["spec"]["flinkConfiguration"]
        .as_object_mut()
        .unwrap()
        .remove("taskmanager.numberOfTaskSlots");
    let too_large = Some("quota/per-cluster");
    admin.wait_judged(&etl, None);
    admin.try_kubectl(&["replace", "-f", "-"], &config_map("2").to_string()).unwrap();
    admin.wait_judged(&etl, too_large);
    admin.try_kubectl(&["replace", "-f", "-"], &config_map("4").to_string()).unwrap();
    admin.wait_judged(&etl, None);

    // What cannot be read leaves in force what was, and is told.
    admin.try_kubectl(&["replace", "-f", "-"], &config_map("[").to_string()).unwrap();
    let gate = &admin.replicas[0];
    gate.logged("the log tells", |line| {
        line["error"]
            .as_str()
            .is_some_and(|error| error.contains("the Flink operator's configuration: config.yaml"))
    });
    admin.wait_judged(&etl, None);
    let (status, ready) = gate.health("/readyz").unwrap();
    assert!(
        status == 200
            && ready.contains("[+] operator-config: 1 ConfigMaps")
            && ready.contains("last reload failed"),
        "{ready}"
    );
    admin.kubectl(&["delete", "configmap", "flink-operator-config", OPERATOR[0], OPERATOR[1]]);
    admin.wait_judged(&etl, too_large);
}
