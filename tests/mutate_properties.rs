//! Mutation of generated objects: a second pass changes nothing, patches apply, and the user's
//! values stay.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::flink::PodSet;
use flinkgate::flink::claims::mounted_by_flink;
use flinkgate::flink::state::directories;
use flinkgate::flink::state_mount::Backing;
use flinkgate::kinds::lower;
use flinkgate::mutate::{
    Conflict, Difference, Mutation, VolumeDifference, conflicts, mutate, patch,
};
use flinkgate::resource::Resource;
use flinkgate::tenant::{FlinkTenantSpec, Spread, Spreading, ZoneSpread};
use json_patch::PatchOperation;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

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

/// The tenant with topology spread constraints, optionally over zones.
fn with_spread(
    mut tenant: FlinkTenantSpec,
    by_constraint: bool,
    zones: bool,
    required: bool,
) -> FlinkTenantSpec {
    let strength = if required { Spreading::Required } else { Spreading::Preferred };
    tenant.scheduling.spread = by_constraint.then_some(Spread::TopologySpread);
    tenant.scheduling.zone_spread = ZoneSpread {
        job_manager: zones.then_some(strength),
        task_manager: zones.then_some(strength),
    };
    tenant
}

/// The tenant with or without a read-only root file system.
fn with_root(mut tenant: FlinkTenantSpec, read_only: bool) -> FlinkTenantSpec {
    tenant.security.read_only_root_filesystem = read_only;
    tenant
}

/// The mutation of an object; its conflicts are those that are found without it.
fn run(object: &Value, tenant: &FlinkTenantSpec) -> Mutation {
    let resource = Resource::from_manifest(object.clone()).unwrap();
    let workload = lower(&resource, object).unwrap();
    let mutation = mutate(&resource, object, &workload, tenant);
    assert_eq!(conflicts(&resource, object, &workload, tenant), mutation.conflicts, "{object}");
    mutation
}

fn container() -> impl Strategy<Value = Value> {
    let name = prop_oneof![Just("flink-main-container"), Just("side"), Just("other")];
    let mount = |name: &str| json!({"name": name, "mountPath": format!("/{name}")});
    let mounts = prop::collection::vec(
        prop_oneof![
            Just(mount("a")),
            Just(mount("b")),
            Just(mount("c")),
            Just(json!({"name": "own", "mountPath": "/flink/state"})),
            Just(json!({"name": "own", "mountPath": "/data/", "subPath": "x"})),
            Just(json!({"name": "own", "mountPath": "/ro", "readOnly": true})),
            Just(
                json!({"name": "flinkgate-state", "mountPath": "/flink/state", "subPath": "prod/etl"})
            ),
        ],
        0..3,
    );
    let context = prop_oneof![
        Just(Value::Null),
        Just(json!({"runAsUser": 0})),
        Just(json!({"privileged": true})),
        Just(json!({"capabilities": {"add": ["SYS_ADMIN"], "drop": ["CHOWN", "KILL"]}})),
        Just(json!({"capabilities": {"drop": ["NET_RAW"]}, "allowPrivilegeEscalation": true})),
    ];
    (name, mounts, context).prop_map(|(name, mounts, context)| {
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
    let tolerations = prop::collection::vec(
        prop_oneof![Just(json!({"key": "flink", "operator": "Exists"})), Just(json!({"key": "x"}))],
        0..3,
    );
    let empty = |name: &str| json!({"name": name, "emptyDir": {}});
    let claim = |name: &str, claim: &str| json!({"name": name, "persistentVolumeClaim": {"claimName": claim}});
    let volumes = prop::collection::vec(
        prop_oneof![
            Just(empty("a")),
            Just(empty("b")),
            Just(empty("flinkgate-state")),
            Just(claim("own", "etl-state")),
            Just(claim("own", "state")),
            Just(claim("flinkgate-state", "etl-state")),
            Just(
                json!({"name": "own", "persistentVolumeClaim": {"claimName": "state", "readOnly": true}})
            ),
        ],
        0..3,
    );
    let pod = prop_oneof![
        Just(Value::Null),
        Just(json!({"runAsUser": 0})),
        Just(json!({"runAsUser": 1000, "fsGroup": 5})),
        Just(json!({"runAsNonRoot": false}))
    ];
    let selector = prop_oneof![
        Just(Value::Null),
        Just(json!({"pool": "other"})),
        Just(json!({"disk": "ssd"}))
    ];
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
        |(containers, inits, tolerations, mut volumes, pod, selector, (affinity, spread))| {
            // One claim per name: merging by name would combine two.
            let mut named = BTreeSet::new();
            volumes.retain(|volume| {
                volume.get("emptyDir").is_some() || named.insert(volume["name"].to_string())
            });
            let mut spec = json!({});
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
            for (key, value) in
                [("securityContext", pod), ("nodeSelector", selector), ("affinity", affinity)]
            {
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
        Just(Some(
            json!({"state.checkpoints.dir": "s3://b/c", "high-availability.type": "kubernetes"})
        )),
        Just(Some(
            json!({"execution": {"checkpointing": {"interval": "5min"}}, "kubernetes.rest-service.exposed.type": "NodePort"})
        )),
        Just(Some(
            json!({"kubernetes.persistent-volume-claims": "etl-state:/flink/state,other:/other"})
        )),
        Just(Some(
            json!({"kubernetes.persistent-volume-claims": {"etl-state": "/own", "state": "/more"}, "high-availability": "zookeeper"})
        )),
        Just(Some(
            json!({"kubernetes": {"rest-service": {"exposed": {"type": "LoadBalancer"}}}, "taskmanager.memory.process.size": "1g"})
        )),
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
    (place(), place(), place(), configuration(), prop_oneof![Just("v1_19"), Just("v2_0"), Just("v2_3")], prop::bool::ANY).prop_map(|(common, job_manager, task_manager, config, version, native)| {
        let mut spec = json!({"flinkVersion": version, "mode": if native { "native" } else { "standalone" }});
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

/// Values that mutation may replace, because the tenant's value takes precedence.
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
                let is_label = replace.path.as_str().contains("/labels/");
                let found = object.pointer(replace.path.as_str()).unwrap();
                prop_assert!(is_label || !found.is_object(), "replaces {}", replace.path);
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

/// Elements of lists that merge by name: with a name, without one, and of other types.
fn elements() -> impl Strategy<Value = Option<Value>> {
    let element = prop_oneof![
        Just(json!({"name": "flink-main-container"})),
        Just(json!({"name": "log", "image": "log:1"})),
        Just(json!({"name": "more", "image": "registry.example.com/more:1"})),
        Just(json!({"image": "log:1"})),
        Just(json!({})),
        Just(Value::Null),
        Just(json!([{"name": "flink-main-container"}])),
        Just(json!("log")),
    ];
    prop::option::of(prop::collection::vec(element, 0..4).prop_map(Value::from))
}

/// A pod template with such lists.
fn template_of_elements() -> impl Strategy<Value = Option<Value>> {
    let label = prop_oneof![
        Just(Value::Null),
        Just(json!("4711")),
        Just(json!("1")),
        Just(json!([1])),
        Just(json!({})),
        Just(json!(1)),
    ];
    let is_list = prop::bool::weighted(0.1);
    let lists = (elements(), elements(), elements(), prop::option::of(label), is_list).prop_map(
        |(containers, init, volumes, label, is_list)| {
            if is_list {
                return json!({"metadata": {"annotations": {"note": "x"}}, "spec": [[1], {"name": null}]});
            }
            let mut spec = json!({});
            let lists =
                [("containers", containers), ("initContainers", init), ("volumes", volumes)];
            for (field, list) in lists {
                if let Some(list) = list {
                    spec[field] = list;
                }
            }
            match label {
                Some(label) => {
                    json!({"metadata": {"labels": {"cost-center": label}}, "spec": spec})
                }
                None => json!({"spec": spec}),
            }
        },
    );
    prop::option::of(lists)
}

/// Custom resources whose pod templates have such lists. No API server stores most of them.
fn merged(by_name: bool) -> impl Strategy<Value = Value> {
    let place = template_of_elements;
    (place(), place(), place(), prop::bool::ANY).prop_map(move |(common, job_manager, task_manager, is_blue_green)| {
        let mut spec = json!({"flinkVersion": "v1_20",
            "flinkConfiguration": {"kubernetes.operator.pod-template.merge-arrays-by-name": by_name.to_string()}});
        if let Some(common) = common {
            spec["podTemplate"] = common;
        }
        for (role, template) in [("jobManager", job_manager), ("taskManager", task_manager)] {
            if let Some(template) = template {
                spec[role] = json!({"podTemplate": template});
            }
        }
        let kind = if is_blue_green { "FlinkBlueGreenDeployment" } else { "FlinkDeployment" };
        let spec = if is_blue_green { json!({"template": {"spec": spec}}) } else { spec };
        json!({"apiVersion": "flink.apache.org/v1beta1", "kind": kind, "metadata": {"name": "etl", "namespace": "prod"}, "spec": spec})
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_second_pass_over_templates_that_merge_by_name_changes_nothing(object in merged(true), shared: bool, read_only: bool) {
        check(&object, &with_root(tenant(shared, true), read_only))?;
    }

    #[test]
    fn a_second_pass_over_templates_that_merge_by_position_changes_nothing(object in merged(false), shared: bool, read_only: bool) {
        check(&object, &with_root(tenant(shared, true), read_only))?;
    }
}

fn is_about_volume(conflict: &Conflict) -> bool {
    matches!(conflict.difference, Difference::CheckpointVolume(_))
}

/// Whether a template of a FlinkDeployment repeats the name of a container or a volume. No API server
/// takes such a pod, and mutation completes no such template. Where the operator merges lists by name,
/// only the templates show it.
fn repeats_a_name(object: &Value) -> bool {
    let spec = &object["spec"];
    let roles = ["jobManager", "taskManager"].map(|role| &spec[role]["podTemplate"]);
    let lists = roles.into_iter().chain([&spec["podTemplate"]]).flat_map(|template| {
        ["containers", "initContainers", "volumes"].map(|list| template["spec"][list].as_array())
    });
    lists.flatten().any(|elements| {
        let mut known = BTreeSet::new();
        elements
            .iter()
            .filter_map(|element| element["name"].as_str())
            .any(|name| !known.insert(name))
    })
}

/// Whether the pods of a FlinkDeployment have volumes of one type each, no two containers or volumes of
/// one name, and no two mounts at one path. The API server refuses others.
fn is_consistent(object: &Value) -> bool {
    let resource = Resource::from_manifest(object.clone()).unwrap();
    let workload = lower(&resource, object).unwrap();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let unique = |mut all: Vec<String>| {
        all.sort();
        all.windows(2).all(|pair| pair[0] != pair[1])
    };
    workload.pods.iter().all(|set| {
        let spec = &set.template(object)["spec"];
        let volumes = list(&spec["volumes"]);
        volumes.iter().all(|volume| volume.as_object().unwrap().len() == 2)
            && unique(volumes.iter().map(|volume| volume["name"].to_string()).collect())
            && ["containers", "initContainers"].into_iter().all(|of| {
                unique(list(&spec[of]).iter().map(|one| one["name"].to_string()).collect())
            })
            && list(&spec["containers"]).iter().all(|container| {
                let own = list(&container["volumeMounts"])
                    .into_iter()
                    .map(|mount| mount["mountPath"].as_str().unwrap().to_owned());
                unique(
                    own.chain(
                        mounted_by_flink(&workload, set.role).into_iter().map(|(_, path)| path),
                    )
                    .collect(),
                )
            })
    })
}

/// The pods of a FlinkDeployment: the merged templates with the labels of its mode, and Flink's
/// additions to TaskManagers.
fn pods(object: &Value) -> Vec<Value> {
    let resource = Resource::from_manifest(object.clone()).unwrap();
    let workload = lower(&resource, object).unwrap();
    let kind = if object["spec"]["mode"] == "standalone" {
        "flink-standalone-kubernetes"
    } else {
        "flink-native-kubernetes"
    };
    let pod = |set: &PodSet| {
        let mut template = set.template(object).clone();
        template["metadata"]["labels"]["app"] = json!("etl");
        template["metadata"]["labels"]["component"] = json!(set.role.component());
        template["metadata"]["labels"]["type"] = json!(kind);
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"]});
        pod["metadata"]["namespace"] = json!("prod");
        for (claim, path) in mounted_by_flink(&workload, set.role) {
            let name = format!("{claim}-pvc");
            let add = |place: &mut Value, value: Value| match place.as_array_mut() {
                Some(list) => list.push(value),
                None => *place = json!([value]),
            };
            add(
                &mut pod["spec"]["volumes"],
                json!({"name": name, "persistentVolumeClaim": {"claimName": claim}}),
            );
            let main = pod["spec"]["containers"]
                .as_array()
                .unwrap()
                .iter()
                .position(|container| container["name"] == "flink-main-container")
                .unwrap();
            add(
                &mut pod["spec"]["containers"][main]["volumeMounts"],
                json!({"name": name, "mountPath": path}),
            );
        }
        pod
    };
    workload.pods.iter().map(pod).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, max_global_rejects: 65536, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pods_of_mutated_deployments_get_no_second_volume(object in deployment(), shared: bool) {
        prop_assume!(!repeats_a_name(&object) && is_consistent(&object));
        let tenant = tenant(shared, false);
        let mutation = run(&object, &tenant);
        prop_assume!(!mutation.conflicts.iter().any(is_about_volume));
        let after = mutation.object.unwrap_or(object);
        prop_assert!(is_consistent(&after), "{}", serde_json::to_string_pretty(&after).unwrap());
        let directory = |pod: &Value| pod["spec"]["volumes"].clone();
        for pod in pods(&after) {
            let again = run(&pod, &tenant);
            prop_assert!(!again.conflicts.iter().any(is_about_volume), "{:?}", again.conflicts);
            let changed = again.object.unwrap_or_else(|| pod.clone());
            prop_assert_eq!(directory(&changed), directory(&pod), "{}", serde_json::to_string_pretty(&pod).unwrap());
            for (index, container) in pod["spec"]["containers"].as_array().unwrap().iter().enumerate() {
                prop_assert_eq!(&changed["spec"]["containers"][index]["volumeMounts"], &container["volumeMounts"]);
            }
        }
        // If Flink's state directories point at the claim, all pods mount it there.
        let resource = Resource::from_manifest(after.clone()).unwrap();
        let workload = lower(&resource, &after).unwrap();
        for directory in directories(&workload, &after) {
            prop_assert!(directory.mounts.windows(2).all(|pair| pair[0].within == pair[1].within), "{:?}", directory.mounts);
            for mount in &directory.mounts {
                prop_assert!(matches!(mount.backing, Backing::Claim(_)), "{:?} {}", mount, serde_json::to_string_pretty(&after).unwrap());
            }
        }
    }
}

#[test]
fn minimal_flink_deployment_gets_one_common_template() {
    let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl", "namespace": "prod"}, "spec": {"flinkVersion": "v1_19"}});
    let after = run(&object, &tenant(false, true)).object.unwrap();
    assert_eq!(
        after["spec"]["podTemplate"]["spec"]["volumes"],
        json!([{"name": "flinkgate-state", "persistentVolumeClaim": {"claimName": "etl-state"}}])
    );
    assert_eq!(
        after["spec"]["podTemplate"]["spec"]["containers"][0]["volumeMounts"][0]["mountPath"],
        "/flink/state"
    );
    assert_eq!(
        after["spec"]["flinkConfiguration"]["state.checkpoints.dir"],
        "file:///flink/state/checkpoints"
    );
    assert_eq!(after["spec"]["jobManager"]["resource"], json!({"cpu": 1.0, "memory": "2048m"}));
    assert_eq!(
        after["spec"]["jobManager"]["podTemplate"]["spec"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["affinity"]
    );
}

/// The result for a FlinkDeployment with these options and this pod template: the checkpoint
/// directory, and for each role the volumes and the main container's mounts.
fn claims(
    version: &str,
    options: Value,
    template: Value,
    tenant: &FlinkTenantSpec,
) -> (Value, Vec<(Value, Value)>) {
    let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl", "namespace": "prod"},
        "spec": {"flinkVersion": version, "flinkConfiguration": options, "podTemplate": {"spec": template}}});
    let after = run(&object, tenant).object.unwrap();
    let resource = Resource::from_manifest(after.clone()).unwrap();
    let workload = lower(&resource, &after).unwrap();
    let spec = |set: &PodSet| set.template(&after)["spec"].clone();
    let pods = workload
        .pods
        .iter()
        .map(spec)
        .map(|spec| (spec["volumes"].clone(), spec["containers"][0]["volumeMounts"].clone()));
    let directory =
        if version < "v1_20" { "state.checkpoints.dir" } else { "execution.checkpointing.dir" };
    (after["spec"]["flinkConfiguration"][directory].clone(), pods.collect())
}

#[test]
fn shared_claims_are_mounted_with_cluster_folders() {
    let volumes =
        json!([{"name": "flinkgate-state", "persistentVolumeClaim": {"claimName": "state"}}]);
    let mounts =
        json!([{"name": "flinkgate-state", "mountPath": "/flink/state", "subPath": "prod/etl"}]);
    let (directory, pods) = claims("v1_19", json!({}), json!({}), &tenant(true, false));
    assert_eq!(
        (directory, pods),
        (
            json!("file:///flink/state/checkpoints"),
            vec![(volumes.clone(), mounts.clone()), (volumes, mounts)]
        )
    );
}

#[test]
fn fully_mounted_shared_claims_get_cluster_directories() {
    let volumes = json!([{"name": "mine", "persistentVolumeClaim": {"claimName": "state"}}]);
    let mounts = json!([{"name": "mine", "mountPath": "/mine"}]);
    let template = json!({"volumes": volumes, "containers": [{"name": "flink-main-container", "volumeMounts": mounts}]});
    let (directory, pods) = claims("v2_0", json!({}), template, &tenant(true, false));
    assert_eq!(directory, json!("file:///mine/prod/etl/checkpoints"));
    assert_eq!(pods, [(volumes.clone(), mounts.clone()), (volumes, mounts)]);
}

#[test]
fn job_managers_mount_the_claims_of_flink() {
    let options = json!({"kubernetes.persistent-volume-claims": "etl-state:/own"});
    let volumes =
        json!([{"name": "flinkgate-state", "persistentVolumeClaim": {"claimName": "etl-state"}}]);
    let (directory, pods) = claims("v2_3", options.clone(), json!({}), &tenant(false, false));
    let job_manager = (volumes.clone(), json!([{"name": "flinkgate-state", "mountPath": "/own"}]));
    assert_eq!(
        (directory, pods),
        (json!("file:///own/checkpoints"), vec![job_manager, (Value::Null, Value::Null)])
    );
    // An older Flink does not read the option.
    let (directory, pods) = claims("v2_2", options, json!({}), &tenant(false, false));
    let mounted = (volumes, json!([{"name": "flinkgate-state", "mountPath": "/flink/state"}]));
    assert_eq!(
        (directory, pods),
        (json!("file:///flink/state/checkpoints"), vec![mounted.clone(), mounted])
    );
}

#[test]
fn other_volumes_with_flinkgates_name_conflict() {
    let volumes = json!([{"name": "flinkgate-state", "emptyDir": {}}]);
    let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl", "namespace": "prod"},
        "spec": {"podTemplate": {"spec": {"volumes": volumes}}}});
    let mutation = run(&object, &tenant(false, true));
    let volume = VolumeDifference::Name { claim: "etl-state".into() };
    let expected = Conflict {
        pointer: "/spec/podTemplate/spec/volumes/0".into(),
        difference: Difference::CheckpointVolume(volume),
    };
    assert_eq!(mutation.conflicts, [expected]);
    assert_eq!(mutation.object.unwrap()["spec"]["podTemplate"]["spec"]["volumes"], volumes);
}

/// `upgradeMode: last-state` has a default of the operator for the interval, which is nothing that the
/// user wrote: the tenant's value is set, and nothing conflicts.
#[test]
fn last_state_jobs_get_the_tenants_checkpoint_interval() {
    for upgrade_mode in ["stateless", "savepoint", "last-state"] {
        for list in ["defaults", "enforced"] {
            let tenant: FlinkTenantSpec = serde_json::from_value(json!({
                "flink": {"configuration": {list: {"execution.checkpointing.interval": "2s"}}},
            }))
            .unwrap();
            let object = json!({
                "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
                "metadata": {"name": "etl", "namespace": "payments"},
                "spec": {"flinkVersion": "v1_20", "flinkConfiguration": {},
                    "job": {"jarURI": "local:///j.jar", "parallelism": 1, "upgradeMode": upgrade_mode}},
            });
            let mutation = run(&object, &tenant);
            let stored = mutation.object.unwrap();
            let found = &stored["spec"]["flinkConfiguration"];
            assert_eq!(found["execution.checkpointing.interval"], "2s", "{upgrade_mode} {list}");
            assert!(
                mutation.conflicts.is_empty(),
                "{upgrade_mode} {list}: {:?}",
                mutation.conflicts
            );
        }
    }
}
