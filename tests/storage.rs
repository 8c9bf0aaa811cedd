//! Locations of state: every case of tests/data/storage through `lint` and through both webhooks,
//! and URIs that imitate a tenant's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod manifests;

use cases::{findings_in, folder, list};
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::resource::{Operation, Resource};
use flinkgate::rules::Finding;
use serde_json::{Value, json};

/// No output may contain it.
const SECRET: &str = "do-not-tell";

fn read(file: &str) -> Vec<Value> {
    manifests::read(format!("tests/data/storage/{file}")).as_array().unwrap().clone()
}

fn tenant(namespace: &str, spec: &Value) -> Value {
    cases::tenant(namespace, &[namespace], spec)
}

/// The findings of `lint` for objects of these tenants.
fn lint(tenants: &[Value], objects: &[Value]) -> Value {
    let report = cases::lint(&folder(tenants), objects);
    assert!(!report.to_string().contains(SECRET), "{report}");
    report
}

/// Rule and place of the findings of storage rules.
fn reported<'a>(findings: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let own = findings.into_iter().filter(|(rule, _)| rule.starts_with("storage/"));
    let mut reported: Vec<String> =
        own.map(|(rule, pointer)| format!("{rule} {pointer}")).collect();
    reported.sort();
    reported.dedup();
    reported
}

fn gate(tenants: &[Value]) -> Gate {
    cases::gate(&folder(tenants), Unassigned::Deny)
}

fn webhooks(gate: &Gate, object: &Value) -> Vec<Finding> {
    cases::webhooks(gate, Resource::from_manifest(object.clone()).unwrap()).concat()
}

#[test]
fn cases_match_in_lint_and_webhooks() {
    let cases = read("cases.yaml");
    assert!(cases.len() > 30);
    let namespace = |index: usize| format!("case-{index}");
    let placed = |object: &Value, index: usize| {
        let mut object = object.clone();
        object["metadata"]["namespace"] = json!(namespace(index));
        object
    };
    let tenants: Vec<Value> = cases
        .iter()
        .enumerate()
        .map(|(index, case)| tenant(&namespace(index), &case["tenant"]))
        .collect();
    let objects = cases.iter().enumerate().flat_map(|(index, case)| {
        list(&case["beside"])
            .iter()
            .chain([&case["object"]])
            .map(move |object| placed(object, index))
            .collect::<Vec<_>>()
    });
    let report = lint(&tenants, &objects.collect::<Vec<_>>());
    let gate = gate(&tenants);
    for (index, case) in cases.iter().enumerate() {
        let expected: Vec<&str> =
            list(&case["says"]).iter().map(|reported| reported.as_str().unwrap()).collect();
        let own = findings_in(&report, &json!(namespace(index)));
        let linted = reported(own.iter().map(|finding| {
            (finding["rule"].as_str().unwrap(), finding["pointer"].as_str().unwrap())
        }));
        assert_eq!(linted, expected, "{}: {own:#?}", case["name"]);
        assert!(own.iter().all(|finding| !finding["help"].is_null()), "{}: {own:#?}", case["name"]);
        if case.get("beside").is_none() {
            let found = webhooks(&gate, &placed(&case["object"], index));
            assert_eq!(
                reported(found.iter().map(|finding| (&*finding.rule, finding.pointer.as_str()))),
                expected,
                "{}: {found:#?}",
                case["name"]
            );
            assert!(found.iter().all(|finding| !finding.message.contains(SECRET)), "{found:?}");
        }
    }
}

#[test]
fn uri_spellings_do_not_bypass_locations() {
    let (mut tenants, mut objects, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    for group in read("uris.yaml") {
        for (inside, list) in [(true, &group["inside"]), (false, &group["outside"])] {
            for uri in list.as_array().unwrap() {
                let namespace = format!("uri-{}", tenants.len());
                tenants.push(tenant(
                    &namespace,
                    &json!({"storage": {"checkpoints": {"locations": group["locations"]}}}),
                ));
                objects.push(json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkSessionJob", "metadata": {"name": "job", "namespace": namespace},
                    "spec": {"deploymentName": "etl", "flinkConfiguration": {"execution.checkpointing.dir": uri},
                        "job": {"jarURI": "https://example.com/job.jar", "initialSavepointPath": uri}}}));
                expected.push((namespace, uri.clone(), inside));
            }
        }
    }
    let report = lint(&tenants, &objects);
    for (namespace, uri, inside) in expected {
        let own = findings_in(&report, &json!(namespace));
        let told = |rule: &str| own.iter().any(|finding| finding["rule"] == rule);
        assert_eq!(
            (told("storage/checkpoint-dir"), told("storage/foreign-data")),
            (!inside, !inside),
            "{uri}: {own:#?}"
        );
        assert!(
            own.iter().all(|finding| !finding["message"].as_str().unwrap().contains("key:secret")),
            "{own:#?}"
        );
    }
}

fn claim(size: &str, class: Value, modes: Value) -> Value {
    let spec = json!({"storageClassName": class, "accessModes": modes, "resources": {"requests": {"storage": size}}});
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "prod"}, "spec": spec})
}

#[test]
fn existing_claims_can_be_bound_and_expanded() {
    let claims =
        json!({"storageClassNames": ["nfs"], "maxSize": "10Gi", "accessModes": ["ReadWriteMany"]});
    let gate = gate(&[tenant(
        "prod",
        &json!({"storage": {"claims": claims}, "quota": {"hard": {"storage": "8Gi", "persistentVolumeClaims": 1}}}),
    )]);
    let old = claim("6Gi", json!("premium"), json!(["ReadWriteOnce"]));
    let update = |size: &str, class: Value, volume: Value| {
        let mut object = claim(size, class, json!(["ReadWriteOnce"]));
        object["spec"]["volumeName"] = volume;
        let resource = Resource {
            operation: Operation::Update,
            old_object: Some(old.clone()),
            ..Resource::from_manifest(object).unwrap()
        };
        let found = gate.validate(&resource).findings;
        let mut rules: Vec<String> =
            found.into_iter().map(|finding| finding.rule.into_owned()).collect();
        rules.dedup();
        rules
    };
    assert_eq!(update("6Gi", json!("premium"), json!("pv-1")), [""; 0]);
    assert_eq!(update("7Gi", json!("premium"), json!("pv-1")), [""; 0]);
    assert_eq!(update("5Gi", json!("premium"), json!("pv-1")), [""; 0]);
    assert_eq!(update("9Gi", json!("premium"), json!("pv-1")), ["quota/exceeded"]);
    assert_eq!(
        update("11Gi", json!("premium"), json!("pv-1")),
        ["quota/exceeded", "storage/claim-size"]
    );
    assert_eq!(update("6Gi", json!("ssd"), Value::Null), ["storage/claim-class"]);
    assert_eq!(update("6Gi", Value::Null, Value::Null), ["storage/claim-class"]);
    let new = Resource::from_manifest(old.clone()).unwrap();
    let rules: Vec<String> =
        gate.validate(&new).findings.into_iter().map(|finding| finding.rule.into_owned()).collect();
    assert_eq!(rules, ["storage/claim-access-modes", "storage/claim-class"]);
}

#[test]
fn claims_count_towards_the_quota() {
    let tenants = [tenant("prod", &json!({"quota": {"hard": {"storage": "10Gi"}}}))];
    let named = |name: &str| {
        let mut claim = claim("6Gi", Value::Null, json!(["ReadWriteMany"]));
        claim["metadata"]["name"] = json!(name);
        claim
    };
    assert_eq!(lint(&tenants, &[named("a")])["findings"], json!([]));
    let report = lint(&tenants, &[named("a"), named("b")]);
    let found = list(&report["findings"]);
    assert!(
        !found.is_empty() && found.iter().all(|finding| finding["rule"] == "quota/exceeded"),
        "{found:?}"
    );
}

/// The storage findings of a FlinkDeployment with these volumes of `/data` and these options.
fn reported_for(tenant: &Value, volume: &Value, options: &Value) -> Vec<Finding> {
    let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": "etl", "namespace": "a"}, "spec": {
            "image": "flink:1.20", "flinkVersion": "v1_20", "serviceAccount": "flink",
            "flinkConfiguration": options,
            "podTemplate": {"spec": {
                "containers": [{"name": "flink-main-container", "volumeMounts": [{"name": "v", "mountPath": "/data"}]}],
                "volumes": [volume]}},
            "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}},
            "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}},
            "job": {"jarURI": "local:///j.jar", "parallelism": 2, "upgradeMode": "stateless"}}});
    let mut found = webhooks(&gate(&[self::tenant("a", tenant)]), &object);
    found.retain(|finding| finding.rule.starts_with("storage/"));
    found
}

#[test]
fn a_node_keeps_its_files_but_other_nodes_do_not_see_them() {
    let open = json!({"security": {"podSecurity": {"level": "privileged"}}});
    let options = json!({"execution.checkpointing.dir": "file:///data/cp"});
    let messages = |volume: Value| -> Vec<String> {
        let found = reported_for(&open, &volume, &options).into_iter();
        found.map(|finding| finding.message).collect()
    };
    assert_eq!(
        messages(json!({"name": "v", "hostPath": {"path": "/disk"}})),
        [
            "`execution.checkpointing.dir` is `file:///data/cp`, but pods of other nodes do not see hostPath volume `v`"
        ]
    );
    assert_eq!(
        messages(json!({"name": "v", "emptyDir": {}})),
        [
            "`execution.checkpointing.dir` is `file:///data/cp`, which is deleted with its pods: it is on emptyDir volume `v`"
        ]
    );
    assert_eq!(
        messages(json!({"name": "other", "emptyDir": {}})),
        [""; 0],
        "a volume that is missing is another rule's"
    );
}

#[test]
fn help_about_a_directory_names_its_own_option() {
    let tenants = [
        json!({"security": {"podSecurity": {"level": "privileged"}}}),
        json!({"storage": {"checkpoints": {"locations": ["s3://mine/"]}}}),
        json!({"storage": {"checkpoints": {"locations": []}}}),
    ];
    let directories =
        ["file:///data/x", "s3://other/x", "data/x", "file://data/x", " ", "s3://a:b@mine/x"];
    let mut checked = 0;
    for tenant in &tenants {
        for key in [
            "execution.checkpointing.dir",
            "execution.checkpointing.savepoint-dir",
            "high-availability.storageDir",
        ] {
            for directory in directories {
                let options = json!({"high-availability.type": "kubernetes", key: directory});
                let volume = json!({"name": "v", "emptyDir": {}});
                let found = reported_for(tenant, &volume, &options);
                for finding in found.iter().filter(|one| one.pointer.ends_with(key)) {
                    let help = finding.help.as_deref().unwrap();
                    let is_about_uri = help.starts_with("write three slashes")
                        || help.starts_with("remove the password");
                    assert!(is_about_uri || help.contains(&format!("`{key}`")), "{help}");
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 40, "{checked}");
}
