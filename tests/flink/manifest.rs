//! What the developer applies, in each way in which Flink is started: a FlinkDeployment, a session
//! cluster with its job, a blue/green deployment, or Flink's own client.

use crate::api::text;
use crate::step::PATIENCE;
use crate::support::wait::within;
use crate::world::{World, documents};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

/// How the cluster is started and changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A FlinkDeployment with a job.
    Deployment,
    /// A FlinkDeployment and a FlinkSessionJob.
    SessionJob,
    /// A FlinkBlueGreenDeployment, which makes FlinkDeployments of two names by turns.
    BlueGreen,
    /// Flink's client, without the operator.
    Client,
}

/// The objects of one cluster; the last one has the job.
pub struct Manifest {
    pub way: Way,
    pub namespace: String,
    documents: Vec<Value>,
}

impl Manifest {
    /// The documents of a file of `manifests`, for a namespace.
    pub fn load(world: &World, file: &str, namespace: &str) -> Self {
        let mut documents = documents(&format!("manifests/{file}.yaml"));
        for document in &mut documents {
            document["metadata"]["namespace"] = json!(namespace);
            // A path at the operator, which is where these tests have their files.
            if let Some(uri) = document.pointer_mut("/spec/job/jarURI") {
                let image = world.machine.needs.image.to_string_lossy().into_owned();
                *uri = json!(uri.as_str().unwrap().replace("{image}", &image));
            }
        }
        let way = match text(documents.last().unwrap(), "/kind") {
            "FlinkDeployment" => Way::Deployment,
            "FlinkSessionJob" => Way::SessionJob,
            "FlinkBlueGreenDeployment" => Way::BlueGreen,
            "Client" => Way::Client,
            kind => panic!("{file}: {kind}"),
        };
        Self { way, namespace: namespace.to_owned(), documents }
    }

    /// The spec that has the job and its configuration.
    pub fn spec(&mut self) -> &mut Value {
        let spec = &mut self.documents.last_mut().unwrap()["spec"];
        if self.way == Way::BlueGreen { &mut spec["template"]["spec"] } else { spec }
    }

    /// Kind and name of the object with the job.
    pub fn object(&self) -> (&str, &str) {
        let object = self.documents.last().unwrap();
        (text(object, "/kind"), text(object, "/metadata/name"))
    }

    /// As developers do: a three-way merge with what is stored; or Flink's client.
    pub fn apply(&self, world: &World) {
        if self.way == Way::Client {
            return self.run_client(world);
        }
        let texts: Vec<String> = self.documents.iter().map(Value::to_string).collect();
        let applied = world.develop(&["apply", "-f", "-"], &texts.join("\n---\n"));
        applied.unwrap_or_else(|refusal| panic!("the developer's manifest is refused: {refusal}"));
    }

    /// Deletes what was applied, the job first.
    pub fn delete(&self, world: &World) {
        for document in self.documents.iter().rev() {
            let kind = if self.way == Way::Client { "deployment" } else { text(document, "/kind") };
            let name = text(document, "/metadata/name");
            let object = [kind, name, "--namespace", &self.namespace];
            let delete = [["delete", "--wait=false"].as_slice(), &object].concat();
            world.develop(&delete, "").unwrap_or_else(|error| panic!("{name}: {error}"));
            let get = [["get", "--output=name", "--ignore-not-found"].as_slice(), &object].concat();
            within(PATIENCE, &format!("{name} is deleted"), || match world.develop(&get, "")? {
                found if found.is_empty() => Ok(()),
                found => Err(found),
            });
        }
    }

    /// The object with the job, as it is stored.
    pub fn stored(&self, world: &World) -> Value {
        let (kind, name) = self.object();
        let kind = if self.way == Way::Client { "deployment" } else { kind };
        world.get(&[kind, name, "--namespace", &self.namespace])
    }

    /// The name of the Flink cluster: its label `app`.
    pub fn cluster(&self, world: &World) -> String {
        let name = text(&self.documents[0], "/metadata/name").to_owned();
        if self.way != Way::BlueGreen {
            return name;
        }
        match text(&self.stored(world), "/status/blueGreenState") {
            "ACTIVE_GREEN" | "TRANSITIONING_TO_BLUE" | "SAVEPOINTING_GREEN" => {
                format!("{name}-green")
            }
            _ => format!("{name}-blue"),
        }
    }

    /// Waits until the operator has done what the stored object says, and sees a running job.
    pub fn wait_stable(&self, world: &World, patience: Duration) {
        if self.way == Way::Client {
            return;
        }
        let generation = self.stored(world)["metadata"]["generation"].clone();
        within(patience, "the operator has a stable cluster", || {
            let stored = self.stored(world);
            let status = &stored["status"];
            let running = text(status, "/jobStatus/state") == "RUNNING";
            let done = if self.way == Way::BlueGreen {
                let seen = text(status, "/lastReconciledSpec");
                let nonce = text(&stored, NONCE);
                seen.contains(nonce) && text(status, "/blueGreenState").starts_with("ACTIVE_")
            } else {
                status["observedGeneration"] == generation && status["lifecycleState"] == "STABLE"
            };
            if running && done { Ok(()) } else { Err(status.to_string()) }
        });
    }

    fn run_client(&self, world: &World) {
        let client = &self.documents[0];
        let needs = &world.machine.needs;
        let mut command = Command::new(needs.flink.join("bin/flink"));
        command.args(["run", "--target", "kubernetes-application"]);
        for (option, value) in client["options"].as_object().unwrap() {
            command.arg(format!("-D{option}={}", value.as_str().unwrap()));
        }
        command
            .arg(format!("-Dkubernetes.cluster-id={}", text(client, "/metadata/name")))
            .arg(format!("-Dkubernetes.namespace={}", self.namespace))
            .arg("local:///opt/flink/examples/counting.jar")
            .env("JAVA_HOME", &needs.java)
            .env("JVM_ARGS", "-Xmx256m -XX:TieredStopAtLevel=1")
            .env("FLINK_LOG_DIR", world.installation.folder())
            .env("KUBECONFIG", world.pipeline.kubeconfig());
        let output = command.output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "Flink's client: {} {said}", output.status);
    }
}

const NONCE: &str = "/spec/template/spec/flinkConfiguration/pipeline.global-job-parameters";
