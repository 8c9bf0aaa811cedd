//! Convergence: whatever a tenant asks for and whatever comes, mutation gives it once, gives what
//! validation wants of it, gives the same to an object as to the pods that it becomes, and the same
//! whoever else changes the object before or after.
//!
//! All of it is generated from fixed seeds: a failure names its case, and the same case fails
//! again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod api_server;
mod derived_pods;
#[path = "../manifests/mod.rs"]
mod manifests;
mod objects;
mod order;
mod pods;
#[path = "../seeded/mod.rs"]
mod seeded;
mod tenants;

use api_server::{told, validated};
use flinkgate::flink::Workload;
use flinkgate::kinds::lower_with_context;
use flinkgate::mutate::predict_pods;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::rego::PolicySet;
use flinkgate::resource::{Operation, Resource, pointer};
use flinkgate::rules::{Finding, Level};
use flinkgate::tenant::{FlinkTenantSpec, Tenant, Tenants};
use objects::{Scribbles, bases, kinds};
use seeded::Seeded;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use tenants::TenantFields;

static POLICIES: LazyLock<Arc<PolicySet>> =
    LazyLock::new(|| Arc::new(PolicySet::built_in().unwrap()));

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
        lower_with_context(resource, &resource.object, &self.gate.context()).unwrap()
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
        let gate = gate(spec.clone()).with_context(Arc::new(scribbles.context(dice)));
        let name =
            format!("case {index} of {name}\n{written}\n{:?}\n{}", gate.context(), resource.object);
        Case { name, spec, gate, resource }
    })
}

/// A gate where everything belongs to one tenant.
fn gate(spec: FlinkTenantSpec) -> Gate {
    let tenant = Tenant { name: "payments".into(), spec, ..Tenant::default() };
    Gate::new(Tenants::new(vec![tenant], BTreeMap::new()), POLICIES.clone(), Unassigned::Warn)
}

fn is_refused(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.level == Level::Error)
}

#[test]
fn tenants_have_every_field_and_objects_are_of_every_kind() {
    assert_eq!(
        TenantFields::load().missing(),
        Vec::<String>::new(),
        "give it values in tests/data/convergence/tenant.yaml"
    );
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
    let (mut changed, mut predicted, mut refused) = (0, 0, 0);
    for case in cases(1000, 1) {
        let stored = case.gate.mutated(&case.resource);
        let answer = case.gate.mutate(&case.resource);
        if is_refused(&answer.findings) {
            assert_eq!(answer.patch, None, "{}", case.name);
            refused += 1;
        } else {
            let mut patched = case.resource.object.clone();
            changed += usize::from(answer.patch.is_some());
            answer
                .patch
                .into_iter()
                .for_each(|patch| json_patch::patch(&mut patched, &patch).unwrap());
            assert_eq!(patched, stored, "{}", case.name);
        }
        let again = case.gate.mutate(&case.with(stored.clone()));
        assert_eq!(again.patch, None, "{}", case.name);
        assert_eq!(case.gate.mutated(&case.with(stored.clone())), stored, "{}", case.name);
        let workload = case.lower(&case.resource);
        let Some(completed) =
            predict_pods(&case.resource, &case.resource.object, &workload, &case.spec)
                .and_then(|predicted| predicted.object)
        else {
            continue;
        };
        predicted += 1;
        let workload = case.lower(&case.with(completed.clone()));
        let twice = predict_pods(&case.resource, &completed, &workload, &case.spec).unwrap().object;
        assert_eq!(twice, None, "{}", case.name);
    }
    assert!(
        changed > 150 && predicted > 80 && refused > 20,
        "{changed} changed, {predicted} predicted, {refused} refused"
    );
}

#[test]
fn what_is_stored_converges_again_after_an_edit_and_under_another_tenant() {
    let (scribbles, fields) = (Scribbles::load(), TenantFields::load());
    let mut changed = 0;
    for (index, case) in cases(900, 6).enumerate() {
        let dice = &mut Seeded(index as u64);
        let stored = case.with(case.gate.mutated(&case.resource));
        let edited = Resource {
            operation: Operation::Update,
            old_object: Some(stored.object.clone()),
            ..scribbles.on(&stored, dice)
        };
        let another = gate(fields.any(dice).1).with_context(case.gate.context());
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
        let protested: BTreeSet<String> = case
            .gate
            .mutate(&case.resource)
            .findings
            .into_iter()
            .map(|finding| finding.rule.into_owned())
            .collect();
        // Without the tenant's volume, or where it is told why there is none, state has no place
        // that could be written.
        let has_volume = case.spec.storage.checkpoints.volume.is_some()
            && !findings.iter().any(|finding| finding.rule == "storage/checkpoint-volume");
        let of_ours = |finding: &&Finding| {
            SUPPLIED.contains(&&*finding.rule)
                && (has_volume
                    || !finding.rule.starts_with("storage/")
                    || !finding.rule.ends_with("-dir"))
        };
        let after = told(&findings.iter().filter(of_ours).cloned().collect::<Vec<_>>());
        supplied += before
            .iter()
            .filter(of_ours)
            .filter(|finding| {
                !after.contains(&(finding.rule.to_string(), finding.level, finding.message.clone()))
            })
            .count();
        for finding in findings.iter().filter(of_ours) {
            let by_user = pointer::at(&case.resource.object, &finding.pointer).is_some()
                || protested.contains(&*finding.rule);
            let is_flink = case.lower(&case.with(stored.clone())).is_flink();
            // Whether other programs run without root is not known.
            let is_unknown = finding.rule == "security/run-as-non-root" && !is_flink;
            assert!(
                by_user || is_unknown || is_the_users(&case, &stored, finding),
                "{finding:#?}\n{}\nbecame\n{stored}",
                case.name
            );
            written += 1;
        }
    }
    assert!(supplied > 200 && written > 50, "{supplied} supplied, {written} written by users");
}

/// Whether a finding about something that is missing is about what mutation leaves out for the sake
/// of what the user wrote.
fn is_the_users(case: &Case, stored: &Value, finding: &Finding) -> bool {
    let workload = case.lower(&case.with(stored.clone()));
    let named = finding.facts.container.as_deref();
    workload.pods.iter().map(|set| &set.template(stored)["spec"]).any(|spec| {
        // Flink has no image for Windows, and what it runs as there is not known.
        let on_windows = spec["os"]["name"] == "windows" && finding.rule.starts_with("security/");
        let as_root =
            finding.rule == "security/run-as-non-root" && spec["securityContext"]["runAsUser"] == 0;
        let containers = ["containers", "initContainers"]
            .iter()
            .filter_map(|list| spec[*list].as_array())
            .flatten();
        let mut about =
            containers.filter(|container| named.is_some() && container["name"].as_str() == named);
        // Root keeps what root can do, and nothing can be taken from a privileged container.
        let unbound = about.any(|container| {
            let context = &container["securityContext"];
            let adds = context["capabilities"]["add"].to_string();
            context["runAsUser"] == 0 || context["privileged"] == true || adds.contains("SYS_ADMIN")
        });
        // Without a name it is no container that the API server would take.
        on_windows || as_root || unbound || named == Some("")
    })
}
