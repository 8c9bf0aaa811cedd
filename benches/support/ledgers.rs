//! A large tenant's ledger, and requests to it.

use flinkgate::quota::Usage;
use flinkgate::quota::ledger::{KnownLimits, Ledger, LiveObject, ObjectRef, Request, View};
use flinkgate::quota::limits::Limits;
use flinkgate::resource::quantity::Quantity;

/// TaskManagers of each cluster.
const TASK_MANAGERS: u64 = 18;
const NAMESPACE: &str = "payments-prod";

/// A name or UID of realistic length.
fn long(name: &str, number: u64) -> String {
    format!("{name}-{number:05}-0d9b1a34-5a52-4d4e-9f0e-3d2f6c5b8a77")
}

fn usage(amounts: &[(&str, u64)]) -> Usage {
    amounts
        .iter()
        .map(|(name, amount)| ((*name).to_owned(), Quantity::from_units(*amount)))
        .collect()
}

/// The usage of one TaskManager.
fn task_manager() -> Usage {
    usage(&[("cpu", 2), ("memory", 4 << 30), ("pods", 1), ("taskManagers", 1), ("taskSlots", 2)])
}

/// Limits of every resource that clusters use.
pub fn limits(cores: u64) -> KnownLimits {
    let names = ["memory", "pods", "taskManagers", "taskSlots", "clusters", "jobs"];
    let hard = names.map(|name| (name, u64::MAX >> 16)).into_iter().chain([("cpu", cores)]);
    let hard = hard.map(|(name, amount)| (name.to_owned(), Quantity::from_units(amount))).collect();
    KnownLimits { version: 1, limits: Limits { hard, ..Limits::default() } }
}

/// A view of clusters, each with a FlinkDeployment, a JobManager Deployment and 18 TaskManager pods.
pub fn view(clusters: u64) -> View {
    let all = usage(&[
        ("cpu", 37),
        ("memory", 74 << 30),
        ("pods", 19),
        ("taskManagers", 18),
        ("taskSlots", 36),
        ("clusters", 1),
        ("jobs", 1),
    ]);
    let live = |kind: &str, name: String, owners: &[&String], usage: &Usage| {
        let owners = owners.iter().map(|owner| (*owner).clone()).collect();
        LiveObject {
            object: ObjectRef::new(kind, NAMESPACE, &name),
            uid: name,
            version: 5,
            owners,
            usage: usage.clone(),
            ..LiveObject::default()
        }
    };
    let mut objects = Vec::new();
    for cluster in 0..clusters {
        let (flink, job_manager) = (long("etl", cluster), long("jm", cluster));
        objects.push(live("FlinkDeployment", flink.clone(), &[], &all));
        objects.push(live("Deployment", job_manager.clone(), &[&flink], &all));
        let pods = (0..TASK_MANAGERS).map(|pod| long("tm", cluster * TASK_MANAGERS + pod));
        objects.extend(pods.map(|pod| live("Pod", pod, &[&job_manager, &flink], &task_manager())));
    }
    let positions =
        ["Pod", "Deployment", "FlinkDeployment"].map(|kind| (kind.to_owned(), 5)).into();
    View { objects, positions, finished_below: 0 }
}

/// The ledger of a tenant with these limits and this number of clusters.
pub fn ledger(clusters: u64, known: &KnownLimits) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.reconcile(&view(clusters), known).unwrap();
    ledger
}

/// A new pod without an owner.
pub fn lone_pod(number: u64) -> Request {
    let name = long("pod", number);
    Request {
        object: ObjectRef::new("Pod", NAMESPACE, &name),
        uid: name,
        usage: task_manager(),
        ..Request::default()
    }
}

/// A new TaskManager of one of the clusters.
pub fn pod_of(cluster: u64, number: u64) -> Request {
    Request { owners: vec![long("jm", cluster), long("etl", cluster)], ..lone_pod(number) }
}
