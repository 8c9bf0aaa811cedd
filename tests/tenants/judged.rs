//! `lint` judges FlinkTenants and FlinkPolicies as the webhook does, and `--tenants` and `--policies`
//! take what a cluster prints.

use assert_cmd::Command;
use flinkgate::resource::{lists, yaml};
use serde_json::{Value, json};
use std::process::Output;

const BAD: &str = "tests/data/tenants/judged/bad.yaml";
const EXPORTED: &str = "tests/data/tenants/judged/exported.json";

fn flinkgate(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::cargo_bin("flinkgate").unwrap();
    command.args(arguments).write_stdin(input).output().unwrap()
}

fn lint(arguments: &[&str], input: &str) -> Vec<Value> {
    let output = flinkgate(&[&["lint", "--format", "json"], arguments].concat(), input);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    report["findings"].as_array().unwrap().clone()
}

#[test]
fn tenants_and_policies_are_judged_with_places() {
    let found: Vec<String> = lint(&[BAD], "")
        .iter()
        .map(|finding| {
            let text = |field: &str| finding[field].as_str().unwrap().to_owned();
            let name = finding["object"]["name"].as_str().unwrap();
            let (line, column) = (&finding["line"], &finding["column"]);
            let message: String = text("message").chars().take(44).collect();
            format!("{line}:{column} {} {} {name}: {message}", text("level"), text("rule"))
        })
        .collect();
    let expected = [
        "10:16 error tenancy/flink-tenant first: `cost center` is not a label key: write at m",
        "11:59 warning tenancy/flink-tenant first: there is no rule `user/other`: run `flinkgat",
        "18:7 error tenancy/flink-tenant second: unknown field `quotaa`: did you mean `quota`",
        "36:5 error tenancy/flink-policy same-package: line 1, column 1: package own is already tak",
    ];
    assert_eq!(found, expected);
}

#[test]
fn tenants_of_one_input_conflict() {
    let tenant = |name: &str| {
        json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": name},
            "spec": {"namespaces": {"names": ["team-a"]}}})
        .to_string()
    };
    let input = format!("{}\n---\n{}", tenant("one"), tenant("two"));
    let found = lint(&["-"], &input);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0]["object"]["name"].as_str(), found[0]["pointer"].as_str()),
        (Some("two"), Some("/spec/namespaces/names/0"))
    );
    // The input may be what is in force.
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), tenant("one")).unwrap();
    let path = file.path().to_str().unwrap();
    assert_eq!(lint(&[path, "--tenants", path], ""), [] as [Value; 0]);
    assert_eq!(lint(&["-", "--tenants", path], &tenant("two")).len(), 1);
}

/// The answers of `lint` and of the webhook, for each object of the examples and of the cases.
#[test]
fn the_webhook_gives_the_same_verdict() {
    for file in ["tests/data/tenants/contradictions.yaml", BAD, EXPORTED] {
        let text = std::fs::read_to_string(file).unwrap();
        for document in yaml::parse(&text) {
            let value = document.value.unwrap();
            let specs = value.as_array().map(|cases| {
                let tenant = |case: &Value| {
                    json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant",
                        "metadata": {"name": "a"}, "spec": case["spec"]})
                };
                // Each runs the binary twice.
                cases.iter().step_by(7).map(tenant).collect::<Vec<_>>()
            });
            let objects = specs.unwrap_or_else(|| {
                lists::items(&value).into_iter().map(|(_, object)| object.clone()).collect()
            });
            for object in objects.iter().filter(|object| {
                ["FlinkTenant", "FlinkPolicy"].contains(&object["kind"].as_str().unwrap())
            }) {
                same_verdict(object);
            }
        }
    }
}

fn same_verdict(object: &Value) {
    let kind = object["kind"].as_str().unwrap();
    let resource = if kind == "FlinkTenant" { "flinktenants" } else { "flinkpolicies" };
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "name": object["metadata"]["name"],
        "kind": {"group": "flinkgate.dev", "version": "v1alpha1", "kind": kind},
        "resource": {"group": "flinkgate.dev", "version": "v1alpha1", "resource": resource},
        "userInfo": {"username": "admin"}, "object": object}});
    let output = flinkgate(&["review", "-"], &review.to_string());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let response = &answer["response"];
    let mut said = response["status"]["message"].as_str().unwrap_or_default().to_owned();
    for warning in response["warnings"].as_array().into_iter().flatten() {
        said += warning.as_str().unwrap();
    }
    let found = lint(&["-"], &object.to_string());
    let is_refused = found.iter().any(|finding| finding["level"] == "error");
    assert_eq!(response["allowed"], !is_refused, "{object}: {said} {found:?}");
    for finding in found {
        let message: String = finding["message"].as_str().unwrap().chars().take(60).collect();
        assert!(said.contains(&message), "{message} is not in {said}");
    }
}

const JOB: &str = r#"{"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
    "metadata": {"name": "etl", "namespace": "NAMESPACE", "labels": {"bad": "yes"}},
    "spec": {"image": "registry.example.com/etl:1", "flinkVersion": "v1_20", "serviceAccount": "flink",
    "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}}, "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}}}}"#;

#[test]
fn exported_lists_are_tenants_and_policies() {
    let of = |namespace: &str, arguments: &[&str]| {
        let found = lint(&[&["-"], arguments].concat(), &JOB.replace("NAMESPACE", namespace));
        let own = found.into_iter().filter(|finding| finding["rule"] == "user/labels");
        own.map(|finding| format!("{} {}", finding["level"], finding["tenant"])).collect::<Vec<_>>()
    };
    let both = ["--tenants", EXPORTED, "--policies", EXPORTED];
    assert_eq!(of("detect", &both), ["\"warning\" \"fraud\""]);
    // The scope of the policy is its `match`, and the label of the Namespace decides the tenant.
    assert_eq!(of("other", &both), [""; 0]);
    assert_eq!(of("detect", &["--policies", EXPORTED]), ["\"error\" \"default\""]);
    assert_eq!(lint(&[&[EXPORTED][..], &both].concat(), ""), [] as [Value; 0]);
    let page = flinkgate(&["explain", "user/labels", "--policies", EXPORTED], "");
    assert_eq!(page.status.code(), Some(0));
}

#[test]
fn a_folder_with_a_policy_and_its_object_has_it_once() {
    let output = flinkgate(&["rules", "--policies", "policies/naming", "--format", "json"], "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        text.matches("user/naming\"").count(),
        1,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn wrong_policy_objects_are_errors_at_their_line() {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    let path = file.path().to_str().unwrap();
    for (text, expected) in [
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", ":1:1: there is no FlinkPolicy"),
        (
            "apiVersion: flinkgate.dev/v1alpha1\nkind: FlinkPolicy\nmetadata: {name: a}\nspec:\n  regoo: x\n",
            ":5:10: unknown field `regoo`",
        ),
        (
            "apiVersion: flinkgate.dev/v1alpha1\nkind: FlinkPolicy\nmetadata: {}\nspec: {rego: \"package a\"}\n",
            ": the FlinkPolicy has no name",
        ),
    ] {
        std::fs::write(file.path(), text).unwrap();
        let output = flinkgate(&["lint", "examples/manifests/etl.yaml", "--policies", path], "");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(expected), "{expected}: {errors}");
    }
}

#[test]
fn a_location_without_a_bucket_is_refused_as_it_loads() {
    let tenant = "tests/data/field/location-any-bucket/any-bucket.yaml";
    let output = flinkgate(&["lint", "examples/manifests/etl.yaml", "--tenants", tenant], "");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(errors.contains("any-bucket.yaml:6:39: `s3://` names no bucket"), "{errors}");
}

/// Every id of a rule, of the library and of what is reported without a rule.
#[test]
fn every_id_that_is_printed_has_a_page() {
    let mut ids: Vec<String> = Vec::new();
    for entry in walkdir::WalkDir::new("src").into_iter().chain(walkdir::WalkDir::new("policies")) {
        let path = entry.unwrap().into_path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let is_test = path.to_string_lossy().contains("test");
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for line in text.lines().map(str::trim) {
            let id = match ending {
                "rs" if path.starts_with("src/rules") => {
                    line.strip_prefix("id: \"").and_then(|rest| rest.strip_suffix("\","))
                }
                "rego" if !is_test => line.strip_prefix("#   id: "),
                _ => None,
            };
            ids.extend(id.filter(|id| id.contains('/')).map(str::to_owned));
        }
    }
    ids.sort();
    ids.dedup();
    assert!(ids.len() > 110, "{}", ids.len());
    for id in ids {
        let page = flinkgate(&["explain", &id], "");
        assert_eq!(page.status.code(), Some(0), "{id}: {}", String::from_utf8_lossy(&page.stderr));
        assert!(String::from_utf8_lossy(&page.stdout).contains(&id), "{id}");
    }
}

/// The README's own tenant and job: what a newcomer copies has no finding.
#[test]
fn the_tenant_of_the_readme_has_no_finding() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let tenant = readme.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(tenant.contains("kind: FlinkTenant"));
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), tenant).unwrap();
    let path = file.path().to_str().unwrap();
    let output = flinkgate(&["lint", path, "examples/manifests/etl.yaml", "--tenants", path], "");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(text(&output.stdout), "no findings in 2 objects of 2 files\n");
    assert_eq!((text(&output.stderr), output.status.code()), (String::new(), Some(0)));
}

/// The lines that are shown, and the messages, hide the secrets among a tenant's options.
#[test]
fn secrets_of_a_tenant_are_hidden() {
    let tenant = "apiVersion: flinkgate.dev/v1alpha1\nkind: FlinkTenant\nmetadata: {name: a}\nspec:\n  \
        storage: {checkpoints: {locations: [\"s3://own/\"]}}\n  flink: {configuration: {defaults: \
        {s3.secret-key: hunter2, parallelism.default: many, \
        execution.checkpointing.dir: \"s3://key:hunter2@other/x\"}}}\n";
    for format in ["text", "json", "sarif"] {
        let output = flinkgate(&["lint", "-", "--format", format], tenant);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("parallelism.default") && !text.contains("hunter2"), "{text}");
    }
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), tenant).unwrap();
    let path = file.path().to_str().unwrap();
    let output = flinkgate(&["lint", "examples/manifests/etl.yaml", "--tenants", path], "");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && !errors.contains("hunter2"), "{errors}");
}

#[test]
fn another_version_is_an_error_at_its_place() {
    for kind in ["FlinkTenant", "FlinkPolicy"] {
        let object = format!(
            "apiVersion: flinkgate.dev/v1\nkind: {kind}\nmetadata: {{name: a}}\nspec: {{}}\n"
        );
        let found = lint(&["-"], &object);
        let message =
            format!("{kind} has no version `v1`: write `apiVersion: flinkgate.dev/v1alpha1`");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0]["message"].as_str(), &found[0]["line"]),
            (Some(message.as_str()), &json!(1))
        );
    }
}
