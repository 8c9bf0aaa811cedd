//! Placement of pods: every case of tests/data/scheduling through `lint` and both webhooks, and a
//! custom resource compared with its pods.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod manifests;

use flinkgate::flink::Role;
use flinkgate::kinds::lower;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::quota::Usage;
use flinkgate::rego::PolicySet;
use flinkgate::resource::{Operation, Resource};
use flinkgate::rules::Finding;
use flinkgate::tenant::{FlinkTenantSpec, Tenant, Tenants};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

static POLICIES: LazyLock<Arc<PolicySet>> =
    LazyLock::new(|| Arc::new(PolicySet::built_in().unwrap()));

fn cases() -> Vec<(String, Value)> {
    let cases = cases::cases("tests/data/scheduling/cases");
    assert!(cases.len() > 40, "only {} cases", cases.len());
    cases
}

/// A gate where every namespace belongs to one tenant.
fn gate(scheduling: &Value) -> Gate {
    let mut spec: FlinkTenantSpec =
        serde_json::from_value(json!({"scheduling": scheduling})).unwrap();
    spec.namespaces.names = vec!["*".into()];
    let tenant = Tenant { name: "payments".into(), spec, ..Tenant::default() };
    Gate::new(Tenants::new(vec![tenant], BTreeMap::new()), POLICIES.clone(), Unassigned::Warn)
}

fn gate_of(case: &Value) -> Gate {
    gate(case.get("scheduling").unwrap_or(&json!({})))
}

fn manifest(case: &Value) -> Resource {
    let base = case["base"].as_str().unwrap_or("ways-round/bases/deployment");
    let mut object = manifests::read(format!("tests/data/{base}.yaml"));
    if let Some(patch) = case.get("patch") {
        json_patch::merge(&mut object, patch);
    }
    Resource::from_manifest(object).unwrap()
}

/// `rule pointer` of the findings of scheduling rules.
fn reported(findings: &[Finding]) -> BTreeSet<String> {
    let own = findings.iter().filter(|finding| finding.rule.starts_with("scheduling/"));
    assert!(
        own.clone().all(|finding| finding.help.is_some() && finding.message.len() < 250),
        "{findings:?}"
    );
    own.map(|finding| format!("{} {}", finding.rule, finding.pointer)).collect()
}

fn judged(gate: &Gate, resource: &Resource, as_is: bool) -> BTreeSet<String> {
    reported(&gate.judge(gate.case(resource, as_is).unwrap(), &Usage::default()).findings)
}

fn stored(gate: &Gate, resource: &Resource) -> Resource {
    Resource { object: gate.mutated(resource), ..resource.clone() }
}

#[test]
fn cases_match_in_lint_and_webhooks() {
    for (name, case) in cases() {
        let expected = |list: &str| cases::lines(&case[list]);
        let (gate, resource) = (gate_of(&case), manifest(&case));
        assert_eq!(judged(&gate, &resource, true), expected("asIs"), "{name} as it is");
        assert_eq!(judged(&gate, &resource, false), expected("stored"), "{name} as it is stored");
        let stored = stored(&gate, &resource);
        assert_eq!(
            reported(&gate.validate(&stored).findings),
            expected("stored"),
            "{name} at the webhooks"
        );
        assert_eq!(gate.mutate(&stored).patch, None, "{name}: a second mutation");
    }
}

#[test]
fn updates_of_running_pods_pass() {
    let gate = gate(&json!({"nodeSelector": {"pool": "flink"}}));
    let created = stored(&gate, &manifest(&json!({"base": "scheduling/bases/pod"})));
    let mut old = created.object.clone();
    old["spec"]["nodeName"] = json!("node-7");
    let mut object = old.clone();
    object["spec"]["tolerations"] = json!([{"key": "x", "operator": "Exists"}]);
    let update =
        Resource { operation: Operation::Update, object, old_object: Some(old), ..created };
    assert_eq!(reported(&gate.validate(&update).findings), BTreeSet::new());
    let create = Resource { operation: Operation::Create, old_object: None, ..update };
    assert_eq!(
        reported(&gate.validate(&create).findings),
        BTreeSet::from(["scheduling/node-name /spec/nodeName".to_owned()])
    );
}

#[test]
fn findings_explain_why_terms_do_not_count() {
    let gate = gate(&json!({"antiAffinity": {"taskManager": "Required"}}));
    let term = json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "other"}}});
    let patch = json!({"spec": {"podTemplate": {"spec": {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}}}});
    let resource = manifest(&json!({"patch": patch}));
    let findings = gate.judge(gate.case(&resource, true).unwrap(), &Usage::default()).findings;
    let finding = findings
        .iter()
        .find(|finding| finding.rule == "scheduling/task-manager-anti-affinity")
        .unwrap();
    assert_eq!(
        (finding.message.as_str(), finding.help.as_deref()),
        (
            "TaskManagers need required anti-affinity over `kubernetes.io/hostname`, but this term selects other pods",
            Some("set `labelSelector: {matchLabels: {app: etl, component: taskmanager}}`")
        )
    );
}

/// The pods that Flink and Kubernetes create from a stored FlinkDeployment.
fn pods(stored: &Resource) -> Vec<Resource> {
    let workload = lower(stored, &stored.object).unwrap();
    let mode = workload.mode.unwrap().as_str();
    let sets = workload.pods.iter().map(|set| {
        let component = set.role.component().unwrap();
        let mut pod = set.template(&stored.object).clone();
        json_patch::merge(
            &mut pod,
            &json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("etl-{component}-1"), "namespace": stored.namespace,
                "labels": {"app": "etl", "component": component, "type": format!("flink-{mode}-kubernetes")}}}),
        );
        if set.role == Role::JobManager || mode == "standalone" {
            pod["metadata"]["labels"]["pod-template-hash"] = json!("5d8f9");
        }
        let main = json!({"name": "flink-main-container", "image": "registry.example.com/flink:1.20",
            "args": ["bash", "-c", format!("kubernetes-{component}.sh")]});
        pod["spec"]["containers"] = json!([main]);
        Resource::from_manifest(pod).unwrap()
    });
    sets.collect()
}

#[test]
fn custom_resources_and_their_pods_get_equal_placement() {
    let strengths = [json!(null), json!("Preferred"), json!("Required")];
    let mut compared = 0;
    for spread in ["AntiAffinity", "TopologySpread"] {
        for (index, near) in strengths.iter().enumerate() {
            let far = &strengths[(index + 1) % strengths.len()];
            let scheduling = json!({"spread": spread, "antiAffinity": {"jobManager": near, "taskManager": far},
                "zoneSpread": {"jobManager": far, "taskManager": near}, "nodeSelector": {"pool": "flink"},
                "tolerations": [{"key": "flink", "operator": "Exists"}]});
            let gate = gate(&scheduling);
            for (name, case) in cases() {
                let resource = manifest(&case);
                if resource.kind.kind != "FlinkDeployment"
                    || resource.name.is_empty()
                    || judged(&gate, &resource, false) != BTreeSet::new()
                {
                    continue;
                }
                let with_mode = stored(&gate, &resource);
                for pod in pods(&with_mode) {
                    let after = gate.mutated(&pod);
                    for field in
                        ["affinity", "topologySpreadConstraints", "nodeSelector", "tolerations"]
                    {
                        assert_eq!(
                            after["spec"].get(field),
                            pod.object["spec"].get(field),
                            "{name}: {field} of {}",
                            pod.name
                        );
                    }
                    assert_eq!(
                        reported(&gate.validate(&pod).findings),
                        BTreeSet::new(),
                        "{name}: {}",
                        pod.name
                    );
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 200, "only {compared} pods were compared");
}
