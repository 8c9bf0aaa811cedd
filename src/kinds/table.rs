//! The rows. Webhook rules name resources in this order, and groups are not mixed.

use super::Property::{
    ActsByAnnotations, CountsApart, IsOwnedOwner, NeedsClaims, OwnsState, ShowsEvents,
    StopsOnDeletion,
};
use super::Webhook::{Mutating, Validating};
use super::{Asked, Completed, DEFAULT_RANK, Kind, Origin, POD_RANK, Scope, Watched};
use crate::flink::kinds::{
    binding, config_map, flink_application, flink_blue_green, flink_cluster, flink_deployment,
    flink_session_job, flink_state_snapshot, ingress, leaving, persistent_volume_claim, pod,
    pod_disruption_budget, service, standalone,
};

const CREATE: &[&str] = &["CREATE"];
const CREATE_AND_UPDATE: &[&str] = &["CREATE", "UPDATE"];
const DELETE: &[&str] = &["DELETE"];
const UPDATE: &[&str] = &["UPDATE"];

/// The sub-resource through which metadata changes too.
const STATUS: Asked = asked_with(Validating("status"), UPDATE, &["status"]);
/// The status from which an operator works.
const FLINK_STATUS: Asked = asked_with(Validating("flink-status"), UPDATE, &["status"]);
/// A workload and its replicas.
const SCALED: Asked = asked_with(Validating("workloads"), CREATE_AND_UPDATE, &["", "scale"]);

/// A kind of Kubernetes' own in a namespace, of which nothing else is known.
const DEFAULT: Kind = Kind {
    group: "",
    version: "v1",
    kind: "",
    plural: "",
    origin: Origin::Kubernetes,
    scope: Scope::Namespaced,
    lower: None,
    refers_to: None,
    completed: Completed::Never,
    webhooks: &[],
    watched: None,
    writes: &[],
    rank: DEFAULT_RANK,
    replicas: None,
    made_by_operator: false,
    made_by_controller: None,
    counts_with_owner: None,
    adds_nothing: None,
    properties: &[],
};

/// A kind with a pod template: Flink on plain Kubernetes, or what an operator makes.
const WORKLOAD: Kind = Kind {
    lower: Some(standalone::lower),
    webhooks: &[asked(Validating("workloads"), CREATE_AND_UPDATE), STATUS],
    watched: Some(Watched::Usage),
    made_by_operator: true,
    adds_nothing: Some(standalone::only_shrinks),
    properties: &[IsOwnedOwner, ShowsEvents, StopsOnDeletion],
    ..DEFAULT
};

/// A custom resource of a Flink operator. Webhooks ask about any version: one that is not known
/// here is judged rather than missed.
const FLINK: Kind = Kind {
    version: "v1beta1",
    origin: Origin::Operator,
    webhooks: &[
        asked(Mutating("flink"), CREATE_AND_UPDATE),
        asked(Validating("flink"), CREATE_AND_UPDATE),
        FLINK_STATUS,
    ],
    watched: Some(Watched::Usage),
    adds_nothing: Some(leaving::keeps_options),
    properties: &[ShowsEvents],
    ..DEFAULT
};

/// One of Flinkgate's kinds.
const FLINKGATE: Kind = Kind {
    group: "flinkgate.dev",
    version: "v1alpha1",
    origin: Origin::Flinkgate,
    scope: Scope::Cluster,
    webhooks: &[asked(Validating("configuration"), CREATE_AND_UPDATE)],
    ..DEFAULT
};

/// Every kind.
pub static KINDS: &[Kind] = &[
    Kind {
        kind: "Pod",
        plural: "pods",
        lower: Some(pod::lower),
        completed: Completed::OnCreate,
        webhooks: &[
            asked(Mutating("pods"), CREATE),
            asked_with(
                Validating("pods"),
                CREATE_AND_UPDATE,
                &["", "ephemeralcontainers", "resize"],
            ),
            asked_with(Validating("bindings"), CREATE, &["binding"]),
            STATUS,
        ],
        watched: Some(Watched::FixedUsage),
        rank: POD_RANK,
        properties: &[CountsApart, ShowsEvents],
        ..DEFAULT
    },
    Kind {
        kind: "Binding",
        plural: "bindings",
        lower: Some(binding::lower),
        webhooks: &[asked(Validating("bindings"), CREATE)],
        ..DEFAULT
    },
    Kind {
        kind: "PersistentVolumeClaim",
        plural: "persistentvolumeclaims",
        lower: Some(persistent_volume_claim::lower),
        webhooks: &[
            asked(Validating("claims"), CREATE_AND_UPDATE),
            asked(Validating("claim-deletions"), DELETE),
            STATUS,
        ],
        watched: Some(Watched::Usage),
        // Claims are applied, which is a creation and a patch in one. Those that nothing ever used
        // are deleted.
        writes: &[("", &["create", "delete", "patch"])],
        rank: 0,
        adds_nothing: Some(persistent_volume_claim::requests_no_more),
        ..DEFAULT
    },
    Kind {
        kind: "ConfigMap",
        plural: "configmaps",
        lower: Some(config_map::lower),
        completed: Completed::Files,
        webhooks: &[
            asked(Mutating("options"), CREATE_AND_UPDATE),
            asked(Validating("options"), CREATE_AND_UPDATE),
            asked(Validating("autoscaler"), CREATE_AND_UPDATE),
        ],
        // To read a key that a pod mounts as Flink's configuration under another name.
        writes: &[("", &["get"])],
        made_by_operator: true,
        adds_nothing: Some(config_map::adds_no_value),
        ..DEFAULT
    },
    // What a container without requests gets from it.
    Kind {
        kind: "LimitRange",
        plural: "limitranges",
        watched: Some(Watched::LimitRanges),
        ..DEFAULT
    },
    Kind {
        kind: "Service",
        plural: "services",
        lower: Some(service::lower),
        // What a Service or an Ingress leads to depends on the others of its namespace.
        writes: &[("", &["list"])],
        webhooks: &[asked(Validating("network"), CREATE_AND_UPDATE), STATUS],
        properties: &[ActsByAnnotations],
        ..DEFAULT
    },
    Kind {
        kind: "ReplicationController",
        plural: "replicationcontrollers",
        webhooks: &[SCALED, STATUS],
        replicas: Some(&["spec", "replicas"]),
        made_by_operator: false,
        properties: &[IsOwnedOwner, CountsApart, ShowsEvents],
        ..WORKLOAD
    },
    // Nothing of Kubernetes makes pods of it; other programs may.
    Kind {
        kind: "PodTemplate",
        plural: "podtemplates",
        webhooks: &[asked(Validating("workloads"), CREATE_AND_UPDATE)],
        watched: None,
        made_by_operator: false,
        properties: &[],
        ..WORKLOAD
    },
    Kind {
        kind: "Namespace",
        plural: "namespaces",
        scope: Scope::Cluster,
        webhooks: &[
            asked_with(Mutating("namespaces"), CREATE_AND_UPDATE, &["", "finalize", "status"]),
            asked_with(Validating("namespaces"), CREATE_AND_UPDATE, &["", "finalize", "status"]),
        ],
        watched: Some(Watched::Namespaces),
        writes: &[("", &["patch"])],
        ..DEFAULT
    },
    Kind {
        group: "networking.k8s.io",
        kind: "Ingress",
        plural: "ingresses",
        lower: Some(ingress::lower),
        writes: &[("", &["list"])],
        webhooks: &[asked(Validating("network"), CREATE_AND_UPDATE), STATUS],
        properties: &[ActsByAnnotations],
        ..DEFAULT
    },
    // API servers serve it no more; files still have it.
    Kind {
        group: "extensions",
        version: "v1beta1",
        kind: "Ingress",
        plural: "ingresses",
        lower: Some(ingress::lower),
        properties: &[ActsByAnnotations],
        ..DEFAULT
    },
    Kind {
        group: "apps",
        kind: "Deployment",
        plural: "deployments",
        webhooks: &[SCALED, STATUS],
        replicas: Some(&["spec", "replicas"]),
        properties: &[IsOwnedOwner, OwnsState, ShowsEvents, StopsOnDeletion],
        ..WORKLOAD
    },
    Kind {
        group: "apps",
        kind: "StatefulSet",
        plural: "statefulsets",
        webhooks: &[SCALED, STATUS],
        replicas: Some(&["spec", "replicas"]),
        ..WORKLOAD
    },
    Kind {
        group: "apps",
        kind: "ReplicaSet",
        plural: "replicasets",
        webhooks: &[SCALED, STATUS],
        replicas: Some(&["spec", "replicas"]),
        made_by_operator: false,
        made_by_controller: Some("deployment-controller"),
        counts_with_owner: Some(standalone::is_counted_by_deployment),
        properties: &[IsOwnedOwner, CountsApart, ShowsEvents],
        ..WORKLOAD
    },
    Kind {
        group: "apps",
        kind: "DaemonSet",
        plural: "daemonsets",
        made_by_operator: false,
        properties: &[IsOwnedOwner, CountsApart, ShowsEvents],
        ..WORKLOAD
    },
    Kind { group: "batch", kind: "Job", plural: "jobs", ..WORKLOAD },
    Kind {
        group: "batch",
        kind: "CronJob",
        plural: "cronjobs",
        rank: 3,
        properties: &[ShowsEvents, StopsOnDeletion],
        ..WORKLOAD
    },
    Kind {
        group: "policy",
        kind: "PodDisruptionBudget",
        plural: "poddisruptionbudgets",
        lower: Some(pod_disruption_budget::lower),
        webhooks: &[asked(Validating("workloads"), CREATE_AND_UPDATE), STATUS],
        ..DEFAULT
    },
    // The body of a request to `/scale`.
    Kind { group: "autoscaling", kind: "Scale", plural: "scale", ..DEFAULT },
    Kind {
        group: "flink.apache.org",
        kind: "FlinkDeployment",
        plural: "flinkdeployments",
        lower: Some(flink_deployment::lower),
        completed: Completed::OnCreateAndUpdate,
        webhooks: &[
            asked(Mutating("flink"), CREATE_AND_UPDATE),
            asked(Validating("flink"), CREATE_AND_UPDATE),
            asked_with(Validating("flink"), CREATE_AND_UPDATE, &["scale"]),
            FLINK_STATUS,
        ],
        rank: 3,
        replicas: Some(&["spec", "taskManager", "replicas"]),
        properties: &[IsOwnedOwner, OwnsState, NeedsClaims, ShowsEvents],
        ..FLINK
    },
    Kind {
        group: "flink.apache.org",
        kind: "FlinkSessionJob",
        plural: "flinksessionjobs",
        lower: Some(flink_session_job::lower),
        refers_to: Some(flink_session_job::refers_to),
        completed: Completed::OnCreateAndUpdate,
        ..FLINK
    },
    Kind {
        group: "flink.apache.org",
        kind: "FlinkStateSnapshot",
        plural: "flinkstatesnapshots",
        lower: Some(flink_state_snapshot::lower),
        refers_to: Some(flink_state_snapshot::refers_to),
        watched: None,
        ..FLINK
    },
    Kind {
        group: "flink.apache.org",
        kind: "FlinkBlueGreenDeployment",
        plural: "flinkbluegreendeployments",
        lower: Some(flink_blue_green::lower),
        completed: Completed::OnCreateAndUpdate,
        rank: 4,
        properties: &[OwnsState, NeedsClaims, ShowsEvents],
        ..FLINK
    },
    // Spotify's operator.
    Kind {
        group: "flinkoperator.k8s.io",
        kind: "FlinkCluster",
        plural: "flinkclusters",
        lower: Some(flink_cluster::lower),
        completed: Completed::Options,
        rank: 3,
        ..FLINK
    },
    // Lyft's operator.
    Kind {
        group: "flink.k8s.io",
        kind: "FlinkApplication",
        plural: "flinkapplications",
        lower: Some(flink_application::lower),
        completed: Completed::Options,
        rank: 3,
        ..FLINK
    },
    Kind {
        kind: "FlinkTenant",
        plural: "flinktenants",
        watched: Some(Watched::Tenants),
        writes: &[("status", &["patch"])],
        ..FLINKGATE
    },
    Kind {
        kind: "FlinkPolicy",
        plural: "flinkpolicies",
        webhooks: &[
            asked(Validating("configuration"), CREATE_AND_UPDATE),
            asked(Validating("policy-deletions"), DELETE),
        ],
        watched: Some(Watched::Policies),
        writes: &[("status", &["patch"])],
        ..FLINKGATE
    },
    Kind {
        kind: "FlinkTenantLedger",
        plural: "flinktenantledgers",
        webhooks: &[asked_with(Validating("ledgers"), CREATE_AND_UPDATE, &["", "status"])],
        watched: Some(Watched::Ledgers),
        writes: &[("", &["create", "delete"]), ("status", &["update"])],
        ..FLINKGATE
    },
];

/// A webhook that asks about the objects themselves.
const fn asked(webhook: super::Webhook, operations: &'static [&'static str]) -> Asked {
    asked_with(webhook, operations, &[""])
}

/// A webhook that asks about sub-resources. Several entries of one webhook make several rules.
const fn asked_with(
    webhook: super::Webhook,
    operations: &'static [&'static str],
    sub_resources: &'static [&'static str],
) -> Asked {
    Asked { webhook, operations, sub_resources }
}
