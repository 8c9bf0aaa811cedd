//! The steps of scenarios, each with what must hold after it.

use crate::api::text;
use crate::cluster::{Cluster, brief, millis};
use crate::support::wait::within;
use crate::world::{World, document};
use flinkgate::resource::quantity::Quantity;
use serde_json::{Value, json};
use std::time::Duration;

/// Starts of Flink and losses of nodes take their time.
const PATIENCE: Duration = Duration::from_secs(150);

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
    /// The tenant's spec changes: a file of `tenants/changes`.
    ChangeTenant(&'static str),
}

/// A cluster in the middle of its scenario.
pub struct Case<'a> {
    pub cluster: Cluster<'a>,
    /// What the developer applies.
    pub manifest: Value,
    /// TaskManagers that must be there.
    pub task_managers: usize,
    /// What the job must have counted at least: it was in a checkpoint.
    pub floor: i64,
    nonce: u64,
}

impl<'a> Case<'a> {
    /// Nothing is applied yet.
    pub fn new(world: &'a World, namespace: &str, manifest: &str) -> Self {
        let mut manifest = document(&format!("manifests/{manifest}.yaml"));
        manifest["metadata"]["namespace"] = json!(namespace);
        let name = text(&manifest, "/metadata/name").to_owned();
        let cluster = Cluster { world, namespace: namespace.to_owned(), name };
        Self { cluster, manifest, task_managers: 1, floor: 0, nonce: 0 }
    }

    fn world(&self) -> &'a World {
        self.cluster.world
    }

    /// Does one step and checks what must hold after it.
    pub fn take(&mut self, step: Step) {
        match step {
            Step::Start => self.apply(),
            Step::Checkpoint => {}
            Step::Savepoint => self.savepoint(),
            Step::Upgrade => self.upgrade("savepoint"),
            Step::UpgradeFromLastState => self.upgrade("last-state"),
            Step::Rescale(count) => {
                self.manifest["spec"]["job"]["parallelism"] = json!(count);
                self.task_managers = count;
                self.upgrade("savepoint");
            }
            Step::CrashTaskManager => self.crash("taskmanager"),
            Step::CrashJobManager => self.crash("jobmanager"),
            Step::DeleteTaskManager => self.delete("taskmanager"),
            Step::DeleteJobManager => self.delete("jobmanager"),
            Step::LoseNode => return self.lose_node(),
            Step::Suspend => return self.suspend(),
            Step::Resume => {
                self.manifest["spec"]["job"]["state"] = json!("running");
                self.apply();
            }
            Step::Recreate => self.recreate(),
            Step::ChangeTenant(file) => {
                let change = document(&format!("tenants/changes/{file}.yaml"));
                self.world().change_tenant(&self.cluster.namespace, &change["spec"]);
            }
        }
        self.runs();
        self.checkpoints();
        self.ledger_is_right();
    }

    /// As developers do: a three-way merge with what is stored.
    fn apply(&self) {
        let text = self.manifest.to_string();
        let applied = self.world().developer.try_kubectl(&["apply", "-f", "-"], &text);
        applied.unwrap_or_else(|refusal| panic!("the developer's manifest is refused: {refusal}"));
    }

    fn stored(&self) -> Value {
        let kind = text(&self.manifest, "/kind");
        self.world().installation.get(&[
            kind,
            &self.cluster.name,
            "--namespace",
            &self.cluster.namespace,
        ])
    }

    fn upgrade(&mut self, mode: &str) {
        self.nonce += 1;
        self.manifest["spec"]["job"]["upgradeMode"] = json!(mode);
        self.manifest["spec"]["flinkConfiguration"]["pipeline.global-job-parameters"] =
            json!(format!("upgrade:{}", self.nonce));
        self.apply();
        let generation = self.stored()["metadata"]["generation"].clone();
        within(PATIENCE, "the operator has upgraded the job", || {
            let stored = self.stored();
            let status = &stored["status"];
            let seen = status["observedGeneration"] == generation;
            if seen
                && status["lifecycleState"] == "STABLE"
                && text(status, "/jobStatus/state") == "RUNNING"
            {
                return Ok(());
            }
            Err(format!(
                "{} {status} {}",
                stored["spec"]["job"],
                brief(&self.world().pods(&self.cluster.namespace))
            ))
        });
    }

    /// The job runs with all its TaskManagers and has lost nothing that was in a checkpoint.
    fn runs(&self) {
        let what = format!("{} runs with {} TaskManagers", self.cluster.name, self.task_managers);
        let counted = within(PATIENCE, &what, || {
            let counted = self.cluster.counted();
            let pods = || brief(&self.world().pods(&self.cluster.namespace));
            let counted =
                counted.map_err(|error| format!("{error} {} {}", pods(), self.complaints()))?;
            let found = self.cluster.task_managers()?;
            if found == self.task_managers {
                Ok(counted)
            } else {
                Err(format!("{found}: {}", pods()))
            }
        });
        assert!(counted >= self.floor, "the job counted {counted}, and {} before", self.floor);
    }

    fn complaints(&self) -> String {
        let stored = self.stored();
        format!("{} {}", text(&stored, "/status/error"), text(&stored, "/status/lifecycleState"))
    }

    /// A checkpoint of now completes into the claim that Flinkgate made and mounted.
    fn checkpoints(&mut self) {
        let (counted, since) =
            within(PATIENCE, "the job counts", || Ok((self.cluster.counted()?, millis())));
        within(PATIENCE, "a checkpoint completes into the claim", || {
            let path = self.cluster.checkpoint_since(since)?;
            self.cluster.in_claim(&path)
        });
        self.floor = counted;
    }

    fn savepoint(&mut self) {
        self.nonce += 1;
        let name = format!("{}-{}", self.cluster.name, self.nonce);
        let reference = json!({"kind": text(&self.manifest, "/kind"), "name": self.cluster.name});
        let snapshot = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkStateSnapshot",
            "metadata": {"name": name, "namespace": self.cluster.namespace},
            "spec": {"jobReference": reference, "savepoint": {"disposeOnDelete": false}}});
        let counted = within(PATIENCE, "the job counts", || self.cluster.counted());
        self.world().developer.create(&snapshot.to_string());
        let path = within(PATIENCE, "the savepoint is complete", || {
            let found = self.world().installation.get(&[
                "flinkstatesnapshot",
                &name,
                "--namespace",
                &self.cluster.namespace,
            ]);
            match text(&found, "/status/state") {
                "COMPLETED" => Ok(text(&found, "/status/path").to_owned()),
                _ => Err(found["status"].to_string()),
            }
        });
        self.cluster.in_claim(&path).unwrap();
        self.floor = counted;
    }

    fn victim(&self, component: &str) -> Value {
        let mut pods = self.cluster.pods(component);
        assert!(!pods.is_empty(), "no {component} to lose");
        pods.remove(0)
    }

    fn crash(&self, component: &str) {
        let pod = self.victim(component);
        let since = millis();
        self.world().machine.crash(text(&pod, "/metadata/uid"));
        self.recovers(since);
    }

    fn delete(&self, component: &str) {
        let pod = self.victim(component);
        let since = millis();
        let (name, namespace) = (text(&pod, "/metadata/name"), self.cluster.namespace.as_str());
        self.world().developer.kubectl(&[
            "delete",
            "pod",
            name,
            "--namespace",
            namespace,
            "--wait=false",
        ]);
        self.recovers(since);
    }

    /// The job has been restored since then.
    fn recovers(&self, since: u64) {
        within(PATIENCE, "the job is restored", || {
            let job = self.cluster.running_job()?;
            let statistics = self.cluster.rest(&format!("/jobs/{job}/checkpoints"))?;
            match statistics["latest"]["restored"]["restore_timestamp"].as_u64() {
                Some(time) if time > since => Ok(()),
                _ => Err(format!(
                    "{} {}",
                    statistics["latest"]["restored"],
                    brief(&self.world().pods(&self.cluster.namespace))
                )),
            }
        });
    }

    fn lose_node(&mut self) {
        let pod = self.victim("taskmanager");
        let node = text(&pod, "/spec/nodeName").to_owned();
        let since = millis();
        self.world().lose_node(&node);
        self.recovers(since);
        self.runs();
        self.checkpoints();
        self.world().return_node(&node);
        self.ledger_is_right();
    }

    fn suspend(&mut self) {
        self.checkpoints();
        self.manifest["spec"]["job"]["state"] = json!("suspended");
        self.apply();
        self.no_pods();
    }

    fn recreate(&mut self) {
        let kind = text(&self.manifest, "/kind").to_owned();
        let arguments = [
            "delete",
            &kind,
            &self.cluster.name,
            "--namespace",
            &self.cluster.namespace,
            "--timeout=120s",
        ];
        self.world().developer.kubectl(&arguments);
        self.no_pods();
        self.floor = 0;
        self.apply();
    }

    fn no_pods(&self) {
        within(PATIENCE, "the pods are gone", || {
            match self.world().pods(&self.cluster.namespace) {
                none if none.is_empty() => Ok(()),
                pods => Err(brief(&pods)),
            }
        });
    }

    /// What the ledger is charged for cpu and pods is what the pods request.
    fn ledger_is_right(&self) {
        within(Duration::from_secs(60), "the ledger is what is there", || {
            let pods = self.world().pods(&self.cluster.namespace);
            let live: Vec<&Value> = pods
                .iter()
                .filter(|pod| !matches!(text(pod, "/status/phase"), "Failed" | "Succeeded"))
                .collect();
            let requests = live
                .iter()
                .flat_map(|pod| pod["spec"]["containers"].as_array().into_iter().flatten());
            let cpu = requests
                .map(|container| amount(&container["resources"]["requests"]["cpu"]))
                .try_fold(Quantity::from_units(0), |sum, cpu| sum.checked_add(cpu))
                .unwrap();
            let tenant = self.world().installation.get(&["flinktenant", &self.cluster.namespace]);
            let used = &tenant["status"]["used"];
            let pods_used = Quantity::from_units(u64::try_from(live.len()).unwrap());
            if amount(&used["cpu"]) == cpu && amount(&used["pods"]) == pods_used {
                return Ok(());
            }
            Err(format!("{used}, and {cpu} cpu of {}", brief(&pods)))
        });
    }
}

fn amount(quantity: &Value) -> Quantity {
    Quantity::parse(quantity.as_str().unwrap_or("0")).unwrap()
}
