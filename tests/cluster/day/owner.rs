//! What the owner of a cluster writes and sends.

use super::api::{Api, User};
use super::operator::{Cluster, OPERATED};
use serde_json::{Value, json};

/// How an owner sends a manifest.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// What changes, as `kubectl patch` and three-way merges send it.
    Patch,
    /// All of it, as a server-side apply.
    Apply,
    /// All of it, as `kubectl replace`.
    Replace,
}

impl Cluster {
    /// As its owner writes it: nothing of what the tenant says is in it.
    pub fn manifest(&self) -> Value {
        let resource = json!({"cpu": 1, "memory": "2048m"});
        let mut manifest = json!({"apiVersion": OPERATED, "kind": "FlinkDeployment",
            "metadata": {"name": self.name, "namespace": self.namespace}, "spec": {
                "image": self.image, "flinkVersion": "v1_20", "serviceAccount": "flink",
                "mode": if self.standalone { "standalone" } else { "native" },
                "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "1"},
                "jobManager": {"resource": resource}, "taskManager": {"resource": resource},
                "job": {"jarURI": "local:///opt/flink/jobs/etl.jar", "parallelism": self.task_managers, "upgradeMode": "stateless"}}});
        if self.standalone {
            manifest["spec"]["taskManager"]["replicas"] = json!(self.task_managers);
        }
        manifest
    }

    /// Its owner changes it.
    pub fn update(&self, api: &Api, spec: &Value) -> Result<(), String> {
        let path = self.path(OPERATED, "flinkdeployments");
        let patch = json!({ "spec": spec });
        api.patch(&User::developer(), &path, &self.name, None, &patch).map(drop)
    }

    /// Its owner sends its manifest.
    pub fn send(&self, api: &Api, way: Way) -> Result<(), String> {
        let path = self.path(OPERATED, "flinkdeployments");
        let (user, manifest) = (User::developer(), self.manifest());
        match way {
            Way::Patch => self.update(api, &manifest["spec"]),
            Way::Apply => api.apply(&user, &path, &self.name, &manifest).map(drop),
            Way::Replace => {
                let mut object = manifest;
                let stored = api.get(&path, &self.name)?;
                for field in ["resourceVersion", "finalizers"] {
                    object["metadata"][field] = stored["metadata"][field].clone();
                }
                api.replace(&user, &path, &self.name, &object).map(drop)
            }
        }
    }

    /// Its owner scales it, as `kubectl scale` does.
    pub fn scale(&self, api: &Api, task_managers: i64) -> Result<(), String> {
        let path = self.path(OPERATED, "flinkdeployments");
        let patch = json!({"spec": {"replicas": task_managers}});
        api.patch(&User::developer(), &path, &self.name, Some("scale"), &patch).map(drop)
    }

    /// The change that gives it so many TaskManagers.
    pub fn scaled(&self, task_managers: i64) -> Value {
        let mut spec = json!({"job": {"parallelism": task_managers}});
        if self.standalone {
            spec["taskManager"] = json!({"replicas": task_managers});
        }
        spec
    }
}
