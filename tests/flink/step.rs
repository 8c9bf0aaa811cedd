//! The steps of scenarios, each with what must hold after it.

use crate::api::text;
use crate::cluster::{Cluster, is_in_claim};
use crate::manifest::{Manifest, Way};
use crate::outage::Outage;
use crate::support::wait::within;
use crate::world::{World, document};
use serde_json::{Value, json};
use std::time::Duration;

/// Starts of Flink and losses of nodes take their time.
pub const PATIENCE: Duration = Duration::from_secs(360);

/// How long a step has gone on when an outage begins.
const AMID: Duration = Duration::from_secs(4);

/// What is done to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The developer applies the manifest.
    Start,
    /// A checkpoint completes into the claim.
    Checkpoint,
    /// The developer asks for a savepoint with a FlinkStateSnapshot.
    Savepoint,
    /// The developer applies another configuration, with upgrade mode `savepoint`.
    Upgrade,
    /// The same with upgrade mode `last-state`.
    UpgradeFromLastState,
    /// The developer applies another parallelism.
    Rescale(usize),
    /// The developer scales the TaskManagers with `kubectl scale`.
    Scale(usize),
    /// The operator's autoscaler has scaled the job.
    Autoscaled(usize),
    /// A TaskManager's process ends.
    CrashTaskManager,
    /// A TaskManager's pod is deleted.
    DeleteTaskManager,
    /// The JobManager's process ends.
    CrashJobManager,
    /// The JobManager's pod is deleted.
    DeleteJobManager,
    /// The node of a TaskManager is lost.
    LoseNode,
    /// The job is suspended: no pods.
    Suspend,
    /// The job goes on.
    Resume,
    /// The object is deleted, and applied again.
    Recreate,
    /// The object is deleted: nothing of it is left, and nothing is charged for it.
    Delete,
    /// Something is away for a moment.
    Outage(Outage),
    /// The tenant's spec changes: a file of `tenants/changes`.
    ChangeTenant(&'static str),
    /// An outage begins while the other step goes on.
    Amid(Outage, &'static Step),
}

/// A cluster in the middle of its scenario.
pub struct Case<'a> {
    pub cluster: Cluster<'a>,
    /// What the developer applies.
    pub manifest: Manifest,
    /// TaskManagers that must be there.
    pub task_managers: usize,
    /// What the job must have counted at least: it was in a checkpoint.
    pub floor: i64,
    nonce: u64,
}

impl<'a> Case<'a> {
    /// Nothing is applied yet.
    pub fn new(world: &'a World, namespace: &str, manifest: &str) -> Self {
        let manifest = Manifest::load(world, manifest, namespace);
        let cluster = Cluster { world, namespace: namespace.to_owned(), name: String::new() };
        Self { cluster, manifest, task_managers: 1, floor: 0, nonce: 0 }
    }

    /// Where the cluster is.
    pub fn world(&self) -> &'a World {
        self.cluster.world
    }

    /// Does one step and checks what must hold after it.
    pub fn take(&mut self, step: Step) {
        let world = self.world();
        match step {
            Step::Start => self.manifest.apply(world),
            Step::Checkpoint => {}
            Step::Savepoint => self.savepoint(),
            Step::Upgrade => self.upgrade("savepoint"),
            Step::UpgradeFromLastState => self.upgrade("last-state"),
            Step::Rescale(count) => {
                self.manifest.spec()["job"]["parallelism"] = json!(count);
                self.task_managers = count;
                self.upgrade("savepoint");
            }
            Step::Scale(count) => {
                self.task_managers = count;
                let (kind, name) = self.manifest.object();
                let target = format!("{kind}/{name}");
                let replicas = format!("--replicas={count}");
                let namespace = self.cluster.namespace.as_str();
                world
                    .develop(&["scale", &target, &replicas, "--namespace", namespace], "")
                    .unwrap();
            }
            Step::Autoscaled(count) => self.task_managers = count,
            Step::CrashTaskManager => self.crash("taskmanager"),
            Step::CrashJobManager => self.crash("jobmanager"),
            Step::DeleteTaskManager => self.delete("taskmanager"),
            Step::DeleteJobManager => self.delete("jobmanager"),
            Step::LoseNode => return self.lose_node(),
            Step::Suspend => return self.suspend(),
            Step::Resume => {
                self.manifest.spec()["job"]["state"] = json!("running");
                self.manifest.apply(world);
            }
            Step::Recreate => self.recreate(),
            Step::Outage(outage) => outage.happen(world),
            Step::Amid(outage, step) => {
                return std::thread::scope(|scope| {
                    scope.spawn(|| {
                        std::thread::sleep(AMID);
                        outage.happen(world);
                    });
                    self.take(*step);
                });
            }
            Step::Delete => {
                self.manifest.delete(world);
                self.pods_left(0);
                return self.ledger_is_right();
            }
            Step::ChangeTenant(file) => {
                let change = document(&format!("tenants/changes/{file}.yaml"));
                world.change_tenant(&self.cluster.namespace, &change["spec"]);
            }
        }
        self.holds();
    }

    /// What must hold of a cluster that is to run.
    fn holds(&mut self) {
        self.cluster.name = self.manifest.cluster(self.world());
        self.runs();
        self.state_has_one_place();
        self.checkpoints();
        self.ledger_is_right();
    }

    fn upgrade(&mut self, mode: &str) {
        self.colour_is_ready();
        self.nonce += 1;
        let parameters = json!(format!("upgrade:{}", self.nonce));
        let spec = self.manifest.spec();
        spec["job"]["upgradeMode"] = json!(mode);
        spec["flinkConfiguration"]["pipeline.global-job-parameters"] = parameters;
        self.manifest.apply(self.world());
        self.manifest.wait_stable(self.world(), PATIENCE);
    }

    /// The operator gives up a transition to the other colour if it sees no ready colour at once, and
    /// waits for the next change of the spec.
    fn colour_is_ready(&self) {
        if self.manifest.way != Way::BlueGreen {
            return;
        }
        let colour =
            ["flinkdeployment", &self.cluster.name, "--namespace", &self.cluster.namespace];
        within(PATIENCE, "the operator sees a ready colour", || {
            let status = self.world().get(&colour)["status"].take();
            let ready = text(&status, "/jobManagerDeploymentStatus") == "READY"
                && text(&status, "/jobStatus/state") == "RUNNING"
                && text(&status, "/lifecycleState") == "STABLE";
            if ready { Ok(()) } else { Err(status.to_string()) }
        });
    }

    fn savepoint(&mut self) {
        self.manifest.wait_stable(self.world(), PATIENCE);
        let counted = within(PATIENCE, "the job counts", || self.cluster.counted());
        let path = match self.manifest.way {
            Way::Client => self.savepoint_by_rest(),
            _ => self.savepoint_by_snapshot(),
        };
        is_in_claim(&path, &self.cluster.claims().unwrap()).unwrap();
        self.floor = counted;
    }

    fn savepoint_by_snapshot(&mut self) -> String {
        self.nonce += 1;
        let (kind, name) = match self.manifest.way {
            Way::BlueGreen => ("FlinkDeployment", self.cluster.name.as_str()),
            _ => self.manifest.object(),
        };
        let snapshot_name = format!("{name}-{}", self.nonce);
        let snapshot = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkStateSnapshot",
            "metadata": {"name": snapshot_name, "namespace": self.cluster.namespace},
            "spec": {"jobReference": {"kind": kind, "name": name}, "savepoint": {"disposeOnDelete": false}}});
        self.world().develop(&["create", "-f", "-"], &snapshot.to_string()).unwrap();
        within(PATIENCE, "the savepoint is complete", || {
            let snapshot =
                ["flinkstatesnapshot", &snapshot_name, "--namespace", &self.cluster.namespace];
            let found = self.world().get(&snapshot);
            match text(&found, "/status/state") {
                "COMPLETED" => Ok(text(&found, "/status/path").to_owned()),
                _ => Err(found["status"].to_string()),
            }
        })
    }

    fn savepoint_by_rest(&self) -> String {
        let job = self.cluster.running_job().unwrap();
        let path = format!("/jobs/{job}/savepoints");
        let trigger = self.cluster.post(&path, &json!({})).unwrap();
        let trigger = text(&trigger, "/request-id").to_owned();
        within(PATIENCE, "the savepoint is complete", || {
            let found = self.cluster.rest(&format!("{path}/{trigger}"))?;
            match found["operation"]["location"].as_str() {
                Some(location) => Ok(location.to_owned()),
                None => Err(found.to_string()),
            }
        })
    }

    fn victim(&self, component: &str) -> Value {
        let mut pods = self.cluster.pods(component);
        assert!(!pods.is_empty(), "no {component} to lose");
        pods.remove(0)
    }

    fn crash(&self, component: &str) {
        let pod = self.victim(component);
        self.world().machine.crash(text(&pod, "/metadata/uid"));
        self.is_lost(&pod, component);
    }

    fn delete(&self, component: &str) {
        let pod = self.victim(component);
        let (name, namespace) = (text(&pod, "/metadata/name"), self.cluster.namespace.as_str());
        let delete = ["delete", "pod", name, "--namespace", namespace, "--wait=false"];
        self.world().develop(&delete, "").unwrap();
        self.is_lost(&pod, component);
    }

    fn lose_node(&mut self) {
        let pod = self.victim("taskmanager");
        let node = text(&pod, "/spec/nodeName").to_owned();
        self.world().lose_node(&node);
        self.is_lost(&pod, "taskmanager");
        self.runs();
        self.checkpoints();
        self.world().return_node(&node);
        self.holds();
    }

    fn suspend(&mut self) {
        self.checkpoints();
        self.manifest.spec()["job"]["state"] = json!("suspended");
        self.manifest.apply(self.world());
        // Only a session cluster stays, with its JobManager.
        let left = usize::from(self.manifest.way == Way::SessionJob);
        self.pods_left(left);
    }

    fn recreate(&mut self) {
        self.manifest.delete(self.world());
        self.pods_left(0);
        self.floor = 0;
        self.manifest.apply(self.world());
    }
}
