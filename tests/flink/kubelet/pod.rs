//! One pod of a node, from its first container to its deletion.

use super::environment::variables;
use super::sandbox::{Container, Plan};
use super::{Machine, now, volumes};
use crate::api::{Api, text};
use crate::network::HOST;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between the end of a container and its next start.
const BACKOFF: Duration = Duration::from_secs(2);
/// The longest grace period that is waited for.
const GRACE: u64 = 20;

/// A pod on this node.
pub struct RunningPod {
    network: Arc<crate::network::Network>,
    netns: String,
    folder: PathBuf,
    address: Option<Ipv4Addr>,
    volumes: Option<BTreeMap<String, PathBuf>>,
    initialised: usize,
    containers: BTreeMap<String, Running>,
    started: String,
    leaving: Option<Instant>,
    reported: Value,
}

#[derive(Default)]
struct Running {
    container: Option<Container>,
    since: String,
    restarts: u64,
    ended: Option<Ended>,
}

#[derive(Clone)]
struct Ended {
    status: ExitStatus,
    when: Instant,
    at: String,
}

impl RunningPod {
    /// Nothing runs yet.
    pub fn new(machine: &Machine, object: &Value) -> Self {
        let (uid, name) = (text(object, "/metadata/uid"), text(object, "/metadata/name"));
        Self {
            network: Arc::clone(&machine.network),
            netns: format!("pod-{uid}"),
            folder: machine.pods.join(format!("{name}-{uid}")),
            address: None,
            volumes: None,
            initialised: 0,
            containers: BTreeMap::new(),
            started: now(),
            leaving: None,
            reported: Value::Null,
        }
    }

    /// Does what is to be done now, and reports what is new.
    pub fn tick(&mut self, api: &Api, machine: &Machine, object: Value) {
        if !object["metadata"]["deletionTimestamp"].is_null() {
            self.leave(api, &object);
            return;
        }
        if machine.doomed.lock().unwrap().remove(text(&object, "/metadata/uid")) {
            for running in self.containers.values_mut() {
                if let Some(container) = &mut running.container {
                    container.signal("KILL");
                }
            }
        }
        let waiting = self.advance(api, machine, &object).err();
        let status = self.status(&object, waiting.as_deref());
        if status != self.reported {
            let path = format!("{}/status", path(&object));
            if api.patch(&path, &json!({ "status": status })).is_ok() {
                self.reported = status;
            }
        }
    }

    /// Starts what is not running and should be. An error is what is waited for.
    fn advance(&mut self, api: &Api, machine: &Machine, object: &Value) -> Result<(), String> {
        fs::create_dir_all(&self.folder).map_err(|error| error.to_string())?;
        if self.address.is_none() {
            self.address = Some(machine.network.attach(&self.netns)?);
        }
        let mut object = object.clone();
        object["status"]["podIP"] = json!(self.address.map(|address| address.to_string()));
        if self.volumes.is_none() {
            self.volumes = Some(volumes::prepare(api, &object, &self.folder, &machine.claims)?);
        }
        let list = |field: &str| object["spec"][field].as_array().cloned().unwrap_or_default();
        for (index, container) in list("initContainers").iter().enumerate() {
            if index < self.initialised {
                continue;
            }
            self.keep_running(api, machine, &object, container)?;
            let running = self.containers.entry(text(container, "/name").to_owned()).or_default();
            match &running.ended {
                Some(ended) if ended.status.success() => self.initialised += 1,
                _ => return Err("an init container runs".to_owned()),
            }
        }
        for container in &list("containers") {
            self.keep_running(api, machine, &object, container)?;
        }
        Ok(())
    }

    fn keep_running(
        &mut self,
        api: &Api,
        machine: &Machine,
        object: &Value,
        container: &Value,
    ) -> Result<(), String> {
        let name = text(container, "/name");
        let running = self.containers.entry(name.to_owned()).or_default();
        if let Some(status) = running.container.as_mut().and_then(Container::ended) {
            running.container = None;
            running.ended = Some(Ended { status, when: Instant::now(), at: now() });
        }
        if running.container.is_some() {
            return Ok(());
        }
        if let Some(ended) = &running.ended {
            let again = match text(object, "/spec/restartPolicy") {
                "Never" => false,
                "OnFailure" => !ended.status.success(),
                _ => true,
            };
            if !again || ended.when.elapsed() < BACKOFF {
                return Ok(());
            }
            running.restarts += 1;
        }
        let plan = Plan {
            pod: object,
            container,
            variables: variables(api, object, container, &machine.image_variables())?,
            volumes: self.volumes.as_ref().ok_or("no volumes")?,
            hosts: machine.network.hosts(),
            needs: &machine.needs,
        };
        let log = self.folder.join(format!("{name}.log"));
        running.container = Some(Container::start(&plan, &self.folder, &self.netns, &log)?);
        running.since = now();
        running.ended = None;
        Ok(())
    }

    /// The pod's status as its containers are.
    fn status(&self, object: &Value, waiting: Option<&str>) -> Value {
        let names: Vec<&str> = object["spec"]["containers"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|container| text(container, "/name"))
            .collect();
        let of = |name: &&str| self.containers.get(*name);
        let ended = |name: &&str| of(name).and_then(|running| running.ended.as_ref());
        let succeeded = |name: &&str| ended(name).is_some_and(|ended| ended.status.success());
        let started = names.iter().all(|name| of(name).is_some());
        let finally = |name: &&str| match text(object, "/spec/restartPolicy") {
            "Never" => ended(name).is_some(),
            "OnFailure" => succeeded(name),
            _ => false,
        };
        let over = started && names.iter().all(finally);
        let phase = match over {
            true if names.iter().all(succeeded) => "Succeeded",
            true => "Failed",
            false if started => "Running",
            false => "Pending",
        };
        let ready = started && names.iter().all(|name| ended(name).is_none());
        let condition = |kind: &str, holds: bool| json!({"type": kind, "status": if holds { "True" } else { "False" }, "lastTransitionTime": self.started});
        let containers: Vec<Value> =
            names.iter().map(|name| container_status(name, object, of(name), waiting)).collect();
        let address = self.address.map(|address| address.to_string());
        json!({
            "phase": phase, "startTime": self.started, "hostIP": HOST.to_string(),
            "podIP": address, "podIPs": address.iter().map(|ip| json!({"ip": ip})).collect::<Vec<_>>(),
            "conditions": [condition("PodScheduled", true), condition("Initialized", started), condition("ContainersReady", ready), condition("Ready", ready)],
            "containerStatuses": containers,
        })
    }

    /// Ends the pod within its grace period, and tells the API server.
    fn leave(&mut self, api: &Api, object: &Value) {
        let first = self.leaving.is_none();
        let since = *self.leaving.get_or_insert_with(Instant::now);
        let grace = object["metadata"]["deletionGracePeriodSeconds"].as_u64().unwrap_or(30);
        let containers =
            self.containers.values_mut().filter_map(|running| running.container.as_mut());
        let mut alive = 0;
        for container in containers {
            if container.ended().is_some() {
                continue;
            }
            alive += 1;
            if first {
                container.signal("TERM");
            }
        }
        if alive == 0 || since.elapsed() > Duration::from_secs(grace.min(GRACE)) {
            self.containers.clear();
            remove(api, object);
        }
    }
}

impl Drop for RunningPod {
    fn drop(&mut self) {
        self.containers.clear();
        self.network.detach(&self.netns);
    }
}

/// Tells the API server that nothing is left of a pod.
pub fn remove(api: &Api, object: &Value) {
    if object["metadata"]["deletionTimestamp"].is_null() {
        return;
    }
    let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0,
        "preconditions": {"uid": object["metadata"]["uid"]}});
    let _ = api.delete(&path(object), &options);
}

fn path(object: &Value) -> String {
    let (namespace, name) = (text(object, "/metadata/namespace"), text(object, "/metadata/name"));
    format!("/api/v1/namespaces/{namespace}/pods/{name}")
}

fn container_status(
    name: &str,
    object: &Value,
    running: Option<&Running>,
    waiting: Option<&str>,
) -> Value {
    let image = object["spec"]["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|container| text(container, "/name") == name)
        .map(|container| text(container, "/image"))
        .unwrap_or_default();
    let state = match running {
        Some(Running { container: Some(_), since, .. }) => json!({"running": {"startedAt": since}}),
        Some(Running { ended: Some(Ended { status, at, .. }), since, .. }) => {
            let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
            let reason = if code == 0 { "Completed" } else { "Error" };
            json!({"terminated": {"exitCode": code, "reason": reason, "startedAt": since, "finishedAt": at}})
        }
        _ => {
            json!({"waiting": {"reason": "ContainerCreating", "message": waiting.unwrap_or_default()}})
        }
    };
    let ready = state.get("running").is_some();
    json!({"name": name, "image": image, "imageID": "flink", "ready": ready, "started": ready,
        "restartCount": running.map_or(0, |running| running.restarts), "state": state})
}
