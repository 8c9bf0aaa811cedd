//! Another webhook, which is asked at the same time as Flinkgate: it refuses a part by chance, and
//! where the API server has made up a name it sometimes takes that very name first, so that the API
//! server must make up another.

use super::super::scene::{Scene, pod};
use crate::support::access::Access;
use crate::support::webhook::Webhook;
use futures::FutureExt;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, PostParams};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::OnceCell;

/// What it says.
pub const REFUSAL: &str = "not in the mood";

/// The webhook, and what it did.
pub struct Rival {
    _webhook: Webhook,
    did: Arc<Did>,
}

#[derive(Default)]
struct Did {
    refused: AtomicUsize,
    taken: AtomicUsize,
}

impl Rival {
    /// How many it refused.
    pub fn refused(&self) -> usize {
        self.did.refused.load(Ordering::Relaxed)
    }

    /// How many names it took.
    pub fn taken(&self) -> usize {
        self.did.taken.load(Ordering::Relaxed)
    }

    pub fn summary(&self) -> String {
        format!("{} refused, {} names taken", self.refused(), self.taken())
    }
}

/// Starts it for a tenant, and waits until both API servers ask it.
pub fn start(scene: &Scene, tenant: &str) -> Rival {
    let did = Arc::new(Did::default());
    let (given, access) = (Arc::clone(&did), scene.admin(1).clone());
    let client = Arc::new(OnceCell::new());
    let judge = move |request: Value| {
        let (did, access, client) = (Arc::clone(&given), access.clone(), Arc::clone(&client));
        async move { judge(&did, &access, &client, &request).await }.boxed()
    };
    let webhook = Webhook::start(Arc::new(judge));
    webhook.register(scene.admin(0), "rival", tenant);
    let rival = Rival { _webhook: webhook, did };
    for server in scene.servers() {
        let before = rival.refused();
        let probe = pod(&format!("{tenant}-0"), "probe", 1).to_string();
        crate::support::wait::until("the API server asks the other webhook", || {
            let _ = server.try_kubectl(&["create", "--dry-run=server", "-f", "-"], &probe);
            if rival.refused() > before { Ok(()) } else { Err("it was not asked".to_owned()) }
        });
    }
    rival
}

async fn judge(
    did: &Did,
    access: &Access,
    client: &OnceCell<kube::Client>,
    request: &Value,
) -> Option<String> {
    let metadata = &request["object"]["metadata"];
    // UIDs are chance, and another one at every attempt.
    let uid = metadata["uid"].as_str().unwrap_or_default();
    let chance =
        uid.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or_default();
    let creates = request["operation"] == "CREATE";
    if creates && chance % 12 == 1 {
        did.refused.fetch_add(1, Ordering::Relaxed);
        return Some(REFUSAL.to_owned());
    }
    let made_up = creates && metadata.get("generateName").is_some() && request["dryRun"] != true;
    if made_up && matches!(chance % 12, 2 | 3) {
        let client = client.get_or_init(|| access.client()).await.clone();
        let (namespace, name) = (request["namespace"].as_str()?, metadata["name"].as_str()?);
        let pods = Api::<Pod>::namespaced(client, namespace);
        let taker: Pod = serde_json::from_value(pod(namespace, name, 1)).unwrap();
        if pods.create(&PostParams::default(), &taker).await.is_ok() {
            did.taken.fetch_add(1, Ordering::Relaxed);
        }
    }
    None
}
