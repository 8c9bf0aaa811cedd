//! A stand-in for Flink's operator, the JobManagers and Kubernetes' controllers, one request after
//! the other, each as the one who would make it.

use super::api::{Api, User, collection};
use super::made::{TEMPLATE_HASH, as_asked_for, owners};
use super::pods;
use crate::support::wait::until;
use ::flinkgate::kinds::lower;
use ::flinkgate::resource::Resource;
use serde_json::{Value, json};

const FINALIZER: &str = "flinkdeployments.flink.apache.org/finalizer";
pub const OPERATED: &str = "flink.apache.org/v1beta1";
/// Nodes are lost one after the other; none is ever a Node.
const NODE: &str = "lost-node";
/// What a pod on a lost node still has when it is taken off.
const GRACE: u32 = 1;

/// A cluster as its owner and the stand-in know it.
pub struct Cluster {
    pub namespace: String,
    pub name: String,
    pub standalone: bool,
    pub task_managers: i64,
    pub image: String,
    pub suspended: bool,
    /// Whether its owner has created it.
    pub exists: bool,
    /// What was made of it, while it runs.
    deployed: Option<Deployed>,
    /// Pods that a lost node does not confirm to be gone.
    ghosts: Vec<String>,
    /// How many pods there were.
    pods: usize,
    /// The claims of its state with their UIDs.
    claims: Vec<(String, Value)>,
}

struct Deployed {
    job_manager: String,
    task_managers: Vec<String>,
    /// What a native JobManager makes its TaskManagers of.
    template: Value,
}

/// A pod that a node lost, to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    JobManager,
    TaskManager,
}

impl Cluster {
    pub fn new(namespace: &str, number: usize) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: format!("job-{number}"),
            standalone: number % 2 == 1,
            task_managers: 2,
            image: "registry.example.com/flink/etl:1.4.2".to_owned(),
            suspended: false,
            exists: false,
            deployed: None,
            ghosts: Vec::new(),
            pods: 0,
            claims: Vec::new(),
        }
    }

    /// What it declares, of one cpu a pod.
    pub fn cpu(&self) -> i64 {
        1 + self.task_managers
    }

    pub fn path(&self, api_version: &str, plural: &str) -> String {
        collection(api_version, &self.namespace, plural)
    }

    /// Its owner creates it, and the operator deploys it.
    pub fn create(&mut self, api: &Api) -> Result<(), String> {
        api.create(&User::developer(), "flinkdeployments", &self.manifest())?;
        (self.suspended, self.exists) = (false, true);
        self.deploy(api)
    }

    /// The operator takes down what it made, and deploys the cluster as it is stored.
    pub fn redeploy(&mut self, api: &Api) -> Result<(), String> {
        self.undeploy(api)?;
        self.deploy(api)
    }

    fn operator(&self, api: &Api, part: Option<&str>, patch: &Value) -> Result<(), String> {
        let path = self.path(OPERATED, "flinkdeployments");
        api.patch(&User::operator(), &path, &self.name, part, patch).map(drop)
    }

    fn report(&self, api: &Api, job: &str, lifecycle: &str) -> Result<(), String> {
        let stored = api.get(&self.path(OPERATED, "flinkdeployments"), &self.name)?;
        let status = json!({"status": {"jobStatus": {"state": job}, "lifecycleState": lifecycle,
            "observedGeneration": stored["metadata"]["generation"],
            "jobManagerDeploymentStatus": if job == "RUNNING" { "READY" } else { "MISSING" },
            "reconciliationStatus": {"state": "DEPLOYED", "lastReconciledSpec": "{}"}}});
        self.operator(api, Some("status"), &status)
    }

    fn deploy(&mut self, api: &Api) -> Result<(), String> {
        self.operator(api, None, &json!({"metadata": {"finalizers": [FINALIZER]}}))?;
        let stored = api.get(&self.path(OPERATED, "flinkdeployments"), &self.name)?;
        let resource = Resource::from_manifest(stored.clone()).unwrap();
        let workload = lower(&resource, &stored).unwrap();
        let templates = pods::of_flink_deployment(&resource, &workload);
        let of = |component: &str| {
            let found = templates.iter().map(|pod| &pod.object);
            found
                .filter(|pod| pod["metadata"]["labels"]["component"] == component)
                .map(as_asked_for)
                .next()
                .unwrap()
        };
        let (job_manager, task_manager) = (of("jobmanager"), of("taskmanager"));
        let deployment = self.deployment(api, &stored, &self.name, &job_manager, 1)?;
        self.config_map(api, &stored, &deployment)?;
        let mut deployed = Deployed {
            job_manager: String::new(),
            task_managers: Vec::new(),
            template: task_manager,
        };
        if self.standalone {
            let name = format!("{}-taskmanager", self.name);
            self.deployment(api, &stored, &name, &deployed.template, self.task_managers)?;
        } else {
            deployed.template["metadata"]["ownerReferences"] = owners(&deployment);
        }
        self.deployed = Some(deployed);
        self.replace(api, Lost::JobManager)?;
        for _ in 0..self.task_managers {
            self.replace(api, Lost::TaskManager)?;
        }
        self.report(api, "RUNNING", "STABLE")?;
        self.bind_claims(api)
    }

    /// Puts a pod in the place of one that is lost, or of none, as the one who makes such pods.
    pub fn replace(&mut self, api: &Api, lost: Lost) -> Result<(), String> {
        self.pods += 1;
        let number = self.pods;
        let deployed = self.deployed.as_mut().unwrap();
        if lost == Lost::TaskManager && !self.standalone {
            let mut pod = deployed.template.clone();
            let name = format!("{}-taskmanager-1-{number}", self.name);
            pod["metadata"]["name"] = json!(name);
            let user = User::job_manager(&self.namespace, &deployed.job_manager);
            api.create(&user, "pods", &pod)?;
            deployed.task_managers.push(name);
            return Ok(());
        }
        let suffix = if lost == Lost::TaskManager { "-taskmanager" } else { "" };
        let set = format!("{}{suffix}-{TEMPLATE_HASH}", self.name);
        let set = api.get(&collection("apps/v1", &self.namespace, "replicasets"), &set)?;
        let name = format!("{}-{number}", set["metadata"]["name"].as_str().unwrap());
        let template = &set["spec"]["template"];
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
            "metadata": {"name": name, "namespace": self.namespace, "labels": template["metadata"]["labels"], "ownerReferences": owners(&set)}});
        api.create(&User::component("replicaset-controller"), "pods", &pod)?;
        match lost {
            Lost::JobManager => deployed.job_manager = name,
            Lost::TaskManager => deployed.task_managers.push(name),
        }
        Ok(())
    }

    /// Loses a pod: it goes at once, or its node is lost and it stays as one that is being deleted.
    pub fn lose(&mut self, api: &Api, lost: Lost, with_node: bool) -> Result<(), String> {
        let (path, deployed) = (self.path("v1", "pods"), self.deployed.as_mut().unwrap());
        let pod = match lost {
            Lost::JobManager => deployed.job_manager.clone(),
            Lost::TaskManager => deployed.task_managers.remove(0),
        };
        if with_node {
            api.bind(&self.namespace, &pod, NODE);
            self.ghosts.push(pod.clone());
        }
        api.delete(
            &User::component("node-controller"),
            &path,
            &pod,
            if with_node { GRACE } else { 0 },
        )
    }

    /// The lost node is given up, and its pods with it.
    pub fn forget_ghosts(&mut self, api: &Api) -> Result<(), String> {
        let path = self.path("v1", "pods");
        for pod in std::mem::take(&mut self.ghosts) {
            api.delete(&User::component("pod-garbage-collector"), &path, &pod, 0)?;
        }
        Ok(())
    }

    /// What is made of it goes, and what Kubernetes makes of that.
    fn undeploy(&mut self, api: &Api) -> Result<(), String> {
        self.forget_ghosts(api)?;
        let Some(deployed) = self.deployed.take() else { return Ok(()) };
        let (operator, collector) =
            (User::operator(), User::component("generic-garbage-collector"));
        for name in [self.name.clone(), format!("{}-taskmanager", self.name)] {
            api.delete(&operator, &self.path("apps/v1", "deployments"), &name, 0)?;
            let set = format!("{name}-{TEMPLATE_HASH}");
            api.delete(&collector, &self.path("apps/v1", "replicasets"), &set, 0)?;
        }
        let map = format!("flink-config-{}", self.name);
        api.delete(&collector, &self.path("v1", "configmaps"), &map, 0)?;
        for pod in deployed.task_managers.iter().chain([&deployed.job_manager]) {
            api.delete(&collector, &self.path("v1", "pods"), pod, 0)?;
        }
        Ok(())
    }

    /// Its owner suspends it, and the operator takes it down.
    pub fn suspend(&mut self, api: &Api) -> Result<(), String> {
        self.update(api, &json!({"job": {"state": "suspended"}}))?;
        self.undeploy(api)?;
        self.suspended = true;
        self.report(api, "FINISHED", "SUSPENDED")
    }

    /// Its owner starts it again.
    pub fn resume(&mut self, api: &Api) -> Result<(), String> {
        self.update(api, &json!({"job": {"state": "running"}}))?;
        self.suspended = false;
        self.deploy(api)
    }

    /// Its owner deletes it; it is there until the operator has taken it down.
    pub fn delete(&mut self, api: &Api) -> Result<(), String> {
        let path = self.path(OPERATED, "flinkdeployments");
        api.delete(&User::developer(), &path, &self.name, 0)?;
        self.undeploy(api)?;
        self.exists = false;
        self.operator(api, None, &json!({"metadata": {"finalizers": null}}))
    }

    /// Gives the claims that the cluster's pods wait for a volume; those that it had are the same.
    fn bind_claims(&mut self, api: &Api) -> Result<(), String> {
        let job_manager = &self.deployed.as_ref().unwrap().job_manager;
        let pod = api.get(&self.path("v1", "pods"), job_manager)?;
        let path = self.path("v1", "persistentvolumeclaims");
        for volume in pod["spec"]["volumes"].as_array().unwrap() {
            let Some(name) = volume["persistentVolumeClaim"]["claimName"].as_str() else {
                continue;
            };
            let claim = until("the claim is made", || api.get(&path, name));
            let uid = claim["metadata"]["uid"].clone();
            match self.claims.iter().find(|(known, _)| known == name) {
                Some((_, known)) if *known != uid => return Err(format!("another claim {name}")),
                Some(_) => {}
                None => {
                    let binder = User::component("persistent-volume-binder");
                    let patch =
                        json!({"spec": {"volumeName": format!("pv-{}-{name}", self.namespace)}});
                    api.patch(&binder, &path, name, None, &patch)?;
                    let patch = json!({"status": {"phase": "Bound"}});
                    api.patch(&binder, &path, name, Some("status"), &patch)?;
                    self.claims.push((name.to_owned(), uid));
                }
            }
        }
        Ok(())
    }

    /// What should run: the names of its pods.
    pub fn running(&self) -> Vec<&str> {
        let all = self.deployed.iter();
        let names =
            all.flat_map(|deployed| deployed.task_managers.iter().chain([&deployed.job_manager]));
        names.map(String::as_str).collect()
    }
}
