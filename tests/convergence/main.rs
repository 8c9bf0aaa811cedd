//! Convergence: whatever a tenant asks for and whatever comes, mutation gives it once, gives what validation wants of it, gives the
//! same to an object as to the pods that it becomes, and the same whoever else changes the object before or after.
//!
//! All of it is generated from fixed seeds: a failure names its case, and the same case fails again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod api_server;
mod objects;
mod pods;
#[path = "../seeded/mod.rs"]
mod seeded;
mod tenants;

use api_server::{Additions, Hook, Outcome, admit, lists_without_roles, told, validated, without_order};
use flinkgate::flink::{Surroundings, Workload, lower_within};
use flinkgate::mutate::{foresee, patch};
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::policy::{Finding, Level, PolicySet};
use flinkgate::resource::{Operation, Resource, pointer};
use flinkgate::tenant::{FlinkTenantSpec, Tenant, Tenants};
use objects::{Scribbles, bases, kinds};
use seeded::Seeded;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use tenants::TenantFields;

static POLICIES: LazyLock<Arc<PolicySet>> = LazyLock::new(|| Arc::new(PolicySet::built_in().unwrap()));

/// A tenant and an object.
struct Case {
    name: String,
    spec: FlinkTenantSpec,
    gate: Gate,
    resource: Resource,
}

impl Case {
    fn with(&self, object: Value) -> Resource {
        Resource { object, ..self.resource.clone() }
    }

    fn lower(&self, resource: &Resource) -> Workload {
        lower_within(resource, &resource.object, &self.gate.surroundings()).unwrap()
    }
}

/// So many cases: the objects in turn, each with changes and a tenant of its own.
fn cases(number: usize, seed: u64) -> impl Iterator<Item = Case> {
    let (bases, fields, scribbles) = (bases(), TenantFields::load(), Scribbles::load());
    (0..number).map(move |index| {
        let dice = &mut Seeded(seed.wrapping_add(index as u64 * 0x1_0000_0001));
        let (name, base) = &bases[index % bases.len()];
        let (written, spec) = fields.any(dice);
        let resource = scribbles.on(base, dice);
        let gate = gate(spec.clone()).within(Arc::new(scribbles.surroundings(dice)));
        let name = format!("case {index} of {name}\n{written}\n{:?}\n{}", gate.surroundings(), resource.object);
        Case { name, spec, gate, resource }
    })
}

/// A gate where everything belongs to one tenant.
fn gate(spec: FlinkTenantSpec) -> Gate {
    let tenant = Tenant { name: "payments".into(), spec, source: String::new() };
    Gate::new(Tenants::new(vec![tenant], BTreeMap::new()), POLICIES.clone(), Unassigned::Warn)
}

fn is_refused(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.level == Level::Error)
}

#[test]
fn tenants_have_every_field_and_objects_are_of_every_kind() {
    assert_eq!(TenantFields::load().missing(), Vec::<String>::new(), "give it values in tests/data/convergence/tenant.yaml");
    let bases = bases();
    let expected = [
        "ConfigMap",
        "CronJob",
        "Deployment",
        "FlinkApplication",
        "FlinkBlueGreenDeployment",
        "FlinkCluster",
        "FlinkDeployment",
        "FlinkSessionJob",
        "FlinkStateSnapshot",
        "Job",
        "Pod",
        "StatefulSet",
    ];
    assert!(kinds(&bases).is_superset(&BTreeSet::from(expected)), "{:?}", kinds(&bases));
}

#[test]
fn what_mutation_gives_it_gives_once_and_as_the_patch_says() {
    let (mut changed, mut foreseen, mut refused) = (0, 0, 0);
    for case in cases(1000, 1) {
        let stored = case.gate.mutated(&case.resource);
        let answer = case.gate.mutate(&case.resource);
        if is_refused(&answer.findings) {
            assert_eq!(answer.patch, None, "{}", case.name);
            refused += 1;
        } else {
            let mut patched = case.resource.object.clone();
            changed += usize::from(answer.patch.is_some());
            answer.patch.into_iter().for_each(|patch| json_patch::patch(&mut patched, &patch).unwrap());
            assert_eq!(patched, stored, "{}", case.name);
        }
        let again = case.gate.mutate(&case.with(stored.clone()));
        assert_eq!(again.patch, None, "{}", case.name);
        assert_eq!(case.gate.mutated(&case.with(stored.clone())), stored, "{}", case.name);
        let workload = case.lower(&case.resource);
        let Some(completed) = foresee(&case.resource, &case.resource.object, &workload, &case.spec).and_then(|foresight| foresight.object)
        else {
            continue;
        };
        foreseen += 1;
        let workload = case.lower(&case.with(completed.clone()));
        let twice = foresee(&case.resource, &completed, &workload, &case.spec).unwrap().object;
        assert_eq!(twice, None, "{}", case.name);
    }
    assert!(changed > 150 && foreseen > 80 && refused > 20, "{changed} changed, {foreseen} foreseen, {refused} refused");
}

#[test]
fn what_is_stored_converges_again_after_an_edit_and_under_another_tenant() {
    let (scribbles, fields) = (Scribbles::load(), TenantFields::load());
    let mut changed = 0;
    for (index, case) in cases(900, 6).enumerate() {
        let dice = &mut Seeded(index as u64);
        let stored = case.with(case.gate.mutated(&case.resource));
        let edited = Resource { operation: Operation::Update, old_object: Some(stored.object.clone()), ..scribbles.on(&stored, dice) };
        let another = gate(fields.any(dice).1).within(case.gate.surroundings());
        for (gate, resource) in [(&case.gate, edited), (&another, stored)] {
            let once = gate.mutated(&resource);
            changed += usize::from(once != resource.object);
            let again = Resource { object: once.clone(), ..resource.clone() };
            assert_eq!(gate.mutate(&again).patch, None, "{}\nthen {}", case.name, resource.object);
            assert_eq!(gate.mutated(&again), once, "{}\nthen {}", case.name, resource.object);
        }
    }
    assert!(changed > 200, "{changed} changed");
}

/// Rules about what mutation is asked to supply.
const SUPPLIED: [&str; 15] = [
    "security/allow-privilege-escalation",
    "security/capabilities",
    "security/run-as-non-root",
    "security/seccomp",
    "scheduling/job-manager-anti-affinity",
    "scheduling/task-manager-anti-affinity",
    "scheduling/zone-spread",
    "scheduling/node-selector",
    "scheduling/tolerations",
    "storage/checkpoint-volume",
    "storage/checkpoint-dir",
    "storage/savepoint-dir",
    "storage/high-availability-dir",
    "flink/enforced-option",
    "tenancy/label",
];

#[test]
fn nothing_is_refused_after_mutation_that_mutation_was_to_supply() {
    let (mut supplied, mut written) = (0, 0);
    for case in cases(1500, 2) {
        let stored = case.gate.mutated(&case.resource);
        let findings = validated(&case.gate, &case.with(stored.clone()));
        let before = validated(&case.gate, &case.resource);
        // What mutation protested against when it came stays as it was written.
        let protested: BTreeSet<String> = case.gate.mutate(&case.resource).findings.into_iter().map(|finding| finding.rule).collect();
        // Without the tenant's volume, or where it is told why there is none, state has no place that could be written.
        let has_volume =
            case.spec.storage.checkpoints.volume.is_some() && !findings.iter().any(|finding| finding.rule == "storage/checkpoint-volume");
        let of_ours = |finding: &&Finding| {
            SUPPLIED.contains(&finding.rule.as_str())
                && (has_volume || !finding.rule.starts_with("storage/") || !finding.rule.ends_with("-dir"))
        };
        let after = told(&findings.iter().filter(of_ours).cloned().collect::<Vec<_>>());
        supplied += before
            .iter()
            .filter(of_ours)
            .filter(|finding| !after.contains(&(finding.rule.clone(), finding.level, finding.message.clone())))
            .count();
        for finding in findings.iter().filter(of_ours) {
            let by_user = pointer::at(&case.resource.object, &finding.pointer).is_some() || protested.contains(&finding.rule);
            let is_flink = case.lower(&case.with(stored.clone())).is_flink();
            // Whether other programs run without root is not known.
            let is_unknown = finding.rule == "security/run-as-non-root" && !is_flink;
            assert!(by_user || is_unknown || is_the_users(&case, &stored, finding), "{finding:#?}\n{}\nbecame\n{stored}", case.name);
            written += 1;
        }
    }
    assert!(supplied > 200 && written > 50, "{supplied} supplied, {written} written by users");
}

/// Whether a finding about something that is missing is about what mutation leaves out for the sake of what the user wrote.
fn is_the_users(case: &Case, stored: &Value, finding: &Finding) -> bool {
    let workload = case.lower(&case.with(stored.clone()));
    workload.pods.iter().map(|set| &set.template(stored)["spec"]).any(|spec| {
        // Flink has no image for Windows, and what it runs as there is not known.
        let on_windows = spec["os"]["name"] == "windows" && finding.rule.starts_with("security/");
        let as_root = finding.rule == "security/run-as-non-root" && spec["securityContext"]["runAsUser"] == 0;
        let containers = ["containers", "initContainers"].iter().filter_map(|list| spec[*list].as_array()).flatten();
        let mut named = containers.filter(|container| finding.message.contains(&format!("container {}", container["name"])));
        // Root keeps what root can do, and nothing can be taken from a privileged container.
        let unbound = named.any(|container| {
            let context = &container["securityContext"];
            let adds = context["capabilities"]["add"].to_string();
            context["runAsUser"] == 0 || context["privileged"] == true || adds.contains("SYS_ADMIN")
        });
        // Without a name it is no container that the API server would take.
        on_windows || as_root || unbound || finding.message.contains("container \"\"")
    })
}

#[test]
fn a_cluster_and_the_pods_it_becomes_are_completed_alike() {
    let (mut compared, mut admitted) = (0, 0);
    for case in cases(2500, 3) {
        let stored = case.with(case.gate.mutated(&case.resource));
        let kind = case.resource.kind.kind.as_str();
        if !matches!(kind, "FlinkDeployment" | "FlinkBlueGreenDeployment") || is_refused(&case.gate.mutate(&case.resource).findings) {
            continue;
        }
        // Options that contradict the tenant stay, and it is told: the pods get the tenant's word all the same.
        if !case.gate.mutate(&stored).findings.is_empty() {
            continue;
        }
        let workload = case.lower(&stored);
        let is_sound = |resource: &Resource| case.lower(resource).pods.iter().all(|set| pods::is_sound(set.template(&resource.object)));
        if !pods::is_deployed(&workload) || !is_sound(&case.resource) || !is_sound(&stored) {
            continue;
        }
        let admits = |resource: &Resource| !is_refused(&validated(&case.gate, resource));
        let cluster_admitted = admits(&stored);
        let cluster = if kind == "FlinkDeployment" {
            stored.clone()
        } else {
            let blue = pods::blue(&stored);
            let completed = Resource { object: case.gate.mutated(&blue), ..blue.clone() };
            // What keeps a colour's pods apart names the colour.
            let (came, went) = (without_placement(&blue.object), without_placement(&completed.object));
            assert_eq!(came, went, "{}", case.name);
            completed
        };
        for pod in pods::of_flink_deployment(&cluster, &case.lower(&cluster)) {
            let completed = case.gate.mutated(&pod);
            let difference = serde_json::to_string_pretty(&patch(&pod.object, &completed)).unwrap();
            assert!(completed == pod.object, "the pod gets more than its cluster:\n{difference}\nof {}\n{}", pod.object, case.name);
            compared += 1;
            if cluster_admitted {
                let findings = validated(&case.gate, &Resource { object: completed, ..pod.clone() });
                // What a container asks for may be declared by a LimitRange, and is judged only as the pod is created.
                let known = |finding: &&Finding| finding.level == Level::Error && finding.rule != "quota/undeclared";
                let refusals: Vec<_> = findings.iter().filter(known).collect();
                assert!(refusals.is_empty(), "a pod of what was admitted is refused: {refusals:#?}\n{}\n{}", pod.object, case.name);
                admitted += 1;
            }
        }
    }
    assert!(compared > 200 && admitted > 50, "{compared} compared, {admitted} of admitted clusters");
}

/// The value without what keeps pods apart, and without what is empty then.
fn without_placement(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, _)| !["affinity", "topologySpreadConstraints"].contains(&key.as_str()));
            let kept = kept.map(|(key, value)| (key.clone(), without_placement(value)));
            kept.filter(|(_, value)| !value.is_null() && *value != json!({})).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(elements) => elements.iter().map(without_placement).collect(),
        other => other.clone(),
    }
}

#[test]
fn pods_are_derived_as_the_operator_and_flink_made_them() {
    let bases = bases();
    let lowered = |resource: &Resource| lower_within(resource, &resource.object, &Surroundings::default()).unwrap();
    let names = |list: &Value| -> Vec<String> {
        let names = list.as_array().into_iter().flatten().map(|element| element["name"].as_str().unwrap().to_owned());
        names.filter(|name| !name.starts_with("kube-api-access-")).collect()
    };
    let mut compared = 0;
    for (name, deployment) in bases.iter().filter(|(_, resource)| resource.kind.kind == "FlinkDeployment") {
        let workload = lowered(deployment);
        for derived in pods::of_flink_deployment(deployment, &workload) {
            let role = |pod: &Resource| lowered(pod).pods[0].role;
            let recorded = bases.iter().map(|(_, resource)| resource).find(|resource| {
                resource.kind.kind == "Pod"
                    && resource.object["metadata"]["labels"]["app"] == workload.cluster.as_str()
                    && role(resource) == role(&derived)
            });
            let Some(recorded) = recorded.filter(|_| name.starts_with("01-CREATE") && !workload.cluster.starts_with("etl")) else {
                continue;
            };
            let (ours, theirs) = (lowered(&derived), lowered(recorded));
            assert_eq!((ours.engine, ours.mode, &ours.cluster), (theirs.engine, theirs.mode, &theirs.cluster), "{name}");
            assert_eq!(ours.pods[0].main_container, theirs.pods[0].main_container, "{name}");
            assert_eq!(names(&derived.object["spec"]["containers"]), names(&recorded.object["spec"]["containers"]), "{name}");
            assert_eq!(names(&derived.object["spec"]["initContainers"]), names(&recorded.object["spec"]["initContainers"]), "{name}");
            let theirs = names(&recorded.object["spec"]["volumes"]);
            assert!(names(&derived.object["spec"]["volumes"]).iter().all(|volume| theirs.contains(volume)), "{name}: {theirs:?}");
            let owner = |pod: &Resource| pod.object["metadata"]["ownerReferences"][0]["kind"].clone();
            assert_eq!(owner(&derived), owner(recorded), "{name}");
            for (key, value) in recorded.object["metadata"]["labels"].as_object().unwrap() {
                assert!(key == "pod-template-hash" || derived.object["metadata"]["labels"][key] == *value, "{name}: {key}");
            }
            compared += 1;
        }
    }
    assert!(compared >= 6, "{compared} compared");
}

#[test]
fn a_controllers_pods_are_completed_as_was_foreseen() {
    let mut compared = BTreeMap::new();
    for case in cases(2000, 4) {
        let kind = case.resource.kind.kind.clone();
        if !["Deployment", "StatefulSet", "Job", "CronJob", "FlinkCluster", "FlinkApplication"].contains(&kind.as_str()) {
            continue;
        }
        let workload = case.lower(&case.resource);
        let Some(foresight) = foresee(&case.resource, &case.resource.object, &workload, &case.spec) else { continue };
        if flinkgate::flink::is_made_by_operator(&case.resource) {
            continue;
        }
        let object = foresight.object.unwrap_or_else(|| case.resource.object.clone());
        for (set, before) in foresight.pods.iter().zip(&workload.pods) {
            let template = set.template(&object);
            let pod = pods::of_template(&case.resource, before.template(&case.resource.object));
            let completed = case.gate.mutated(&pod);
            assert_eq!(completed["spec"], template["spec"], "{}", case.name);
            for (key, value) in template["metadata"]["labels"].as_object().into_iter().flatten() {
                assert_eq!(completed["metadata"]["labels"][key], *value, "{}", case.name);
            }
            *compared.entry(kind.clone()).or_insert(0) += 1;
        }
    }
    assert!(compared.len() == 6 && compared.values().all(|count| *count >= 8), "{compared:?}");
}

/// What other webhooks' containers look like.
fn additions(lists: Vec<&'static str>, dice: &mut Seeded) -> Additions {
    let contexts = [
        Value::Null,
        json!({"runAsUser": 0}),
        json!({"runAsUser": 0, "runAsNonRoot": false}),
        json!({"runAsUser": 1337, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}),
    ];
    let mut sidecar = json!({"name": "sidecar", "image": "registry.example.com/mesh/proxy:2"});
    let context = &contexts[dice.below(contexts.len())];
    if !context.is_null() {
        sidecar["securityContext"] = context.clone();
    }
    sidecar["volumeMounts"] = json!([{"name": "sidecar-socket", "mountPath": "/sidecar"}]);
    Additions { sidecar, first: dice.below(3) == 0, lists }
}

#[test]
fn it_does_not_matter_which_webhook_is_asked_first() {
    let (mut stored, mut refused) = (0, 0);
    for (index, case) in cases(1000, 5).enumerate() {
        let kind = case.resource.kind.kind.as_str();
        if !matches!(kind, "Pod" | "FlinkDeployment" | "FlinkBlueGreenDeployment")
            || (kind == "Pod" && !pods::is_sound_pod(&case.resource.object))
        {
            continue;
        }
        let lists = lists_without_roles([&case.resource.object, &case.gate.mutated(&case.resource)], kind);
        let additions = additions(lists, &mut Seeded(index as u64));
        let orders = [
            vec![Hook::Ours, Hook::Other { again: true }],
            vec![Hook::Ours, Hook::Other { again: false }],
            vec![Hook::Other { again: true }, Hook::Ours],
            vec![Hook::Other { again: false }, Hook::Ours],
            // Two configurations, as while one is being replaced by another.
            vec![Hook::Ours, Hook::Other { again: false }, Hook::Ours],
        ];
        let first = admit(&case.gate, &case.resource, &orders[0], &additions);
        for order in &orders[1..] {
            let other = admit(&case.gate, &case.resource, order, &additions);
            same(&first, &other, &format!("{order:?} with {additions:?}\n{}", case.name));
        }
        match first {
            Outcome::Stored(..) => stored += 1,
            Outcome::Refused(_) => refused += 1,
        }
    }
    assert!(stored > 200 && refused > 20, "{stored} stored, {refused} refused");
}

fn same(left: &Outcome, right: &Outcome, case: &str) {
    if let (Outcome::Stored(left, left_told), Outcome::Stored(right, right_told)) = (left, right) {
        let difference = serde_json::to_string_pretty(&patch(left, right)).unwrap();
        assert!(left == right, "{difference}\n{case}");
        assert_eq!(left_told, right_told, "{case}");
        return;
    }
    assert_eq!(left, right, "{case}");
}

#[test]
fn order_is_taken_away_at_every_depth() {
    let left = json!({"a": [{"b": [2, 1]}, 3]});
    let right = json!({"a": [3, {"b": [1, 2]}]});
    assert_eq!(without_order(&left), without_order(&right));
}
