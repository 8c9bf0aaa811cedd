//! What the owner of a cluster writes and sends.

use super::api::{Api, User};
use super::operator::{Cluster, OPERATED};
use super::shapes::{SESSION_JOBS, Shape};
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
        let is_standalone = self.shape == Shape::Standalone;
        let mut spec = json!({
            "image": self.image, "flinkVersion": "v1_20", "serviceAccount": "flink",
            "mode": if is_standalone { "standalone" } else { "native" },
            "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "1"},
            "jobManager": {"resource": resource}, "taskManager": {"resource": resource}});
        if self.shape != Shape::Session {
            spec["job"] = json!({"jarURI": "local:///opt/flink/jobs/etl.jar", "parallelism": self.task_managers, "upgradeMode": "stateless"});
        }
        if is_standalone {
            spec["taskManager"]["replicas"] = json!(self.task_managers);
        }
        let kind = match self.shape {
            Shape::BlueGreen => "FlinkBlueGreenDeployment",
            Shape::Native | Shape::Standalone | Shape::Session => "FlinkDeployment",
        };
        json!({"apiVersion": OPERATED, "kind": kind, "spec": self.wrapped(spec),
            "metadata": {"name": self.name, "namespace": self.namespace}})
    }

    /// The spec of a FlinkDeployment in that of the object.
    fn wrapped(&self, spec: Value) -> Value {
        if self.shape == Shape::BlueGreen { json!({"template": {"spec": spec}}) } else { spec }
    }

    /// Its owner changes it.
    pub fn update(&self, api: &Api, spec: &Value) -> Result<(), String> {
        let path = self.path(OPERATED, self.plural());
        let patch = json!({"spec": self.wrapped(spec.clone())});
        api.patch(&User::developer(), &path, &self.name, None, &patch).map(drop)
    }

    /// Its owner sends its manifest, and that of the job of a session cluster.
    pub fn send(&self, api: &Api, way: Way) -> Result<(), String> {
        self.send_object(api, way, self.plural(), &self.manifest())?;
        match self.shape {
            Shape::Session => self.send_object(api, way, SESSION_JOBS, &self.job()),
            Shape::Native | Shape::Standalone | Shape::BlueGreen => Ok(()),
        }
    }

    fn send_object(
        &self,
        api: &Api,
        way: Way,
        plural: &str,
        manifest: &Value,
    ) -> Result<(), String> {
        let (path, user) = (self.path(OPERATED, plural), User::developer());
        let name = manifest["metadata"]["name"].as_str().unwrap();
        match way {
            Way::Patch => {
                let patch = json!({"spec": manifest["spec"]});
                api.patch(&user, &path, name, None, &patch).map(drop)
            }
            Way::Apply => api.apply(&user, &path, name, manifest).map(drop),
            Way::Replace => {
                let mut object = manifest.clone();
                let stored = api.get(&path, name)?;
                for field in ["resourceVersion", "finalizers"] {
                    object["metadata"][field] = stored["metadata"][field].clone();
                }
                api.replace(&user, &path, name, &object).map(drop)
            }
        }
    }

    /// Its owner scales it, as `kubectl scale` does.
    pub fn scale(&self, api: &Api, task_managers: i64) -> Result<(), String> {
        let path = self.path(OPERATED, "flinkdeployments");
        let patch = json!({"spec": {"replicas": task_managers}});
        api.patch(&User::developer(), &path, &self.name, Some("scale"), &patch).map(drop)
    }

    /// Its owner gives it so many TaskManagers.
    pub fn resize(&self, api: &Api, task_managers: i64) -> Result<(), String> {
        let job = json!({"job": {"parallelism": task_managers}});
        match self.shape {
            Shape::Session => self.update_job(api, &job),
            Shape::Standalone => {
                let mut spec = job;
                spec["taskManager"] = json!({"replicas": task_managers});
                self.update(api, &spec)
            }
            Shape::Native | Shape::BlueGreen => self.update(api, &job),
        }
    }

    /// Its owner suspends or resumes the job.
    pub fn set_state(&self, api: &Api, state: &str) -> Result<(), String> {
        let job = json!({"job": {"state": state}});
        match self.shape {
            Shape::Session => self.update_job(api, &job),
            Shape::BlueGreen => {
                self.update(api, &job)?;
                self.operator(api, None, &json!({ "spec": job }))
            }
            Shape::Native | Shape::Standalone => self.update(api, &job),
        }
    }
}
