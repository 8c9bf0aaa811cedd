//! Second doors of a tenant's lists: every door of `tenant::doors` has a case, every list of the
//! spec has its row.

use crate::cases::{asked, findings_in, folder, gate, lint, review, tenant};
use crate::manifests::read;
use flinkgate::pipeline::Unassigned;
use flinkgate::rules::Level;
use flinkgate::tenant::doors::{LISTS, OTHER_ARRAYS};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::Command;

const FOLDER: &str = "tests/data/bypasses";

fn base(name: &str) -> Value {
    let exposed = |name: &str| read(format!("tests/data/exposed/bases/{name}.yaml"));
    let container = json!({"name": "a", "image": "registry.example.com/flink/x:1"});
    let template =
        json!({"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [container]}});
    match name {
        "pod" => {
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [container]}})
        }
        "task-manager" => json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "etl-1", "labels": {"app": "etl", "component": "taskmanager", "type": "flink-native-kubernetes"}},
            "spec": {"containers": [{"name": "flink-main-container", "image": "registry.example.com/flink:1.20",
                "command": ["/docker-entrypoint.sh"], "args": ["bash", "-c", "kubernetes-taskmanager.sh"]}]}}),
        "claim" => {
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "own-new"},
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "nfs", "resources": {"requests": {"storage": "1Gi"}}}})
        }
        "stateful-set" => {
            json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "x"}, "spec": {"template": template}})
        }
        "shop" => {
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"}, "spec": {"template": template}})
        }
        "rest-on-6123" => {
            let mut deployment = base("deployment");
            deployment["spec"]["flinkConfiguration"]["rest.port"] = "6123".into();
            deployment
        }
        "ingress" => {
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "x"},
            "spec": {"rules": [{"host": "a.own.example.com"}]}})
        }
        "service" => json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
            "spec": {"selector": {"app": "kafka"}, "ports": [{"port": 80}]}}),
        "deployment" => {
            let mut deployment = exposed("deployment");
            deployment["spec"]["image"] = "registry.example.com/flink:1.20".into();
            deployment["spec"]["podTemplate"] = json!({"spec": {"containers": [
                {"name": "flink-main-container", "ports": [{"name": "foo", "containerPort": 8081}]}]}});
            deployment
        }
        name => exposed(name),
    }
}

fn changed(base: &Value, patch: &Value, namespace: &str) -> Value {
    let mut object = base.clone();
    json_patch::merge(&mut object, patch);
    object["metadata"]["namespace"] = namespace.into();
    object
}

fn rules_of(list: &str) -> &'static [&'static str] {
    LISTS.iter().find(|row| row.field == list).unwrap_or_else(|| panic!("no list {list}")).rules
}

#[test]
fn every_list_holds_at_every_door() {
    let cases = read(format!("{FOLDER}/doors.yaml"));
    let cases = cases.as_array().unwrap();
    let (mut tenants, mut objects) = (Vec::new(), Vec::new());
    for (number, case) in cases.iter().enumerate() {
        let names = ["bad", "honest"].map(|kind| format!("{kind}-{number}"));
        for name in &names {
            let kind = name.split('-').next().unwrap();
            let base = base(case["base"].as_str().unwrap());
            objects.push(changed(&base, &case[kind], name));
            for with in crate::cases::list(&case["with"]) {
                objects.push(changed(&self::base(with.as_str().unwrap()), &json!({}), name));
            }
        }
        tenants.push(tenant(&format!("t-{number}"), &[&names[0], &names[1]], &case["tenant"]));
    }
    let report = lint(&folder(&tenants), &objects);
    let gate = gate(&folder(&tenants), Unassigned::Warn);
    let known: BTreeSet<&str> =
        gate.policies().catalog().iter().map(|rule| rule.id.as_str()).collect();
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let rules = rules_of(case["list"].as_str().unwrap());
        // The rule of this list is on another branch.
        if !rules.iter().all(|rule| known.contains(rule)) {
            assert_eq!(rules, ["flink/allowed-version"]);
            continue;
        }
        for (kind, expected) in [("bad", true), ("honest", false)] {
            let found = findings_in(&report, &format!("{kind}-{number}").into());
            let is_refused = found.iter().any(|finding| {
                finding["level"] == "error" && rules.iter().any(|rule| finding["rule"] == **rule)
            });
            if is_refused != expected {
                wrong.push(format!("{} ({kind}): {found:#?}", case["door"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_door_has_a_case() {
    let cases = read(format!("{FOLDER}/doors.yaml"));
    let tested: BTreeSet<(String, String)> = cases
        .as_array()
        .unwrap()
        .iter()
        .map(|case| (case["list"].as_str().unwrap().into(), case["door"].as_str().unwrap().into()))
        .collect();
    let doors: BTreeSet<(String, String)> = LISTS
        .iter()
        .flat_map(|row| row.doors.iter().map(|door| (row.field.to_owned(), (*door).to_owned())))
        .collect();
    assert_eq!(tested, doors);
}

/// The paths of the arrays of a schema. Arrays in arrays belong to their elements.
fn arrays(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    if schema["type"] == "array" {
        found.insert(path.to_owned());
        return;
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let dot = if path.is_empty() { "" } else { "." };
        arrays(field, &format!("{path}{dot}{name}"), found);
    }
}

#[test]
fn every_list_of_the_spec_has_a_row() {
    let crds = Command::new(env!("CARGO_BIN_EXE_flinkgate")).arg("crds").output().unwrap().stdout;
    let crds = flinkgate::resource::yaml::parse(std::str::from_utf8(&crds).unwrap());
    let tenants = crds
        .into_iter()
        .filter_map(|document| document.value)
        .find(|crd| crd["spec"]["names"]["kind"] == "FlinkTenant")
        .unwrap();
    let schema = &tenants["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let mut found = BTreeSet::new();
    arrays(schema, "", &mut found);
    let known: BTreeSet<String> = LISTS
        .iter()
        .map(|row| row.field)
        .chain(OTHER_ARRAYS.iter().copied())
        .map(str::to_owned)
        .collect();
    assert_eq!(found, known);
}

/// The rules that refuse a case of the issue through `lint` with its tenant.
fn refused(case: &str, tenants: &str, change: impl Fn(&mut Value)) -> BTreeSet<String> {
    let mut object = read(format!("{FOLDER}/{case}.yaml"));
    change(&mut object);
    let tenants = folder(&[read(format!("{FOLDER}/tenants/{tenants}.yaml"))]);
    let gate = gate(&tenants, Unassigned::Warn);
    let findings = gate.validate(&asked(&review("CREATE", &object, &Value::Null))).findings;
    let report = lint(&tenants, [&object]);
    let linted: BTreeSet<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["level"] == "error")
        .map(|finding| {
            format!(
                "{} {}",
                finding["rule"].as_str().unwrap(),
                finding["pointer"].as_str().unwrap()
            )
        })
        .collect();
    for finding in findings.iter().filter(|finding| finding.level == Level::Error) {
        let place = format!("{} {}", finding.rule, finding.pointer);
        // Mutation gives what lint has already.
        let is_given = finding.rule.starts_with("scheduling/")
            || finding.rule.starts_with("tenancy/")
            || finding.rule.starts_with("cost/");
        assert!(is_given || linted.contains(&place), "{case}: {place} is not in {linted:?}");
    }
    linted
}

#[test]
fn cases_of_the_issue_are_refused_for_each_part() {
    let has =
        |found: &BTreeSet<String>, rule: &str| found.iter().any(|line| line.starts_with(rule));
    let images = ["security/image-registry", "security/image-tag"];
    let found = refused("08-image-volume-from-anywhere", "strict", |_| {});
    assert!(images.iter().all(|rule| has(&found, rule)), "{found:?}");
    let found = refused("08-image-volume-from-anywhere", "strict", |pod| {
        pod["spec"]["volumes"][0]["image"]["reference"] =
            "registry.example.com/flink/jars:1".into();
    });
    assert!(found.is_empty(), "{found:?}");

    let found = refused("15-external-name-with-dns-annotation", "strict", |_| {});
    assert!(has(&found, "network/ingress-host"), "{found:?}");
    let found = refused("15-external-name-with-dns-annotation", "strict", |service| {
        service["metadata"]["annotations"] =
            json!({"external-dns.alpha.kubernetes.io/hostname": "a.strict.example.com"});
    });
    assert!(found.is_empty(), "{found:?}");

    let found = refused("16-annotations-that-name-hosts-or-write-configuration", "strict", |_| {});
    let places: BTreeSet<&str> =
        found.iter().map(|line| line.rsplit('/').next().unwrap()).collect();
    assert_eq!(found.len(), 3, "{places:?}");
    let found =
        refused("16-annotations-that-name-hosts-or-write-configuration", "strict", |ingress| {
            ingress["metadata"]["annotations"] =
                json!({"nginx.ingress.kubernetes.io/auth-url": "https://sso.strict.example.com"});
        });
    assert!(found.is_empty(), "{found:?}");

    let found = refused("17-lists-of-the-tenant-and-their-second-doors", "strict", |_| {});
    for rule in
        ["security/environment", "security/host-aliases", "security/secrets", "storage/claims"]
    {
        assert!(has(&found, rule), "{rule}: {found:?}");
    }
    let found = refused("17-lists-of-the-tenant-and-their-second-doors", "strict", |pod| {
        let spec = &mut pod["spec"];
        spec["containers"][0]["envFrom"][0]["prefix"] = "APP_".into();
        spec["dnsPolicy"] = "ClusterFirst".into();
        spec["dnsConfig"] = json!({"options": [{"name": "ndots", "value": "2"}]});
        spec["volumes"][0]["secret"]["secretName"] = "strict-tls".into();
        spec["volumes"][1]["ephemeral"]["volumeClaimTemplate"]["spec"]["dataSource"]["name"] =
            "strict-base".into();
    });
    assert!(found.is_empty(), "{found:?}");
}
