//! The chart, by helm itself: what it renders, and what it refuses.

use super::support::binaries;
use super::support::flinkgate;
use super::support::shared;
use ::flinkgate::admission::answer::Webhook;
use ::flinkgate::admission::registration::differences::differences;
use ::flinkgate::resource::yaml;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

pub const CHART: &str = "deploy/helm/flinkgate";
pub const NAMESPACE: &str = "flinkgate-system";

fn helm(arguments: &[&str], kubeconfig: Option<&Path>) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(binaries::helm().unwrap());
    command.args(arguments).envs(
        ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"].map(|name| (name, home.path())),
    );
    // Nobody's cluster by accident.
    command.env("KUBECONFIG", kubeconfig.unwrap_or(Path::new("/dev/null"))).output().unwrap()
}

pub fn helm_ok(arguments: &[&str], kubeconfig: Option<&Path>) -> String {
    let output = helm(arguments, kubeconfig);
    assert!(
        output.status.success(),
        "helm {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
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
    objects(&helm_ok(
        &["template", "gate", CHART, "--namespace", namespace, "--values", file.to_str().unwrap()],
        None,
    ))
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
    let mut found: Vec<Value> = objects
        .iter()
        .filter(|object| kinds.iter().any(|kind| object["kind"] == *kind))
        .map(bare)
        .collect();
    found
        .sort_by_key(|object| (object["kind"].to_string(), object["metadata"]["name"].to_string()));
    found
}

pub const CONFIGURATIONS: [&str; 2] =
    ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

#[test]
fn the_chart_is_what_helm_calls_well_formed() {
    for values in
        ["", "certificates.mode=certManager", "serviceMonitor.enabled=true,flowSchema.enabled=true"]
    {
        helm_ok(&["lint", "--strict", CHART, "--namespace", NAMESPACE, "--set", values], None);
    }
}

#[test]
fn the_chart_installs_what_the_commands_print() {
    let chart = rendered("gates", "");
    let mut printed = objects(&flinkgate::output(&["webhooks", "--service", "gates/flinkgate"]));
    // Flinkgate writes the paths, and a tool that installs the chart again must not reset them.
    for configuration in &mut printed {
        for webhook in configuration["webhooks"].as_array_mut().unwrap() {
            webhook["clientConfig"]["service"].as_object_mut().unwrap().remove("path").unwrap();
        }
    }
    assert_eq!(
        without_chart_metadata(&chart, &CONFIGURATIONS),
        without_chart_metadata(&printed, &CONFIGURATIONS)
    );
    let printed = objects(&flinkgate::output(&["crds"]));
    let kinds = ["CustomResourceDefinition"];
    assert_eq!(without_chart_metadata(&chart, &kinds), without_chart_metadata(&printed, &kinds));
    for definition in of_kind(&chart, "CustomResourceDefinition") {
        assert_eq!(definition["metadata"]["annotations"]["helm.sh/resource-policy"], "keep");
    }
    // What Flinkgate keeps itself, helm must not reset.
    assert!(!chart.iter().any(|object| object.to_string().contains("caBundle")
        && CONFIGURATIONS.iter().any(|kind| object["kind"] == *kind)));
}

/// `UPDATE_DEPLOY=1 cargo test --test cluster chart` writes them anew, as `deploy/render` does.
#[test]
fn rendered_manifests_are_those_of_the_chart_and_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let update = std::env::var_os("UPDATE_DEPLOY").is_some();
    let out = if update { Path::new(".") } else { folder.path() };
    let mut render = Command::new("deploy/render");
    render
        .arg(out)
        .env("FLINKGATE", env!("CARGO_BIN_EXE_flinkgate"))
        .env("HELM", binaries::helm().unwrap());
    let output = render.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for file in [
        "deploy/install.yaml",
        "certs/cert-manager.yaml",
        "deploy/helm/flinkgate/files/webhooks.yaml",
        "deploy/helm/flinkgate/files/crds.yaml",
    ] {
        let (made, kept) =
            (fs::read_to_string(out.join(file)).unwrap(), fs::read_to_string(file).unwrap());
        assert!(
            made == kept,
            "{file} is old: run deploy/render, or UPDATE_DEPLOY=1 cargo test --test cluster chart"
        );
    }
}

#[test]
fn the_chart_has_the_programs_version() {
    let chart = objects(&fs::read_to_string("deploy/helm/flinkgate/Chart.yaml").unwrap()).remove(0);
    assert_eq!(
        (&chart["version"], &chart["appVersion"]),
        (&json!(env!("CARGO_PKG_VERSION")), &json!(env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn values_change_one_webhook_and_never_lose_the_exemptions() {
    let values = "webhooks: {exemptNamespaces: [monitoring], mutating: {pods: {failurePolicy: Ignore, timeoutSeconds: 2}}, \
                  validating: {flink: {namespaceSelector: {matchLabels: {stage: prod}, matchExpressions: [{key: team, operator: Exists}]}}}}";
    let (before, after) = (rendered(NAMESPACE, ""), rendered(NAMESPACE, values));
    let webhooks = |objects: &[Value]| -> Vec<(String, Value)> {
        let all = of_kind(objects, CONFIGURATIONS[0])
            .into_iter()
            .chain(of_kind(objects, CONFIGURATIONS[1]));
        all.flat_map(|object| {
            let kind = object["kind"].as_str().unwrap().to_owned();
            object["webhooks"].as_array().unwrap().iter().map(move |webhook| {
                (format!("{kind} {}", webhook["name"].as_str().unwrap()), webhook.clone())
            })
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
                wanted["namespaceSelector"]["matchExpressions"]
                    .as_array_mut()
                    .unwrap()
                    .push(json!({"key": "team", "operator": "Exists"}));
            }
            _ => {}
        }
        assert_eq!(found, wanted, "{name}");
    }
}

#[test]
fn each_certificate_mode_brings_what_it_needs_and_no_rights_that_it_does_not() {
    let pem = "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n";
    let files = format!(
        "certificates: {{mode: files, files: {{secretName: gate-tls, caBundle: \"{pem}\"}}}}"
    );
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
        assert_eq!(
            arguments.contains("--tls-cert=/certificates/tls.crt"),
            mounted.is_some(),
            "{values}"
        );
        let rights =
            format!("{:?}{:?}", of_kind(&objects, "Role"), of_kind(&objects, "ClusterRole"));
        // The path token is Flinkgate's own in every mode.
        assert!(
            rights.contains("flinkgate-path-token") && rights.contains("webhookconfigurations")
        );
        assert_eq!(rights.contains("flinkgate-tls"), mounted.is_none(), "{values}");
        let certificate = of_kind(&objects, "Certificate")
            .into_iter()
            .find(|object| object["metadata"]["name"] == "flinkgate");
        assert_eq!(
            certificate.map(|object| object["spec"]["issuerRef"]["name"].as_str().unwrap()),
            authority,
            "{values}"
        );
        for configuration in CONFIGURATIONS.iter().flat_map(|kind| of_kind(&objects, kind)) {
            let injected =
                configuration["metadata"]["annotations"]["cert-manager.io/inject-ca-from"].as_str();
            assert_eq!(injected, authority.map(|_| "flinkgate-system/flinkgate"), "{values}");
            let given = configuration["webhooks"]
                .as_array()
                .unwrap()
                .iter()
                .all(|webhook| webhook["clientConfig"]["caBundle"].is_string());
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
        "networkPolicy.webhooksFrom=10.0.0.0/8",
        "clientCa.bundle=x",
        "clientCa.name=x",
    ] {
        let output = helm(&["template", "gate", CHART, "--set", values], None);
        assert!(!output.status.success(), "{values}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            error.contains("values don't meet the specifications of the schema"),
            "{values}: {error}"
        );
    }
}

#[test]
fn the_operators_config_map_is_named_once_and_may_be_read_alone() {
    let rendered = rendered(
        "flinkgate-system",
        "flinkOperator: {configMap: {namespace: flink, name: defaults}}",
    );
    let of = |kind: &str| {
        rendered
            .iter()
            .find(|object| object["kind"] == kind && object["metadata"]["namespace"] == "flink")
            .unwrap()
    };
    let rule = &of("Role")["rules"][0];
    assert_eq!(
        (&rule["resources"], &rule["resourceNames"]),
        (&json!(["configmaps"]), &json!(["defaults"]))
    );
    assert_eq!(of("RoleBinding")["subjects"][0]["name"], "flinkgate");
    let deployment = rendered.iter().find(|object| object["kind"] == "Deployment").unwrap();
    let arguments =
        deployment["spec"]["template"]["spec"]["containers"][0]["args"].as_array().unwrap();
    assert!(arguments.contains(&json!("--operator-config-map=flink/defaults")), "{arguments:?}");
}

#[test]
fn callers_are_limited_by_certificate_and_address() {
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let values = format!(
        "clientCa: {{bundle: {pem:?}, names: [kube-apiserver, other]}}\n\
         networkPolicy: {{webhooksFrom: [{{ipBlock: {{cidr: 10.0.0.0/28}}}}]}}\ncertificates: {{mode: certManager}}"
    );
    let (plain, limited) = (rendered(NAMESPACE, ""), rendered(NAMESPACE, &values));
    let arguments = |objects: &[Value]| {
        let pod = &of_kind(objects, "Deployment")[0]["spec"]["template"]["spec"];
        (pod["containers"][0]["args"].to_string(), pod["volumes"].clone())
    };
    assert!(!arguments(&plain).0.contains("client"));
    let (flags, volumes) = arguments(&limited);
    for flag in
        ["--client-ca=/client-ca/ca.crt", "--client-name=kube-apiserver", "--client-name=other"]
    {
        assert!(flags.contains(flag), "{flags}");
    }
    assert_eq!(volumes[1]["configMap"]["name"], "flinkgate-client-ca");
    assert_eq!(of_kind(&limited, "ConfigMap")[0]["data"]["ca.crt"], pem);
    let from = |objects: &[Value]| {
        of_kind(objects, "NetworkPolicy")[0]["spec"]["ingress"][0]["from"].clone()
    };
    assert_eq!(
        (from(&plain), from(&limited)),
        (Value::Null, json!([{"ipBlock": {"cidr": "10.0.0.0/28"}}]))
    );
}

/// What the chart renders is what Flinkgate expects, with every value that changes it.
#[test]
fn values_of_webhooks_are_no_difference() {
    let values = "webhooks: {exemptNamespaces: [monitoring], mutating: {pods: {failurePolicy: Ignore, timeoutSeconds: 2}}, \
                  validating: {flink: {namespaceSelector: {matchLabels: {stage: prod}, matchExpressions: [{key: team, operator: In, values: [b, a]}]}}}}";
    let repeated = "webhooks: {exemptNamespaces: [kube-system, monitoring, monitoring]}";
    let users = "flinkOperator: {users: [\"system:serviceaccount:flink-a:op\", alice@example.com]}";
    let other_namespace =
        "flinkOperator: {configMap: {namespace: flink, name: flink-operator-config}}";
    for values in ["", values, repeated, users, other_namespace] {
        let objects = rendered("gates", values);
        let mut without = 0;
        for (webhook, kind) in [Webhook::Mutate, Webhook::Validate].into_iter().zip(CONFIGURATIONS)
        {
            let mut stored = of_kind(&objects, kind)[0].clone();
            assert_eq!(differences(webhook, Some(&stored), "gates"), vec![], "{values}");
            stored["metadata"].as_object_mut().unwrap().remove("annotations");
            without += differences(webhook, Some(&stored), "gates").len();
        }
        assert_eq!(without == 0, values.is_empty(), "{values}");
    }
}

#[test]
fn the_operators_users_are_those_of_the_program() {
    for (values, arguments, user) in [
        ("", vec![], "system:serviceaccount:flink-operator:flink-operator"),
        (
            "flinkOperator: {configMap: {namespace: flink, name: c}}",
            vec!["--operator-config-map=flink/c"],
            "system:serviceaccount:flink:flink-operator",
        ),
        (
            "flinkOperator: {version: \"1.14\"}",
            vec!["--operator-version=1.14"],
            "system:serviceaccount:flink-operator:flink-operator",
        ),
        (
            "flinkOperator: {users: [a, b]}",
            vec!["--operator-user=a", "--operator-user=b"],
            "a', 'b",
        ),
    ] {
        let objects = rendered("gates", values);
        let container =
            &of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0];
        let given = container["args"].as_array().unwrap().iter().filter_map(Value::as_str);
        let given: Vec<_> = given.filter(|argument| argument.starts_with("--operator-")).collect();
        assert_eq!(given, arguments);
        let validating = of_kind(&objects, "ValidatingWebhookConfiguration")[0].to_string();
        let condition = format!("!(request.userInfo.username in ['{user}'])");
        assert!(validating.contains(&condition), "{values}: {validating}");
    }
}

#[test]
fn values_without_effect_are_refused() {
    for (values, message) in [
        ("flinkOperator.configMap.namespace=flink", "flinkOperator.configMap.name"),
        ("clientCa.names={a}", "clientCa.bundle"),
        ("flinkOperator.users={it's}", "/flinkOperator/users"),
    ] {
        let arguments = ["template", "gate", CHART, "--namespace", NAMESPACE, "--set", values];
        let output = helm(&arguments, None);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(message), "{values}: {error}");
    }
}

#[test]
fn the_charts_objects_are_taken_by_a_real_api_server() {
    // Objects of kinds that the cluster has not (cert-manager's, Prometheus') cannot be tried.
    let foreign = ["Certificate", "Issuer", "ServiceMonitor"];
    for values in [
        "flowSchema: {enabled: true}\nnetworkPolicy: {apiServerPorts: [443, 6443]}",
        "podDisruptionBudget: {maxUnavailable: 50%}\nnetworkPolicy: {metricsFrom: [{namespaceSelector: {}}]}",
        "clientCa: {bundle: \"-----BEGIN CERTIFICATE-----\\nAAAA\\n\", names: [kube-apiserver]}\nnetworkPolicy: {webhooksFrom: [{ipBlock: {cidr: 10.0.0.0/28}}]}",
    ] {
        for object in rendered("default", values) {
            if foreign.iter().any(|kind| object["kind"] == *kind) {
                continue;
            }
            let arguments = [
                "apply",
                "--server-side",
                "--dry-run=server",
                "--force-conflicts",
                "--validate=strict",
                "-f",
                "-",
            ];
            shared()
                .try_kubectl(&arguments, &object.to_string())
                .unwrap_or_else(|error| panic!("{object:#}: {error}"));
        }
    }
}
