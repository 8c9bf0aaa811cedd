//! What GitOps tools see: server-side apply and its dry run, as Flux and Argo CD send them, with
//! custom resources that are completed and with such that are only checked.

use super::support::installation::{example, installation};
use super::support::wait::until;
use serde_json::{Value, json};

const APPLY: [&str; 4] = ["apply", "--server-side", "--force-conflicts", "--field-manager=flux"];

/// The manifest with lists in its template, which the definition does not merge by key.
fn manifest(namespace: &str) -> Value {
    let mut manifest = example("manifests/etl.yaml", namespace);
    manifest["spec"]["podTemplate"] = json!({"spec": {
        "volumes": [{"name": "scratch", "emptyDir": {}}],
        "containers": [{"name": "flink-main-container", "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}]}]}});
    manifest
}

fn without_bookkeeping(mut object: Value) -> Value {
    for field in ["managedFields", "resourceVersion", "generation"] {
        object["metadata"].as_object_mut().unwrap().remove(field);
    }
    object
}

#[test]
fn dry_runs_of_gitops_tools_show_no_difference() {
    let admin = installation();
    for (name, custom_resources, run_as) in [
        ("gitops-complete", true, json!({"user": 185, "group": 0})),
        ("gitops-check", false, json!("none")),
    ] {
        let mut spec = example("tenants/payments.yaml", "")["spec"].take();
        spec.as_object_mut().unwrap().remove("quota");
        spec["security"]["runAs"] = run_as;
        spec["mutation"] = json!({"customResources": custom_resources});
        let enforced = spec["flink"]["configuration"]["enforced"].clone();
        let namespace = admin.tenant(name, spec);
        let mut manifest = manifest(&namespace);
        // What only the custom resource can carry.
        for (key, value) in enforced.as_object().into_iter().flatten() {
            manifest["spec"]["flinkConfiguration"][key] = value.clone();
        }
        manifest["spec"]["flinkConfiguration"]["execution.checkpointing.savepoint-dir"] =
            json!("file:///flink/state/savepoints");
        let apply = |more: &[&str]| {
            let arguments = [&APPLY[..], more, &["-f", "-"]].concat();
            admin.try_kubectl(&arguments, &manifest.to_string())
        };
        until("the cluster is admitted", || apply(&[]));
        let stored = || admin.get(&["flinkdeployment", "etl", "--namespace", &namespace]);
        let live = without_bookkeeping(stored());
        let dry_run = apply(&["--dry-run=server", "--output=json"]).unwrap();
        let dry_run = without_bookkeeping(serde_json::from_str(&dry_run).unwrap());
        assert_eq!(dry_run, live, "{name}");
        assert_eq!(live["spec"] == manifest["spec"], !custom_resources, "{name}: {live:#}");
        let version = stored()["metadata"]["resourceVersion"].clone();
        apply(&[]).unwrap();
        assert_eq!(stored()["metadata"]["resourceVersion"], version, "{name}");
    }
}

#[test]
fn the_definition_takes_a_word_or_ids() {
    let admin = installation();
    let ask = |run_as: Value| {
        let tenant = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": "run-as"},
            "spec": {"namespaces": {"names": ["run-as-nowhere"]}, "security": {"runAs": run_as}}});
        admin.try_kubectl(&["create", "--dry-run=server", "-f", "-"], &tenant.to_string())
    };
    for value in [json!("none"), json!({"user": 185}), json!({"group": 0, "fsGroup": 7})] {
        ask(value.clone()).unwrap_or_else(|refusal| panic!("{value}: {refusal}"));
    }
    for value in
        [json!("None"), json!({"user": "x"}), json!({"uid": 1}), json!({}), json!({"user": -1})]
    {
        assert!(ask(value.clone()).is_err(), "{value}");
    }
}
