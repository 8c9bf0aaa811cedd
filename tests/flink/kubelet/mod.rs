//! A stand-in kubelet: runs the pods of one node as processes.
//!
//! It does what Flink and its operator notice: volumes, environment, the token of the pod's service
//! account, an address, restarts, statuses, grace periods, heartbeats. It knows no images (each is
//! the same Flink), no probes and no cgroups.

mod environment;
mod pod;
mod sandbox;
mod volumes;

use crate::api::{Api, items, text};
use crate::needs::Needs;
use crate::network::Network;
use crate::support::ControlPlane;
use pod::RunningPod;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(300);
const HEARTBEAT: Duration = Duration::from_secs(5);

/// What all nodes share.
pub struct Machine {
    pub network: Arc<Network>,
    pub needs: Needs,
    /// Where pods have their folders and logs.
    pub pods: PathBuf,
    /// Where claims have their folders, which outlive pods.
    pub claims: PathBuf,
    /// The port of the API server.
    pub api_server: u16,
    /// Pods whose processes are to end.
    pub doomed: Mutex<BTreeSet<String>>,
}

/// The kubelet of one node. Without it the node is lost: its processes have ended, and the API server
/// hears nothing of it.
pub struct Kubelet {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Kubelet {
    /// Registers the node and starts to run its pods.
    pub fn start(control_plane: &ControlPlane, machine: Arc<Machine>, node: &str) -> Self {
        register(control_plane, node);
        let user = format!("system:node:{node}");
        let access = control_plane.as_user(&user, &["system:nodes"]);
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, node) = (Arc::clone(&stop), node.to_owned());
        let thread = std::thread::spawn(move || {
            let api = Api::new(&access);
            let mut pods = BTreeMap::new();
            let mut beat = None::<Instant>;
            while !stopped.load(Ordering::Relaxed) {
                if beat.is_none_or(|beat| beat.elapsed() > HEARTBEAT) {
                    heartbeat(&api, &node);
                    beat = Some(Instant::now());
                }
                reconcile(&api, &machine, &node, &mut pods);
                std::thread::sleep(PAUSE);
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn register(control_plane: &ControlPlane, name: &str) {
    let labels = json!({"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
        "pool": "flink", "tier": "gold", "topology.kubernetes.io/zone": format!("zone-of-{name}")});
    let node =
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}});
    control_plane.apply(&node.to_string());
}

fn heartbeat(api: &Api, node: &str) {
    let now = now();
    let amounts =
        json!({"cpu": "32", "memory": "128Gi", "pods": "100", "ephemeral-storage": "100Gi"});
    let ready = json!({"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "stand-in",
        "lastHeartbeatTime": now, "lastTransitionTime": now});
    let status =
        json!({"status": {"capacity": amounts, "allocatable": amounts, "conditions": [ready]}});
    let _ = api.patch(&format!("/api/v1/nodes/{node}/status"), &status);
    let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
    let renewed = format!("{}.000000Z", now.trim_end_matches('Z'));
    let spec = json!({"holderIdentity": node, "leaseDurationSeconds": 40, "renewTime": renewed});
    if api.patch(&format!("{leases}/{node}"), &json!({ "spec": spec })).is_err() {
        let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": node}, "spec": spec});
        let _ = api.post(leases, &lease);
    }
}

/// The time as Kubernetes writes it.
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn reconcile(api: &Api, machine: &Machine, node: &str, pods: &mut BTreeMap<String, RunningPod>) {
    let path = format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{node}");
    let Ok(list) = api.get(&path) else { return };
    let wanted: BTreeMap<String, Value> =
        items(list).into_iter().map(|pod| (text(&pod, "/metadata/uid").to_owned(), pod)).collect();
    // Deleted without a word to the kubelet, by force or with their node.
    pods.retain(|uid, _| wanted.contains_key(uid));
    for (uid, object) in wanted {
        let ended = matches!(text(&object, "/status/phase"), "Succeeded" | "Failed");
        match pods.get_mut(&uid) {
            Some(pod) => pod.tick(api, machine, object),
            None if ended || !object["metadata"]["deletionTimestamp"].is_null() => {
                pod::remove(api, &object);
            }
            None => {
                let mut pod = RunningPod::new(machine, &object);
                pod.tick(api, machine, object);
                pods.insert(uid, pod);
            }
        }
    }
}

impl Machine {
    /// The processes of a pod end, as by an error.
    pub fn crash(&self, uid: &str) {
        self.doomed.lock().unwrap().insert(uid.to_owned());
    }

    /// The environment that images of Flink have, and the address of the API server.
    pub fn image_variables(&self) -> Vec<(String, String)> {
        let java = self.needs.java.display();
        let path = format!(
            "/opt/flink/bin:{java}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        );
        [
            ("FLINK_HOME", "/opt/flink".to_owned()),
            ("JAVA_HOME", java.to_string()),
            ("PATH", path),
            // Small machines have little time for the compiler.
            ("JAVA_TOOL_OPTIONS", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss512k".to_owned()),
            ("KUBERNETES_SERVICE_HOST", "kubernetes.default.svc".to_owned()),
            ("KUBERNETES_SERVICE_PORT", self.api_server.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}
