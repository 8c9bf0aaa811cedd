//! What a Flink cluster shows of itself: by REST, by its pods, by the files in its claim.

use crate::api::text;
use crate::support::flinkgate::get;
use crate::world::World;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// One cluster of a scenario.
pub struct Cluster<'a> {
    pub world: &'a World,
    pub namespace: String,
    pub name: String,
}

impl Cluster<'_> {
    /// Pods of a component that are not on their way out.
    pub fn pods(&self, component: &str) -> Vec<Value> {
        let mut pods = self.world.pods(&self.namespace);
        pods.retain(|pod| {
            pod["metadata"]["labels"]["app"] == self.name.as_str()
                && pod["metadata"]["labels"]["component"] == component
                && pod["metadata"]["deletionTimestamp"].is_null()
                && !matches!(text(pod, "/status/phase"), "Failed" | "Succeeded")
        });
        pods
    }

    fn address(&self) -> Result<SocketAddr, String> {
        let pods = self.pods("jobmanager");
        let pod = pods
            .iter()
            .find(|pod| text(pod, "/status/phase") == "Running")
            .ok_or_else(|| format!("{} runs no JobManager: {}", self.name, brief(&pods)))?;
        format!("{}:8081", text(pod, "/status/podIP")).parse().map_err(|error| format!("{error}"))
    }

    /// Asks the JobManager.
    pub fn rest(&self, path: &str) -> Result<Value, String> {
        let address = self.address()?;
        match get(address, path)? {
            (200, body) => serde_json::from_str(&body).map_err(|error| format!("{error}: {body}")),
            (status, body) => Err(format!("{path}: {status} {body}")),
        }
    }

    /// Asks the JobManager to do something.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--json", &body.to_string()])
            .arg(format!("http://{}{path}", self.address()?))
            .output()
            .map_err(|error| format!("curl: {error}"))?;
        serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// The id of the job, if it is the only one that has not ended and all its tasks run.
    pub fn running_job(&self) -> Result<String, String> {
        let overview = self.rest("/jobs/overview")?;
        let live: Vec<&Value> = overview["jobs"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|job| !matches!(text(job, "/state"), "FINISHED" | "CANCELED" | "FAILED"))
            .collect();
        match live.as_slice() {
            [job] if job["state"] == "RUNNING" && all_run(&job["tasks"]) => {
                Ok(text(job, "/jid").to_owned())
            }
            _ => Err(overview.to_string()),
        }
    }

    /// How many TaskManagers have registered.
    pub fn task_managers(&self) -> Result<usize, String> {
        let list = self.rest("/taskmanagers")?;
        Ok(list["taskmanagers"].as_array().map_or(0, Vec::len))
    }

    /// What the job has counted, by its state. All its subtasks must have reported their part.
    pub fn counted(&self) -> Result<i64, String> {
        let job = self.running_job()?;
        let found = self.rest(&format!("/jobs/{job}/accumulators"))?;
        let accumulators = found["user-task-accumulators"].as_array();
        let value = |name: &str| -> Option<i64> {
            let mut all = accumulators.into_iter().flatten();
            all.find(|one| one["name"] == name).and_then(|one| text(one, "/value").parse().ok())
        };
        match (value("counted"), value("reporting"), value("parallelism")) {
            (Some(counted), Some(reporting), Some(all)) if reporting == all => Ok(counted),
            _ => Err(found.to_string()),
        }
    }

    /// The path of a checkpoint that was triggered and completed after `since` (milliseconds).
    pub fn checkpoint_since(&self, since: u64) -> Result<String, String> {
        let job = self.running_job()?;
        let statistics = self.rest(&format!("/jobs/{job}/checkpoints"))?;
        let latest = &statistics["latest"]["completed"];
        match latest["trigger_timestamp"].as_u64() {
            Some(time) if time > since => Ok(text(latest, "/external_path").to_owned()),
            _ => Err(statistics.to_string()),
        }
    }

    /// The claims that the JobManager has mounted: each path, and its folder on this machine.
    pub fn claims(&self) -> Result<Vec<(String, PathBuf)>, String> {
        let pods = self.pods("jobmanager");
        let pod = pods.first().ok_or("no JobManager")?;
        let folder = |(path, claim): (String, String)| {
            self.world.claim(&self.namespace, &claim).map(|folder| (path, folder))
        };
        claims_of(pod).into_iter().map(folder).collect()
    }
}

/// The claims that a pod's first container mounts: each path, and the claim's name.
pub fn claims_of(pod: &Value) -> Vec<(String, String)> {
    let list = |place: &str| pod.pointer(place).and_then(Value::as_array).into_iter().flatten();
    let claim = |mount: &Value| {
        let volume = list("/spec/volumes").find(|volume| volume["name"] == mount["name"])?;
        volume["persistentVolumeClaim"]["claimName"].as_str().map(str::to_owned)
    };
    list("/spec/containers/0/volumeMounts")
        .filter_map(|mount| Some((text(mount, "/mountPath").to_owned(), claim(mount)?)))
        .collect()
}

/// Whether the state that a path of Flink's means is in one of these claims.
pub fn is_in_claim(path: &str, claims: &[(String, PathBuf)]) -> Result<(), String> {
    let path = format!("/{}", path.trim_start_matches("file:").trim_start_matches('/'));
    for (mount, folder) in claims {
        let Some(inside) = path.strip_prefix(mount.as_str()) else { continue };
        let metadata = folder.join(inside.trim_start_matches('/')).join("_metadata");
        return match metadata.is_file() {
            true => Ok(()),
            false => Err(format!("{} is not there", metadata.display())),
        };
    }
    Err(format!("{path} is in no claim of the JobManager"))
}

/// Whether all tasks run. A reader of a source that got no part of it has finished.
fn all_run(tasks: &Value) -> bool {
    let count = |state: &str| tasks[state].as_u64().unwrap_or_default();
    count("running") > 0 && count("running") + count("finished") == count("total")
}

/// Milliseconds, as Flink counts them.
pub fn millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// Names and states of pods, for messages.
pub fn brief(pods: &[Value]) -> String {
    let line = |pod: &Value| {
        format!(
            "{} {} {}{}",
            text(pod, "/metadata/name"),
            text(pod, "/status/phase"),
            text(pod, "/status/containerStatuses/0/state/waiting/message"),
            if pod["metadata"]["deletionTimestamp"].is_null() { "" } else { " (leaving)" }
        )
    };
    pods.iter().map(line).collect::<Vec<_>>().join("; ")
}
