//! A cluster with tenants whose limits hold everywhere, what these tests put into it, and what its
//! ledgers say.

use crate::support::Options;
use crate::support::access::Access;
use crate::support::installation::Installation;
use crate::support::tls::{post, webhook_path};
use crate::support::wait::until;
use ::flinkgate::quota::ledger::Ledger;
use ::flinkgate::quota::ledger::crd::FlinkTenantLedger;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::ops::Deref;
use std::sync::OnceLock;

/// An installation, and what one needs to ask its replicas oneself.
pub struct Scene {
    pub installation: Installation,
    pub authorities: Vec<u8>,
}

impl Deref for Scene {
    type Target = Installation;

    fn deref(&self) -> &Installation {
        &self.installation
    }
}

/// The scene that tests share which stop nothing: no nodes, so that pods are created and never run.
pub fn scene() -> &'static Scene {
    static SHARED: OnceLock<Scene> = OnceLock::new();
    SHARED.get_or_init(|| Scene::new(Options { api_servers: 2, nodes: 0, ..Options::default() }, 2))
}

impl Scene {
    /// A new one.
    pub fn new(options: Options, replicas: usize) -> Self {
        Self::of(Installation::new(options, replicas))
    }

    /// Of an installation that is there.
    pub fn of(installation: Installation) -> Self {
        let secret =
            installation.get(&["secret", "flinkgate-tls", "--namespace", "flinkgate-system"]);
        let authorities = STANDARD.decode(secret["data"]["ca.crt"].as_str().unwrap()).unwrap();
        Self { installation, authorities }
    }

    /// The administrator at each API server.
    pub fn servers(&self) -> Vec<&Access> {
        (0..self.api_servers()).map(|number| self.admin(number)).collect()
    }

    /// A new tenant of one namespace with its own name, which may use so much.
    pub fn tenant_with(&self, name: &str, hard: Value) -> String {
        self.tenant_over(name, &[name], json!({"quota": {"hard": hard}}));
        name.to_owned()
    }

    /// A new tenant of new namespaces. When this returns its limits hold at every API server and
    /// every replica.
    pub fn tenant_over(&self, name: &str, namespaces: &[&str], mut spec: Value) {
        let cpu = spec["quota"]["hard"]["cpu"].as_str().map(str::to_owned);
        spec["namespaces"] = json!({ "names": namespaces });
        let tenant = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": name}, "spec": spec});
        self.create(&tenant.to_string());
        for namespace in namespaces {
            self.create_namespace(namespace);
            self.wait_labelled(namespace, name);
        }
        if let Some(cpu) = cpu {
            self.wait_limits(namespaces, &cpu);
        }
    }

    /// Waits until a namespace carries its tenant's label.
    pub fn wait_labelled(&self, namespace: &str, tenant: &str) {
        until("the namespace carries its tenant's label", || {
            let found = self.get(&["namespace", namespace]);
            if found["metadata"]["labels"]["flinkgate.dev/tenant"] == tenant {
                Ok(())
            } else {
                Err(found.to_string())
            }
        });
    }

    /// Changes what a tenant may use, and waits until that holds everywhere.
    pub fn limit(&self, tenant: &str, namespaces: &[&str], hard: Value) {
        let patch = json!({"spec": {"quota": {"hard": hard}}}).to_string();
        self.kubectl(&["patch", "flinktenant", tenant, "--type=merge", "--patch", &patch]);
        self.wait_limits(namespaces, hard["cpu"].as_str().unwrap());
    }

    /// Waits until every replica, and every API server for every namespace, refuses what is too
    /// large by this limit on cpu.
    pub fn wait_limits(&self, namespaces: &[&str], cpu: &str) {
        let by_this = |refusal: &str| {
            refusal.contains("quota/exceeded") && refusal.contains(&format!("the quota is {cpu})"))
        };
        for namespace in namespaces {
            let giant = pod(namespace, "giant", GIANT);
            for replica in &self.replicas {
                until("the replica knows the limit", || {
                    let answer = post(
                        replica.webhooks,
                        &self.authorities,
                        &webhook_path(self, "validate"),
                        &review(&giant).to_string(),
                    )?;
                    let refusal =
                        answer["response"]["status"]["message"].as_str().unwrap_or_default();
                    if by_this(refusal) { Ok(()) } else { Err(answer.to_string()) }
                });
            }
            for server in self.servers() {
                until("the API server asks about the limit", || {
                    match server
                        .try_kubectl(&["create", "--dry-run=server", "-f", "-"], &giant.to_string())
                    {
                        Err(refusal) if by_this(&refusal) => Ok(()),
                        answer => Err(format!("{answer:?}")),
                    }
                });
            }
        }
    }

    /// A tenant's ledger as it is stored, and its resource version.
    pub fn ledger(&self, tenant: &str) -> Result<(Ledger, String), String> {
        let text = self.try_kubectl(&["get", "flinktenantledger", tenant, "-o", "json"], "")?;
        let stored: FlinkTenantLedger =
            serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        let ledger =
            Ledger::read(&stored.status.unwrap_or_default()).map_err(|error| error.to_string())?;
        Ok((ledger, stored.metadata.resource_version.unwrap_or_default()))
    }

    /// What a tenant's ledger is charged.
    pub fn charged(&self, tenant: &str) -> Amounts {
        charged(&self.ledger(tenant).unwrap().0)
    }

    /// Waits until a tenant's ledger has so much cpu in it and nothing on its way; gives its
    /// resource version.
    pub fn settled(&self, tenant: &str, cpu: i64) -> String {
        until(&format!("the ledger of {tenant} has settled at {cpu} cpu"), || {
            self.has_settled(tenant, cpu)
        })
    }

    /// The same, asked once.
    pub fn has_settled(&self, tenant: &str, cpu: i64) -> Result<String, String> {
        let (ledger, version) = self.ledger(tenant)?;
        let settled =
            ledger.is_counted() && ledger.reservations() == 0 && charged(&ledger)[CPU] == cpu;
        if settled { Ok(version) } else { Err(format!("{:?}", ledger.stored())) }
    }

    /// `kubectl create`: what it prints, or why not.
    pub fn ask(&self, object: &Value) -> Result<String, String> {
        self.try_kubectl(&["create", "-f", "-"], &object.to_string())
    }

    /// `kubectl create`, which must be refused for the tenant's quota; gives what it complains of.
    pub fn over_quota(&self, object: &Value) -> String {
        let refusal = self.refused(&["create", "-f", "-"], &object.to_string());
        assert!(refusal.contains("quota/exceeded"), "{refusal}");
        refusal
    }
}

/// More than anybody may have.
const GIANT: u64 = 1_000_000;

/// How an API server asks about a creation, as a dry run, so that nothing is promised.
pub fn review(object: &Value) -> Value {
    let mut object = object.clone();
    object["metadata"]["uid"] = json!("00000000-0000-0000-0000-000000000000");
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "dryRun": true, "namespace": object["metadata"]["namespace"], "name": object["metadata"]["name"],
        "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"},
        "userInfo": {"username": "ada"}, "object": object}})
}

/// A pod of one container that asks for so much cpu; nobody schedules it.
pub fn pod(namespace: &str, name: &str, cpu: u64) -> Value {
    let container = json!({"name": "c", "image": "example.com/c:1", "resources": {"requests": {"cpu": cpu.to_string()}}});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace},
        "spec": {"schedulerName": "nobody", "automountServiceAccountToken": false, "containers": [container]}})
}

/// The same, owned by another object.
pub fn pod_of(owner: &Value, name: &str, cpu: u64) -> Value {
    let mut pod = pod(owner["metadata"]["namespace"].as_str().unwrap(), name, cpu);
    pod["metadata"]["ownerReferences"] = json!([{"apiVersion": owner["apiVersion"], "kind": owner["kind"],
        "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"], "controller": true}]);
    pod
}

/// A Deployment of such pods, of one cpu each.
pub fn deployment(namespace: &str, name: &str, replicas: u64) -> Value {
    let labels = json!({"app": name});
    let spec = pod(namespace, "", 1)["spec"].take();
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace}, "spec": {
        "replicas": replicas, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}}})
}

/// A standalone session cluster: a JobManager and so many TaskManagers, of one cpu each.
pub fn cluster(namespace: &str, name: &str, task_managers: u64) -> Value {
    let resource = json!({"cpu": 1, "memory": "2048m"});
    json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": name, "namespace": namespace}, "spec": {
        "mode": "standalone", "image": "registry.example.com/flink:1.20", "flinkVersion": "v1_20", "serviceAccount": "flink",
        "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "1"},
        "jobManager": {"resource": resource}, "taskManager": {"replicas": task_managers, "resource": resource}}})
}

/// The resources that these tests limit and count for themselves, always in this order.
pub const RESOURCES: [&str; 4] = ["cpu", "pods", "taskManagers", "clusters"];
/// Amounts of them.
pub type Amounts = [i64; 4];
/// Where cpu is.
pub const CPU: usize = 0;

/// What a ledger is charged.
pub fn charged(ledger: &Ledger) -> Amounts {
    RESOURCES.map(|resource| i64::try_from(ledger.total().get(resource).units_ceil()).unwrap())
}

/// What a stored pod or FlinkDeployment of these tests uses, by their own arithmetic.
pub fn uses(object: &Value) -> Amounts {
    let spec = &object["spec"];
    if object["kind"] == "FlinkDeployment" {
        let task_managers = spec["taskManager"]["replicas"].as_i64().unwrap();
        return [1 + task_managers, 1 + task_managers, task_managers, 1];
    }
    let cpu = spec["containers"][0]["resources"]["requests"]["cpu"].as_str().unwrap();
    let ended = matches!(object["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    if ended { [0; 4] } else { [cpu.parse().unwrap(), 1, 0, 0] }
}
