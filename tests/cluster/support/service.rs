//! What a Service does, which nobody does here: connections go to replicas that say they are ready.
//!
//! The Service is of type ExternalName: API servers take its name for the address, and all else as
//! of any Service, HTTP/1.1 and the Service's name in the certificate too.

use super::access::Access;
use super::flinkgate::{self, Flinkgate};
use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

/// Where replicas are, and what was sent to them.
struct Endpoints {
    replicas: Mutex<Vec<Replica>>,
    /// Asking whether a replica is ready is nothing that a real Service does for each connection: a
    /// burst of these must not be one of questions.
    questions: Semaphore,
    turn: AtomicUsize,
    connections: Mutex<BTreeMap<SocketAddr, usize>>,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self {
            replicas: Mutex::default(),
            questions: Semaphore::new(16),
            turn: AtomicUsize::new(0),
            connections: Mutex::default(),
        }
    }
}

#[derive(Clone, Copy)]
struct Replica {
    webhooks: SocketAddr,
    health: SocketAddr,
}

/// A Service with its endpoints.
pub struct Service {
    port: u16,
    endpoints: Arc<Endpoints>,
    runtime: Option<Runtime>,
}

impl Service {
    /// Listens on a port of loopback; there is nobody behind it yet.
    pub fn start() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let (port, endpoints) =
            (listener.local_addr().unwrap().port(), Arc::new(Endpoints::default()));
        let given = Arc::clone(&endpoints);
        runtime.spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(relay(client, Arc::clone(&given)));
            }
        });
        Self { port, endpoints, runtime: Some(runtime) }
    }

    /// Puts itself in the place of a Service, and has the webhooks of both configurations ask it.
    pub fn replace(&self, admin: &Access, namespace: &str, name: &str) {
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace},
            "spec": {"type": "ExternalName", "externalName": "127.0.0.1"}});
        admin.kubectl(&["delete", "service", name, "--namespace", namespace, "--ignore-not-found"]);
        admin.create(&service.to_string());
        point_webhooks_at(self.port, admin, name);
    }

    /// The replicas from now on; connections to others last as long as these want.
    pub fn lead_to<'a>(&self, replicas: impl IntoIterator<Item = &'a Flinkgate>) {
        let replicas = replicas
            .into_iter()
            .map(|replica| Replica { webhooks: replica.webhooks, health: replica.health });
        *self.endpoints.replicas.lock().unwrap() = replicas.collect();
    }

    /// How many connections were led to a replica so far.
    pub fn connections(&self, replica: &Flinkgate) -> usize {
        self.endpoints
            .connections
            .lock()
            .unwrap()
            .get(&replica.webhooks)
            .copied()
            .unwrap_or_default()
    }
}

/// Has the webhooks of both configurations ask another port of the Service that they ask.
pub fn point_webhooks_at(port: u16, admin: &Access, name: &str) {
    for kind in ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"] {
        let webhooks = admin.get(&[kind, name])["webhooks"].as_array().unwrap().len();
        let path = |index| format!("/webhooks/{index}/clientConfig/service/port");
        let patch: Vec<_> = (0..webhooks)
            .map(|index| json!({"op": "add", "path": path(index), "value": port}))
            .collect();
        admin.kubectl(&["patch", kind, name, "--type=json", "--patch", &json!(patch).to_string()]);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Leads a connection to the next replica that is ready; with none it is closed.
async fn relay(mut client: TcpStream, endpoints: Arc<Endpoints>) {
    let replicas = endpoints.replicas.lock().unwrap().clone();
    let turn = endpoints.turn.fetch_add(1, Ordering::Relaxed);
    for replica in
        replicas.iter().cycle().skip(turn % replicas.len().max(1)).take(replicas.len()).copied()
    {
        let question = endpoints.questions.acquire().await;
        let ready =
            tokio::task::spawn_blocking(move || flinkgate::get(replica.health, "/readyz")).await;
        drop(question);
        if !matches!(ready, Ok(Ok((200, _)))) {
            continue;
        }
        if let Ok(mut server) = TcpStream::connect(replica.webhooks).await {
            *endpoints.connections.lock().unwrap().entry(replica.webhooks).or_default() += 1;
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            return;
        }
    }
}
