//! FlinkTenants, FlinkPolicies and Namespaces through both webhooks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::pipeline::Unassigned;
use crate::rego::PolicySet;
use crate::rego::flink_policy::FlinkPolicySpec;
use crate::resource::GroupVersionKind;
use crate::tenant::{Tenant, Tenants};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

const OWN_RULE: &str =
    "package own\nimport rego.v1\ndeny contains \"no\" if input.object.metadata.labels.bad\n";

/// Tenants payments (older) and fraud, a FlinkPolicy, and one Namespace.
static GATE: LazyLock<Gate> = LazyLock::new(|| {
    let tenant = |name: &str, namespaces: Value| {
        Arc::new(Tenant {
            name: name.into(),
            spec: serde_json::from_value(json!({"namespaces": namespaces})).unwrap(),
            ..Tenant::default()
        })
    };
    let tenants = vec![
        tenant("payments", json!({"names": ["payments-*"]})),
        tenant("fraud", json!({"selector": {"matchLabels": {"team": "fraud"}}})),
    ];
    let namespaces = BTreeMap::from([(
        "detect".to_string(),
        BTreeMap::from([("team".to_string(), "fraud".to_string())]),
    )]);
    let spec: FlinkPolicySpec = serde_json::from_value(json!({"rego": OWN_RULE})).unwrap();
    let set = assemble_one(&spec);
    Gate::new(Tenants::by_age(tenants, namespaces), Arc::new(set), Unassigned::Warn)
});

fn assemble_one(spec: &FlinkPolicySpec) -> PolicySet {
    let built_in = PolicySet::built_in().unwrap();
    crate::rego::assemble(built_in.sources(), vec![spec.source("own")]).unwrap().set
}

fn ask(webhook: Webhook, kind: &str, name: &str, object: Value, old: Option<Value>) -> Answer {
    let group = if kind == "Namespace" { "" } else { "flinkgate.dev" };
    let named = |mut object: Value| {
        object["metadata"]["name"] = json!(name);
        object
    };
    let resource = Resource {
        kind: GroupVersionKind { group: group.into(), version: "v1".into(), kind: kind.into() },
        operation: if old.is_some() { Operation::Update } else { Operation::Create },
        name: name.into(),
        object: named(object),
        old_object: old.map(named),
        ..Resource::default()
    };
    answer(webhook, &GATE, &resource).unwrap()
}

fn messages(answer: &Answer) -> Vec<String> {
    answer
        .findings
        .iter()
        .map(|finding| {
            format!("{} {} {}", finding.level.as_str(), finding.pointer, finding.message)
        })
        .collect()
}

fn validate(kind: &str, name: &str, object: Value, old: Option<Value>) -> Vec<String> {
    messages(&ask(Webhook::Validate, kind, name, object, old))
}

#[test]
fn errors_and_namespaces_of_older_tenants_are_refused() {
    let tenant = |namespaces: Value| json!({"metadata": {}, "spec": {"namespaces": namespaces}});
    let cases = [
        ("search", tenant(json!({"names": ["search"]})), None, vec![]),
        (
            "search",
            tenant(json!({"names": ["Search"]})),
            None,
            vec![
                "error /spec/namespaces/names/0 `Search` is not a namespace name: write lower-case letters, digits and dashes, with at most one star at the end",
            ],
        ),
        (
            "search",
            tenant(json!({"names": ["search", "payments-x"]})),
            None,
            vec![
                "error /spec/namespaces/names/1 tenants `search` and `payments` both select namespace `payments-x`; a namespace belongs to one tenant",
            ],
        ),
        (
            "search",
            tenant(json!({"names": ["detect"]})),
            None,
            vec![
                "error /spec/namespaces/names/0 tenants `search` and `fraud` both select namespace `detect`; a namespace belongs to one tenant",
            ],
        ),
        // The older tenant may select a namespace of the newer one, and a stored conflict does not
        // block other changes.
        (
            "payments",
            tenant(json!({"names": ["payments-*", "detect"]})),
            Some(tenant(json!({"names": ["payments-*"]}))),
            vec![],
        ),
        (
            "search",
            tenant(json!({"names": ["payments-x", "search"]})),
            Some(tenant(json!({"names": ["payments-x"]}))),
            vec![],
        ),
    ];
    for (name, object, old, expected) in cases {
        assert_eq!(validate("FlinkTenant", name, object.clone(), old), expected, "{object}");
    }
}

#[test]
fn stored_values_that_are_refused_now_do_not_block_updates() {
    let tenant = |labels: Value, versions: Value| json!({"metadata": {}, "spec": {"labels": labels, "flink": {"versions": versions}}});
    let (bad, other) = (json!({"team": "a b"}), json!({"team": "c d"}));
    let of = |new: Value, old: Option<Value>| {
        let found = validate("FlinkTenant", "search", new, old);
        found.into_iter().map(|line| line.chars().take(26).collect()).collect::<Vec<String>>()
    };
    let stored = || Some(tenant(bad.clone(), json!(["v1_19"])));
    let error = ["error /spec/labels/team `c"];
    assert_eq!(of(tenant(other.clone(), json!(["v1_19"])), None), error);
    assert_eq!(of(tenant(other, json!(["v1_19"])), stored()), error);
    assert_eq!(of(tenant(bad.clone(), json!(["v1_20"])), stored()), ["warning /spec/labels/team "]);
    assert_eq!(of(tenant(json!({"team": "a"}), json!(["v1_20"])), stored()), [""; 0]);
}

#[test]
fn unchanged_specs_are_admitted_even_of_leaving_objects() {
    let wrong = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"nonsense": 1, "rego": "x"}});
    let leaving = |spec: &Value| json!({"metadata": {"deletionTimestamp": "2026-11-21T00:00:00Z"}, "spec": spec});
    for kind in ["FlinkTenant", "FlinkPolicy"] {
        assert!(
            validate(
                kind,
                "x",
                wrong.clone(),
                Some(json!({"metadata": {}, "spec": wrong["spec"]}))
            )
            .is_empty()
        );
        assert!(validate(kind, "x", wrong.clone(), Some(leaving(&wrong["spec"]))).is_empty());
        // It is in force until it is gone.
        let other = json!({"rego": "package a\n"});
        assert!(!validate(kind, "x", wrong.clone(), Some(leaving(&other))).is_empty());
        assert!(!validate(kind, "x", wrong.clone(), None).is_empty());
    }
}

#[test]
fn a_policy_is_compiled_with_all_others() {
    let policy = |rego: &str| json!({"metadata": {}, "spec": {"rego": rego}});
    let cases = [
        (
            "new",
            policy("package fresh\nimport rego.v1\ndeny contains \"x\" if input.object.x\n"),
            "",
        ),
        ("own", policy(OWN_RULE), ""),
        ("new", policy("package fresh\nx := ]\n"), "error /spec/rego line 2, column 6: "),
        (
            "new",
            policy(OWN_RULE),
            "error /spec/rego line 1, column 1: package own is already taken by FlinkPolicy/own",
        ),
        (
            "new",
            json!({"metadata": {}, "spec": {"regoo": "x"}}),
            "error /spec/regoo unknown field `regoo`: did you mean `rego`?",
        ),
        (
            "new",
            json!({"metadata": {}, "spec": {"rego": "package a\n", "match": {"namespaces": ["a*b"]}}}),
            "error /spec/match/namespaces/0 `a*b` is not a namespace name",
        ),
    ];
    for (name, object, expected) in cases {
        let messages = validate("FlinkPolicy", name, object.clone(), None).join("\n");
        assert!(
            if expected.is_empty() { messages.is_empty() } else { messages.starts_with(expected) },
            "{object}: {messages}"
        );
    }
}

/// What the webhook says of the deletion of FlinkPolicies, with these tenants and policies.
fn deletion(tenants: &[Value], policies: &[(&str, &str)], name: &str) -> Vec<String> {
    let tenant = |(number, spec): (usize, &Value)| Tenant {
        name: format!("tenant-{number}"),
        spec: serde_json::from_value(spec.clone()).unwrap(),
        ..Tenant::default()
    };
    let tenants = tenants.iter().enumerate().map(tenant).map(Arc::new).collect();
    let built_in = PolicySet::built_in().unwrap();
    let source = |(name, rego): &(&str, &str)| {
        let spec: FlinkPolicySpec = serde_json::from_value(json!({"rego": rego})).unwrap();
        spec.source(name)
    };
    let policies = policies.iter().map(source).collect();
    let set = crate::rego::assemble(built_in.sources(), policies).unwrap().set;
    let tenants = Tenants::by_age(tenants, BTreeMap::new());
    let gate = Gate::new(tenants, Arc::new(set), Unassigned::Warn);
    let resource = Resource {
        kind: GroupVersionKind {
            group: "flinkgate.dev".into(),
            version: "v1alpha1".into(),
            kind: "FlinkPolicy".into(),
        },
        operation: Operation::Delete,
        name: name.into(),
        old_object: Some(json!({"metadata": {"name": name}})),
        ..Resource::default()
    };
    messages(&answer(Webhook::Validate, &gate, &resource).unwrap())
}

#[test]
fn a_deleted_policy_is_reported_where_it_is_named() {
    let own = "# METADATA\n# custom: {id: user/own}\npackage own\nimport rego.v1\nbad(x) if x == 1\ndeny contains \"no\" if input.object.x\n";
    let uses =
        "package uses\nimport rego.v1\ndeny contains \"no\" if data.own.bad(input.object.y)\n";
    let tenants = [
        json!({"rules": [{"rule": "user/own", "enforcement": "Warn"}]}),
        json!({"exemptions": [{"rules": ["cost/*", "user/own"]}]}),
        json!({"rules": [{"rule": "*", "enforcement": "Warn"}]}),
    ];
    let named = |number: usize| {
        format!(
            "warning  FlinkTenant `tenant-{number}` names rule `user/own`, which is deleted: its entry has no effect"
        )
    };
    assert_eq!(deletion(&tenants, &[("own", own)], "own"), [named(0), named(1)]);
    assert_eq!(deletion(&tenants, &[("own", own)], "other"), [""; 0]);
    assert_eq!(deletion(&[], &[("own", own)], "own"), [""; 0]);
    let broken = deletion(&[], &[("own", own), ("uses", uses)], "own");
    assert!(
        broken.len() == 1
            && broken[0].starts_with("warning  `FlinkPolicy/uses` uses the deleted FlinkPolicy"),
        "{broken:?}"
    );
}

#[test]
fn a_namespace_gets_only_its_tenants_label() {
    let labelled = |labels: Value| json!({"metadata": {"labels": labels}});
    let cases = [
        ("payments-prod", json!({"metadata": {}}), Some("payments"), 0),
        ("payments-prod", labelled(json!({"flinkgate.dev/tenant": "fraud"})), Some("payments"), 1),
        ("x", labelled(json!({"team": "fraud"})), Some("fraud"), 0),
        ("x", labelled(json!({"flinkgate.dev/tenant": "fraud"})), None, 1),
        ("x", labelled(json!({"a": "b"})), None, 0),
    ];
    for (name, object, expected, warnings) in cases {
        let answer = ask(Webhook::Mutate, "Namespace", name, object.clone(), None);
        let mut stored = object.clone();
        stored["metadata"]["name"] = json!(name);
        if let Some(patch) = &answer.patch {
            json_patch::patch(&mut stored, patch).unwrap();
        }
        assert_eq!(
            stored["metadata"]["labels"]["flinkgate.dev/tenant"].as_str(),
            expected,
            "{object}"
        );
        assert_eq!(answer.findings.len(), warnings, "{object}");
        assert!(validate("Namespace", name, stored, None).is_empty());
    }
}

#[test]
fn wrong_labels_are_refused_and_moves_are_warned() {
    let labelled = |labels: Value| json!({"metadata": {"labels": labels}});
    let tenant = |name: &str| labelled(json!({"flinkgate.dev/tenant": name}));
    let cases = [
        ("payments-x", tenant("fraud"), None, "error"),
        ("payments-x", tenant("fraud"), Some(tenant("payments")), "error"),
        ("payments-x", labelled(json!({})), Some(tenant("payments")), "error"),
        ("payments-x", tenant("fraud"), Some(tenant("fraud")), ""),
        ("payments-x", labelled(json!({"a": "b"})), Some(labelled(json!({}))), ""),
        (
            "x",
            labelled(json!({})),
            Some(labelled(json!({"team": "fraud"}))),
            "warning /metadata/labels the namespace moves from tenant `fraud` to no tenant",
        ),
    ];
    for (name, object, old, expected) in cases {
        let messages = validate("Namespace", name, object.clone(), old.clone()).join("\n");
        assert!(
            if expected.is_empty() { messages.is_empty() } else { messages.starts_with(expected) },
            "{object} {old:?}: {messages}"
        );
    }
}
