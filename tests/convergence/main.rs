//! Convergence: for any tenant and object, mutation is idempotent, satisfies validation, treats an
//! object like its pods, and does not depend on the order of other webhooks.
//!
//! All cases are generated from fixed seeds. A failure names its case, which is reproducible.
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
#[path = "../tenant_schema/mod.rs"]
mod tenant_schema;
mod tenants;

use api_server::{reported, validated};
use flinkgate::flink::Workload;
use flinkgate::kinds::lower_with_context;
use flinkgate::mutate::predict_pods;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::rego::PolicySet;
use flinkgate::resource::{Operation, Resource, pointer};
use flinkgate::rules::{Finding, Level};
use flinkgate::tenant::{FlinkTenantSpec, Tenant, Tenants};
use objects::{UserEdits, bases, kinds};
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

/// A number of cases: the objects in turn, each with random changes and a random tenant.
fn cases(number: usize, seed: u64) -> impl Iterator<Item = Case> {
    let (bases, fields, user_edits) = (bases(), TenantFields::load(), UserEdits::load());
    (0..number).map(move |index| {
        let dice = &mut Seeded(seed.wrapping_add(index as u64 * 0x1_0000_0001));
        let (name, base) = &bases[index % bases.len()];
        let (written, spec) = fields.any(dice);
        let resource = user_edits.on(base, dice);
        let gate = gate(spec.clone()).with_context(Arc::new(user_edits.context(dice)));
        let name =
            format!("case {index} of {name}\n{written}\n{:?}\n{}", gate.context(), resource.object);
        Case { name, spec, gate, resource }
    })
}

/// A gate with one tenant that owns everything.
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
fn mutation_is_idempotent_and_equals_its_patch() {
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
                .and_then(|foresight| foresight.object)
        else {
            continue;
        };
        foreseen += 1;
        let workload = case.lower(&case.with(completed.clone()));
        let twice = predict_pods(&case.resource, &completed, &workload, &case.spec).unwrap().object;
        assert_eq!(twice, None, "{}", case.name);
    }
    assert!(
        changed > 150 && foreseen > 80 && refused > 20,
        "{changed} changed, {foreseen} foreseen, {refused} refused"
    );
}

#[test]
fn stored_objects_converge_after_edits_and_tenant_changes() {
    let (user_edits, fields) = (UserEdits::load(), TenantFields::load());
    let mut changed = 0;
    for (index, case) in cases(900, 6).enumerate() {
        let dice = &mut Seeded(index as u64);
        let stored = case.with(case.gate.mutated(&case.resource));
        let edited = Resource {
            operation: Operation::Update,
            old_object: Some(stored.object.clone()),
            ..user_edits.on(&stored, dice)
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

/// Rules about values that mutation supplies.
const SUPPLIED_BY_MUTATION: [&str; 15] = [
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
fn values_that_mutation_supplies_are_never_refused() {
    let (mut supplied, mut written) = (0, 0);
    for case in cases(1500, 2) {
        let stored = case.gate.mutated(&case.resource);
        let findings = validated(&case.gate, &case.with(stored.clone()));
        let before = validated(&case.gate, &case.resource);
        // Conflicts of the first mutation stay as written.
        let protested: BTreeSet<String> = case
            .gate
            .mutate(&case.resource)
            .findings
            .into_iter()
            .map(|finding| finding.rule.into_owned())
            .collect();
        // Without the tenant's volume, or with a conflict about it, there is no directory for
        // state.
        let has_volume = case.spec.storage.checkpoints.volume.is_some()
            && !findings.iter().any(|finding| finding.rule == "storage/checkpoint-volume");
        let of_ours = |finding: &&Finding| {
            SUPPLIED_BY_MUTATION.contains(&&*finding.rule)
                && (has_volume
                    || !finding.rule.starts_with("storage/")
                    || !finding.rule.ends_with("-dir"))
        };
        let after = reported(&findings.iter().filter(of_ours).cloned().collect::<Vec<_>>());
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
            // Whether other programs run without root is unknown.
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

/// Whether a finding about a missing value concerns a value that mutation omits because of the
/// user's values.
fn is_the_users(case: &Case, stored: &Value, finding: &Finding) -> bool {
    let workload = case.lower(&case.with(stored.clone()));
    let named = finding.facts.container.as_deref();
    workload.pods.iter().map(|set| &set.template(stored)["spec"]).any(|spec| {
        // Flink has no image for Windows, so its user there is unknown.
        let on_windows = spec["os"]["name"] == "windows" && finding.rule.starts_with("security/");
        let as_root =
            finding.rule == "security/run-as-non-root" && spec["securityContext"]["runAsUser"] == 0;
        let containers = ["containers", "initContainers"]
            .iter()
            .filter_map(|list| spec[*list].as_array())
            .flatten();
        let mut about =
            containers.filter(|container| named.is_some() && container["name"].as_str() == named);
        // Root keeps its capabilities, and nothing can be removed from a privileged container.
        let unbound = about.any(|container| {
            let context = &container["securityContext"];
            let adds = context["capabilities"]["add"].to_string();
            context["runAsUser"] == 0 || context["privileged"] == true || adds.contains("SYS_ADMIN")
        });
        // The API server refuses a container without a name.
        on_windows || as_root || unbound || named == Some("")
    })
}
