#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::tenant::Owner;
use serde_json::{Value, json};

fn record(created: i64, spec: Value) -> Record {
    Record { created, version: 1, generation: 1, spec: spec.into(), status: Value::Null }
}

struct World {
    tenants: BTreeMap<String, Record>,
    policies: BTreeMap<String, Record>,
    namespaces: BTreeMap<String, NamespaceRecord>,
    configuration: Configuration,
}

impl World {
    fn new() -> Self {
        let claims = |names: &str| json!({"namespaces": {"names": [names]}});
        Self {
            tenants: BTreeMap::from([("payments".to_string(), record(2, claims("payments")))]),
            policies: BTreeMap::new(),
            namespaces: BTreeMap::new(),
            configuration: Configuration::new(Unassigned::Warn),
        }
    }

    fn take(&mut self, changes: Changes) {
        self.configuration
            .take(&changes, &[], &self.tenants, &self.policies, &self.namespaces)
            .unwrap();
    }

    fn gate(&self) -> Arc<Gate> {
        Arc::clone(self.configuration.gate().unwrap())
    }

    fn owner(&self, namespace: &str) -> String {
        match self.gate().tenants().owner(namespace) {
            Owner::Tenant(tenant) => tenant.name.clone(),
            _ => "nobody".into(),
        }
    }
}

fn tenants() -> Changes {
    Changes { tenants: true, ..Changes::default() }
}

#[test]
fn a_namespaces_change_compiles_and_checks_nothing_anew() {
    let mut world = World::new();
    world.tenants.insert(
        "fraud".into(),
        record(1, json!({"namespaces": {"selector": {"matchLabels": {"team": "fraud"}}}})),
    );
    world.take(Changes { tenants: true, policies: true, ..Changes::default() });
    let before = world.gate();
    assert_eq!(
        (world.owner("payments").as_str(), world.owner("x").as_str()),
        ("payments", "nobody")
    );
    let labels = BTreeMap::from([("team".to_string(), "fraud".to_string())]);
    world.namespaces.insert("x".into(), NamespaceRecord { labels, ..NamespaceRecord::default() });
    world.take(Changes { namespaces: BTreeSet::from(["x".to_string()]), ..Changes::default() });
    assert_eq!(world.owner("x"), "fraud");
    assert!(Arc::ptr_eq(before.policies(), world.gate().policies()));
    world.namespaces.clear();
    world.take(Changes { namespaces: BTreeSet::from(["x".to_string()]), ..Changes::default() });
    assert_eq!(world.owner("x"), "nobody");
    // Neither does what only changes a status.
    world.policies.clear();
    world.take(Changes { policies: true, ..tenants() });
    assert!(Arc::ptr_eq(before.policies(), world.gate().policies()));
}

#[test]
fn a_malformed_tenant_and_a_policy_that_does_not_compile_do_not_stop_the_others() {
    let mut world = World::new();
    world.tenants.insert("broken".into(), record(1, json!({"quota": {"hard": {"cpus": "1"}}})));
    world.tenants.insert(
        "user".into(),
        record(3, json!({"rules": [{"rule": "user/own", "enforcement": "Warn"}]})),
    );
    let rego = "# METADATA\n# custom: {id: user/own}\npackage own\nimport rego.v1\ndeny contains \"no\" if input.object.x\n";
    world.policies.insert("good".into(), record(1, json!({"rego": rego})));
    world.policies.insert("clash".into(), record(2, json!({"rego": rego})));
    world.policies.insert("bad".into(), record(1, json!({"rego": "package bad\nx := ]\n"})));
    world.policies.insert("odd".into(), record(1, json!({"rego": 1})));
    world.take(Changes { tenants: true, policies: true, ..Changes::default() });
    assert_eq!(world.owner("payments"), "payments");
    assert_eq!(
        world.configuration.faulty_policies().collect::<Vec<_>>(),
        ["bad", "clash", "odd"].map(|name| (name, InForce::Nothing))
    );
    assert_eq!(
        (
            world.configuration.problems_of("bad")[0].line,
            world.configuration.problems_of("bad")[0].column
        ),
        (2, 6)
    );
    assert!(world.configuration.problems_of("good").is_empty());
    let in_force = |world: &World, name: &str| world.configuration.tenants()[name].in_force;
    assert_eq!(
        ["broken", "user", "payments"].map(|name| in_force(&world, name)),
        [InForce::ReadableParts, InForce::AsStored, InForce::AsStored]
    );
    // The rule goes; the tenant that names it stays.
    world.policies.clear();
    world.take(Changes { policies: true, ..Changes::default() });
    assert_eq!(in_force(&world, "user"), InForce::AsStored);
    assert!(world.configuration.tenants()["user"].remarks.iter().all(|remark| remark.warning));
}

#[test]
fn the_older_of_two_claimants_keeps_the_namespace_and_the_newer_is_told() {
    let mut world = World::new();
    world
        .tenants
        .insert("a-newer".into(), record(3, json!({"namespaces": {"names": ["payments", "own"]}})));
    world.take(Changes { tenants: true, policies: true, ..Changes::default() });
    assert_eq!(
        (world.owner("payments").as_str(), world.owner("own").as_str()),
        ("payments", "a-newer")
    );
    assert!(world.configuration.doubles_of("payments").is_empty());
    let told = "tenants `a-newer` and `payments` both select namespace `payments`; a namespace belongs to one tenant";
    assert_eq!(world.configuration.doubles_of("a-newer"), [told]);
    world.tenants.remove("payments");
    world.take(tenants());
    assert_eq!(world.owner("payments"), "a-newer");
    assert!(world.configuration.doubles_of("a-newer").is_empty());
}
