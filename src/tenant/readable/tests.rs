use super::super::crd::SPEC_SCHEMA;
use super::*;
use serde_json::json;
use std::collections::BTreeSet;

fn today() -> Date {
    "2026-11-27".parse().unwrap()
}

fn parts(spec: Value) -> ReadableParts {
    read(&spec, &["security/privileged"], today())
}

/// The spec of the readable parts, as JSON, and what holds in place of the others.
fn outcome(spec: Value) -> (Value, Vec<(String, Instead)>) {
    let ReadableParts { spec, unread, .. } = parts(spec);
    let unread = unread.into_iter().map(|part| (part.place(), part.instead)).collect();
    (serde_json::to_value(spec).unwrap(), unread)
}

#[test]
fn each_unreadable_part_gives_way_to_something_stricter() {
    use Instead::{LastOwners, Nothing, Refusal, Stricter};
    let cases = [
        (json!({}), json!({}), vec![]),
        (Value::Null, json!({}), vec![]),
        // Valid but for what only warns.
        (
            json!({"rules": [{"rule": "security/gone", "enforcement": "Warn"}]}),
            json!({"rules": [{"rule": "security/gone", "enforcement": "Warn"}]}),
            vec![],
        ),
        (
            json!({"fromTheFuture": 1, "security": {"fromTheFuture": {"deep": []}}, "labels": {"a": "b"}}),
            json!({"labels": {"a": "b"}}),
            vec![("spec.security.fromTheFuture", Nothing), ("spec.fromTheFuture", Nothing)],
        ),
        (
            json!({"enforcement": "Suggest"}),
            json!({"enforcement": "Enforce"}),
            vec![("spec.enforcement", Stricter)],
        ),
        // An exemption with an unknown field may be narrower than its known fields.
        (
            json!({"exemptions": [{"rules": ["*"], "containers": ["a"]}, {"rules": ["cost/*"]}, {"names": []}, {"rules": ["*"], "until": "soon"}]}),
            json!({"exemptions": [{"rules": ["cost/*"]}]}),
            vec![
                ("spec.exemptions.2", Nothing),
                ("spec.exemptions.0.containers", Nothing),
                ("spec.exemptions.1.until", Nothing),
            ],
        ),
        (
            json!({"rules": [{"rule": "security/*", "enforcement": "Warn", "kinds": ["Pod"]}, {"rule": "cost/*", "enforcement": "Warn"}]}),
            json!({"rules": [{"rule": "security/*", "enforcement": "Enforce"}, {"rule": "cost/*", "enforcement": "Warn"}]}),
            vec![("spec.rules.0.kinds", Stricter)],
        ),
        (
            json!({"enforcement": "Audit", "rules": [{"rule": "*", "enforcement": "Warn"}, {"rule": ["security/*"], "enforcement": "Enforce"}, {"rule": "a/b", "enforcement": "Enforce"}]}),
            json!({"enforcement": "Enforce", "rules": [{"rule": "a/b", "enforcement": "Enforce"}]}),
            vec![("spec.rules.1.rule", Stricter)],
        ),
        (
            json!({"enforcement": "Audit", "rules": "none"}),
            json!({"enforcement": "Enforce"}),
            vec![("spec.rules", Stricter)],
        ),
        (
            json!({"quota": {"hard": {"cpu": "many", "memory": "-1", "cpus": "4", "nvidia.com/gpu": {}, "pods": 4}}}),
            json!({"quota": {"hard": {"cpu": "0", "memory": "0", "nvidia.com/gpu": "0", "pods": "4"}}}),
            vec![
                ("spec.quota.hard.nvidia.com/gpu", Stricter),
                ("spec.quota.hard.memory", Stricter),
                ("spec.quota.hard.cpus", Nothing),
                ("spec.quota.hard.cpu", Stricter),
            ],
        ),
        (json!({"quota": {"hard": "lots"}}), json!({}), vec![("spec.quota.hard", Refusal)]),
        (json!({"quota": [1]}), json!({}), vec![("spec.quota", Refusal)]),
        (
            json!({"security": {"podSecurity": {"level": "hardened", "version": "v9"}}}),
            json!({"security": {"podSecurity": {"level": "restricted"}}}),
            vec![
                ("spec.security.podSecurity.level", Stricter),
                ("spec.security.podSecurity.version", Stricter),
            ],
        ),
        (
            json!({"security": {"images": {"allow": "registry/*", "pullPolicies": ["Always", "Sometimes"], "requireDigest": "yes", "forbidLatestTag": 0}}}),
            json!({"security": {"images": {"allow": [], "pullPolicies": ["Always"], "requireDigest": true, "forbidLatestTag": true}}}),
            vec![
                ("spec.security.images.requireDigest", Stricter),
                ("spec.security.images.pullPolicies.1", Stricter),
                ("spec.security.images.forbidLatestTag", Stricter),
                ("spec.security.images.allow", Stricter),
            ],
        ),
        (
            json!({"security": {"forbiddenLabels": ["a", 7], "forbiddenEnvironment": "LD_*"}}),
            json!({"security": {"forbiddenLabels": ["a", "*"], "forbiddenEnvironment": ["*"]}}),
            vec![
                ("spec.security.forbiddenLabels.1", Stricter),
                ("spec.security.forbiddenEnvironment", Stricter),
            ],
        ),
        (
            json!({"scheduling": {"tolerations": [{"key": "a", "operator": "Exists", "until": "x"}, {"key": "b"}], "antiAffinity": {"jobManager": "Hard"}}}),
            json!({"scheduling": {"tolerations": [{"key": "b"}], "antiAffinity": {"jobManager": "Required"}}}),
            vec![
                ("spec.scheduling.tolerations.0.until", Stricter),
                ("spec.scheduling.antiAffinity.jobManager", Stricter),
            ],
        ),
        (
            json!({"labels": {"team": 7, "a": "b"}}),
            json!({"labels": {"a": "b"}}),
            vec![("spec.labels.team", Refusal)],
        ),
        (
            json!({"storage": {"checkpoints": {"volume": {"size": "1Gi"}}}}),
            json!({}),
            vec![("spec.storage.checkpoints.volume", Refusal)],
        ),
        (
            json!({"flink": {"configuration": {"enforced": {"a": {"b": 1}, "c": 1}, "defaults": {"d": [], "e": 2}, "forbidden": {}}}}),
            json!({"flink": {"configuration": {"enforced": {"c": 1}, "defaults": {"e": 2}, "forbidden": ["*"]}}}),
            vec![
                ("spec.flink.configuration.forbidden", Stricter),
                ("spec.flink.configuration.enforced.a", Refusal),
                ("spec.flink.configuration.defaults.d", Nothing),
            ],
        ),
        (
            json!({"namespaces": {"names": ["a", "B", "c*d", "e-*"], "selector": {"matchLabels": {"x": "y"}, "matchFields": []}}}),
            json!({"namespaces": {"names": ["a", "e-*"]}}),
            vec![
                ("spec.namespaces.selector.matchFields", LastOwners),
                ("spec.namespaces.names.2", LastOwners),
                ("spec.namespaces.names.1", LastOwners),
            ],
        ),
        (
            json!({"namespaces": {"selector": {}}}),
            json!({}),
            vec![("spec.namespaces.selector", LastOwners)],
        ),
        (json!({"namespaces": 7}), json!({}), vec![("spec.namespaces", LastOwners)]),
    ];
    for (spec, expected, unread) in cases {
        let unread: Vec<(String, Instead)> =
            unread.into_iter().map(|(place, instead)| (place.to_owned(), instead)).collect();
        assert_eq!(outcome(spec.clone()), (expected, unread), "{spec}");
        assert!(!parts(spec).is_nothing);
    }
}

#[test]
fn nothing_is_read_of_what_is_no_mapping() {
    for spec in [json!("x"), json!([]), json!(7), json!(true)] {
        let ReadableParts { spec: read, unread, is_nothing } = parts(spec);
        assert_eq!((read, is_nothing), (FlinkTenantSpec::default(), true));
        let tenant = Tenant { unread, ..Tenant::default() };
        assert!(!tenant.knows_its_namespaces());
        assert_eq!(tenant.unread[0].instead, Instead::Refusal);
    }
}

/// Every place of the schema, with a star for a key or an element, and its schema.
fn places() -> Vec<(String, Value)> {
    fn walk(schema: &Value, at: String, found: &mut Vec<(String, Value)>) {
        let is_preserved = schema.get("x-kubernetes-preserve-unknown-fields").is_some();
        if !is_preserved || schema["properties"].is_object() {
            found.push((at.clone(), schema.clone()));
        }
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            walk(field, pointer::join(&at, name), found);
        }
        for below in ["additionalProperties", "items"] {
            if schema[below].is_object() {
                walk(&schema[below], format!("{at}/*"), found);
            }
        }
    }
    let mut found = Vec::new();
    walk(&SPEC_SCHEMA, String::new(), &mut found);
    found
}

#[test]
fn every_reading_is_of_a_field() {
    let places: BTreeSet<String> = places().into_iter().map(|(place, _)| place).collect();
    for (pattern, _) in stricter::READINGS {
        let preserved = *pattern == "flink/configuration/defaults/*";
        assert!(preserved || places.contains(&format!("/{pattern}")), "{pattern}");
    }
}

/// A spec whose only value is at this place.
fn only(place: &str, value: Value) -> Value {
    pointer::tokens(place).collect::<Vec<_>>().into_iter().rev().fold(value, |value, token| {
        match &*token {
            "*" if place.ends_with("/*") && is_list(place) => json!([value]),
            token => json!({ token: value }),
        }
    })
}

/// Whether the place with a star is an element of a list.
fn is_list(place: &str) -> bool {
    let parent = pointer::parent(place).unwrap();
    places().iter().any(|(at, schema)| at == parent && schema["type"] == "array")
}

/// Whatever takes the place of a field's value, the spec can be read, and either it says that
/// something stricter holds or the value was valid.
#[test]
fn a_wrong_value_anywhere_is_read_as_something_stricter() {
    let values = [
        json!(null),
        json!(true),
        json!(-7),
        json!(1.5),
        json!("?"),
        json!([]),
        json!([7]),
        json!([[]]),
        json!({}),
        json!({"future": 7}),
        json!({"future": {"deep": [7]}}),
    ];
    let mut refused = 0;
    for (place, _) in places().into_iter().filter(|(place, _)| !place.is_empty()) {
        for value in &values {
            let spec = only(&place, value.clone());
            let read = parts(spec.clone());
            let (valid, problems) = super::super::check::check(
                &json!({"metadata": {"name": "a"}, "spec": spec}),
                &[],
                today(),
            );
            assert!(!read.is_nothing, "{spec}: {read:?}");
            assert_eq!(valid.is_some(), read.unread.is_empty(), "{spec}: {read:?} {problems:?}");
            refused += usize::from(read.unread.iter().any(|part| part.instead == Instead::Refusal));
        }
    }
    assert!(refused > 100, "{refused}");
}
