//! A tenant changes while its clusters run: their pods are replaced, their users' manifests apply,
//! and operators deploy them again.

use super::support::Options;
use super::support::access::Access;
use super::support::installation::{Installation, events, example};
use super::support::operator::{Operator, operator_account};
use super::support::wait::until;
use serde_json::{Value, json};
use std::process::Command;

/// An installation of two replicas, and a running standalone cluster of a tenant.
struct Running {
    namespace: String,
    manifest: Value,
    operator: Operator,
}

impl Running {
    fn start(installation: &Installation, tenant: &str) -> Self {
        let mut spec = example("tenants/payments.yaml", "")["spec"].take();
        spec.as_object_mut().unwrap().remove("quota");
        let namespace = installation.tenant(tenant, spec);
        installation.kubectl(&["create", "serviceaccount", "flink", "--namespace", &namespace]);
        let mut manifest = example("manifests/etl.yaml", &namespace);
        manifest["spec"]["mode"] = json!("standalone");
        manifest["spec"]["job"]["jarURI"] = json!("local:///opt/flink/jobs/etl.jar");
        manifest["spec"]["taskManager"]["replicas"] = json!(1);
        let operator = Operator::start(&operator_account(installation), &namespace);
        let running = Self { namespace, manifest, operator };
        until("the tenant's label is required", || {
            installation.try_kubectl(&["apply", "-f", "-"], &running.manifest.to_string())
        });
        running.wait_running(installation, "4711", "4711");
        running
    }

    fn pods(&self, access: &Access, component: &str) -> Vec<Value> {
        let selector = format!("component={component}");
        let found = access.get(&["pods", "--namespace", &self.namespace, "--selector", &selector]);
        let pods = found["items"].as_array().unwrap().iter();
        pods.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null()).cloned().collect()
    }

    /// Waits until a pod of each role runs, with this value of the tenant's label.
    fn wait_running(&self, access: &Access, job_manager: &str, task_manager: &str) {
        for (component, label) in [("jobmanager", job_manager), ("taskmanager", task_manager)] {
            until("a pod runs", || {
                let pods = self.pods(access, component);
                let is_it = |pod: &Value| {
                    pod["status"]["phase"] == "Running"
                        && pod["metadata"]["labels"]["cost-center"] == label
                };
                if pods.len() == 1 && pods.iter().all(is_it) {
                    return Ok(());
                }
                let sets = access.get(&["replicasets", "--namespace", &self.namespace]);
                let sets = sets["items"].as_array().unwrap().iter();
                let status: Vec<&Value> = sets.map(|set| &set["status"]).collect();
                Err(format!("{component} {label}: {pods:?} {status:?}"))
            });
        }
    }

    /// Loses all pods, which are replaced.
    fn lose_pods(&self, access: &Access) {
        let before: Vec<Value> = self.uids(access);
        access.kubectl(&[
            "delete",
            "pods",
            "--all",
            "--namespace",
            &self.namespace,
            "--wait=false",
            "--grace-period=0",
            "--force",
        ]);
        until("all pods are replaced", || {
            let now = self.uids(access);
            let is_new = now.len() == 2 && now.iter().all(|uid| !before.contains(uid));
            if is_new {
                return Ok(());
            }
            let found = events(access, &self.namespace);
            let messages: Vec<String> =
                found.iter().map(|event| event["note"].to_string()).collect();
            Err(format!("{now:?} {}", messages.join("\n")))
        });
    }

    fn uids(&self, access: &Access) -> Vec<Value> {
        let all = ["jobmanager", "taskmanager"].map(|component| self.pods(access, component));
        all.concat().iter().map(|pod| pod["metadata"]["uid"].clone()).collect()
    }

    /// Changes the tenant, and waits until a person's pod is judged by it.
    fn change(&self, installation: &Installation, spec: &Value, refused: &str) {
        let container = json!({"name": "c", "image": "registry.example.com/flink/etl:1"});
        let probe = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe", "namespace": self.namespace,
            "labels": {"cost-center": "4711"}},
            "spec": {"serviceAccountName": "flink", "containers": [container], "tolerations": [{"key": "flink", "operator": "Exists"}]}});
        installation.change(&self.namespace, spec, &probe, Some(refused));
        // Both replicas know it.
        for _ in 0..10 {
            installation.refused(&["create", "--dry-run=server", "-f", "-"], &probe.to_string());
        }
    }

    fn apply(&self, access: &Access, parallelism: i64) {
        let mut manifest = self.manifest.clone();
        manifest["spec"]["job"]["parallelism"] = json!(parallelism);
        access.apply(&manifest.to_string());
    }

    fn status(&self, access: &Access) -> Value {
        access.get(&["flinktenant", &self.namespace])["status"].take()
    }

    /// Waits until the tenant's status counts so many clusters with an earlier spec.
    fn wait_counted(&self, access: &Access, count: i64) {
        until("clusters with an earlier spec are counted", || {
            let status = self.status(access);
            if status["clustersWithEarlierSpec"].as_i64().unwrap_or_default() == count {
                Ok(())
            } else {
                Err(status.to_string())
            }
        });
    }

    /// Waits until the record of the cluster has its last spec alone.
    fn wait_rolled_out(&self, access: &Access) {
        let ledger = flinkgate::quota::ledger::admitted::ledger_name(&self.namespace);
        until("earlier specs are dropped", || {
            let admitted = access.get(&["flinktenantledger", &ledger])["status"]["admitted"].take();
            let lines = admitted.as_array().into_iter().flatten().filter_map(Value::as_str);
            let of_cluster: Vec<&str> =
                lines.filter(|line| line.starts_with("FlinkDeployment/")).collect();
            let [line] = of_cluster.as_slice() else { return Err(admitted.to_string()) };
            if line.contains(',') { Err((*line).to_owned()) } else { Ok(()) }
        });
    }

    /// The clusters with an earlier spec by `flinkgate impact`, each with the fields that differ and
    /// the path that an update keeps.
    fn impact(&self, access: &Access) -> Vec<(String, Vec<String>, Value)> {
        let output = Command::new(env!("CARGO_BIN_EXE_flinkgate"))
            .args(["impact", "--tenant", &self.namespace, "-o", "json"])
            .env("KUBECONFIG", access.kubeconfig())
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let clusters = report["tenants"][0]["clusters"].as_array();
        let clusters = clusters.unwrap_or_else(|| panic!("{output:?}"));
        assert_eq!(output.status.code(), Some(i32::from(!clusters.is_empty())), "{output:?}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let of = |cluster: &Value| {
            let changes = cluster["changes"].as_array().unwrap().iter();
            let fields = changes.map(|change| text(&change["field"])).collect();
            (text(&cluster["name"]), fields, cluster["keeps"]["claim"]["mountPath"].clone())
        };
        clusters.iter().map(of).collect()
    }

    fn refusals(&self) -> Vec<String> {
        let all = self.operator.complaints().into_iter();
        all.filter(|complaint| complaint.contains("flinkgate.dev")).collect()
    }
}

#[test]
fn a_change_of_its_tenant_stops_no_running_cluster() {
    let installation = Installation::new(Options::default(), 2);
    let label = json!({"cost-center": "9999"});
    let path = json!({"checkpoints": {"volume": {"mountPath": "/mnt/state"}}});
    // The tenant, its change, the rule that refuses a person's pod, and the label afterwards.
    let changes = [
        ("kept-label", json!({ "labels": label }), "tenancy/label", "9999"),
        (
            "kept-toleration",
            json!({"scheduling": {"tolerations": []}}),
            "scheduling/tolerations",
            "4711",
        ),
        ("kept-path", json!({"labels": label, "storage": path}), "tenancy/label", "9999"),
    ];
    for (tenant, change, refused, label) in changes {
        let running = Running::start(&installation, tenant);
        running.change(&installation, &change, refused);
        running.wait_counted(&installation, 1);
        let status = running.status(&installation);
        assert_eq!(
            status["earlierSpec"],
            json!([format!("FlinkDeployment/{tenant}/etl")]),
            "{status}"
        );
        let impact = running.impact(&installation);
        let [(name, fields, path)] = impact.as_slice() else { panic!("{impact:?}") };
        assert_eq!(name, "etl");
        let (keeps, count) = match tenant {
            "kept-path" => (json!("/flink/state"), 2),
            _ => (Value::Null, 1),
        };
        assert_eq!((path, fields.len()), (&keeps, count), "{impact:?}");

        // Its pods are replaced as they were.
        running.lose_pods(&installation);
        running.wait_running(&installation, "4711", "4711");

        // The user's manifest names none of the tenant's values.
        running.apply(&installation, 6);
        running.wait_running(&installation, label, label);
        running.wait_counted(&installation, i64::from(tenant == "kept-path"));
        // Nothing that runs needs the earlier spec any more.
        running.wait_rolled_out(&installation);
        let impact = running.impact(&installation);
        let fields: Vec<&String> = impact.iter().flat_map(|(_, fields, _)| fields).collect();
        let volume = "storage.checkpoints.volume.mountPath".to_owned();
        assert_eq!(fields, if tenant == "kept-path" { vec![&volume] } else { vec![] });
        let stored = installation.get(&["flinkdeployment", "etl", "--namespace", tenant]);
        let options = &stored["spec"]["flinkConfiguration"];
        assert_eq!(options["execution.checkpointing.dir"], "file:///flink/state/checkpoints");
        // The operator's ConfigMap has the options of the object.
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flink-config-etl", "namespace": tenant,
            "labels": {"app": "etl", "type": "flink-native-kubernetes"},
            "ownerReferences": [{"apiVersion": stored["apiVersion"], "kind": stored["kind"], "name": "etl", "uid": stored["metadata"]["uid"]}]},
            "data": {"flink-conf.yaml": "execution.checkpointing.dir: file:///flink/state/checkpoints\nkubernetes.rest-service.exposed.type: ClusterIP\n"}});
        operator_account(&installation).create(&map.to_string());
        running.lose_pods(&installation);
        running.wait_running(&installation, label, label);

        // A server-side apply of the same manifest is none of an earlier value either.
        let mut manifest = running.manifest.clone();
        manifest["spec"]["job"]["parallelism"] = json!(4);
        installation
            .try_kubectl(
                &["apply", "--server-side", "--force-conflicts", "-f", "-"],
                &manifest.to_string(),
            )
            .unwrap();
        assert_eq!(running.refusals(), [""; 0]);
    }
}

#[test]
fn a_new_leader_knows_what_a_cluster_was_admitted_with() {
    let mut installation = Installation::new(Options::default(), 2);
    let running = Running::start(&installation, "kept-leader");
    let holder = |access: &Access| {
        access.get(&["lease", "flinkgate", "--namespace", "flinkgate-system"])["spec"]
            ["holderIdentity"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    running.change(&installation, &json!({"labels": {"cost-center": "9999"}}), "tenancy/label");
    let before = holder(&installation);
    // All replicas are replaced, the leader too.
    for number in [0, 1] {
        installation.replicas[number].process().signal("KILL");
        installation.replace(number);
    }
    until("another one leads", || {
        let now = holder(&installation);
        if now != before && !now.is_empty() { Ok(()) } else { Err(now) }
    });
    running.lose_pods(&installation);
    running.wait_running(&installation, "4711", "4711");
    running.wait_counted(&installation, 1);
    running.apply(&installation, 6);
    running.wait_running(&installation, "9999", "9999");
    running.wait_counted(&installation, 0);
    assert_eq!(running.refusals(), [""; 0]);
}
