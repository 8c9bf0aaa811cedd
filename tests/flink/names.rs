//! What DNS does in a cluster: the names of pods, and of Services with the address of a pod behind
//! them. There is no proxy, so a Service leads to its first running pod.

use crate::api::{Api, items, text};
use crate::network::{HOST, Network};
use crate::support::access::Access;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(300);

/// Keeps the file of hosts up to date until it is dropped.
pub struct Names {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Names {
    /// Starts it with the administrator's rights.
    pub fn start(access: &Access, network: Arc<Network>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (access, stopped) = (access.clone(), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let api = Api::new(&access);
            while !stopped.load(Ordering::Relaxed) {
                let lists =
                    (api.get("/api/v1/services"), api.get("/api/v1/pods?resourceVersion=0"));
                if let (Ok(services), Ok(pods)) = lists {
                    network.write_hosts(names(&items(services), &items(pods)));
                }
                std::thread::sleep(PAUSE);
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn names(services: &[Value], pods: &[Value]) -> BTreeMap<String, Ipv4Addr> {
    let running: Vec<(&Value, Ipv4Addr)> = pods
        .iter()
        .filter(|pod| text(pod, "/status/phase") == "Running")
        .filter(|pod| pod["metadata"]["deletionTimestamp"].is_null())
        .filter_map(|pod| Some((pod, text(pod, "/status/podIP").parse().ok()?)))
        .collect();
    let mut names = BTreeMap::from([("kubernetes.default.svc".to_owned(), HOST)]);
    for (pod, address) in &running {
        names.insert(text(pod, "/metadata/name").to_owned(), *address);
    }
    for service in services {
        let Some(selector) = service["spec"]["selector"].as_object() else { continue };
        let namespace = text(service, "/metadata/namespace");
        let behind = running.iter().find(|(pod, _)| {
            text(pod, "/metadata/namespace") == namespace
                && selector.iter().all(|(key, value)| pod["metadata"]["labels"][key] == *value)
        });
        if let Some((_, address)) = behind {
            let name = format!("{}.{namespace}", text(service, "/metadata/name"));
            for name in [format!("{name}.svc"), format!("{name}.svc.cluster.local"), name] {
                names.insert(name, *address);
            }
        }
    }
    names
}
