//! For any terms and constraints of a user: after mutation the pods are separated as the tenant
//! requires, and the user's values are unchanged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::quota::Usage;
use flinkgate::rego::PolicySet;
use flinkgate::resource::Resource;
use flinkgate::tenant::{FlinkTenantSpec, Tenant, Tenants};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

static POLICIES: LazyLock<Arc<PolicySet>> =
    LazyLock::new(|| Arc::new(PolicySet::built_in().unwrap()));

const ZONE: &str = "topology.kubernetes.io/zone";

fn gate(scheduling: Value) -> Gate {
    let mut spec: FlinkTenantSpec =
        serde_json::from_value(json!({"scheduling": scheduling})).unwrap();
    spec.namespaces.names = vec!["*".into()];
    let tenant = Tenant { name: "payments".into(), spec, ..Tenant::default() };
    Gate::new(Tenants::new(vec![tenant], BTreeMap::new()), POLICIES.clone(), Unassigned::Warn)
}

fn strength() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!(null)), Just(json!("Preferred")), Just(json!("Required"))]
}

fn scheduling() -> impl Strategy<Value = Value> {
    let key = prop_oneof![Just("kubernetes.io/hostname"), Just("rack")];
    (strength(), strength(), strength(), strength(), any::<bool>(), key).prop_map(|(jm, tm, zone_jm, zone_tm, by_constraint, key)| {
        json!({"antiAffinity": {"jobManager": jm, "taskManager": tm, "topologyKey": key},
            "zoneSpread": {"jobManager": zone_jm, "taskManager": zone_tm}, "spread": if by_constraint { "TopologySpread" } else { "AntiAffinity" }})
    })
}

fn key() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("kubernetes.io/hostname"), Just(ZONE), Just("rack")]
}

fn selector() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({})),
        Just(json!({"matchLabels": {"app": "etl", "component": "taskmanager"}})),
        Just(json!({"matchLabels": {"component": "jobmanager"}})),
        Just(json!({"matchLabels": {"app": "other"}})),
        Just(
            json!({"matchExpressions": [{"key": "component", "operator": "NotIn", "values": ["jobmanager"]}]})
        ),
        Just(json!({"matchExpressions": [{"key": "team", "operator": "Exists"}]})),
    ]
}

fn template() -> impl Strategy<Value = Value> {
    let term = || {
        (key(), selector())
            .prop_map(|(key, selector)| json!({"topologyKey": key, "labelSelector": selector}))
    };
    let weighted = (term(), 1..100u8)
        .prop_map(|(term, weight)| json!({"weight": weight, "podAffinityTerm": term}));
    let constraint = (key(), selector(), any::<bool>(), 1..3u8).prop_map(|(key, selector, required, skew)| {
        let when = if required { "DoNotSchedule" } else { "ScheduleAnyway" };
        json!({"maxSkew": skew, "topologyKey": key, "whenUnsatisfiable": when, "labelSelector": selector})
    });
    let lists = (
        prop::collection::vec(term(), 0..3),
        prop::collection::vec(weighted, 0..2),
        prop::collection::vec(constraint, 0..2),
    );
    (lists, any::<bool>()).prop_map(|((required, preferred, constraints), team)| {
        let mut spec = json!({});
        for (field, list) in [
            ("requiredDuringSchedulingIgnoredDuringExecution", required),
            ("preferredDuringSchedulingIgnoredDuringExecution", preferred),
        ] {
            if !list.is_empty() {
                spec["affinity"]["podAntiAffinity"][field] = list.into();
            }
        }
        if !constraints.is_empty() {
            spec["topologySpreadConstraints"] = constraints.into();
        }
        if team {
            json!({"metadata": {"labels": {"team": "a"}}, "spec": spec})
        } else {
            json!({"spec": spec})
        }
    })
}

fn deployment() -> impl Strategy<Value = Value> {
    let place = || prop::option::of(template());
    (place(), place(), place(), any::<bool>()).prop_map(|(common, job_manager, task_manager, standalone)| {
        let mut spec = json!({"flinkVersion": "v1_20", "image": "registry.example.com/flink:1.20", "serviceAccount": "flink",
            "mode": if standalone { "standalone" } else { "native" },
            "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}}, "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}},
            "job": {"jarURI": "local:///job.jar", "parallelism": 2, "upgradeMode": "stateless"}});
        for (field, template) in [("jobManager", job_manager), ("taskManager", task_manager)] {
            if let Some(template) = template {
                spec[field]["podTemplate"] = template;
            }
        }
        if let Some(common) = common {
            spec["podTemplate"] = common;
        }
        json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl", "namespace": "prod"}, "spec": spec})
    })
}

fn pod() -> impl Strategy<Value = Value> {
    (template(), prop_oneof![Just("jobmanager"), Just("taskmanager")], 0..3u8).prop_map(|(template, component, labels)| {
        let labels = match labels {
            0 => json!({"app": "etl", "component": component, "pod-template-hash": "1"}),
            1 => json!({"app.kubernetes.io/instance": "etl", "app.kubernetes.io/component": component, "team": "a"}),
            _ => json!({"run": "etl", "statefulset.kubernetes.io/pod-name": "etl-0"}),
        };
        let mut spec = template["spec"].clone();
        spec["containers"] = json!([{"name": "main", "image": "registry.example.com/flink:1.20", "args": [component]}]);
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "etl-0", "namespace": "prod", "labels": labels}, "spec": spec})
    })
}

/// Whether one value contains everything of the other, and lists start with the same elements.
fn is_kept(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => before
            .iter()
            .all(|(key, value)| after.get(key).is_some_and(|other| is_kept(value, other))),
        (Value::Array(before), Value::Array(after)) => {
            before.len() <= after.len()
                && before.iter().zip(after).all(|(before, after)| is_kept(before, after))
        }
        _ => before == after,
    }
}

fn check(object: Value, scheduling: Value) -> Result<(), TestCaseError> {
    let gate = gate(scheduling);
    let resource = Resource::from_manifest(object).unwrap();
    let stored = Resource { object: gate.mutated(&resource), ..resource.clone() };
    prop_assert!(
        is_kept(&resource.object, &stored.object),
        "{:#}\nbecame\n{:#}",
        resource.object,
        stored.object
    );
    prop_assert_eq!(gate.mutate(&stored).patch, None);
    let judgement = gate.judge(gate.case(&stored, true).unwrap(), &Usage::default());
    for finding in
        judgement.findings.iter().filter(|finding| finding.rule.starts_with("scheduling/"))
    {
        // The only exception is a constraint over zones in the place of the tenant's, which the
        // user must change.
        let in_the_way = stored.object.to_string().matches(ZONE).count() > 0;
        let required = finding.message.contains("need required");
        prop_assert!(
            finding.rule == "scheduling/zone-spread" && required && in_the_way,
            "{finding:?}\n{:#}",
            stored.object
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_flink_deployments_are_separated(object in deployment(), scheduling in scheduling()) {
        check(object, scheduling)?;
    }

    #[test]
    fn mutated_pods_are_separated(object in pod(), scheduling in scheduling()) {
        check(object, scheduling)?;
    }
}
