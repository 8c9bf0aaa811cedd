//! Configuration that cannot be understood never means no configuration: FlinkTenants that another
//! version of Flinkgate wrote, or nobody can read.

use crate::rule_examples::{UNREADABLE, built_in, gate_for_bad, resource, spec};
use flinkgate::admission::answer::Webhook;
use flinkgate::cluster::controllers::tenants::configuration::{Changes, Configuration};
use flinkgate::cluster::watch::records::{NamespaceRecord, Record};
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::quota::ledger::{KnownLimits, Ledger, ObjectRef, Request, View, line};
use flinkgate::resource::{GroupVersionKind, Operation, Resource, pointer};
use flinkgate::rules::Level;
use flinkgate::tenant::readable;
use flinkgate::tenant::{Tenant, Tenants};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A gate from what a cluster stores, read for the first time.
fn gate(tenants: &[(&str, Value)], labels: &[(&str, &str)]) -> Gate {
    let record = |spec: &Value| Record {
        created: 1,
        version: 1,
        generation: 1,
        spec: spec.clone().into(),
        ..Record::default()
    };
    let tenants = tenants.iter().map(|(name, spec)| ((*name).to_owned(), record(spec))).collect();
    let namespaces = labels
        .iter()
        .map(|(namespace, tenant)| {
            let tenant = Some((*tenant).to_owned()).filter(|tenant| !tenant.is_empty());
            ((*namespace).to_owned(), NamespaceRecord { tenant, ..NamespaceRecord::default() })
        })
        .collect();
    let mut configuration = Configuration::new(Unassigned::Allow);
    let changes = Changes { tenants: true, policies: true, ..Changes::default() };
    configuration.take(&changes, &[], &tenants, &BTreeMap::new(), &namespaces).unwrap();
    configuration.gate().unwrap().as_ref().clone()
}

fn object(kind: &str, namespace: &str) -> Resource {
    let manifest = match kind {
        "Pod" => {
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": namespace},
            "spec": {"containers": [{"name": "a", "image": "registry.example.com/tool:1.0", "resources": {"requests": {"cpu": "1"}}}]}})
        }
        _ => {
            json!({"apiVersion": "flink.apache.org/v1beta1", "kind": kind, "metadata": {"name": "a", "namespace": namespace},
            "spec": {"flinkVersion": "v1_20", "image": "registry.example.com/flink:1.20", "serviceAccount": "flink",
                "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}}, "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}},
                "job": {"jarURI": "local:///opt/flink/usrlib/job.jar", "parallelism": 1, "upgradeMode": "stateless"}}})
        }
    };
    Resource::from_manifest(manifest).unwrap()
}

/// The levels of the findings about the tenant, and whether the object is refused.
fn verdict(gate: &Gate, kind: &str, namespace: &str) -> (Vec<Level>, bool) {
    let answer = gate.validate(&object(kind, namespace));
    let about = answer.findings.iter().filter(|finding| finding.rule == UNREADABLE);
    let refused = answer.findings.iter().any(|finding| finding.level == Level::Error);
    (about.map(|finding| finding.level).collect(), refused)
}

/// An older version with the FlinkTenant of a newer one, which its definition does not prune.
#[test]
fn unknown_fields_leave_all_others_in_force() {
    let known =
        json!({"namespaces": {"names": ["a"]}, "security": {"images": {"allow": ["other/*"]}}});
    let mut newer = known.clone();
    newer["security"]["images"]["signedBy"] = json!("us");
    newer["future"] = json!({"deep": [1]});
    newer["rules"] = json!([{"rule": "security/from-the-future", "enforcement": "Enforce"}]);
    for spec in [known, newer] {
        let gate = gate(&[("t", spec)], &[("a", "t")]);
        for kind in ["Pod", "FlinkDeployment"] {
            assert_eq!(verdict(&gate, kind, "a"), (vec![], true), "{kind}");
            assert_eq!(verdict(&gate, kind, "b"), (vec![], false), "{kind}");
        }
    }
}

#[test]
fn namespaces_of_a_tenant_without_readable_parts_are_refused() {
    let labels = [("a", "t"), ("b", ""), ("c", "u")];
    for spec in [json!("x"), json!([]), json!(7)] {
        let gate =
            gate(&[("t", spec.clone()), ("u", json!({"namespaces": {"names": ["c"]}}))], &labels);
        for kind in ["Pod", "FlinkDeployment"] {
            assert_eq!(verdict(&gate, kind, "a"), (vec![Level::Error], true), "{spec}");
            assert_eq!(verdict(&gate, kind, "c"), (vec![], false), "another tenant's");
        }
        // It may be the tenant's; only Flink is Flinkgate's in a namespace without a tenant.
        assert_eq!(verdict(&gate, "FlinkDeployment", "b"), (vec![Level::Error], true));
        assert_eq!(verdict(&gate, "Pod", "b"), (vec![], false));
    }
}

#[test]
fn only_the_enforcement_of_the_tenant_lowers_the_refusal() {
    let waived = |more: Value| {
        let mut spec = json!({"namespaces": {"names": ["a"]}, "labels": 7});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        verdict(&gate(&[("t", spec)], &[("a", "t")]), "Pod", "a")
    };
    assert_eq!(waived(json!({})), (vec![Level::Error], true));
    assert_eq!(
        waived(json!({"exemptions": [{"rules": ["*", "tenancy/*", UNREADABLE]}]})),
        (vec![Level::Error], true)
    );
    for rule in ["*", "tenancy/*", UNREADABLE] {
        assert_eq!(
            waived(json!({"rules": [{"rule": rule, "enforcement": "Audit"}]})),
            (vec![Level::Error], true)
        );
    }
    assert_eq!(waived(json!({"enforcement": "Warn"})), (vec![Level::Warning], false));
    assert!(waived(json!({"enforcement": "Suggest"})).1);
}

/// Who may change the labels of a Namespace must not choose, or lose, the tenant while it cannot be
/// read.
#[test]
fn a_user_cannot_write_the_label_of_an_unreadable_tenant() {
    let gate = gate(&[("t", json!("x"))], &[("a", "t"), ("b", "")]);
    let namespace = |name: &str, label: Option<&str>| {
        let labels =
            label.map_or_else(|| json!({}), |label| json!({"flinkgate.dev/tenant": label}));
        json!({"metadata": {"name": name, "labels": labels}})
    };
    let ask = |webhook: Webhook, name: &str, old: Option<Option<&str>>, new: Option<&str>| {
        let resource = Resource {
            kind: GroupVersionKind {
                group: String::new(),
                version: "v1".into(),
                kind: "Namespace".into(),
            },
            operation: if old.is_some() { Operation::Update } else { Operation::Create },
            name: name.into(),
            object: namespace(name, new),
            old_object: old.map(|label| namespace(name, label)),
            ..Resource::default()
        };
        webhook.ask(&gate, &resource)
    };
    let refused = |name, old, new| {
        let answer = ask(Webhook::Validate, name, old, new);
        answer.findings.iter().any(|finding| finding.level == Level::Error)
    };
    assert!(refused("b", Some(None), Some("t")), "a label that Flinkgate did not write");
    assert!(refused("new", None, Some("t")), "the same at creation");
    assert!(refused("a", Some(Some("t")), None), "the last owner is removed");
    assert!(refused("a", Some(Some("t")), Some("u")), "the last owner is replaced");
    assert!(!refused("a", Some(Some("t")), Some("t")) && !refused("b", Some(None), None));
    assert!(!refused("new", None, None));
    // Mutation writes it back.
    assert!(ask(Webhook::Mutate, "a", Some(Some("t")), None).patch.is_some());
    assert!(ask(Webhook::Mutate, "a", Some(Some("t")), Some("t")).patch.is_none());
}

/// Every value of a spec, with its place.
fn values(spec: &Value, at: String, found: &mut Vec<String>) {
    match spec {
        Value::Object(fields) => {
            for (name, value) in fields {
                values(value, pointer::join(&at, name), found);
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                values(value, format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
    found.push(at);
}

/// What a rule refuses stays refused, whichever part of the tenant's spec becomes unreadable: the
/// bad example of each rule that reads the spec, with every part of that spec replaced.
#[test]
fn what_is_refused_stays_refused_whatever_cannot_be_read() {
    let policies = built_in();
    let today = "2026-11-27".parse().unwrap();
    let garbage =
        [json!({"future": 7}), json!([[]]), json!(-7), json!("\u{1}?"), json!(null), json!(true)];
    let (mut tried, mut rules) = (0, 0);
    for rule in policies.catalog().iter().filter(|rule| rule.tenant.is_some()) {
        let object = resource(rule.bad.as_deref());
        let is_refused = |gate: &Gate| {
            let mut object = object.clone();
            if !rule.as_is {
                object.object = gate.mutated(&object);
            }
            let mutation = gate.mutate(&object);
            let findings = gate.validate(&object).findings;
            findings.iter().chain(&mutation.findings).any(|finding| finding.level == Level::Error)
        };
        let good = spec(rule);
        if !is_refused(&gate_for_bad(&policies, rule)) {
            continue;
        }
        rules += 1;
        let mut places = Vec::new();
        values(&good, String::new(), &mut places);
        for place in places {
            for garbage in &garbage {
                let mut wrong = good.clone();
                let part = wrong.pointer_mut(&place).unwrap();
                match (part, garbage) {
                    // A field that is unknown here is added to those that are known.
                    (Value::Object(part), Value::Object(more)) => part.extend(more.clone()),
                    (part, garbage) => *part = garbage.clone(),
                }
                let read = readable::read(&wrong, &[], today);
                if read.unread.is_empty() {
                    continue;
                }
                tried += 1;
                let mut tenant = Tenant {
                    name: "examples".into(),
                    spec: read.spec,
                    unread: read.unread,
                    ..Tenant::default()
                };
                tenant.spec.namespaces.names = vec!["*".into()];
                let tenants = Tenants::new(vec![tenant.clone()], BTreeMap::new());
                let gate = Gate::new(tenants, policies.clone(), Unassigned::Warn);
                assert!(
                    is_refused(&gate),
                    "{} with {place} = {garbage}: {:?}",
                    rule.id,
                    tenant.unread
                );
            }
        }
    }
    assert!(rules > 20 && tried > 500, "{rules} rules, {tried} specs");
}

/// Two versions of Flinkgate write one ledger, one after the other: the older one keeps what it does
/// not know, counts what it knows, and admits nothing beyond the limits.
#[test]
fn a_ledger_survives_an_older_version_and_back() {
    let cpu = |cores: u64| {
        let cores = flinkgate::resource::quantity::Quantity::from_units(cores);
        std::iter::once(("cpu".to_owned(), cores)).collect::<flinkgate::quota::Usage>()
    };
    let request = |name: &str, cores| Request {
        object: ObjectRef::new("Pod", "prod", name),
        uid: name.into(),
        usage: cpu(cores),
        ..Request::default()
    };
    let limits = KnownLimits {
        version: 1,
        limits: flinkgate::quota::limits::Limits {
            hard: cpu(5).iter().map(|(name, amount)| (name.to_owned(), amount)).collect(),
            ..Default::default()
        },
    };
    let mut ledger = Ledger::empty();
    ledger.learn_limits(&limits);
    ledger.admit(&request("a", 2));
    let mut stored = ledger.stored();
    // The newer version adds words.
    stored.slots[0] =
        stored.slots[0].replacen("Pod/prod/a", "Pod/prod/a format=2 zone=b", 1) + " until=7";
    let (mut older, malformed) = Ledger::read_parts(&stored);
    assert_eq!(
        (malformed, older.is_counted(), older.total().get("cpu").units_ceil()),
        (None, true, 2)
    );
    older.admit(&request("b", 2));
    older.admit(&request("c", 2));
    assert_eq!(older.total().get("cpu").units_ceil(), 4, "c exceeds the limit");
    older.reconcile(&View::default(), &limits).unwrap();
    let back = older.stored();
    let of_a = back.slots.iter().find(|slot| slot.starts_with("Pod/prod/a ")).unwrap();
    for word in ["format=2", "zone=b"] {
        assert!(of_a.contains(&format!(" {word}")), "{of_a}");
    }
    assert!(of_a.ends_with(" until=7"), "{of_a}");
    assert!(line::read(of_a).is_ok());

    // Whatever is malformed, the ledger waits for a count and keeps the rest.
    for wrong in ["", "Pod/prod", "Pod/prod/x uses=cpu:1", "Pod/prod/a drawn=cpu:x", of_a.as_str()]
    {
        let mut stored = back.clone();
        stored.slots.push(wrong.to_owned());
        let (read, malformed) = Ledger::read_parts(&stored);
        assert!(malformed.is_some() && !read.is_counted(), "{wrong}");
        assert!(read.reservations() >= 2, "{wrong}");
        let mut read = read;
        assert_eq!(read.admit(&request("d", 1)), flinkgate::quota::ledger::Decision::NotCounted);
        let first = read.reconcile(&View::default(), &limits).unwrap();
        assert!(first.first && first.changed && read.is_counted());
        assert!(Ledger::read(&read.stored()).is_ok());
    }
}
