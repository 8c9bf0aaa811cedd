//! The chart, installed: what comes of it in a cluster, and that Flinkgate can live with the rights
//! it gives and no others.

use super::chart::{CHART, CONFIGURATIONS, NAMESPACE, helm_ok};
use super::support::access::Access;
use super::support::flinkgate::{self, Flinkgate};
use super::support::wait::until;
use super::support::{ControlPlane, Options};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Rights that Flinkgate has with the chart's service account, and some of those that it does not.
fn has_the_rights_it_needs_and_no_others(gate: &Access) {
    let may = |arguments: &[&str]| {
        gate.output(&[&["auth", "can-i", "--quiet"], arguments].concat(), "").status.success()
    };
    let own = ["--namespace", NAMESPACE];
    let (mutating, validating) =
        ("mutatingwebhookconfigurations/flinkgate", "validatingwebhookconfigurations/flinkgate");
    for needed in [
        &["list", "flinktenants.flinkgate.dev"][..],
        &["watch", "namespaces"],
        &["patch", "namespaces"],
        &["patch", "flinktenants.flinkgate.dev", "--subresource=status"],
        &["create", "events.events.k8s.io", "--all-namespaces"],
        &["get", "deployments.apps", "--all-namespaces"],
        &["watch", "pods", "--all-namespaces"],
        &["patch", "persistentvolumeclaims", "--all-namespaces"],
        &["delete", "persistentvolumeclaims", "--all-namespaces"],
        &["patch", mutating],
        &["patch", validating],
        &["create", "leases.coordination.k8s.io", own[0], own[1]],
        &["update", "leases.coordination.k8s.io/flinkgate", own[0], own[1]],
        &["create", "secrets", own[0], own[1]],
        &["update", "secrets/flinkgate-tls", own[0], own[1]],
        &["watch", "secrets/flinkgate-tls", own[0], own[1]],
        &["update", "secrets/flinkgate-path-token", own[0], own[1]],
        &["watch", "secrets/flinkgate-path-token", own[0], own[1]],
    ] {
        assert!(may(needed), "{needed:?}");
    }
    for refused in [
        &["get", "secrets", "--all-namespaces"][..],
        &["get", "secrets/other", own[0], own[1]],
        &["get", "secrets/flinkgate-tls", "--namespace", "default"],
        &["delete", "secrets/flinkgate-tls", own[0], own[1]],
        &["list", "secrets", own[0], own[1]],
        &["create", "pods", own[0], own[1]],
        &["delete", "pods", "--all-namespaces"],
        &["deletecollection", "persistentvolumeclaims", "--all-namespaces"],
        &["patch", "deployments.apps", "--all-namespaces"],
        &["update", "flinkdeployments.flink.apache.org", "--all-namespaces"],
        &["update", "flinktenantledgers.flinkgate.dev"],
        &["patch", "flinktenantledgers.flinkgate.dev"],
        &["list", "configmaps", "--all-namespaces"],
        &["update", "configmaps", "--all-namespaces"],
        &["create", "flinktenants.flinkgate.dev"],
        &["patch", "flinktenants.flinkgate.dev"],
        &["delete", "flinktenants.flinkgate.dev"],
        &["create", "namespaces"],
        &["update", "namespaces"],
        &["delete", "namespaces"],
        &["patch", "validatingwebhookconfigurations/other"],
        &["create", "validatingwebhookconfigurations"],
        &["delete", validating],
        &["update", "leases.coordination.k8s.io/flinkgate", "--namespace", "kube-system"],
        &["create", "clusterrolebindings"],
        &["impersonate", "users"],
        &["create", "serviceaccounts", "--subresource=token", own[0], own[1]],
    ] {
        assert!(!may(refused), "{refused:?}");
    }
}

#[test]
fn helm_installs_upgrades_and_leaves_no_webhook_behind() {
    let control_plane = ControlPlane::start(Options { nodes: 2, ..Options::default() });
    let run = |arguments: &[&str]| helm_ok(arguments, Some(control_plane.kubeconfig()));
    // The level that Flinkgate asks of tenants at most, it keeps itself.
    control_plane.kubectl(&["create", "namespace", NAMESPACE]);
    control_plane.kubectl(&[
        "label",
        "namespace",
        NAMESPACE,
        "pod-security.kubernetes.io/enforce=restricted",
    ]);
    run(&["install", "gate", CHART, "--namespace", NAMESPACE]);
    control_plane.kubectl(&[
        "rollout",
        "status",
        "deployment/flinkgate",
        "--namespace",
        NAMESPACE,
        "--timeout=60s",
    ]);
    let pods = control_plane.get(&[
        "pods",
        "--namespace",
        NAMESPACE,
        "--field-selector=status.phase=Running",
    ]);
    let mut nodes: Vec<&str> = pods["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|pod| pod["spec"]["nodeName"].as_str())
        .collect();
    nodes.sort_unstable();
    nodes.dedup();
    assert_eq!(nodes.len(), 2, "{pods:#}");

    let gate = control_plane.as_service_account(NAMESPACE, "flinkgate");
    has_the_rights_it_needs_and_no_others(&gate);

    // What Flinkgate fills in stays when the chart is upgraded.
    let authority = rcgen::generate_simple_self_signed(vec!["flinkgate".to_owned()]).unwrap();
    let bundle = STANDARD.encode(authority.cert.pem());
    let patch =
        json!([{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": bundle},
            {"op": "add", "path": "/webhooks/0/clientConfig/service/path", "value": "/validate/secret"}])
            .to_string();
    control_plane.kubectl(&[
        "patch",
        "validatingwebhookconfiguration",
        "flinkgate",
        "--type=json",
        "--field-manager=flinkgate",
        "--patch",
        &patch,
    ]);
    run(&[
        "upgrade",
        "gate",
        CHART,
        "--namespace",
        NAMESPACE,
        "--set",
        "webhooks.validating.pods.timeoutSeconds=3",
    ]);
    let upgraded = control_plane.get(&["validatingwebhookconfiguration", "flinkgate"]);
    assert_eq!(upgraded["webhooks"][0]["timeoutSeconds"], 3);
    let client = &upgraded["webhooks"][0]["clientConfig"];
    assert_eq!(client["caBundle"].as_str(), Some(bundle.as_str()));
    assert_eq!(client["service"]["path"], "/validate/secret");

    run(&["uninstall", "gate", "--namespace", NAMESPACE, "--wait"]);
    let left = control_plane.kubectl(&[
        "get",
        "mutatingwebhookconfigurations,validatingwebhookconfigurations,clusterroles,clusterrolebindings",
        "-o",
        "name",
    ]);
    assert!(!left.contains("flinkgate"), "{left}");
    control_plane.kubectl(&["get", "crd", "flinktenants.flinkgate.dev"]);
}

#[test]
fn the_manifests_without_helm_are_taken_too() {
    let control_plane = ControlPlane::start(Options { nodes: 0, ..Options::default() });
    control_plane.kubectl(&["apply", "--server-side", "-f", "deploy/install.yaml"]);
    control_plane.kubectl(&["apply", "--server-side", "-f", "deploy/install.yaml"]);
    let gate = control_plane.as_service_account(NAMESPACE, "flinkgate");
    has_the_rights_it_needs_and_no_others(&gate);
}

#[test]
fn flinkgate_runs_with_the_charts_service_account() {
    let control_plane = ControlPlane::start(Options { nodes: 0, ..Options::default() });
    control_plane.kubectl(&["apply", "--server-side", "-f", "deploy/install.yaml"]);
    let access = control_plane.as_service_account(NAMESPACE, "flinkgate");
    let gate =
        Flinkgate::start_as(&control_plane, &access, &["--cluster", "--namespace", NAMESPACE]);
    gate.wait_ready();
    let bundles = || -> Vec<Value> {
        let configurations =
            CONFIGURATIONS.map(|kind| control_plane.get(&[kind, "flinkgate"])["webhooks"].take());
        configurations
            .iter()
            .flat_map(|webhooks| webhooks.as_array().unwrap())
            .map(|webhook| webhook["clientConfig"]["caBundle"].clone())
            .collect()
    };
    let filled = || {
        until("the lease holder fills in every caBundle", || {
            let (bundles, secret) = (
                bundles(),
                control_plane.get(&["secret", "flinkgate-tls", "--namespace", NAMESPACE]),
            );
            if bundles.iter().all(|bundle| *bundle == secret["data"]["ca.crt"]) {
                Ok(())
            } else {
                Err(format!("{bundles:?}"))
            }
        })
    };
    filled();
    // Nobody leads this API server to Services, so Flinkgate is reached by its address; bundles are
    // empty again then.
    let webhooks = flinkgate::output(&["webhooks", "--url", &format!("https://{}", gate.webhooks)]);
    control_plane.try_kubectl(&["replace", "-f", "-"], &webhooks).unwrap();
    filled();

    // The watch of tenants, the label of a namespace, a verdict, a status: all by that account.
    control_plane.create(
        &json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": "payments"},
        "spec": {"namespaces": {"names": ["payments"]}}})
        .to_string(),
    );
    until("a new namespace carries its tenant's label", || {
        let _ = control_plane.try_kubectl(&["create", "namespace", "payments"], "");
        let namespace = control_plane.get(&["namespace", "payments"]);
        match namespace["metadata"]["labels"]["flinkgate.dev/tenant"].as_str() {
            Some("payments") => Ok(()),
            _ => Err(namespace.to_string()),
        }
    });
    until("the tenant is said to be ready", || {
        let tenant = control_plane.get(&["flinktenant", "payments"]);
        let ready = tenant["status"]["conditions"].as_array().is_some_and(|all| {
            all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
        });
        if ready { Ok(()) } else { Err(tenant.to_string()) }
    });
    let privileged = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "payments"},
        "spec": {"containers": [{"name": "c", "image": "example.com/c:1", "securityContext": {"privileged": true}}]}});
    until("a privileged pod is refused", || {
        match control_plane
            .try_kubectl(&["create", "--dry-run=server", "-f", "-"], &privileged.to_string())
        {
            Err(refusal) if refusal.contains("security/privileged") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    let forbidden = gate
        .log()
        .into_iter()
        .filter(|line| line.to_string().to_lowercase().contains("forbidden"))
        .collect::<Vec<_>>();
    let forbidden =
        forbidden.into_iter().filter(|line| line["message"] != "decision").collect::<Vec<_>>();
    assert!(forbidden.is_empty(), "{forbidden:#?}");
}
