#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::cluster::controllers::tenants::operator_config;
use crate::resource::Resource;
use crate::tenant::Owner;
use serde_json::{Value, json};

fn record(created: i64, spec: Value) -> Record {
    Record { created, version: 1, generation: 1, spec: spec.into(), ..Record::default() }
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

    /// The rules that refuse a Pod with this number, in a namespace of the tenant.
    fn refuses(&self, x: u64) -> Vec<String> {
        let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "payments"}, "x": x,
            "spec": {"containers": [{"name": "a", "image": "a:1"}]}});
        let answer = self.gate().validate(&Resource::from_manifest(object).unwrap());
        let rules = answer.findings.into_iter().map(|finding| finding.rule.into_owned());
        rules.filter(|rule| rule.starts_with("user/")).collect()
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
    assert!(world.configuration.tenants()["user"].remarks.iter().all(|remark| remark.is_usable()));
}

/// An earlier version admitted it: what runs stays as it is, and the status says what is wrong.
#[test]
fn a_stored_tenant_that_is_refused_now_stays_in_force() {
    let mut world = World::new();
    let spec = json!({
        "namespaces": {"names": ["payments"]},
        "labels": {"team": "a b"},
        "scheduling": {"tolerations": [{"key": "flink", "operator": "In"}]},
        "storage": {"checkpoints": {"locations": ["s3://"]}},
        "flink": {"configuration": {"defaults": {"parallelism.default": "many"}}},
    });
    world.tenants.insert("payments".into(), record(2, spec.clone()));
    world.take(Changes { tenants: true, policies: true, ..Changes::default() });
    assert_eq!(world.owner("payments"), "payments");
    let checked = &world.configuration.tenants()["payments"];
    assert_eq!(checked.in_force, InForce::AsStored);
    assert_eq!(json!(checked.tenant.spec), spec);
    let places: Vec<&str> = checked.remarks.iter().map(|remark| remark.pointer.as_str()).collect();
    assert_eq!(
        places,
        [
            "/spec/labels/team",
            "/spec/scheduling/tolerations/0/operator",
            "/spec/storage/checkpoints/locations/0",
            "/spec/flink/configuration/defaults/parallelism.default",
        ]
    );
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

fn policies() -> Changes {
    Changes { policies: true, ..Changes::default() }
}

fn rule(id: &str, condition: &str) -> String {
    let package = id.replace('/', "_");
    format!(
        "# METADATA\n# custom: {{id: {id}}}\npackage {package}\nimport rego.v1\ndeny contains \"no\" if {condition}\n"
    )
}

#[test]
fn a_deleted_library_leaves_rules_that_use_it_in_force() {
    let mut world = World::new();
    let library = "package library\nimport rego.v1\nis_bad(x) if x == 1\n";
    world.policies.insert("library".into(), record(1, json!({"rego": library})));
    let own = rule("user/own", "data.library.is_bad(input.object.x)");
    world.policies.insert("own".into(), record(2, json!({"rego": own})));
    world.take(policies());
    assert_eq!(world.configuration.faulty_policies().count(), 0);
    assert_eq!(world.refuses(7), [""; 0]);
    assert_eq!(world.refuses(1), ["user/own"]);
    let stored = world.policies.clone();
    world.policies.remove("library");
    for _ in 0..2 {
        world.take(policies());
        assert_eq!(world.refuses(1), ["user/own"]);
        let faulty: Vec<_> = world.configuration.faulty_policies().collect();
        assert_eq!(faulty, [("own", InForce::LastValid)]);
        // Something else changes.
        world.policies.insert(
            "more".into(),
            record(3, json!({"rego": rule("user/more", "input.object.x == 2")})),
        );
    }
    assert_eq!(world.refuses(2), ["user/more"]);
    // A library that changes instead stays as it was.
    world.policies = stored;
    world.take(policies());
    assert_eq!(world.configuration.faulty_policies().count(), 0);
    let other = "package library\nimport rego.v1\nis_good(x) if x == 1\n";
    world.policies.insert("library".into(), record(1, json!({"rego": other})));
    world.take(policies());
    assert_eq!(world.refuses(1), ["user/own"]);
    let faulty: Vec<_> = world.configuration.faulty_policies().collect();
    assert_eq!(faulty, [("library", InForce::LastValid), ("own", InForce::LastValid)]);
    world.policies.remove("own");
    world.take(policies());
    assert_eq!(world.configuration.faulty_policies().count(), 0);
    world.policies.remove("library");
    world.take(policies());
    assert_eq!(world.refuses(1), [""; 0]);
}

/// A rule of which the text, or another field, cannot be read.
#[test]
fn a_policy_that_cannot_be_read_keeps_its_last_version_or_its_parts() {
    let own = rule("user/own", "input.object.x == 1");
    let good = json!({"rego": own, "match": {"namespaces": ["other"]}});
    let cases = [
        (json!({"rego": "package own\nx := ]\n"}), InForce::LastValid, InForce::Nothing),
        (json!({"rego": 7}), InForce::LastValid, InForce::Nothing),
        (json!({"rego": own, "future": true}), InForce::LastValid, InForce::ReadableParts),
        (
            json!({"rego": own, "match": {"namespaces": ["a*b"]}}),
            InForce::LastValid,
            InForce::ReadableParts,
        ),
        (
            json!({"rego": own, "match": "all", "enforcement": "Suggest"}),
            InForce::LastValid,
            InForce::ReadableParts,
        ),
    ];
    for (wrong, after_good, from_start) in cases {
        let mut world = World::new();
        world.policies.insert("own".into(), record(1, wrong.clone()));
        world.take(policies());
        assert_eq!(world.configuration.policy_in_force("own"), from_start, "{wrong}");
        // What can be read holds everywhere.
        let found: &[&str] = if from_start == InForce::Nothing { &[] } else { &["user/own"] };
        assert_eq!(world.refuses(1), found, "{wrong}");
        world.policies.insert("own".into(), record(1, good.clone()));
        world.take(policies());
        assert_eq!(world.configuration.policy_in_force("own"), InForce::AsStored);
        world.policies.insert("own".into(), record(1, wrong.clone()));
        world.take(policies());
        assert_eq!(world.configuration.policy_in_force("own"), after_good, "{wrong}");
        assert_eq!(world.refuses(1), [""; 0], "the match of the last version holds: {wrong}");
        // Created again, it is another one.
        world.policies.insert("own".into(), record(2, wrong.clone()));
        world.take(policies());
        assert_eq!(world.configuration.policy_in_force("own"), from_start, "{wrong}");
    }
}

/// The last valid version of a tenant stays, with the namespaces that can be read of the new one.
#[test]
fn a_tenant_that_cannot_be_read_keeps_its_last_version() {
    let mut world = World::new();
    let good = json!({"namespaces": {"names": ["payments"]}, "quota": {"hard": {"cpu": "4"}}});
    let wrong = json!({"namespaces": {"names": ["new", 7]}, "quota": {"hard": {"cpu": "lots"}}, "labels": []});
    world.tenants.insert("payments".into(), record(2, good));
    world.take(tenants());
    world.tenants.insert("payments".into(), Record { version: 9, ..record(2, wrong.clone()) });
    world.take(tenants());
    let checked = &world.configuration.tenants()["payments"];
    assert_eq!((checked.in_force, checked.tenant.version), (InForce::LastValid, 1));
    assert_eq!(world.gate().limits_of("payments").unwrap().limits.hard["cpu"].units_ceil(), 4);
    assert_eq!(
        ["payments", "new", "other"].map(|name| world.owner(name)),
        ["payments", "payments", "nobody"]
    );
    // A change of other objects does not lose it.
    world.tenants.insert("other".into(), record(3, json!({})));
    world.take(tenants());
    assert_eq!(world.configuration.tenants()["payments"].in_force, InForce::LastValid);
    // Another process, and another tenant of the same name, have only the readable parts. Where the
    // namespaces cannot be read, the label of a Namespace names its last owner.
    world.tenants.insert("payments".into(), record(4, wrong));
    for (namespace, tenant) in
        [("payments", Some("payments")), ("unlabelled", None), ("other", Some("other"))]
    {
        let tenant = tenant.map(str::to_owned);
        world
            .namespaces
            .insert(namespace.into(), NamespaceRecord { tenant, ..NamespaceRecord::default() });
    }
    world.take(Changes { namespaces: world.namespaces.keys().cloned().collect(), ..tenants() });
    let checked = &world.configuration.tenants()["payments"];
    assert_eq!(checked.in_force, InForce::ReadableParts);
    assert_eq!(world.gate().limits_of("payments").unwrap().limits.hard["cpu"].units_ceil(), 0);
    assert_eq!(["payments", "new"].map(|name| world.owner(name)), ["payments", "payments"]);
    for namespace in ["unlabelled", "other"] {
        let owner = world.gate().tenants().owner(namespace);
        assert!(matches!(&owner, Owner::Unread(names) if *names == ["payments"]), "{owner:?}");
    }
}

/// The Flink operator's ConfigMap: its last valid version stays; a process that has seen none reads
/// the lines that it can.
#[test]
fn an_unreadable_config_map_of_the_operator_keeps_its_last_version_or_its_parts() {
    let config = |text: &str| {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"config.yaml": text}});
        operator_config::read(&serde_json::from_value(object).unwrap())
    };
    let good = config("taskmanager:\n  numberOfTaskSlots: 4\n");
    let wrong = config("taskmanager.numberOfTaskSlots: 2\nx: [\n  y: 1\n");
    let slots = |configuration: &Configuration| {
        let defaults = configuration.context.operator_defaults("a", None);
        defaults.get("taskmanager.numberOfTaskSlots").map(str::to_owned)
    };
    let mut configuration = Configuration::new(Unassigned::Warn);
    for (read, in_force, expected) in [
        (Some(&wrong), InForce::ReadableParts, Some("2")),
        (Some(&wrong), InForce::ReadableParts, Some("2")),
        (Some(&good), InForce::AsStored, Some("4")),
        (Some(&wrong), InForce::LastValid, Some("4")),
        (Some(&wrong), InForce::LastValid, Some("4")),
        (None, InForce::Nothing, None),
        (Some(&wrong), InForce::ReadableParts, Some("2")),
    ] {
        let taken = configuration.take_operator(read);
        assert_eq!(taken.is_err(), read.is_some_and(Result::is_err));
        assert_eq!(configuration.operator_in_force(), in_force);
        assert_eq!(slots(&configuration).as_deref(), expected);
    }
}
