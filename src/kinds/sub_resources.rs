//! Sub-resources of the kinds that webhooks ask about, and what Flinkgate decides about each.
//!
//! A test compares this table with the rows of [`KINDS`](super::KINDS): the API server asks about a
//! sub-resource if and only if it is judged or restricted here.

/// The decision about a sub-resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Judged like the object itself.
    Judged,
    /// Refused to everyone but those who need it.
    Restricted,
    /// Never asked about.
    Passed,
}

/// A sub-resource of some kinds.
#[derive(Clone, Copy, Debug)]
pub struct SubResource {
    /// Its name.
    pub name: &'static str,
    /// Kinds that have it.
    pub kinds: &'static [&'static str],
    /// The decision.
    pub decision: Decision,
    /// Why.
    pub reason: &'static str,
}

/// Every sub-resource of the kinds that webhooks ask about.
pub static SUB_RESOURCES: &[SubResource] = &[
    SubResource {
        name: "binding",
        kinds: &["Pod"],
        decision: Decision::Restricted,
        reason: "puts a pod on any node: only schedulers need it",
    },
    SubResource {
        name: "ephemeralcontainers",
        kinds: &["Pod"],
        decision: Decision::Judged,
        reason: "adds containers to a running pod",
    },
    SubResource {
        name: "resize",
        kinds: &["Pod"],
        decision: Decision::Judged,
        reason: "changes what a running pod requests",
    },
    SubResource {
        name: "scale",
        kinds: &[
            "ReplicationController",
            "Deployment",
            "StatefulSet",
            "ReplicaSet",
            "FlinkDeployment",
        ],
        decision: Decision::Judged,
        reason: "changes the number of pods",
    },
    SubResource {
        name: "status",
        kinds: &[
            "Pod",
            "PersistentVolumeClaim",
            "Service",
            "ReplicationController",
            "Ingress",
            "Deployment",
            "StatefulSet",
            "ReplicaSet",
            "DaemonSet",
            "Job",
            "CronJob",
            "PodDisruptionBudget",
        ],
        decision: Decision::Restricted,
        reason: "stores metadata too; a pod's decides about quota and traffic, a Service's about traffic",
    },
    SubResource {
        name: "status",
        kinds: &[
            "FlinkDeployment",
            "FlinkSessionJob",
            "FlinkStateSnapshot",
            "FlinkBlueGreenDeployment",
            "FlinkCluster",
            "FlinkApplication",
        ],
        decision: Decision::Restricted,
        reason: "the operator deploys what it finds there: only the operator needs it",
    },
    SubResource {
        name: "status",
        kinds: &["Namespace"],
        decision: Decision::Judged,
        reason: "stores labels too, and the tenant follows from them",
    },
    SubResource {
        name: "finalize",
        kinds: &["Namespace"],
        decision: Decision::Judged,
        reason: "stores labels too; the controller that deletes Namespaces leaves them alone",
    },
    SubResource {
        name: "status",
        kinds: &["FlinkTenantLedger"],
        decision: Decision::Restricted,
        reason: "holds the ledger, which only Flinkgate writes",
    },
    SubResource {
        name: "status",
        kinds: &["FlinkTenant", "FlinkPolicy"],
        decision: Decision::Passed,
        reason: "shows what Flinkgate decided and decides nothing; tenants have no right to it",
    },
    SubResource {
        name: "eviction",
        kinds: &["Pod"],
        decision: Decision::Passed,
        reason: "deletes a pod; a refusal would block the draining of nodes",
    },
    SubResource {
        name: "log",
        kinds: &["Pod"],
        decision: Decision::Passed,
        reason: "reads; the API server asks no webhook",
    },
    SubResource {
        name: "attach",
        kinds: &["Pod"],
        decision: Decision::Passed,
        reason: "connects to a judged container and stores nothing",
    },
    SubResource {
        name: "exec",
        kinds: &["Pod"],
        decision: Decision::Passed,
        reason: "runs within a judged container and stores nothing",
    },
    SubResource {
        name: "portforward",
        kinds: &["Pod"],
        decision: Decision::Passed,
        reason: "connects to a judged container and stores nothing",
    },
    SubResource {
        name: "proxy",
        kinds: &["Pod", "Service"],
        decision: Decision::Passed,
        reason: "connects to a judged container and stores nothing",
    },
];
