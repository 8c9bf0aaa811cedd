//! Every status that Flinkgate writes fits its schema, in every state: what does not fit is refused
//! by the API server, and from then on the status is wrong.

use flinkgate::cluster::apply::StatusPart;
use flinkgate::cluster::controllers::quota::status::{PART, QuotaStatus};
use flinkgate::cluster::controllers::status::{POLICY_PART, TENANT_PART, Update};
use flinkgate::cluster::controllers::tenants::configuration::{Changes, Configuration};
use flinkgate::cluster::controllers::tenants::updates::updates;
use flinkgate::cluster::watch::records::{NamespaceRecord, Record};
use flinkgate::pipeline::Unassigned;
use flinkgate::quota::Usage;
use flinkgate::quota::ledger::{KnownLimits, Ledger, LiveObject, ObjectRef, Request, View};
use flinkgate::quota::limits::Limits;
use flinkgate::resource::quantity::Quantity;
use flinkgate::tenant::schema;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn now() -> jiff::Timestamp {
    "2026-11-27T12:00:00Z".parse().unwrap()
}

fn schema_of(definition: impl serde::Serialize) -> Value {
    let definition = serde_json::to_value(definition).unwrap();
    let place = "/spec/versions/0/schema/openAPIV3Schema/properties/status";
    definition.pointer(place).unwrap().clone()
}

fn fits(schema: &Value, part: StatusPart, status: &Value, state: &str) -> Value {
    let (applied, removed) = part.split(status);
    let mismatches = schema::check(schema, &applied);
    assert!(mismatches.is_empty(), "{state}: {mismatches:?} in {applied}");
    for field in part.fields {
        let both = applied.get(field).is_some() == removed.contains_key(*field);
        assert!(!both, "{state}: `{field}` is neither written nor removed in {applied}");
        assert!(schema["properties"].get(field).is_some(), "{field} is in no schema");
    }
    applied
}

/// What the API server stores: the part of another writer, and this one.
fn stored(before: &Value, part: StatusPart, applied: &Value) -> Value {
    let mut after = before.as_object().cloned().unwrap_or_default();
    for field in part.fields {
        after.remove(*field);
    }
    let mut conditions: Vec<Value> =
        after.remove("conditions").and_then(|all| all.as_array().cloned()).unwrap_or_default();
    let new = applied["conditions"].as_array().unwrap();
    conditions.retain(|one| new.iter().all(|new| new["type"] != one["type"]));
    conditions.extend(new.iter().cloned());
    after.extend(applied.as_object().unwrap().clone());
    after.insert("conditions".into(), conditions.into());
    Value::Object(after)
}

fn usage(amounts: &[(&str, u64)]) -> Usage {
    let of = |(name, amount): &(&str, u64)| ((*name).to_owned(), Quantity::from_units(*amount));
    amounts.iter().map(of).collect()
}

#[test]
fn quota_statuses_fit_the_schema_from_any_state_to_any() {
    let schema = schema_of(flinkgate::tenant::crd::definition());
    let limits = |cpu: u64| Limits {
        hard: [("cpu".to_owned(), Quantity::from_units(cpu))].into(),
        ..Limits::default()
    };
    let large =
        |name: &str| (ObjectRef::new("FlinkDeployment", "prod", name), usage(&[("cpu", 4)]));
    let nothing = QuotaStatus::default;
    let some = || QuotaStatus {
        total: usage(&[("cpu", 4), ("clusters", 1), ("nvidia.com/gpu", 2)]),
        largest: vec![large("etl")],
    };
    let states = [
        ("nothing, no limits", nothing(), None),
        ("first use", some(), Some(limits(8))),
        ("over the limits", some(), Some(limits(2))),
        ("no largest object", QuotaStatus { largest: vec![], ..some() }, Some(limits(8))),
        (
            "an object without use",
            QuotaStatus { largest: vec![(large("etl").0, Usage::default())], ..some() },
            Some(limits(8)),
        ),
        ("zero", nothing(), Some(limits(8))),
        ("limits removed", some(), None),
        (
            "many",
            QuotaStatus {
                largest: (0..99).map(|n| large(&format!("etl-{n}"))).collect(),
                ..some()
            },
            None,
        ),
    ];
    for (before, first, first_limits) in &states {
        for (after, second, second_limits) in &states {
            let mut status = Value::Null;
            for (state, one, limits) in
                [(before, first, first_limits), (after, second, second_limits)]
            {
                if let Some(written) = one.update(limits.as_ref(), &status, now()) {
                    let applied = fits(&schema, PART, &written, state);
                    status = stored(&status, PART, &applied);
                }
                // What is stored is what is wanted: nothing is written again.
                let again = one.update(limits.as_ref(), &status, now());
                assert_eq!(again, None, "{before} to {after}");
                let cpu = one.total.get("cpu");
                let shown = status["used"]["cpu"].as_str().map(|cpu| Quantity::parse(cpu).unwrap());
                assert_eq!(shown.unwrap_or_default(), cpu, "{before} to {after}: {status}");
            }
        }
    }
}

fn record(spec: Value, status: Value) -> Record {
    Record { created: 1, version: 1, generation: 3, spec: spec.into(), status: status.into() }
}

/// A tenant that gets other specs, is removed and comes back under another name, with a policy that
/// does the same.
#[test]
fn tenant_and_policy_statuses_fit_the_schema_from_any_state_to_any() {
    let tenant_schema = schema_of(flinkgate::tenant::crd::definition());
    let policy_schema = schema_of(flinkgate::rego::flink_policy::definition());
    let specs = [
        ("no limits", json!({"namespaces": {"names": ["a"]}})),
        (
            "limits",
            json!({"namespaces": {"names": ["a"]}, "quota": {"hard": {"cpu": 4, "memory": "8Gi"}}}),
        ),
        ("unknown rule", json!({"rules": [{"rule": "security/nonsense", "enforcement": "Warn"}]})),
        ("not a quantity", json!({"quota": {"hard": {"cpu": "x"}}})),
        ("not a resource", json!({"quota": {"hard": {"cpus": "4"}}})),
        ("unknown field", json!({"security": {"fromTheFuture": true}})),
        ("unreadable field", json!({"security": {"images": {"allow": 7}}})),
        ("unreadable quota", json!({"quota": {"hard": "lots"}})),
        ("unreadable namespaces", json!({"namespaces": 7})),
        ("unreadable", json!("x")),
        ("no spec", Value::Null),
        (
            "long message",
            json!({"labels": (0..400).map(|n| (format!("label-{n}"), json!(7))).collect::<serde_json::Map<_, _>>()}),
        ),
    ];
    let policies = [
        json!({"rego": "package a\nimport rego.v1\n"}),
        json!({"rego": "package a\nx := ]\n"}),
        json!({"rego": 7}),
        Value::Null,
    ];
    let mut written = 0;
    for (before, first) in &specs {
        for (number, (after, second)) in specs.iter().enumerate() {
            let mut configuration = Configuration::new(Unassigned::Warn);
            let (mut tenant, mut policy) = (Value::Null, Value::Null);
            for (state, spec) in [(before, first), (after, second)] {
                let name = if number % 2 == 0 { "same" } else { *state };
                let rego = policies[(number + written) % policies.len()].clone();
                let tenants =
                    BTreeMap::from([(name.to_owned(), record(spec.clone(), tenant.clone()))]);
                let policies = BTreeMap::from([("own".to_owned(), record(rego, policy.clone()))]);
                let namespaces = BTreeMap::from([("a".to_owned(), NamespaceRecord::default())]);
                let changes = Changes { tenants: true, policies: true, ..Changes::default() };
                configuration.take(&changes, &[], &tenants, &policies, &namespaces).unwrap();
                for update in updates(&configuration, &tenants, &policies, &namespaces, now()) {
                    written += 1;
                    match update {
                        Update::Tenant { status, .. } => {
                            let applied = fits(&tenant_schema, TENANT_PART, &status, state);
                            tenant = stored(&tenant, TENANT_PART, &applied);
                        }
                        Update::Policy { status, .. } => {
                            let applied = fits(&policy_schema, POLICY_PART, &status, state);
                            policy = stored(&policy, POLICY_PART, &applied);
                        }
                        Update::Namespace { .. } => {}
                    }
                }
                let tenants =
                    BTreeMap::from([(name.to_owned(), record(spec.clone(), tenant.clone()))]);
                let policies = policies
                    .iter()
                    .map(|(name, one)| {
                        (name.clone(), Record { status: policy.clone().into(), ..one.clone() })
                    })
                    .collect();
                let again = updates(&configuration, &tenants, &policies, &BTreeMap::new(), now());
                assert_eq!(again, [], "{before} to {after}");
            }
        }
    }
    assert!(written > 100);
}

#[test]
fn ledger_statuses_fit_the_schema() {
    let schema = schema_of(flinkgate::quota::ledger::crd::definition());
    let deployment = ObjectRef::new("FlinkDeployment", "prod", "etl");
    let live = LiveObject {
        object: deployment.clone(),
        uid: "u".into(),
        version: 7,
        usage: usage(&[("cpu", 4), ("clusters", 1)]),
        ..LiveObject::default()
    };
    let limits = KnownLimits {
        version: 9,
        limits: Limits {
            hard: [("cpu".to_owned(), Quantity::from_units(99))].into(),
            per_cluster: [("pods".to_owned(), Quantity::from_units(9))].into(),
        },
    };
    let mut reserved = Ledger::empty();
    reserved.learn_limits(&limits);
    let request = Request {
        object: deployment,
        uid: "v".into(),
        usage: usage(&[("cpu", 2)]),
        ..Request::default()
    };
    reserved.admit(&request);
    let mut counted = reserved.clone();
    let view =
        View { objects: vec![live], positions: [("Pod".to_owned(), 7)].into(), finished_below: 9 };
    counted.reconcile(&view, &KnownLimits::default()).unwrap();
    let mut emptied = counted.clone();
    let none =
        View { positions: [("Pod".to_owned(), 8)].into(), finished_below: 9, ..View::default() };
    emptied.reconcile(&none, &KnownLimits::default()).unwrap();
    for (state, ledger) in [
        ("not counted", Ledger::default()),
        ("empty", Ledger::empty()),
        ("reserved", reserved),
        ("counted", counted),
        ("emptied", emptied),
    ] {
        let status = serde_json::to_value(ledger.stored()).unwrap();
        let mismatches = schema::check(&schema, &status);
        assert!(mismatches.is_empty(), "{state}: {mismatches:?} in {status}");
    }
}
