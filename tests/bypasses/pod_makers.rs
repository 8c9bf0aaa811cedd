//! Kinds that make pods without being asked about, and JobManagers that nothing declares: a tenant's
//! rules and its `clusters`, `jobs` and `perCluster` hold however pods come to be.

use flinkgate::flink::container_defaults::ContainerDefaults;
use flinkgate::kinds::{self, KINDS};
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::quota::ledger::{Decision, Ledger, LiveObject, View};
use flinkgate::rego::PolicySet;
use flinkgate::resource::{Operation, Resource, UserInfo, yaml};
use flinkgate::rules::Level;
use flinkgate::tenant::{Tenant, Tenants};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Kubernetes' kinds with a pod template: API version, kind, place of the template.
const MAKERS: [(&str, &str, &str); 8] = [
    ("v1", "ReplicationController", "/spec/template"),
    ("v1", "PodTemplate", "/template"),
    ("apps/v1", "ReplicaSet", "/spec/template"),
    ("apps/v1", "DaemonSet", "/spec/template"),
    ("apps/v1", "Deployment", "/spec/template"),
    ("apps/v1", "StatefulSet", "/spec/template"),
    ("batch/v1", "Job", "/spec/template"),
    ("batch/v1", "CronJob", "/spec/jobTemplate/spec/template"),
];

const REPLICA_SETS: &str = "system:serviceaccount:kube-system:replicaset-controller";
const DEPLOYMENTS: &str = "system:serviceaccount:kube-system:deployment-controller";

/// A tenant's gate and ledger.
struct Scene {
    gate: Gate,
    ledger: Ledger,
    stored: Vec<Resource>,
}

impl Scene {
    fn new(spec: Value) -> Self {
        let mut spec = spec;
        spec["namespaces"] = json!({"names": ["strict"]});
        let spec = serde_json::from_value(spec).unwrap();
        let tenant = Tenant { name: "q".into(), spec, ..Tenant::default() };
        let policies = Arc::new(PolicySet::built_in().unwrap());
        let tenants = Tenants::new(vec![tenant], BTreeMap::new());
        let gate = Gate::new(tenants, policies, Unassigned::Warn).with_ledgers();
        Self { gate, ledger: Ledger::empty(), stored: Vec::new() }
    }

    /// One cluster with one job, of at most 4 cores and 2 TaskManagers.
    fn small() -> Self {
        Self::new(json!({"security": {"podSecurity": {"level": "privileged"}},
            "quota": {"hard": {"clusters": 1, "jobs": 1}, "perCluster": {"cpu": "4", "taskManagers": 2}}}))
    }

    /// Sends a request; the reasons of a refusal.
    fn send(&mut self, user: &str, object: Value) -> Vec<String> {
        self.update(user, object, None)
    }

    fn update(&mut self, user: &str, object: Value, old: Option<Value>) -> Vec<String> {
        let mut resource = Resource::from_manifest(object).unwrap();
        resource.user = UserInfo { username: user.into(), ..UserInfo::default() };
        if old.is_some() {
            resource.operation = Operation::Update;
            resource.old_object = old;
        }
        let findings = self.gate.validate(&resource).findings;
        let mut reasons: Vec<String> = findings
            .into_iter()
            .filter(|finding| finding.level == Level::Error && finding.rule.starts_with("quota/"))
            .map(|finding| format!("{}: {}", finding.rule, finding.message))
            .collect();
        let case = self.gate.lower(&resource, true).unwrap();
        let charge = self.gate.charge(&case);
        if let Some(charge) = charge.filter(|_| reasons.is_empty()) {
            self.ledger.learn_limits(&charge.known);
            match self.ledger.admit(&charge.request) {
                Decision::Reserved | Decision::Unchanged => {}
                Decision::Refused(shortage) => reasons.push(
                    shortage
                        .tenant_message("q")
                        .or_else(|| shortage.cluster_message())
                        .unwrap_or_default(),
                ),
                other => panic!("{other:?}"),
            }
        }
        if reasons.is_empty() {
            self.stored.retain(|stored| uid(&stored.object) != uid(&resource.object));
            self.stored.push(Resource { user: UserInfo::default(), ..resource });
        }
        reasons
    }

    #[track_caller]
    fn admits(&mut self, user: &str, object: Value) {
        assert_eq!(self.send(user, object.clone()), Vec::<String>::new(), "{object:#}");
    }

    #[track_caller]
    fn refuses(&mut self, user: &str, object: Value) -> String {
        let reasons = self.send(user, object.clone());
        assert!(!reasons.is_empty(), "{object:#} was admitted");
        reasons.join("\n")
    }

    /// Counts what is stored, as the leader does after every request has ended.
    fn reconcile(&mut self) {
        let tenant = self.gate.tenants().iter().next().cloned();
        let owners: BTreeMap<&str, Vec<String>> =
            self.stored.iter().map(|one| (uid(&one.object), owner_uids(&one.object))).collect();
        let objects: Vec<LiveObject> = self
            .stored
            .iter()
            .filter_map(|stored| {
                let mut live =
                    self.gate.living(stored, tenant.as_deref(), ContainerDefaults::default())?;
                let above = live.owners.clone();
                live.owners.extend(
                    above.iter().filter_map(|owner| owners.get(&**owner)).flatten().cloned(),
                );
                live.version = 99;
                Some(live)
            })
            .collect();
        let positions = kinds::KINDS.iter().map(|row| (row.kind.to_owned(), 99)).collect();
        let view = View { objects, positions, finished_below: u64::MAX };
        let known = self.gate.limits_of("q").unwrap().clone();
        self.ledger.reconcile(&view, &known).unwrap();
    }

    fn used(&self, name: &str) -> u64 {
        self.ledger.total().get(name).units_ceil()
    }
}

fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().unwrap_or_default()
}

fn owner_uids(object: &Value) -> Vec<String> {
    let owners = object["metadata"]["ownerReferences"].as_array().cloned().unwrap_or_default();
    owners.iter().map(|owner| owner["uid"].as_str().unwrap_or_default().to_owned()).collect()
}

fn pod_spec(args: &[&str], cpu: &str) -> Value {
    json!({"containers": [{"name": "m", "image": "flink:1.20", "args": args,
        "resources": {"requests": {"cpu": cpu, "memory": "1Gi"}}}]})
}

/// An object of a kind with a pod template.
fn maker(api_version: &str, kind: &str, name: &str, replicas: u64, spec: &Value) -> Value {
    let template = json!({"metadata": {"labels": {"app": "a"}}, "spec": spec});
    let metadata = json!({"name": name, "namespace": "strict", "uid": name});
    let spec = match kind {
        "PodTemplate" => {
            return json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "template": template});
        }
        "CronJob" => {
            json!({"schedule": "* * * * *", "jobTemplate": {"spec": {"parallelism": replicas, "template": template}}})
        }
        "Job" => json!({"parallelism": replicas, "completions": replicas, "template": template}),
        _ => {
            json!({"replicas": replicas, "selector": {"matchLabels": {"app": "a"}}, "template": template})
        }
    };
    json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec})
}

fn pod(name: &str, owner: Option<(&str, &str)>, spec: &Value) -> Value {
    let owners = owner.map(|(kind, name)| {
        let version = if kind == "FlinkDeployment" { "flink.apache.org/v1beta1" } else { "apps/v1" };
        json!([{"apiVersion": version, "kind": kind, "name": name, "uid": name, "controller": true}])
    });
    json!({"apiVersion": "v1", "kind": "Pod", "spec": spec,
        "metadata": {"name": name, "namespace": "strict", "uid": name, "ownerReferences": owners, "labels": {"app": "a"}}})
}

fn case(name: &str) -> Value {
    let text = std::fs::read_to_string(format!("tests/data/bypasses/{name}.yaml")).unwrap();
    yaml::parse(&text).remove(0).value.unwrap()
}

#[test]
fn every_kind_with_a_template_is_judged_where_it_stands() {
    let gate = Scene::new(json!({"security": {"podSecurity": {"level": "restricted"}}})).gate;
    for (api_version, kind, place) in MAKERS {
        let rules = |spec: &Value| -> Vec<(String, String)> {
            let object = maker(api_version, kind, "x", 1, spec);
            let resource = Resource::from_manifest(object).unwrap();
            let findings = gate.validate(&resource).findings;
            findings
                .into_iter()
                .map(|finding| (finding.rule.to_string(), finding.pointer))
                .collect()
        };
        let bad = json!({"hostPID": true, "containers": [{"name": "a", "image": "a:1", "securityContext": {"privileged": true}}]});
        let found = rules(&bad);
        for (rule, field) in [
            ("security/host-namespaces", "/spec/hostPID"),
            ("security/privileged", "/spec/containers/0/securityContext/privileged"),
        ] {
            let wanted = (rule.to_owned(), format!("{place}{field}"));
            assert!(found.contains(&wanted), "{kind}: {found:?}");
        }
        let good = json!({"containers": [{"name": "a", "image": "a:1"}]});
        assert!(rules(&good).iter().all(|(rule, _)| !rule.starts_with("security/priv")), "{kind}");
    }
}

#[test]
fn every_kind_with_a_template_is_in_the_webhooks() {
    for (api_version, kind, _) in MAKERS {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let row = kinds::find(group, kind).unwrap();
        assert!(row.lower.is_some() && !row.webhooks.is_empty(), "{kind}");
        assert_eq!(row.is_counted(), kind != "PodTemplate", "{kind}");
    }
    // Nothing else of Kubernetes' groups is lowered to pods.
    let others: Vec<_> = KINDS
        .iter()
        .filter(|row| row.is_counted() && row.origin == kinds::Origin::Kubernetes)
        .map(|row| row.kind)
        .filter(|kind| !MAKERS.iter().any(|(_, maker, _)| maker == kind))
        .collect();
    assert_eq!(others, ["Pod", "PersistentVolumeClaim"]);
}

#[test]
fn a_second_cluster_is_refused_whatever_makes_it() {
    let entrypoints: [&[&str]; 11] = [
        &["standalone-job"],
        &["jobmanager"],
        &["bash", "-c", "kubernetes-jobmanager.sh kubernetes-application"],
        &["/opt/flink/bin/standalone-job.sh", "start-foreground"],
        &["bash", "-c", "taskmanager.sh start; exec jobmanager.sh start-foreground"],
        &["bash", "-c", "start-cluster.sh && sleep infinity"],
        &["/opt/flink/bin/flink-console.sh", "standalonesession"],
        &["/opt/flink/bin/flink-daemon.sh", "start", "standalonejob"],
        &["flink", "run", "-t", "local", "/opt/flink/usrlib/job.jar"],
        &["bash", "-c", "exec bin/flink run -Dexecution.target=local job.jar"],
        &[
            "java",
            "-cp",
            "/opt/flink/lib/*",
            "org.apache.flink.client.cli.CliFrontend",
            "run",
            "--target=local",
            "a.jar",
        ],
    ];
    for entrypoint in entrypoints {
        let spec = pod_spec(entrypoint, "1");
        for (api_version, kind, _) in
            MAKERS.into_iter().filter(|(_, kind, _)| *kind != "PodTemplate")
        {
            let mut scene = Scene::small();
            scene.admits("ada", maker(api_version, kind, "first", 1, &spec));
            assert_eq!(scene.used("clusters"), 1, "{kind} {entrypoint:?}");
            let refusal = scene.refuses("ada", pod("bare", None, &spec));
            assert!(refusal.contains("clusters"), "{refusal}");
            for (api_version, kind, _) in
                MAKERS.into_iter().filter(|(_, kind, _)| *kind != "PodTemplate")
            {
                scene.refuses("ada", maker(api_version, kind, "second", 1, &spec));
            }
            // No second cluster: workers, tools, templates that run nothing.
            scene.admits(
                "ada",
                maker("apps/v1", "Deployment", "tm", 2, &pod_spec(&["taskmanager"], "1")),
            );
            scene.admits(
                "ada",
                maker("apps/v1", "ReplicaSet", "web", 3, &pod_spec(&["nginx"], "1")),
            );
            scene.admits("ada", maker("v1", "PodTemplate", "template", 1, &spec));
            scene.admits("ada", pod("tool", None, &pod_spec(&["sleep"], "1")));
            let worker = ["bash", "-c", "nc -z jobmanager 6123 && taskmanager.sh start-foreground"];
            scene.admits("ada", pod("worker", None, &pod_spec(&worker, "1")));
        }
    }
}

#[test]
fn case_11_is_refused_and_its_small_sister_admitted() {
    let mut scene = Scene::small();
    let object = case("11-quota-by-kinds-that-nobody-asks-about");
    let refusal = scene.refuses("ada", object.clone());
    assert!(refusal.contains("cpu"), "{refusal}");
    let mut small = object;
    small["spec"]["replicas"] = json!(1);
    scene.admits("ada", small);
    // Six TaskManagers of a ReplicaSet.
    let mut scene = Scene::small();
    scene.refuses("ada", maker("apps/v1", "ReplicaSet", "tm", 6, &pod_spec(&["taskmanager"], "4")));
    scene.refuses("ada", pod("bare", None, &pod_spec(&["taskmanager"], "5")));
}

#[test]
fn variables_hide_no_job_manager() {
    let mut spec = pod_spec(&["$(MODE)"], "1");
    spec["containers"][0]["env"] = json!([{"name": "MODE", "value": "standalone-job"}]);
    let mut scene = Scene::small();
    scene.admits("ada", pod("one", None, &spec));
    assert_eq!((scene.used("clusters"), scene.used("jobs")), (1, 1));
    scene.refuses("ada", pod("two", None, &spec));
}

#[test]
fn a_job_manager_in_a_second_container_is_a_cluster() {
    let mut spec = pod_spec(&["taskmanager"], "1");
    let second = pod_spec(&["standalone-job"], "1")["containers"][0].clone();
    spec["containers"].as_array_mut().unwrap().push(second);
    spec["containers"][1]["name"] = json!("n");
    let mut scene = Scene::small();
    scene.admits("ada", pod("one", None, &spec));
    assert_eq!((scene.used("clusters"), scene.used("jobs")), (1, 1));
    scene.refuses("ada", pod("two", None, &spec));
    let twice = spec["containers"][1].clone();
    spec["containers"].as_array_mut().unwrap().push(twice);
    Scene::small().refuses("ada", pod("both", None, &spec));
}

/// A Deployment of three JobManagers for high availability, through Kubernetes' controllers.
#[test]
fn pods_of_a_counted_deployment_add_no_cluster() {
    let spec = pod_spec(&["standalone-job"], "1");
    let mut scene = Scene::small();
    scene.admits("ada", maker("apps/v1", "Deployment", "jm", 3, &spec));
    for set in ["jm-1", "jm-2"] {
        let mut replica_set = maker("apps/v1", "ReplicaSet", set, 3, &spec);
        replica_set["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "jm", "uid": "jm", "controller": true}]);
        scene.admits(DEPLOYMENTS, replica_set);
    }
    for number in 0..3 {
        let name = format!("jm-1-{number}");
        let mut request = pod(&name, Some(("ReplicaSet", "jm-1")), &spec);
        // In a cluster the owners of owners are looked up.
        let above =
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "jm", "uid": "jm"});
        request["metadata"]["ownerReferences"].as_array_mut().unwrap().push(above);
        scene.admits(REPLICA_SETS, request);
    }
    assert_eq!((scene.used("clusters"), scene.used("jobs"), scene.used("pods")), (1, 1, 3));
    scene.reconcile();
    assert_eq!((scene.used("clusters"), scene.used("jobs"), scene.used("pods")), (1, 1, 3));
    scene.refuses("ada", pod("bare", None, &spec));
}

#[test]
fn only_controllers_give_a_job_manager_its_owner() {
    let spec = pod_spec(&["standalone-job"], "1");
    for owner in ["ReplicaSet", "Deployment", "FlinkDeployment"] {
        let mut scene = Scene::small();
        scene.admits("ada", maker("apps/v1", "Deployment", "jm", 1, &spec));
        let refusal = scene.refuses("ada", pod("forged", Some((owner, "jm")), &spec));
        assert!(refusal.contains("did not create this JobManager"), "{refusal}");
        // Before the update it is a cluster of its own; the owner comes later.
        let mut other = Scene::small();
        other.admits("ada", pod("first", None, &spec));
        let old = pod("first", None, &spec);
        let refusal = other.update("ada", pod("first", Some((owner, "jm")), &spec), Some(old));
        assert!(!refusal.is_empty(), "{owner}");
        // A pod that runs no JobManager may name any owner, as before.
        scene.admits("ada", pod("tool", Some((owner, "jm")), &pod_spec(&["sleep"], "1")));
    }
    // A user whose name only looks like a controller's.
    for user in [
        "system:serviceaccount:strict:replicaset-controller",
        "system:serviceaccount:kube-system2:replicaset-controller",
        "replicaset-controller",
    ] {
        Scene::small().refuses(user, pod("forged", Some(("ReplicaSet", "jm")), &spec));
    }
}

/// Some clusters run Kubernetes' controllers with the administrator's certificate.
#[test]
fn an_administrators_replica_set_of_a_deployment_counts_once() {
    let spec = pod_spec(&["standalone-job"], "1");
    let mut scene = Scene::small();
    scene.admits("ada", maker("apps/v1", "Deployment", "jm", 1, &spec));
    let owner = json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "jm", "uid": "jm", "controller": true}]);
    let mut replica_set = maker("apps/v1", "ReplicaSet", "jm-1", 1, &spec);
    replica_set["metadata"]["ownerReferences"] = owner;
    let charge = |scene: &Scene, groups: &[&str], object: &Value| {
        let mut resource = Resource::from_manifest(object.clone()).unwrap();
        let groups = groups.iter().map(|&group| group.to_owned()).collect();
        resource.user = UserInfo { username: "admin".into(), groups, ..UserInfo::default() };
        let case = scene.gate.lower(&resource, true).unwrap();
        scene.gate.charge(&case).is_some()
    };
    assert!(!charge(&scene, &["system:masters"], &replica_set));
    assert!(charge(&scene, &[], &replica_set));
    // Without the Deployment it is the administrator's own.
    assert!(charge(&scene, &["system:masters"], &maker("apps/v1", "ReplicaSet", "x", 1, &spec)));
}

/// A ReplicaSet of a web server adopts bare JobManagers that have its labels.
#[test]
fn adopted_job_managers_still_count() {
    let spec = pod_spec(&["standalone-job"], "1");
    let mut scene = Scene::small();
    scene.admits("ada", maker("apps/v1", "ReplicaSet", "web", 5, &pod_spec(&["nginx"], "1")));
    scene.admits("ada", pod("jm", None, &spec));
    let adopted = pod("jm", Some(("ReplicaSet", "web")), &spec);
    assert_eq!(
        scene.update(REPLICA_SETS, adopted, Some(pod("jm", None, &spec))),
        Vec::<String>::new()
    );
    scene.reconcile();
    assert_eq!((scene.used("clusters"), scene.used("jobs")), (1, 1));
    scene.refuses("ada", pod("next", None, &spec));
}

/// Its pods lose their owner when their labels change, and the ReplicaSet makes others.
#[test]
fn a_released_job_manager_is_a_cluster_of_its_own() {
    let spec = pod_spec(&["standalone-job"], "1");
    let mut scene = Scene::small();
    scene.admits("ada", maker("apps/v1", "ReplicaSet", "jm", 1, &spec));
    let owned = pod("jm-0", Some(("ReplicaSet", "jm")), &spec);
    scene.admits(REPLICA_SETS, owned.clone());
    scene.reconcile();
    assert_eq!(scene.used("clusters"), 1);
    let refusal = scene.update(REPLICA_SETS, pod("jm-0", None, &spec), Some(owned));
    assert!(!refusal.is_empty());
}

#[test]
fn a_tenant_without_quota_may_run_any_job_manager() {
    let spec = pod_spec(&["standalone-job"], "1");
    let gate = Scene::new(json!({"security": {"podSecurity": {"level": "privileged"}}})).gate;
    let mut resource =
        Resource::from_manifest(pod("a", Some(("ReplicaSet", "jm")), &spec)).unwrap();
    resource.user.username = "ada".into();
    let errors = gate.validate(&resource).findings;
    assert!(errors.iter().all(|finding| !finding.rule.starts_with("quota/")), "{errors:?}");
}

/// Only operators make a workload of a custom resource, when they create and when they update it.
#[test]
fn only_operators_give_a_workload_with_a_job_manager_its_owner() {
    const OPERATOR: &str = "system:serviceaccount:flink-operator:flink-operator";
    let owner = |version: &str, kind: &str| json!([{"apiVersion": version, "kind": kind, "name": "etl", "uid": "etl", "controller": true}]);
    let owners = [
        owner("flink.apache.org/v1beta1", "FlinkDeployment"),
        owner("flink.apache.org/v1beta1", "FlinkBlueGreenDeployment"),
        owner("flinkoperator.k8s.io/v1beta1", "FlinkCluster"),
        owner("flink.k8s.io/v1beta1", "FlinkApplication"),
    ];
    let makers = MAKERS.into_iter().filter(|(_, kind, _)| *kind != "PodTemplate");
    for ((api_version, kind, _), owner) in
        makers.flat_map(|maker| owners.iter().map(move |owner| (maker, owner)))
    {
        for entrypoint in [&["standalone-job"][..], &["jobmanager"]] {
            let plain = maker(api_version, kind, "jm", 1, &pod_spec(entrypoint, "1"));
            let mut owned = plain.clone();
            owned["metadata"]["ownerReferences"] = owner.clone();
            let refusal = Scene::small().refuses("ada", owned.clone());
            assert!(refusal.contains("did not create this JobManager"), "{kind}: {refusal}");
            // The owner comes before the JobManager, or later.
            let mut idle = maker(api_version, kind, "jm", 0, &pod_spec(entrypoint, "1"));
            let mut tool = maker(api_version, kind, "jm", 1, &pod_spec(&["sleep"], "1"));
            for earlier in [&mut idle, &mut tool] {
                earlier["metadata"]["ownerReferences"] = owner.clone();
            }
            for old in [plain, idle, tool] {
                let mut scene = Scene::small();
                if !scene.send("ada", old.clone()).is_empty() {
                    continue;
                }
                let refusal = scene.update("ada", owned.clone(), Some(old)).join(" ");
                assert!(refusal.contains("did not create this JobManager"), "{kind}: {refusal}");
            }
            let may_claim = ["Deployment", "StatefulSet", "Job", "CronJob"].contains(&kind);
            if may_claim {
                Scene::small().admits(OPERATOR, owned.clone());
            }
            // What the operator made stays changeable, and a user may own a worker.
            assert_eq!(
                Scene::small().update("ada", owned.clone(), Some(owned)),
                Vec::<String>::new(),
                "{kind}"
            );
            let mut worker = maker(api_version, kind, "tm", 1, &pod_spec(&["taskmanager"], "1"));
            worker["metadata"]["ownerReferences"] = owner.clone();
            Scene::small().admits("ada", worker);
        }
    }
}

#[test]
fn a_job_manager_that_a_hook_starts_is_a_cluster() {
    let exec = |command: &[&str]| json!({"exec": {"command": command}});
    let start = exec(&["/opt/flink/bin/jobmanager.sh", "start"]);
    let with = |fields: Value| {
        let mut spec = pod_spec(&["sleep", "infinity"], "1");
        json_patch::merge(&mut spec["containers"][0], &fields);
        pod("one", None, &spec)
    };
    for fields in [
        json!({"lifecycle": {"postStart": start}}),
        json!({"livenessProbe": start}),
        json!({"readinessProbe": exec(&["sh", "-c", "standalone-job.sh start; true"])}),
    ] {
        let mut scene = Scene::small();
        scene.admits("ada", with(fields));
        assert_eq!(scene.used("clusters"), 1);
    }
    for fields in [
        json!({"lifecycle": {"preStop": exec(&["/opt/flink/bin/jobmanager.sh", "stop"])}}),
        json!({"livenessProbe": exec(&["sh", "-c", "curl -f jobmanager:8081/overview"])}),
    ] {
        let mut scene = Scene::small();
        scene.admits("ada", with(fields));
        assert_eq!(scene.used("clusters"), 0);
    }
}
