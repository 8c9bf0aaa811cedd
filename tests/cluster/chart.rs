//! The chart, by helm itself: what it renders, what it refuses, and that Flinkgate can live with the rights it gives.

use super::support::access::Access;
use super::support::binaries;
use super::support::flinkgate::{self, Flinkgate};
use super::support::wait::until;
use super::support::{ControlPlane, Options, shared};
use ::flinkgate::resource::yaml;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const CHART: &str = "deploy/helm/flinkgate";
const NAMESPACE: &str = "flinkgate-system";

fn helm(arguments: &[&str], kubeconfig: Option<&Path>) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(binaries::helm().unwrap());
    command.args(arguments).envs(["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"].map(|name| (name, home.path())));
    // Nobody's cluster by accident.
    command.env("KUBECONFIG", kubeconfig.unwrap_or(Path::new("/dev/null"))).output().unwrap()
}

fn helm_ok(arguments: &[&str], kubeconfig: Option<&Path>) -> String {
    let output = helm(arguments, kubeconfig);
    assert!(output.status.success(), "helm {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn objects(text: &str) -> Vec<Value> {
    let documents = yaml::parse(text).into_iter();
    documents.filter_map(|document| document.value).filter(|value| !value.is_null()).collect()
}

/// What the chart renders in a namespace, with values in YAML.
fn rendered(namespace: &str, values: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("values.yaml");
    fs::write(&file, values).unwrap();
    objects(&helm_ok(&["template", "gate", CHART, "--namespace", namespace, "--values", file.to_str().unwrap()], None))
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// The object without what the chart adds to its metadata.
fn bare(object: &Value) -> Value {
    let mut object = object.clone();
    let metadata = object["metadata"].as_object_mut().unwrap();
    metadata.retain(|field, _| field == "name");
    object
}

fn without_chart_metadata(objects: &[Value], kinds: &[&str]) -> Vec<Value> {
    let mut found: Vec<Value> = objects.iter().filter(|object| kinds.iter().any(|kind| object["kind"] == *kind)).map(bare).collect();
    found.sort_by_key(|object| (object["kind"].to_string(), object["metadata"]["name"].to_string()));
    found
}

const CONFIGURATIONS: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

#[test]
fn the_chart_is_what_helm_calls_well_formed() {
    for values in ["", "certificates.mode=certManager", "serviceMonitor.enabled=true,flowSchema.enabled=true"] {
        helm_ok(&["lint", "--strict", CHART, "--namespace", NAMESPACE, "--set", values], None);
    }
}

#[test]
fn the_chart_installs_what_the_commands_print() {
    let chart = rendered("gates", "");
    let printed = objects(&flinkgate::output(&["webhooks", "--service", "gates/flinkgate"]));
    assert_eq!(without_chart_metadata(&chart, &CONFIGURATIONS), without_chart_metadata(&printed, &CONFIGURATIONS));
    let printed = objects(&flinkgate::output(&["crds"]));
    let kinds = ["CustomResourceDefinition"];
    assert_eq!(without_chart_metadata(&chart, &kinds), without_chart_metadata(&printed, &kinds));
    for definition in of_kind(&chart, "CustomResourceDefinition") {
        assert_eq!(definition["metadata"]["annotations"]["helm.sh/resource-policy"], "keep");
    }
    // What Flinkgate keeps itself, helm must not reset.
    assert!(
        !chart.iter().any(|object| object.to_string().contains("caBundle") && CONFIGURATIONS.iter().any(|kind| object["kind"] == *kind))
    );
}

/// `UPDATE_DEPLOY=1 cargo test --test cluster chart` writes them anew, as `deploy/render` does.
#[test]
fn rendered_manifests_are_those_of_the_chart_and_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let update = std::env::var_os("UPDATE_DEPLOY").is_some();
    let out = if update { Path::new(".") } else { folder.path() };
    let mut render = Command::new("deploy/render");
    render.arg(out).env("FLINKGATE", env!("CARGO_BIN_EXE_flinkgate")).env("HELM", binaries::helm().unwrap());
    let output = render.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for file in [
        "deploy/install.yaml",
        "certs/cert-manager.yaml",
        "deploy/helm/flinkgate/files/webhooks.yaml",
        "deploy/helm/flinkgate/files/crds.yaml",
    ] {
        let (made, kept) = (fs::read_to_string(out.join(file)).unwrap(), fs::read_to_string(file).unwrap());
        assert!(made == kept, "{file} is old: run deploy/render, or UPDATE_DEPLOY=1 cargo test --test cluster chart");
    }
}

#[test]
fn the_chart_has_the_programs_version() {
    let chart = objects(&fs::read_to_string("deploy/helm/flinkgate/Chart.yaml").unwrap()).remove(0);
    assert_eq!((&chart["version"], &chart["appVersion"]), (&json!(env!("CARGO_PKG_VERSION")), &json!(env!("CARGO_PKG_VERSION"))));
}

#[test]
fn values_change_one_webhook_and_never_lose_the_exemptions() {
    let values = "webhooks: {exemptNamespaces: [monitoring], mutating: {pods: {failurePolicy: Ignore, timeoutSeconds: 2}}, \
                  validating: {flink: {namespaceSelector: {matchLabels: {stage: prod}, matchExpressions: [{key: team, operator: Exists}]}}}}";
    let (before, after) = (rendered(NAMESPACE, ""), rendered(NAMESPACE, values));
    let webhooks = |objects: &[Value]| -> Vec<(String, Value)> {
        let all = of_kind(objects, CONFIGURATIONS[0]).into_iter().chain(of_kind(objects, CONFIGURATIONS[1]));
        all.flat_map(|object| {
            let kind = object["kind"].as_str().unwrap().to_owned();
            object["webhooks"]
                .as_array()
                .unwrap()
                .iter()
                .map(move |webhook| (format!("{kind} {}", webhook["name"].as_str().unwrap()), webhook.clone()))
        })
        .collect()
    };
    for ((name, mut wanted), (_, found)) in webhooks(&before).into_iter().zip(webhooks(&after)) {
        if let Some(exempt) = wanted.pointer_mut("/namespaceSelector/matchExpressions/0/values") {
            *exempt = json!(["kube-system", NAMESPACE, "monitoring"]);
        }
        match name.as_str() {
            "MutatingWebhookConfiguration pods.flinkgate.dev" => {
                wanted["failurePolicy"] = json!("Ignore");
                wanted["timeoutSeconds"] = json!(2);
            }
            "ValidatingWebhookConfiguration flink.flinkgate.dev" => {
                wanted["namespaceSelector"]["matchLabels"] = json!({"stage": "prod"});
                wanted["namespaceSelector"]["matchExpressions"].as_array_mut().unwrap().push(json!({"key": "team", "operator": "Exists"}));
            }
            _ => {}
        }
        assert_eq!(found, wanted, "{name}");
    }
}

#[test]
fn each_certificate_mode_brings_what_it_needs_and_no_rights_that_it_does_not() {
    let pem = "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n";
    let files = format!("certificates: {{mode: files, files: {{secretName: gate-tls, caBundle: \"{pem}\"}}}}");
    for (values, mounted, authority) in [
        ("", None, None),
        ("certificates: {mode: certManager}", Some("flinkgate-cert-manager"), Some("flinkgate-ca")),
        (
            "certificates: {mode: certManager, certManager: {issuerRef: {name: ours, kind: ClusterIssuer}}}",
            Some("flinkgate-cert-manager"),
            Some("ours"),
        ),
        (files.as_str(), Some("gate-tls"), None),
    ] {
        let objects = rendered(NAMESPACE, values);
        let pod = &of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"];
        assert_eq!(pod["volumes"][0]["secret"]["secretName"].as_str(), mounted, "{values}");
        let arguments = pod["containers"][0]["args"].to_string();
        assert_eq!(arguments.contains("--tls-cert=/certificates/tls.crt"), mounted.is_some(), "{values}");
        let rights = format!("{:?}{:?}", of_kind(&objects, "Role"), of_kind(&objects, "ClusterRole"));
        assert_eq!(rights.contains("secrets") || rights.contains("webhookconfigurations"), mounted.is_none(), "{values}");
        let certificate = of_kind(&objects, "Certificate").into_iter().find(|object| object["metadata"]["name"] == "flinkgate");
        assert_eq!(certificate.map(|object| object["spec"]["issuerRef"]["name"].as_str().unwrap()), authority, "{values}");
        for configuration in CONFIGURATIONS.iter().flat_map(|kind| of_kind(&objects, kind)) {
            let injected = configuration["metadata"]["annotations"]["cert-manager.io/inject-ca-from"].as_str();
            assert_eq!(injected, authority.map(|_| "flinkgate-system/flinkgate"), "{values}");
            let given = configuration["webhooks"].as_array().unwrap().iter().all(|webhook| webhook["clientConfig"]["caBundle"].is_string());
            assert_eq!(given, values == files, "{values}");
        }
    }
}

#[test]
fn nonsense_in_values_is_refused_by_the_schema() {
    for values in [
        "replicas=0",
        "replicas=two",
        "replica=2",
        "unassigned=maybe",
        "certificates.mode=acme",
        "certificates.mode=files",
        "certificates.mode=files,certificates.files.secretName=x,certificates.files.caBundle=x",
        "image.digest=latest",
        "log.format=xml",
        "webhooks.validating.pods.failurePolicy=Maybe",
        "webhooks.validating.pods.timeoutSeconds=31",
        "webhooks.validating.services.timeoutSeconds=3",
        "webhooks.mutating.pods.namespaceSelector.matchExpressions[0].key=x",
        "networkPolicy.apiServerPorts[0]=70000",
    ] {
        let output = helm(&["template", "gate", CHART, "--set", values], None);
        assert!(!output.status.success(), "{values}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains("values don't meet the specifications of the schema"), "{values}: {error}");
    }
}

/// Rights that Flinkgate has with the chart's service account, and some of those that it does not.
fn has_the_rights_it_needs_and_no_others(gate: &Access) {
    let may = |arguments: &[&str]| gate.output(&[&["auth", "can-i", "--quiet"], arguments].concat(), "").status.success();
    let own = ["--namespace", NAMESPACE];
    let (mutating, validating) = ("mutatingwebhookconfigurations/flinkgate", "validatingwebhookconfigurations/flinkgate");
    for needed in [
        &["list", "flinktenants.flinkgate.dev"][..],
        &["watch", "namespaces"],
        &["patch", "namespaces"],
        &["patch", "flinktenants.flinkgate.dev", "--subresource=status"],
        &["create", "events.events.k8s.io", "--all-namespaces"],
        &["patch", mutating],
        &["patch", validating],
        &["create", "leases.coordination.k8s.io", own[0], own[1]],
        &["update", "leases.coordination.k8s.io/flinkgate", own[0], own[1]],
        &["create", "secrets", own[0], own[1]],
        &["update", "secrets/flinkgate-tls", own[0], own[1]],
        &["watch", "secrets/flinkgate-tls", own[0], own[1]],
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
        &["list", "pods", "--all-namespaces"],
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
    control_plane.kubectl(&["label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted"]);
    run(&["install", "gate", CHART, "--namespace", NAMESPACE]);
    control_plane.kubectl(&["rollout", "status", "deployment/flinkgate", "--namespace", NAMESPACE, "--timeout=60s"]);
    let pods = control_plane.get(&["pods", "--namespace", NAMESPACE, "--field-selector=status.phase=Running"]);
    let mut nodes: Vec<&str> = pods["items"].as_array().unwrap().iter().filter_map(|pod| pod["spec"]["nodeName"].as_str()).collect();
    nodes.sort_unstable();
    nodes.dedup();
    assert_eq!(nodes.len(), 2, "{pods:#}");

    let gate = control_plane.as_service_account(NAMESPACE, "flinkgate");
    has_the_rights_it_needs_and_no_others(&gate);

    // What Flinkgate fills in stays when the chart is upgraded.
    let authority = rcgen::generate_simple_self_signed(vec!["flinkgate".to_owned()]).unwrap();
    let bundle = STANDARD.encode(authority.cert.pem());
    let patch = json!([{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": bundle}]).to_string();
    control_plane.kubectl(&[
        "patch",
        "validatingwebhookconfiguration",
        "flinkgate",
        "--type=json",
        "--field-manager=flinkgate",
        "--patch",
        &patch,
    ]);
    run(&["upgrade", "gate", CHART, "--namespace", NAMESPACE, "--set", "webhooks.validating.pods.timeoutSeconds=3"]);
    let upgraded = control_plane.get(&["validatingwebhookconfiguration", "flinkgate"]);
    assert_eq!(upgraded["webhooks"][0]["timeoutSeconds"], 3);
    assert_eq!(upgraded["webhooks"][0]["clientConfig"]["caBundle"].as_str(), Some(bundle.as_str()));

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
    let gate = Flinkgate::start_as(&control_plane, &access, &["--cluster", "--namespace", NAMESPACE]);
    gate.wait_ready();
    let bundles = || -> Vec<Value> {
        let configurations = CONFIGURATIONS.map(|kind| control_plane.get(&[kind, "flinkgate"])["webhooks"].take());
        configurations
            .iter()
            .flat_map(|webhooks| webhooks.as_array().unwrap())
            .map(|webhook| webhook["clientConfig"]["caBundle"].clone())
            .collect()
    };
    let filled = || {
        until("the lease holder fills in every caBundle", || {
            let (bundles, secret) = (bundles(), control_plane.get(&["secret", "flinkgate-tls", "--namespace", NAMESPACE]));
            if bundles.iter().all(|bundle| *bundle == secret["data"]["ca.crt"]) { Ok(()) } else { Err(format!("{bundles:?}")) }
        })
    };
    filled();
    // Nobody leads this API server to Services, so Flinkgate is reached by its address; bundles are empty again then.
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
        let ready = tenant["status"]["conditions"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"));
        if ready { Ok(()) } else { Err(tenant.to_string()) }
    });
    let privileged = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "payments"},
        "spec": {"containers": [{"name": "c", "image": "example.com/c:1", "securityContext": {"privileged": true}}]}});
    until("a privileged pod is refused", || {
        match control_plane.try_kubectl(&["create", "--dry-run=server", "-f", "-"], &privileged.to_string()) {
            Err(refusal) if refusal.contains("security/privileged") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    let forbidden = gate.log().into_iter().filter(|line| line.to_string().to_lowercase().contains("forbidden")).collect::<Vec<_>>();
    let forbidden = forbidden.into_iter().filter(|line| line["message"] != "decision").collect::<Vec<_>>();
    assert!(forbidden.is_empty(), "{forbidden:#?}");
}

#[test]
fn the_charts_objects_are_taken_by_a_real_api_server() {
    // Objects of kinds that the cluster has not (cert-manager's, Prometheus') cannot be tried.
    let foreign = ["Certificate", "Issuer", "ServiceMonitor"];
    for values in [
        "flowSchema: {enabled: true}\nnetworkPolicy: {apiServerPorts: [443, 6443]}",
        "podDisruptionBudget: {maxUnavailable: 50%}\nnetworkPolicy: {metricsFrom: [{namespaceSelector: {}}]}",
    ] {
        for object in rendered("default", values) {
            if foreign.iter().any(|kind| object["kind"] == *kind) {
                continue;
            }
            let arguments = ["apply", "--server-side", "--dry-run=server", "--force-conflicts", "--validate=strict", "-f", "-"];
            shared().try_kubectl(&arguments, &object.to_string()).unwrap_or_else(|error| panic!("{object:#}: {error}"));
        }
    }
}
