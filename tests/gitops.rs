//! GitOps tools compare what is in Git with what the cluster stores. Argo CD merges three ways on its
//! own, or asks the API server with a dry run, as Flux always does. With `mutation: {customResources:
//! false}`, no way shows a difference; otherwise the dry run shows none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod manifests;

use flinkgate::flink::FlinkContext;
use flinkgate::flink::requester::DEFAULT_OPERATOR_USER;
use flinkgate::kinds;
use flinkgate::mutate;
use flinkgate::pipeline::configuration::{ConfigurationLookup, configuration_lookup};
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::rego::PolicySet;
use flinkgate::resource::{Operation, Resource, yaml};
use flinkgate::rules::Level;
use flinkgate::tenant::{Tenant, Tenants};
use manifests::read;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

static POLICIES: LazyLock<Arc<PolicySet>> =
    LazyLock::new(|| Arc::new(PolicySet::built_in().unwrap()));

/// A tenant that gives everything: labels, placement, a volume, options, ids, a read-only root.
fn spec(custom_resources: bool) -> Value {
    let mut spec = read("tests/data/running/tenant.yaml")["spec"].clone();
    spec["mutation"] = json!({"customResources": custom_resources});
    // The options of the custom resource alone are tried one by one.
    spec["flink"]["configuration"]["enforced"] = json!({"execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION"});
    spec
}

fn gate(spec: &Value) -> Gate {
    let mut spec = spec.clone();
    spec["namespaces"] = json!({"names": ["*"]});
    let tenant = Tenant {
        name: "payments".into(),
        spec: serde_json::from_value(spec).unwrap(),
        ..Tenant::default()
    };
    Gate::new(Tenants::new(vec![tenant], BTreeMap::new()), POLICIES.clone(), Unassigned::Warn)
}

fn asked(object: &Value, old: Option<&Value>, user: &str) -> Resource {
    let mut resource = Resource::from_manifest(object.clone()).unwrap();
    resource.user.username = user.into();
    if let Some(old) = old {
        resource.operation = Operation::Update;
        resource.old_object = Some(old.clone());
    }
    resource
}

/// What the API server stores after mutation.
fn stored(gate: &Gate, resource: &Resource) -> Value {
    let mut object = resource.object.clone();
    if let Some(patch) = gate.mutate(resource).patch {
        json_patch::patch(&mut object, &patch).unwrap();
    }
    object
}

/// The custom resources of the examples and of every kind, and one with lists in its templates.
fn custom_resources() -> Vec<Value> {
    let mut found = vec![with_lists()];
    let folders = ["examples/manifests", "tests/data/kinds"];
    for file in folders.into_iter().flat_map(|folder| manifests::files(folder, "yaml")) {
        let text = std::fs::read_to_string(&file).unwrap();
        found.extend(yaml::parse(&text).into_iter().filter_map(|document| document.value));
    }
    found.retain(|object| {
        let resource = Resource::from_manifest(object.clone());
        resource.is_ok_and(|resource| {
            kinds::of(&resource.kind).is_some_and(|row| row.origin == kinds::Origin::Operator)
        })
    });
    assert!(found.len() > 6);
    found
}

fn with_lists() -> Value {
    let mut object = read("tests/data/running/manifest.yaml");
    object["spec"]["podTemplate"] = json!({"spec": {
    "tolerations": [{"key": "own", "operator": "Exists"}],
    "volumes": [{"name": "z", "emptyDir": {}}, {"name": "a", "emptyDir": {}}],
    "initContainers": [{"name": "wait", "image": "registry.example.com/wait:1"}],
    "containers": [
        {"name": "logs", "image": "registry.example.com/logs:1"},
        {"name": "flink-main-container", "volumeMounts": [{"name": "z", "mountPath": "/z"}, {"name": "a", "mountPath": "/a"}]}
    ]}});
    object
}

/// Argo CD's default: the difference between what was applied last and what is in Git is put over what
/// the cluster has, as a JSON merge patch, because the kinds are no types that it knows. A list is one
/// value there.
fn drifts_for_argo(last_applied: &Value, desired: &Value, live: &Value) -> bool {
    let mut predicted = live.clone();
    three_way(last_applied, desired, &mut predicted);
    predicted != *live
}

fn three_way(last: &Value, desired: &Value, live: &mut Value) {
    let (Value::Object(desired), Value::Object(fields)) = (desired, &mut *live) else {
        *live = desired.clone();
        return;
    };
    for name in last.as_object().into_iter().flatten().map(|(name, _)| name) {
        if !desired.contains_key(name) {
            fields.remove(name);
        }
    }
    for (name, value) in desired {
        three_way(&last[name], value, fields.entry(name).or_insert(Value::Null));
    }
}

/// A server-side apply of what is in Git, by the manager that applied it before: lists of these kinds
/// are atomic, and what others own stays.
fn applied(desired: &Value, live: &Value) -> Value {
    let mut merged = live.clone();
    three_way(&Value::Null, desired, &mut merged);
    merged
}

/// Flux, and Argo CD with `ServerSideDiff=true,IncludeMutationWebhook=true`: what a dry run would store is
/// compared with what is stored.
fn drifts_for_flux(gate: &Gate, desired: &Value, live: &Value) -> bool {
    let request =
        asked(&applied(desired, live), Some(live), "system:serviceaccount:flux-system:flux");
    stored(gate, &request) != *live
}

#[test]
fn nothing_drifts_where_custom_resources_are_only_checked() {
    let gate = gate(&spec(false));
    for object in custom_resources() {
        let live = stored(&gate, &asked(&object, None, "argocd"));
        let name = format!("{} {}", object["kind"], object["metadata"]["name"]);
        assert_eq!(live, object, "{name}");
        assert!(!drifts_for_argo(&object, &object, &live), "{name}");
        assert!(!drifts_for_flux(&gate, &object, &live), "{name}");
    }
}

#[test]
fn dry_runs_show_no_drift_in_completed_resources() {
    let gate = gate(&spec(true));
    let (mut drifting, mut changed) = (0, 0);
    for object in custom_resources() {
        let live = stored(&gate, &asked(&object, None, "flux"));
        let name = format!("{} {}", object["kind"], object["metadata"]["name"]);
        assert!(!drifts_for_flux(&gate, &object, &live), "{name}");
        // A merge without the webhook would take a volume out of the user's list.
        drifting += usize::from(drifts_for_argo(&object, &object, &live));
        changed += usize::from(live != object);
        // Nor does a change that somebody made by hand go unnoticed.
        let mut edited = live.clone();
        edited["spec"]["image"] = "registry.example.com/other:1".into();
        if object["spec"].get("image").is_some() {
            assert!(drifts_for_argo(&object, &object, &edited), "{name}");
        }
    }
    assert!(drifting >= 2 && changed > drifting, "{drifting} of {changed}");
}

/// Whether all that a list or object says is at the same place in another one.
fn is_kept(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => before
            .iter()
            .all(|(name, value)| after.get(name).is_some_and(|after| is_kept(value, after))),
        (Value::Array(before), Value::Array(after)) => {
            before.len() <= after.len()
                && before.iter().zip(after).all(|(before, after)| is_kept(before, after))
        }
        (before, after) => before == after,
    }
}

#[test]
fn lists_keep_what_users_wrote_where_they_wrote_it() {
    let gate = gate(&spec(true));
    for object in custom_resources() {
        let live = stored(&gate, &asked(&object, None, "alice"));
        assert!(is_kept(&object, &live), "{object:#}\n{live:#}");
        let patch = gate.mutate(&asked(&object, None, "alice")).patch;
        let patch = serde_json::to_value(patch).unwrap();
        for operation in patch.as_array().into_iter().flatten() {
            assert_eq!(operation["op"], "add", "{operation}");
        }
    }
}

/// The errors of the validating webhook: rules and places.
fn errors(gate: &Gate, resource: &Resource) -> Vec<String> {
    let findings = gate.validate(resource).findings.into_iter();
    let errors = findings.filter(|finding| finding.level == Level::Error);
    errors.map(|error| format!("{} {}", error.rule, error.pointer)).collect()
}

fn deployment(options: Value) -> Value {
    json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": "etl", "namespace": "prod"},
        "spec": {"flinkVersion": "v1_20", "image": "registry.example.com/flink:1.20", "serviceAccount": "flink",
            "flinkConfiguration": options,
            "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}},
            "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}},
            "job": {"jarURI": "local:///opt/flink/usrlib/etl.jar", "parallelism": 2, "upgradeMode": "stateless"}}})
}

/// A tenant with these enforced options whose custom resources are only checked.
fn enforcing(enforced: Value) -> Gate {
    gate(&json!({"mutation": {"customResources": false}, "labels": {"team": "a"},
        "flink": {"configuration": {"enforced": enforced,
            "defaults": {"execution.checkpointing.interval": "60s", "taskmanager.memory.process.size": "9g"}}}}))
}

#[test]
fn only_options_that_the_file_cannot_carry_are_demanded() {
    let place = "flink/enforced-option /spec/flinkConfiguration";
    for (key, value, is_demanded) in [
        ("state.backend.type", "rocksdb", false),
        ("restart-strategy.type", "exponential-delay", false),
        ("kubernetes.rest-service.exposed.type", "ClusterIP", true),
        ("kubernetes.operator.savepoint.history.max.count", "3", true),
        ("high-availability.type", "kubernetes", true),
        ("taskmanager.numberOfTaskSlots", "2", true),
        ("security.ssl.internal.enabled", "false", true),
        ("jobmanager.scheduler", "adaptive", true),
        ("taskmanager.network.memory.buffers-per-channel", "4", true),
        ("taskmanager.network.netty.server.numThreads", "2", false),
        ("execution.checkpointing.timeout", "30min", true),
        ("execution.checkpointing.interval", "90s", false),
        // The operator writes these itself.
        ("pipeline.name", "etl-of-prod", true),
        ("web.cancel.enable", "true", true),
        ("web.cancel.enable", "false", false),
        (
            "execution.checkpointing.externalized-checkpoint-retention",
            "RETAIN_ON_CANCELLATION",
            false,
        ),
        (
            "execution.checkpointing.externalized-checkpoint-retention",
            "DELETE_ON_CANCELLATION",
            true,
        ),
    ] {
        let gate = enforcing(json!({ key: value }));
        let of = |options: Value, old: Option<&Value>| {
            let found = errors(&gate, &asked(&deployment(options), old, "alice"));
            found
                .into_iter()
                .filter(|error| error.starts_with("flink/enforced"))
                .collect::<Vec<_>>()
        };
        let missing = of(json!({}), None);
        assert_eq!(!missing.is_empty(), is_demanded, "{key}: {missing:?}");
        assert!(missing.iter().all(|error| error.starts_with(place)), "{missing:?}");
        assert_eq!(of(json!({ key: value }), None), [""; 0], "{key}");
        assert_eq!(of(json!({ key: "other" }), None).len(), 1, "{key}");
        // Removing an option that nothing gives would be the next finding.
        let other = asked(&deployment(json!({ key: "other" })), None, "alice");
        let found = gate.validate(&other).findings.into_iter();
        let mut found = found.filter(|finding| finding.rule == "flink/enforced-option");
        let help = found.next().and_then(|finding| finding.help).unwrap_or_default();
        assert_eq!(help.starts_with("set "), is_demanded, "{key}: {help}");
    }
}

/// The operator writes five minutes for such jobs, and needs to know of their checkpoints.
#[test]
fn jobs_upgraded_by_last_state_set_what_the_operator_reads() {
    let gate = enforcing(json!({"execution.checkpointing.interval": "60s",
        "execution.checkpointing.dir": "s3://checkpoints/etl"}));
    let of = |mode: &str, options: Value| {
        let mut object = deployment(options);
        object["spec"]["job"]["upgradeMode"] = json!(mode);
        errors(&gate, &asked(&object, None, "alice"))
            .into_iter()
            .filter(|error| error.starts_with("flink/enforced"))
            .count()
    };
    assert_eq!(of("stateless", json!({"state.checkpoints.dir": "s3://checkpoints/etl"})), 0);
    assert_eq!(of("last-state", json!({"state.checkpoints.dir": "s3://checkpoints/etl"})), 1);
    assert_eq!(of("last-state", json!({"execution.checkpointing.interval": "60s"})), 1);
    let both = json!({"execution.checkpointing.interval": "60s",
        "execution.checkpointing.dir": "s3://checkpoints/etl"});
    assert_eq!(of("last-state", both), 0);
}

#[test]
fn what_other_operators_and_session_jobs_lack_is_demanded() {
    let gate = enforcing(json!({"execution.checkpointing.interval": "60s"}));
    for object in custom_resources() {
        let resource = asked(&object, None, "alice");
        assert_eq!(gate.mutate(&resource).patch, None);
        let demanded =
            errors(&gate, &resource).iter().any(|error| error.starts_with("flink/enforced"));
        let kind = object["kind"].as_str().unwrap();
        let expected = ["FlinkCluster", "FlinkApplication", "FlinkSessionJob"].contains(&kind);
        assert_eq!(demanded, expected, "{kind}: {:?}", errors(&gate, &resource));
    }
}

fn config_map(text: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "flink-config-etl", "namespace": "prod"}, "data": {"flink-conf.yaml": text}})
}

#[test]
fn the_operators_file_gets_what_its_custom_resource_need_not_have() {
    let gate = enforcing(json!({"state.backend.type": "rocksdb", "kubernetes.namespace": "prod"}));
    // The operator writes options that a user may not.
    let text =
        "kubernetes.internal.jobmanager.entrypoint.class: x\n$internal.flink.version: v1_20\n";
    let request = asked(&config_map(text), None, DEFAULT_OPERATOR_USER);
    let after = stored(&gate, &request);
    assert_eq!(
        after["data"]["flink-conf.yaml"],
        format!("{text}state.backend.type: rocksdb\nexecution.checkpointing.interval: 60s\n")
    );
    assert_eq!(errors(&gate, &asked(&after, None, DEFAULT_OPERATOR_USER)), [""; 0]);
    // Validation relies on nothing that mutation did.
    assert_eq!(errors(&gate, &request), ["flink/enforced-option /data/flink-conf.yaml"]);
    let other = config_map("state.backend.type: hashmap\n");
    assert_eq!(errors(&gate, &asked(&other, None, DEFAULT_OPERATOR_USER)).len(), 1);
    // Elsewhere the operator's file follows from a completed resource.
    let spec = json!({"flink": {"configuration": {"enforced": {"state.backend.type": "rocksdb"}}}});
    assert_eq!(self::gate(&spec).mutate(&request).patch, None);
}

#[test]
fn files_of_users_are_only_checked_too() {
    let gate = enforcing(json!({"state.backend.type": "rocksdb"}));
    let lacking = asked(&config_map("parallelism.default: 1\n"), None, "alice");
    assert_eq!(gate.mutate(&lacking).patch, None);
    assert_eq!(errors(&gate, &lacking), ["flink/enforced-option /data/flink-conf.yaml"]);
    let whole = asked(&config_map("state.backend.type: rocksdb\n"), None, "alice");
    assert_eq!((gate.mutate(&whole).patch, errors(&gate, &whole)), (None, Vec::new()));
}

#[test]
fn pods_get_the_rest_and_are_held_to_it() {
    let gate = enforcing(json!({"state.backend.type": "rocksdb"}));
    let pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "etl-1", "namespace": "prod", "labels": {"app": "etl", "component": "jobmanager", "type": "flink-native-kubernetes"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "etl", "uid": "u", "controller": true}]},
        "spec": {"serviceAccountName": "flink",
            "volumes": [{"name": "conf", "configMap": {"name": "flink-config-etl"}}],
            "containers": [{"name": "flink-main-container", "image": "registry.example.com/flink:1.20",
                "args": ["bash", "-c", "kubernetes-jobmanager.sh kubernetes-application"],
                "volumeMounts": [{"name": "conf", "mountPath": "/opt/flink/conf"}]}]}});
    let controller = "system:serviceaccount:kube-system:replicaset-controller";
    let request = asked(&pod, None, controller);
    let lookup = configuration_lookup(&gate, &request);
    let Some(ConfigurationLookup::ConfigMaps(keys)) = lookup else { panic!("{lookup:?}") };
    for (text, refused) in [("state.backend.type: rocksdb\n", 0), ("a.b: 1\n", 1)] {
        let mut context = FlinkContext::default();
        for (name, keys) in &keys {
            context.configuration_mut().add_keys("prod", name, &config_map(text), keys);
        }
        let gate = gate.with_context(Arc::new(context));
        let after = stored(&gate, &request);
        assert_eq!(after["metadata"]["labels"]["team"], "a");
        assert_eq!(after["spec"]["containers"][0]["securityContext"]["runAsUser"], 9999);
        let found = errors(&gate, &asked(&after, None, controller));
        let of_options = found.iter().filter(|error| error.starts_with("flink/enforced")).count();
        assert_eq!(of_options, refused, "{text}: {found:?}");
        // What mutation guarantees, validation verifies here.
        assert!(errors(&gate, &request).iter().any(|error| error.starts_with("tenancy/label")));
    }
}

#[test]
fn early_refusals_and_charges_are_the_same() {
    let mut object = deployment(json!({}));
    object["spec"]["podTemplate"] = json!({"spec": {"hostNetwork": true, "containers": []}});
    for custom_resources in [true, false] {
        let gate = gate(&spec(custom_resources));
        let request = asked(&object, None, "alice");
        let found = errors(&gate, &asked(&stored(&gate, &request), None, "alice"));
        assert!(
            found.iter().any(|error| error.starts_with("security/host-namespaces")),
            "{found:?}"
        );
        // The claim counts with the cluster that will mount it.
        let tenant = serde_json::from_value(spec(custom_resources)).unwrap();
        let workload = kinds::lower(&request, &request.object).unwrap();
        let claim = mutate::state_claim(&request, &request.object, &workload, &tenant);
        assert_eq!(claim.is_some(), !custom_resources);
    }
    let usage = |custom_resources| {
        let mut spec = spec(custom_resources);
        spec["quota"] =
            json!({"hard": {"cpu": "100", "memory": "1Ti", "storage": "1Ti", "pods": 100}});
        let gate = gate(&spec);
        let plain = asked(&deployment(json!({})), None, "alice");
        let after = asked(&stored(&gate, &plain), None, "alice");
        gate.lower(&after, false).unwrap().usage().clone()
    };
    assert_eq!(usage(true), usage(false));
}

#[test]
fn a_scaled_cluster_need_not_get_options_first() {
    let gate = enforcing(json!({"kubernetes.rest-service.exposed.type": "ClusterIP"}));
    let mut old = deployment(json!({}));
    old["spec"]["mode"] = "standalone".into();
    old["spec"]["job"]["jarURI"] = "local:///opt/flink/job.jar".into();
    old["spec"]["taskManager"]["replicas"] = 4.into();
    let mut new = old.clone();
    new["spec"]["taskManager"]["replicas"] = 2.into();
    let mut request = asked(&new, Some(&old), "alice");
    assert!(!errors(&gate, &request).is_empty());
    request.of.group = "flink.apache.org".into();
    request.of.resource = "flinkdeployments".into();
    assert_eq!(errors(&gate, &request), [""; 0]);
}
