//! Mutation over generated objects: a second pass changes nothing, patches apply, and what the user wrote stays.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::flink::lower;
use flinkgate::mutate::{Mutation, mutate, patch};
use flinkgate::resource::Resource;
use flinkgate::tenant::{FlinkTenantSpec, Spread, Spreading, ZoneSpread};
use json_patch::PatchOperation;
use proptest::prelude::*;
use serde_json::{Value, json};

fn tenant(shared_claim: bool, required: bool) -> FlinkTenantSpec {
    serde_json::from_value(json!({
        "security": {"podSecurity": {"level": "restricted"}},
        "scheduling": {
            "antiAffinity": {"jobManager": "Required", "taskManager": if required { "Required" } else { "Preferred" }},
            "nodeSelector": {"pool": "flink", "example.com/zone~a": "1"},
            "tolerations": [{"key": "flink", "operator": "Exists"}, {"key": "spot", "value": "yes", "effect": "NoSchedule"}],
        },
        "storage": {"checkpoints": {"volume": {"claimName": if shared_claim { "state" } else { "{cluster}-state" }}}},
        "flink": {
            "configuration": {
                "defaults": {"execution.checkpointing.interval": "60s", "taskmanager.numberOfTaskSlots": 2},
                "enforced": {"kubernetes.rest-service.exposed.type": "ClusterIP"},
            },
            "resources": {"jobManager": {"cpu": 1.0, "memory": "2048m"}, "taskManager": {"cpu": 2.0, "memory": "4096m"}},
        },
        "labels": {"cost-center": "4711"},
    }))
    .unwrap()
}

/// The tenant with pods kept apart by constraints, and spread over zones.
fn with_spread(mut tenant: FlinkTenantSpec, by_constraint: bool, zones: bool, required: bool) -> FlinkTenantSpec {
    let strength = if required { Spreading::Required } else { Spreading::Preferred };
    tenant.scheduling.spread = by_constraint.then_some(Spread::TopologySpread);
    tenant.scheduling.zone_spread = ZoneSpread { job_manager: zones.then_some(strength), task_manager: zones.then_some(strength) };
    tenant
}

/// The tenant with or without a read-only root file system.
fn with_root(mut tenant: FlinkTenantSpec, read_only: bool) -> FlinkTenantSpec {
    tenant.security.read_only_root_filesystem = read_only;
    tenant
}

fn run(object: &Value, tenant: &FlinkTenantSpec) -> Mutation {
    let resource = Resource::from_manifest(object.clone()).unwrap();
    mutate(&resource, object, &lower(&resource, object).unwrap(), tenant)
}

fn container() -> impl Strategy<Value = Value> {
    let name = prop_oneof![Just("flink-main-container"), Just("side"), Just("other")];
    let mounts = prop::collection::vec(prop_oneof![Just("a"), Just("b"), Just("c")], 0..3);
    let context = prop_oneof![
        Just(Value::Null),
        Just(json!({"runAsUser": 0})),
        Just(json!({"privileged": true})),
        Just(json!({"capabilities": {"add": ["SYS_ADMIN"], "drop": ["CHOWN", "KILL"]}})),
        Just(json!({"capabilities": {"drop": ["NET_RAW"]}, "allowPrivilegeEscalation": true})),
    ];
    (name, mounts, context).prop_map(|(name, mounts, context)| {
        let mounts: Vec<Value> = mounts.iter().map(|mount| json!({"name": mount, "mountPath": format!("/{mount}")})).collect();
        let mut container = json!({"name": name});
        if !mounts.is_empty() {
            container["volumeMounts"] = mounts.into();
        }
        if !context.is_null() {
            container["securityContext"] = context;
        }
        container
    })
}

fn template() -> impl Strategy<Value = Value> {
    let containers = || {
        prop::collection::vec(container(), 0..3).prop_map(|mut all| {
            all.dedup_by(|left, right| left["name"] == right["name"]);
            all
        })
    };
    let tolerations =
        prop::collection::vec(prop_oneof![Just(json!({"key": "flink", "operator": "Exists"})), Just(json!({"key": "x"}))], 0..3);
    let volumes = prop::collection::vec(prop_oneof![Just("a"), Just("b"), Just("flinkgate-state")], 0..3);
    let pod = prop_oneof![
        Just(Value::Null),
        Just(json!({"runAsUser": 0})),
        Just(json!({"runAsUser": 1000, "fsGroup": 5})),
        Just(json!({"runAsNonRoot": false}))
    ];
    let selector = prop_oneof![Just(Value::Null), Just(json!({"pool": "other"})), Just(json!({"disk": "ssd"}))];
    let affinity = prop_oneof![
        Just(Value::Null),
        Just(
            json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone", "labelSelector": {"matchLabels": {"a": "b"}}}]}})
        ),
    ];
    let constraint = |key: &str, when: &str, skew: u8| json!({"maxSkew": skew, "topologyKey": key, "whenUnsatisfiable": when, "labelSelector": {"matchLabels": {"app": "etl"}}});
    let spread = prop::collection::vec(
        prop_oneof![
            Just(constraint("kubernetes.io/hostname", "DoNotSchedule", 3)),
            Just(constraint("topology.kubernetes.io/zone", "ScheduleAnyway", 1)),
            Just(constraint("rack", "DoNotSchedule", 1))
        ],
        0..3,
    );
    (containers(), containers(), tolerations, volumes, pod, selector, (affinity, spread)).prop_map(
        |(containers, inits, tolerations, volumes, pod, selector, (affinity, spread))| {
            let mut spec = json!({});
            let volumes: Vec<Value> = volumes.iter().map(|name| json!({"name": name, "emptyDir": {}})).collect();
            for (key, list) in [
                ("containers", containers),
                ("initContainers", inits),
                ("tolerations", tolerations),
                ("volumes", volumes),
                ("topologySpreadConstraints", spread),
            ] {
                if !list.is_empty() {
                    spec[key] = list.into();
                }
            }
            for (key, value) in [("securityContext", pod), ("nodeSelector", selector), ("affinity", affinity)] {
                if !value.is_null() {
                    spec[key] = value;
                }
            }
            json!({"spec": spec})
        },
    )
}

fn configuration() -> impl Strategy<Value = Option<Value>> {
    let base = prop_oneof![
        Just(None),
        Just(Some(json!({}))),
        Just(Some(json!({"state.checkpoints.dir": "s3://b/c", "high-availability.type": "kubernetes"}))),
        Just(Some(json!({"execution": {"checkpointing": {"interval": "5min"}}, "kubernetes.rest-service.exposed.type": "NodePort"}))),
        Just(Some(json!({"kubernetes": {"rest-service": {"exposed": {"type": "LoadBalancer"}}}, "taskmanager.memory.process.size": "1g"}))),
    ];
    (base, any::<bool>()).prop_map(|(config, by_name)| match (config, by_name) {
        (config, false) => config,
        (config, true) => {
            let mut config = config.unwrap_or_else(|| json!({}));
            config["kubernetes.operator.pod-template.merge-arrays-by-name"] = "true".into();
            Some(config)
        }
    })
}

fn deployment() -> impl Strategy<Value = Value> {
    let place = || prop::option::of(template());
    (place(), place(), place(), configuration(), prop::bool::ANY).prop_map(|(common, job_manager, task_manager, config, old)| {
        let mut spec = json!({"flinkVersion": if old { "v1_19" } else { "v2_0" }});
        if let Some(common) = common {
            spec["podTemplate"] = common;
        }
        if let Some(template) = job_manager {
            spec["jobManager"] = json!({"podTemplate": template});
        }
        if let Some(template) = task_manager {
            spec["taskManager"] = json!({"podTemplate": template, "resource": {"cpu": 0.5}});
        }
        if let Some(config) = config {
            spec["flinkConfiguration"] = config;
        }
        json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl", "namespace": "prod"}, "spec": spec})
    })
}

fn pod() -> impl Strategy<Value = Value> {
    (template(), prop_oneof![Just("jobmanager"), Just("taskmanager"), Just("none")]).prop_map(|(template, component)| {
        let mut labels = json!({"app": "etl", "component": component, "type": "flink-native-kubernetes"});
        if component == "none" {
            labels = json!({"app": "web"});
        }
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "prod", "labels": labels}, "spec": template["spec"]})
    })
}

/// Leaves that an operation may replace: the tenant's word is law there.
fn may_replace(path: &str) -> bool {
    path.contains("nodeSelector") || path.contains("labels") || path.contains("flinkConfiguration")
}

fn check(object: &Value, tenant: &FlinkTenantSpec) -> Result<(), TestCaseError> {
    let after = run(object, tenant).object.unwrap_or_else(|| object.clone());
    let again = run(&after, tenant);
    prop_assert!(
        again.object.is_none(),
        "second pass: {}",
        serde_json::to_string_pretty(&patch(&after, again.object.as_ref().unwrap())).unwrap()
    );
    let patch = patch(object, &after);
    let mut patched = object.clone();
    json_patch::patch(&mut patched, &patch).unwrap();
    prop_assert_eq!(&patched, &after);
    for operation in &patch.0 {
        match operation {
            PatchOperation::Add(_) => {}
            PatchOperation::Replace(replace) => {
                prop_assert!(may_replace(replace.path.as_str()), "replaces {}", replace.path);
                prop_assert!(!object.pointer(replace.path.as_str()).unwrap().is_object());
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_second_pass_over_a_flink_deployment_changes_nothing(object in deployment(), shared: bool, required: bool, read_only: bool, spread: [bool; 2]) {
        check(&object, &with_root(with_spread(tenant(shared, required), spread[0], spread[1], required), read_only))?;
    }

    #[test]
    fn a_second_pass_over_a_pod_changes_nothing(object in pod(), shared: bool, required: bool, read_only: bool, spread: [bool; 2]) {
        check(&object, &with_root(with_spread(tenant(shared, required), spread[0], spread[1], required), read_only))?;
    }
}

#[test]
fn a_bare_flink_deployment_gets_one_common_template() {
    let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl", "namespace": "prod"}, "spec": {"flinkVersion": "v1_19"}});
    let after = run(&object, &tenant(false, true)).object.unwrap();
    assert_eq!(
        after["spec"]["podTemplate"]["spec"]["volumes"],
        json!([{"name": "flinkgate-state", "persistentVolumeClaim": {"claimName": "etl-state"}}])
    );
    assert_eq!(after["spec"]["podTemplate"]["spec"]["containers"][0]["volumeMounts"][0]["mountPath"], "/flink/state");
    assert_eq!(after["spec"]["flinkConfiguration"]["state.checkpoints.dir"], "file:///flink/state/checkpoints");
    assert_eq!(after["spec"]["jobManager"]["resource"], json!({"cpu": 1.0, "memory": "2048m"}));
    assert_eq!(after["spec"]["jobManager"]["podTemplate"]["spec"].as_object().unwrap().keys().collect::<Vec<_>>(), ["affinity"]);
}

#[test]
fn a_volume_of_our_name_with_other_content_is_a_conflict_and_stays() {
    let volumes = json!([{"name": "flinkgate-state", "emptyDir": {}}]);
    let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl", "namespace": "prod"},
        "spec": {"podTemplate": {"spec": {"volumes": volumes}}}});
    let mutation = run(&object, &tenant(false, true));
    let conflicts: Vec<_> = mutation.conflicts.iter().map(|conflict| (conflict.rule, conflict.pointer.as_str())).collect();
    assert_eq!(conflicts, [("storage/checkpoint-volume", "/spec/podTemplate/spec/volumes/0")]);
    assert_eq!(mutation.object.unwrap()["spec"]["podTemplate"]["spec"]["volumes"], volumes);
}
