//! Random objects, tenants, skips and changes after mutation: what `/validate` admits alone has
//! everything that its tenant enforces.

use crate::guarantees::{SKIPS, refusals, write_skip};
use crate::objects::{UserEdits, bases};
use crate::seeded::Seeded;
use crate::tenants::TenantFields;
use flinkgate::flink::claims::{claim_for, is_claim_of, mounted_by_flink};
use flinkgate::flink::options::is_read_by_operator;
use flinkgate::flink::{Engine, PodSet, Role, Workload};
use flinkgate::kinds::{Completed, lower_with_context, of};
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::rego::PolicySet;
use flinkgate::resource::Operation;
use flinkgate::tenant::{FlinkTenantSpec, Tenant, Tenants};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What of an object its tenant enforces: of each set of pods and of the configuration.
fn enforced(workload: &Workload, object: &Value, spec: &FlinkTenantSpec) -> Vec<String> {
    let mut lacks = Vec::new();
    // The pods of other operators' clusters are completed as they are created.
    let is_other = matches!(workload.engine, Engine::Spotify | Engine::Lyft);
    for set in workload.pods.iter().filter(|_| !is_other) {
        let template = set.template(object);
        for (map, wanted) in [
            ("/metadata/labels", &spec.labels),
            ("/spec/nodeSelector", &spec.scheduling.node_selector),
        ] {
            for (key, value) in wanted {
                let found =
                    template.pointer(map).and_then(|map| map.get(key)).and_then(Value::as_str);
                if found != Some(value) {
                    lacks.push(format!("{map} {key} is {found:?}"));
                }
            }
        }
        let is_flink = matches!(set.role, Role::JobManager | Role::TaskManager);
        if !is_flink {
            continue;
        }
        if let Some(volume) = &spec.storage.checkpoints.volume
            && workload.is_flink()
            && !workload.cluster.is_empty()
            && !is_without_containers(set, template)
            && !mounts(workload, set, object, &volume.claim_name)
        {
            lacks.push(format!("claim {}", claim_for(&volume.claim_name, &workload.cluster)));
        }
        let main = set
            .main_container
            .and_then(|main| template.pointer(&format!("/spec/containers/{main}")));
        let root = main.and_then(|main| main.pointer("/securityContext/readOnlyRootFilesystem"));
        if spec.security.read_only_root_filesystem
            && template.pointer("/spec/os/name") != Some(&json!("windows"))
            && root.is_some_and(|root| *root != true && !root.is_null())
        {
            lacks.push("a read-only root".into());
        }
    }
    if workload.declares_cluster {
        for (key, value) in &spec.flink.configuration.enforced {
            if is_other && is_read_by_operator(key) {
                continue;
            }
            let found = workload.config.get(key);
            if found != Some(value.text().as_str()) {
                lacks.push(format!("{key} is {found:?}"));
            }
        }
    }
    lacks
}

/// The API server refuses a pod without containers.
fn is_without_containers(set: &PodSet, template: &Value) -> bool {
    let containers = template.pointer("/spec/containers").and_then(Value::as_array);
    set.path().is_empty() && containers.is_none_or(Vec::is_empty)
}

/// Whether Flink's container in these pods mounts the cluster's claim.
fn mounts(workload: &Workload, set: &PodSet, object: &Value, pattern: &str) -> bool {
    let is_own = |claim: &str| is_claim_of(pattern, &workload.cluster, claim);
    let template = set.template(object);
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let own: BTreeSet<String> = list(template.pointer("/spec/volumes"))
        .iter()
        .filter(|volume| {
            volume
                .pointer("/persistentVolumeClaim/claimName")
                .and_then(Value::as_str)
                .is_some_and(is_own)
        })
        .map(|volume| volume["name"].to_string())
        .collect();
    let main = set.main_container.unwrap_or(usize::MAX);
    list(template.pointer(&format!("/spec/containers/{main}/volumeMounts")))
        .iter()
        .any(|mount| own.contains(&mount["name"].to_string()))
        || mounted_by_flink(workload, set.role).iter().any(|(claim, _)| is_own(claim))
        // Flink gives the volume of its own option this name.
        || own.iter().any(|name| name.ends_with("-pvc\""))
}

/// What another webhook, or a user without mutation, may leave.
fn tamper(object: &mut Value, dice: &mut Seeded) {
    let base = match object["kind"].as_str() {
        Some("Pod") => "",
        Some("FlinkDeployment") => {
            ["/spec/podTemplate", "/spec/jobManager/podTemplate", "/spec/taskManager/podTemplate"]
                [dice.below(3)]
        }
        _ => "/spec/template/spec/podTemplate",
    };
    let place = [
        "/metadata/labels",
        "/spec/nodeSelector",
        "/spec/volumes",
        "/spec/containers/0/volumeMounts",
        "/spec/containers/0/securityContext",
        "/spec/containers",
        "/spec/affinity",
        "/metadata",
    ][dice.below(8)];
    let values = [
        json!(null),
        json!({}),
        json!([]),
        json!({"cost-center": "1", "pool": "x", "team": "z"}),
        json!({"readOnlyRootFilesystem": false}),
    ];
    if let Some(value) = object
        .pointer_mut(&format!("{base}{place}"))
        .filter(|_| !(base.is_empty() && place == "/metadata"))
    {
        *value = values[dice.below(values.len())].clone();
    }
    if dice.below(4) == 0
        && let Some(options) = ["flinkConfiguration", "flinkProperties", "flinkConfig"]
            .into_iter()
            .find(|field| object["spec"][field].is_object())
            .and_then(|field| object["spec"][field].as_object_mut())
    {
        let keys: Vec<String> = options.keys().cloned().collect();
        if !keys.is_empty() {
            options.remove(&keys[dice.below(keys.len())]);
        }
    }
}

#[test]
fn what_validation_admits_alone_has_everything_enforced() {
    let (fields, edits) = (TenantFields::load(), UserEdits::load());
    let policies = Arc::new(PolicySet::built_in().unwrap());
    let mut bases = bases();
    bases.retain(|(_, resource)| {
        let completed = of(&resource.kind).map(|kind| kind.completed);
        // `tests/enforced_options.rs` has generated files.
        completed.is_some_and(|completed| !matches!(completed, Completed::Never | Completed::Files))
    });
    let (mut admitted, mut refused) = (0, 0);
    for index in 0..1500 {
        let dice = &mut Seeded(17 + index as u64 * 0x1_0000_0001);
        let (_, base) = &bases[index % bases.len()];
        let (_, mut spec) = fields.any(dice);
        spec.enforcement = Some(flinkgate::tenant::Enforcement::Enforce);
        spec.rules.clear();
        spec.exemptions.clear();
        let owner = Tenant { name: "t".into(), spec: spec.clone(), ..Tenant::default() };
        let gate = Gate::new(
            Tenants::new(vec![owner], BTreeMap::new()),
            policies.clone(),
            Unassigned::Warn,
        )
        .with_context(Arc::new(edits.context(dice)));
        let mut resource = edits.on(base, dice);
        if dice.below(4) > 0 {
            resource.object = gate.mutated(&resource);
        }
        for _ in 0..dice.below(3) {
            tamper(&mut resource.object, dice);
        }
        let skip = SKIPS[dice.below(SKIPS.len())];
        let is_canary = skip == "canary" && resource.kind.kind == "FlinkDeployment";
        if !is_canary {
            write_skip(&mut resource.object, skip);
        }
        // A custom resource is completed whenever what it runs changes.
        if resource.kind.kind != "Pod" && dice.below(3) == 0 {
            resource.operation = Operation::Update;
            resource.old_object = Some(json!({"metadata": {"name": "etl"}, "spec": {}}));
        }
        if !refusals(&gate, &resource).is_empty() {
            refused += 1;
            continue;
        }
        admitted += 1;
        let workload = lower_with_context(&resource, &resource.object, &gate.context()).unwrap();
        let lacks = enforced(&workload, &resource.object, &spec);
        assert_eq!(
            lacks,
            Vec::<String>::new(),
            "case {index}, {skip}: {}\n{spec:?}",
            resource.object
        );
    }
    assert!(admitted > 150 && refused > 300, "{admitted} admitted, {refused} refused");
}
