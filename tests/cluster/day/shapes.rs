//! How clusters are declared and deployed: FlinkDeployments in native and standalone mode, session
//! clusters with a FlinkSessionJob, and blue/green deployments.

use super::api::{Api, User};
use super::made::owners;
use super::operator::{Cluster, OPERATED};
use serde_json::{Value, json};

pub const SESSION_JOBS: &str = "flinksessionjobs";
const BLUE_GREEN: &str = "flinkbluegreendeployments";

/// What a cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    Native,
    Standalone,
    /// A session cluster in native mode. Its owner runs one job in it, and nothing is reserved for the
    /// TaskManagers that the job needs.
    Session,
    /// Both colours are reserved, and one of them runs between two transitions.
    BlueGreen,
}

impl Shape {
    /// That of a tenant's cluster of this number.
    pub fn of(number: usize) -> Self {
        match number {
            8 => Self::Session,
            9 => Self::BlueGreen,
            odd if odd % 2 == 1 => Self::Standalone,
            _ => Self::Native,
        }
    }
}

impl Cluster {
    /// The resource that its owner writes.
    pub fn plural(&self) -> &'static str {
        if self.shape == Shape::BlueGreen { BLUE_GREEN } else { "flinkdeployments" }
    }

    /// The name of the FlinkDeployment that the operator deploys.
    pub fn deployed_name(&self) -> String {
        match self.shape {
            Shape::BlueGreen => format!("{}-{}", self.name, self.colour),
            Shape::Native | Shape::Standalone | Shape::Session => self.name.clone(),
        }
    }

    /// What it uses while it runs, of one cpu a pod.
    pub fn cpu(&self) -> i64 {
        let pods = 1 + self.task_managers;
        if self.shape == Shape::BlueGreen { 2 * pods } else { pods }
    }

    /// What another TaskManager costs.
    pub fn step(&self) -> i64 {
        if self.shape == Shape::BlueGreen { 2 } else { 1 }
    }

    /// What its owner's object costs when it is created.
    pub fn first_cpu(&self) -> i64 {
        if self.shape == Shape::Session { 1 } else { self.cpu() }
    }

    /// What it is charged, in a tenant that releases what suspended jobs hold, or not.
    pub fn charge(&self, releases: bool) -> i64 {
        match (self.shape, self.suspended) {
            (_, false) => self.cpu(),
            // Its JobManager runs.
            (Shape::Session, true) => 1,
            (_, true) => {
                if releases {
                    0
                } else {
                    self.cpu()
                }
            }
        }
    }

    /// How many pods run.
    pub fn wanted_pods(&self) -> i64 {
        match (self.shape, self.suspended) {
            (_, false) => 1 + self.task_managers,
            (Shape::Session, true) => 1,
            (_, true) => 0,
        }
    }

    /// The job of a session cluster, as its owner writes it.
    pub fn job(&self) -> Value {
        json!({"apiVersion": OPERATED, "kind": "FlinkSessionJob",
            "metadata": {"name": self.job_name(), "namespace": self.namespace}, "spec": {"deploymentName": self.name,
                "job": {"jarURI": "https://repo.example.com/clicks.jar", "parallelism": self.task_managers, "upgradeMode": "stateless"}}})
    }

    fn job_name(&self) -> String {
        format!("{}-clicks", self.name)
    }

    /// Its owner submits the job, and the JobManager asks for TaskManagers.
    pub fn submit(&mut self, api: &Api) -> Result<(), String> {
        api.create(&User::developer(), SESSION_JOBS, &self.job())?;
        let status = json!({"status": {"jobStatus": {"state": "RUNNING"}, "lifecycleState": "STABLE",
            "reconciliationStatus": {"state": "DEPLOYED", "lastReconciledSpec": "{}"}}});
        let path = self.path(OPERATED, SESSION_JOBS);
        api.patch(&User::operator(), &path, &self.job_name(), Some("status"), &status)?;
        self.ask_for_task_managers(api)
    }

    /// Its owner changes the job.
    pub fn update_job(&self, api: &Api, spec: &Value) -> Result<(), String> {
        let path = self.path(OPERATED, SESSION_JOBS);
        let patch = json!({ "spec": spec });
        api.patch(&User::developer(), &path, &self.job_name(), None, &patch).map(drop)
    }

    pub fn delete_job(&self, api: &Api) -> Result<(), String> {
        if self.shape != Shape::Session {
            return Ok(());
        }
        let path = self.path(OPERATED, SESSION_JOBS);
        api.delete(&User::developer(), &path, &self.job_name(), 0)
    }

    /// The JobManager of a session cluster deletes TaskManagers that have no work.
    pub fn release_task_managers(&mut self, api: &Api) -> Result<(), String> {
        self.forget_ghosts(api)?;
        let needed = if self.suspended { 0 } else { self.task_managers };
        let path = self.path("v1", "pods");
        let deployed = self.deployed.as_mut().unwrap();
        let user = User::job_manager(&self.namespace, &deployed.job_manager);
        let kept = usize::try_from(needed).unwrap().min(deployed.task_managers.len());
        for pod in deployed.task_managers.split_off(kept) {
            api.delete(&user, &path, &pod, 0)?;
        }
        Ok(())
    }

    /// The operator makes a FlinkDeployment of the other colour, deploys it beside the one that runs, and
    /// takes that one down.
    pub fn switch_colour(&mut self, api: &Api) -> Result<(), String> {
        let (before, deployed) = (self.deployed_name(), self.deployed.take());
        self.colour = if self.colour == "blue" { "green" } else { "blue" };
        self.report_colour(api, "TRANSITIONING_TO")?;
        let parent = api.get(&self.path(OPERATED, BLUE_GREEN), &self.name)?;
        let child = json!({"apiVersion": OPERATED, "kind": "FlinkDeployment", "spec": parent["spec"]["template"]["spec"],
            "metadata": {"name": self.deployed_name(), "namespace": self.namespace, "ownerReferences": owners(&parent)}});
        api.create(&User::operator(), "flinkdeployments", &child)?;
        self.deploy(api)?;
        if deployed.is_some() {
            self.take_down(api, &before, deployed)?;
            let path = self.path(OPERATED, "flinkdeployments");
            let finalizers = json!({"metadata": {"finalizers": null}});
            api.delete(&User::operator(), &path, &before, 0)?;
            api.patch(&User::operator(), &path, &before, None, &finalizers)?;
        }
        self.report_colour(api, "ACTIVE")
    }

    /// The operator says in which state a blue/green deployment is.
    pub fn report_colour(&self, api: &Api, state: &str) -> Result<(), String> {
        if self.shape != Shape::BlueGreen {
            return Ok(());
        }
        let path = self.path(OPERATED, BLUE_GREEN);
        let stored = api.get(&path, &self.name)?;
        let reconciled = json!({"apiVersion": "v1beta1", "spec": stored["spec"]}).to_string();
        let mut status =
            json!({"blueGreenState": format!("{state}_{}", self.colour.to_uppercase())});
        if state == "ACTIVE" {
            status["lastReconciledSpec"] = json!(reconciled);
        }
        let patch = json!({ "status": status });
        api.patch(&User::operator(), &path, &self.name, Some("status"), &patch).map(drop)
    }

    /// Kubernetes deletes the child of a blue/green deployment that is gone.
    pub fn delete_colour(&self, api: &Api) -> Result<(), String> {
        if self.shape != Shape::BlueGreen {
            return Ok(());
        }
        let path = self.path(OPERATED, "flinkdeployments");
        let collector = User::component("generic-garbage-collector");
        api.delete(&collector, &path, &self.deployed_name(), 0)
    }
}
