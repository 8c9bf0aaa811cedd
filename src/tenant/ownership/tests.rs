use super::conflicts::common_namespace;
use super::*;
use crate::tenant::readable::{Instead, UnreadPart};
use serde_json::json;

fn tenants() -> Tenants {
    let tenant = |name: &str, namespaces| Tenant {
        name: name.into(),
        spec: serde_json::from_value(json!({"namespaces": namespaces})).unwrap(),
        ..Tenant::default()
    };
    let labels = |team: &str| BTreeMap::from([("team".to_string(), team.to_string())]);
    Tenants::new(
        vec![
            tenant("payments", json!({"names": ["payments-prod", "pay-*"]})),
            tenant("fraud", json!({"selector": {"matchLabels": {"team": "fraud"}}})),
            tenant("empty", json!({})),
        ],
        BTreeMap::from([("detect".into(), labels("fraud")), ("pay-x".into(), labels("fraud"))]),
    )
}

fn owner(namespace: &str) -> String {
    match tenants().owner(namespace) {
        Owner::Tenant(tenant) => tenant.name.clone(),
        Owner::Unassigned => "none".into(),
        Owner::Ambiguous(names) | Owner::Unread(names) => names.join(" and "),
    }
}

#[test]
fn names_prefixes_and_labels_decide_the_owner() {
    let cases = [
        ("payments-prod", "payments"),
        ("pay-1", "payments"),
        ("payments-dev", "none"),
        ("detect", "fraud"),
        ("pay-x", "payments and fraud"),
        ("", "none"),
    ];
    for (namespace, expected) in cases {
        assert_eq!(owner(namespace), expected, "{namespace}");
    }
}

#[test]
fn the_oldest_of_several_tenants_owns_a_namespace() {
    let all: Vec<Arc<Tenant>> = tenants().iter().cloned().collect();
    let labels = BTreeMap::from([("team".to_string(), "fraud".to_string())]);
    for (tenants, expected) in
        [(all.clone(), "payments"), (all.into_iter().rev().collect(), "fraud")]
    {
        let tenants = Tenants::by_age(tenants, BTreeMap::from([("pay-x".into(), labels.clone())]));
        for owner in [
            tenants.owner("pay-x"),
            tenants.owner("pay-x"),
            tenants.owner_with_labels("pay-x", &labels).unwrap(),
        ] {
            assert!(
                matches!(&owner, Owner::Tenant(tenant) if tenant.name == expected),
                "{owner:?}"
            );
        }
    }
}

#[test]
fn changed_labels_change_the_owner() {
    let team = |team: &str| BTreeMap::from([("team".to_string(), team.to_string())]);
    let before = Tenants::by_age(
        tenants().iter().cloned().collect(),
        BTreeMap::from([("x".into(), team("fraud"))]),
    );
    assert!(matches!(before.owner("x"), Owner::Tenant(_)));
    let moved = before.with_namespace_changes([("x".to_string(), Some(team("none")))]);
    assert!(matches!((before.owner("x"), moved.owner("x")), (Owner::Tenant(_), Owner::Unassigned)));
    let gone = before.with_namespace_changes([("x".to_string(), None)]);
    assert!(
        matches!(gone.owner("x"), Owner::Unassigned)
            && !gone.can_find_owner("x")
            && before.can_find_owner("x")
    );
}

#[test]
fn overlapping_patterns_are_found() {
    let cases = [
        ("a", "a", true),
        ("a", "b", false),
        ("a-*", "a-b", true),
        ("a-*", "a-b-*", true),
        ("a-*", "b-*", false),
        ("*", "x", true),
    ];
    for (a, b, overlap) in cases {
        assert_eq!(common_namespace(a, b).is_some(), overlap, "{a} {b}");
        assert_eq!(common_namespace(b, a).is_some(), overlap, "{b} {a}");
    }
}

#[test]
fn the_built_in_tenant_owns_everything() {
    assert!(
        matches!(Tenants::built_in().owner("anything"), Owner::Tenant(tenant) if tenant.name == BUILT_IN_TENANT)
    );
}

/// A tenant of which it cannot be read what it owns keeps what its label names, by its age; Flink
/// elsewhere may be its own.
#[test]
fn a_label_names_the_last_owner_where_none_can_be_read() {
    let tenant = |name: &str, namespaces, instead: Option<Instead>| {
        let unread = instead.map(|instead| UnreadPart {
            pointer: "/spec/namespaces".into(),
            message: String::new(),
            instead,
        });
        Arc::new(Tenant {
            name: name.into(),
            spec: serde_json::from_value(json!({"namespaces": namespaces})).unwrap(),
            unread: unread.into_iter().collect(),
            ..Tenant::default()
        })
    };
    let label = |name: &str| BTreeMap::from([(TENANT_LABEL.to_string(), name.to_string())]);
    let labels = BTreeMap::from([
        ("a".to_string(), label("unread")),
        ("b".to_string(), label("younger")),
        ("c".to_string(), BTreeMap::new()),
        ("older".to_string(), label("unread")),
        ("younger".to_string(), label("unread")),
    ]);
    let tenants = |instead| {
        Tenants::by_age(
            vec![
                tenant("older", json!({"names": ["older"]}), None),
                tenant("unread", json!({"names": ["listed"]}), instead),
                tenant("younger", json!({"names": ["younger"]}), None),
            ],
            labels.clone(),
        )
    };
    let owner = |tenants: &Tenants, namespace: &str| match tenants.owner(namespace) {
        Owner::Tenant(tenant) => tenant.name.clone(),
        Owner::Unassigned => "none".into(),
        Owner::Ambiguous(names) | Owner::Unread(names) => format!("perhaps {}", names.join(",")),
    };
    let unread = tenants(Some(Instead::LastOwners));
    assert!(!unread.can_find_owner("unheard-of") && unread.can_find_owner("a"));
    let read = tenants(Some(Instead::Stricter));
    for (namespace, while_unread, while_read) in [
        ("a", "unread", "none"),
        ("b", "perhaps unread", "none"),
        ("c", "perhaps unread", "none"),
        ("listed", "unread", "unread"),
        ("older", "older", "older"),
        // The older tenant keeps it.
        ("younger", "unread", "younger"),
    ] {
        assert_eq!(owner(&unread, namespace), while_unread, "{namespace}");
        assert_eq!(owner(&read, namespace), while_read, "{namespace}");
    }
}
