//! Every field of a FlinkTenant does something: a rule, an injector or a limit reads it, and a case
//! shows it.

use crate::cases::{asked, review};
use crate::manifests::read;
use crate::option_carriers::{CARRIERS, Carrier, NAMESPACE, found, gate};
use crate::tenant_schema;
use flinkgate::resource::pointer;
use flinkgate::rules::{self, Level};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Fields that decide which objects are the tenant's; tests/tenants.rs has their cases.
const OWNERSHIP: &str = "namespaces.";

/// The fields that this file covers.
fn fields() -> Vec<String> {
    let mut found = tenant_schema::fields();
    found.retain(|field| !field.starts_with(OWNERSHIP));
    found
}

fn object(case: &Value) -> Value {
    let kind = case.get("kind").and_then(Value::as_str).unwrap_or("Deployment");
    let options = case.get("options").cloned().unwrap_or(json!({}));
    let carrier = CARRIERS.into_iter().find(|carrier| format!("{carrier:?}") == kind);
    let mut object = match carrier {
        Some(Carrier::Deployment) => {
            let mut object = Carrier::Deployment.with(&options);
            json_patch::merge(
                &mut object,
                &json!({"spec": {"podTemplate": {"metadata": {"name": "t"}}}}),
            );
            object
        }
        Some(carrier) => carrier.with(&options),
        None => json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": "etl-state", "namespace": NAMESPACE},
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "local",
                "resources": {"requests": {"storage": "5Gi"}}}}),
    };
    json_patch::merge(&mut object, case.get("patch").unwrap_or(&json!({})));
    object
}

/// The level of a rule's findings, and the object after mutation.
fn answer(spec: &Value, case: &Value) -> (BTreeSet<Level>, Value) {
    let (gate, object) = (gate(spec), object(case));
    let findings = found(&gate, &object).into_iter();
    let own = findings.filter(|finding| Some(&*finding.rule) == case["rule"].as_str());
    let levels = own.map(|finding| finding.level).collect();
    (levels, gate.mutated(&asked(&review("CREATE", &object, &Value::Null))))
}

#[test]
fn every_field_of_a_tenant_does_something() {
    let cases = read("tests/data/bypasses/tenant-fields.yaml");
    let mut wrong = Vec::new();
    let mut covered = BTreeSet::new();
    for case in cases.as_array().unwrap() {
        let field = case["field"].as_str().unwrap();
        covered.insert(field.to_owned());
        if case.get("why").is_some() {
            continue;
        }
        let without = case.get("with").cloned().unwrap_or(json!({}));
        let mut with = without.clone();
        *field.split('.').fold(&mut with, |spec, name| &mut spec[name]) = case["value"].clone();
        let (before, after) = (answer(&without, case), answer(&with, case));
        let is_shown = match case["mutates"].as_str() {
            Some(place) => pointer::at(&before.1, place) != pointer::at(&after.1, place),
            None => before.0 != after.0,
        };
        if !is_shown {
            wrong.push(format!("{field}: {:?} {:?}", before.0, after.0));
        }
    }
    assert_eq!(wrong, [""; 0]);
    let missing: Vec<_> = fields().into_iter().filter(|field| !covered.contains(field)).collect();
    assert_eq!(missing, [""; 0], "write a case in tests/data/bypasses/tenant-fields.yaml");
}

#[test]
fn rules_name_fields_that_exist() {
    let fields = fields();
    for rule in rules::all() {
        for field in rule.tenant_fields {
            let is_known = field.starts_with("namespaces")
                || fields
                    .iter()
                    .any(|known| known == field || known.starts_with(&format!("{field}.")));
            assert!(is_known, "{}: {field}", rule.id);
        }
    }
}
