//! The three tenants, and how they change while their clusters run.

use super::api::{Api, User};
use crate::quota::scene::{CPU, Scene, charged};
use crate::seeded::Seeded;
use crate::support::tls::{post, webhook_path};
use crate::support::wait::until;
use ::flinkgate::quota::ledger::Ledger;
use ::flinkgate::quota::ledger::crd::FlinkTenantLedger;
use serde_json::{Value, json};

const KINDS: &str = "/apis/flinkgate.dev/v1alpha1";

/// A tenant, whose namespace has its name.
pub struct Tenant {
    pub name: &'static str,
    /// What it may use now.
    pub cpu: i64,
    /// The most that was charged since it may use so much.
    pub most: i64,
    /// Whether suspended clusters keep nothing of the quota.
    pub releases: bool,
    spec: Value,
    /// What it may use when it is not lowered.
    full_cpu: i64,
    changes: usize,
}

/// How a tenant may change.
pub const CHANGES: [&str; 9] = [
    "label",
    "node selector",
    "toleration",
    "mount path",
    "claim name",
    "enforced option",
    "quota",
    "Pod Security level",
    "read-only root",
];

/// The specs, where each tenant has clusters of so much cpu: the second one is full of them.
pub fn all(cpu: i64) -> [Tenant; 3] {
    let rich = json!({"labels": {"cost-center": "4711"},
        "scheduling": {"nodeSelector": {"pool": "flink"}, "tolerations": [{"key": "flink", "operator": "Exists"}]}});
    let full = json!({"labels": {"cost-center": "4712"}, "flink": {"configuration": {
        "defaults": {"execution.checkpointing.interval": "60s"},
        "enforced": {"kubernetes.rest-service.exposed.type": "ClusterIP"}}}});
    let volume = json!({"claimName": "{cluster}-state", "size": "1Gi", "reclaim": "Retain", "storageClassName": "manual"});
    let restricted = json!({"labels": {"cost-center": "4713"},
        "security": {"podSecurity": {"level": "restricted"}, "readOnlyRootFilesystem": true, "serviceAccounts": ["flink"],
            "images": {"allow": ["registry.example.com/flink/*"]}},
        "scheduling": {"antiAffinity": {"taskManager": "Preferred"}, "nodeSelector": {"pool": "flink"},
            "tolerations": [{"key": "flink", "operator": "Exists"}]},
        "storage": {"checkpoints": {"volume": volume}},
        "flink": {"configuration": {"enforced": {
            "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION"}}}});
    [("day-rich", 10 * cpu, rich), ("day-full", cpu, full), ("day-restricted", 2 * cpu, restricted)]
        .map(|(name, cpu, spec)| {
            let releases = name == "day-restricted";
            Tenant { name, cpu, most: cpu, releases, spec, full_cpu: cpu, changes: 0 }
        })
}

impl Tenant {
    /// Creates it with its namespace.
    pub fn create(&mut self, scene: &Scene) {
        let suspended = if self.releases { "Release" } else { "Reserve" };
        self.spec["quota"] = json!({"hard": {"cpu": self.cpu.to_string()}, "suspended": suspended});
        scene.tenant_over(self.name, &[self.name], self.spec.clone());
        scene.kubectl(&["create", "serviceaccount", "flink", "--namespace", self.name]);
    }

    /// Changes something of it, and waits until all replicas know; gives what was changed. Its
    /// clusters declare so much cpu.
    pub fn change(
        &mut self,
        api: &Api,
        scene: &Scene,
        chance: &mut Seeded,
        declared: i64,
        probe: &Value,
    ) -> &'static str {
        let has_volume = !self.spec["storage"].is_null();
        let what = loop {
            let what = CHANGES[chance.below(CHANGES.len())];
            if has_volume || !["mount path", "claim name"].contains(&what) {
                break what;
            }
        };
        let mut pick = |values: &[Value]| values[chance.below(values.len())].clone();
        let volume = |field: &str, value: Value| {
            let mut volume = json!({});
            volume[field] = value;
            json!({"storage": {"checkpoints": {"volume": volume}}})
        };
        let change = match what {
            "label" => {
                json!({"labels": {"cost-center": pick(&[json!("1"), json!("2"), Value::Null])}})
            }
            "node selector" => {
                json!({"scheduling": {"nodeSelector": {"pool": pick(&[json!("a"), json!("b"), Value::Null])}}})
            }
            "toleration" => {
                let one = |key: &str| json!([{"key": key, "operator": "Exists"}]);
                json!({"scheduling": {"tolerations": pick(&[one("flink"), one("other"), json!([])])}})
            }
            "mount path" => {
                volume("mountPath", pick(&[json!("/mnt/state"), json!("/mnt/other"), Value::Null]))
            }
            "claim name" => {
                volume("claimName", pick(&[json!("{cluster}-state"), json!("{cluster}-data")]))
            }
            "enforced option" => {
                let interval = pick(&[json!("30s"), json!("90s"), Value::Null]);
                json!({"flink": {"configuration": {"enforced": {"execution.checkpointing.interval": interval}}}})
            }
            "quota" => {
                let full = self.cpu == self.full_cpu;
                self.set_quota(api, scene, if full { declared - 4 } else { self.full_cpu }, probe);
                return what;
            }
            "Pod Security level" => {
                let level = pick(&[json!("restricted"), json!("baseline"), Value::Null]);
                json!({"security": {"podSecurity": {"level": level}}})
            }
            _ => {
                json!({"security": {"readOnlyRootFilesystem": pick(&[json!(true), Value::Null])}})
            }
        };
        self.apply(api, scene, change, probe);
        what
    }

    /// Lets it use again what it may use when it is not lowered.
    pub fn raise_quota(&mut self, api: &Api, scene: &Scene, probe: &Value) {
        self.set_quota(api, scene, self.full_cpu, probe);
    }

    /// Changes what it may use, and waits until all replicas know.
    pub fn set_quota(&mut self, api: &Api, scene: &Scene, cpu: i64, probe: &Value) {
        self.cpu = cpu;
        let change = json!({"quota": {"hard": {"cpu": cpu.to_string()}}});
        self.apply(api, scene, change, probe);
    }

    fn apply(&mut self, api: &Api, scene: &Scene, mut spec: Value, probe: &Value) {
        // What is forbidden shows which spec a replica knows.
        self.changes += 1;
        let marker = format!("day.marker-{}", self.changes);
        spec["flink"]["configuration"]["forbidden"] = json!([marker]);
        let administrator = User::administrator();
        let patch = json!({ "spec": spec });
        api.patch(&administrator, &format!("{KINDS}/flinktenants"), self.name, None, &patch)
            .unwrap();
        self.most = self.cpu.max(self.charged(api));
        wait_known(scene, probe, &marker);
    }

    /// The cpu that its ledger is charged.
    pub fn charged(&self, api: &Api) -> i64 {
        self.ledger(api).0
    }

    /// The cpu that its ledger is charged, and how many reservations are in it.
    pub fn ledger(&self, api: &Api) -> (i64, usize) {
        let stored = api.get(&format!("{KINDS}/flinktenantledgers"), self.name).unwrap();
        let stored: FlinkTenantLedger = serde_json::from_value(stored).unwrap();
        let ledger = Ledger::read(&stored.status.unwrap_or_default()).unwrap();
        (charged(&ledger)[CPU], ledger.reservations())
    }
}

/// Waits until every replica forbids the marker in a stored cluster.
fn wait_known(scene: &Scene, probe: &Value, marker: &str) {
    let mut probe = probe.clone();
    probe["spec"]["flinkConfiguration"][marker] = json!("x");
    let kind = |resource: &str, value: &str| json!({"group": "flink.apache.org", "version": "v1beta1", resource: value});
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "dryRun": true, "namespace": probe["metadata"]["namespace"], "name": probe["metadata"]["name"],
        "kind": kind("kind", "FlinkDeployment"), "resource": kind("resource", "flinkdeployments"),
        "userInfo": {"username": "ada"}, "object": probe}});
    let path = webhook_path(scene, "validate");
    for replica in &scene.replicas {
        until("the replica knows the tenant as it is", || {
            let answer = post(replica.webhooks, &scene.authorities, &path, &review.to_string())?;
            let refusal = answer["response"]["status"]["message"].as_str().unwrap_or_default();
            if refusal.contains(marker) { Ok(()) } else { Err(answer.to_string()) }
        });
    }
}
