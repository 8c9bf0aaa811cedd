//! The webhooks: their namespaces, their conditions, and what happens without an answer.
//!
//! The API server never sends evictions, updates of `status` by components of the cluster, deletions
//! (except of a claim by a user, and of a FlinkPolicy), nor updates that change only finalizers:
//! Flinkgate must not block them. Every request that a condition excludes would be exempt in the
//! gate too ([`Gate::is_exempt`](crate::pipeline::Gate::is_exempt)).

use crate::flink::CANARY_LABEL;
use crate::flink::operator::autoscaler_state::PREFIX;
use crate::flink::requester::DEFAULT_OPERATOR_USER;
use crate::tenant::TENANT_LABEL;

/// One webhook, in one of the two configurations.
pub(super) struct Webhook {
    /// First part of its name, which the chart's values use.
    pub(super) name: &'static str,
    /// The scope of its objects.
    pub(super) reach: Reach,
    /// All must be true.
    pub(super) conditions: &'static [Condition],
    /// What happens without an answer.
    pub(super) on_failure: OnFailure,
}

impl Webhook {
    /// The name as the API server requires it: a domain of three parts.
    pub(super) fn full_name(&self) -> String {
        format!("{}.flinkgate.dev", self.name)
    }
}

/// A CEL expression that the API server evaluates before it calls the webhook.
pub(super) struct Condition {
    pub(super) name: &'static str,
    pub(super) expression: &'static str,
}

/// The scope of a webhook's objects.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// In namespaces with the tenant label.
    TenantNamespaces,
    /// In all namespaces that are not exempt.
    AllNamespaces,
    /// Namespaces.
    NamespaceObjects,
    /// Other cluster-scoped objects.
    ClusterObjects,
}

impl Reach {
    /// The value of a rule's `scope`.
    pub(super) fn scope(self) -> &'static str {
        match self {
            Self::TenantNamespaces | Self::AllNamespaces => "Namespaced",
            Self::NamespaceObjects | Self::ClusterObjects => "Cluster",
        }
    }
}

/// What the API server does without an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OnFailure {
    /// Refuses the request.
    Fail,
    /// Admits the request.
    Ignore,
}

impl OnFailure {
    /// The value of `failurePolicy`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "Fail",
            Self::Ignore => "Ignore",
        }
    }
}

/// Webhooks of the mutating configuration, only for objects that Flinkgate changes. Not for
/// Deployments, StatefulSets and Jobs: Flinkgate completes their pods when they are created.
pub(super) const MUTATING: &[Webhook] = &[
    Webhook {
        name: "pods",
        reach: Reach::TenantNamespaces,
        conditions: &[],
        on_failure: OnFailure::Fail,
    },
    Webhook {
        name: "flink",
        reach: Reach::AllNamespaces,
        conditions: &[WHAT_RUNS_CHANGES, NOT_CLEANED_UP],
        on_failure: OnFailure::Fail,
    },
    // Completes Flink's configuration. Validation refuses what this one missed.
    Webhook {
        name: "options",
        reach: Reach::TenantNamespaces,
        conditions: &[HOLDS_OPTIONS, DATA_CHANGES],
        on_failure: OnFailure::Ignore,
    },
    // Sets the tenant label before objects are created in the Namespace. Namespaces are admitted
    // while Flinkgate is down, because most have no tenant: the leader sets the label later.
    Webhook {
        name: "namespaces",
        reach: Reach::NamespaceObjects,
        conditions: &[NOT_BEING_DELETED, LABELS_CHANGE],
        on_failure: OnFailure::Ignore,
    },
];

/// Webhooks of the validating configuration.
pub(super) const VALIDATING: &[Webhook] = &[
    Webhook {
        name: "pods",
        reach: Reach::TenantNamespaces,
        conditions: &[WHAT_IS_JUDGED_CHANGES],
        on_failure: OnFailure::Fail,
    },
    Webhook {
        name: "claims",
        reach: Reach::TenantNamespaces,
        conditions: &[WHAT_IS_JUDGED_CHANGES],
        on_failure: OnFailure::Fail,
    },
    // The only deletions that may be refused. They are admitted without an answer.
    Webhook {
        name: "claim-deletions",
        reach: Reach::TenantNamespaces,
        conditions: &[BY_NO_CONTROLLER],
        on_failure: OnFailure::Ignore,
    },
    Webhook {
        name: "workloads",
        reach: Reach::TenantNamespaces,
        conditions: &[WHAT_IS_JUDGED_CHANGES, BY_NO_DEPLOYMENT],
        on_failure: OnFailure::Fail,
    },
    // Pods get their node from a scheduler. Kubernetes' own never waits.
    Webhook {
        name: "bindings",
        reach: Reach::TenantNamespaces,
        conditions: &[BY_USERS],
        on_failure: OnFailure::Fail,
    },
    // Components of the cluster and the operator never wait.
    Webhook {
        name: "status",
        reach: Reach::TenantNamespaces,
        conditions: &[BY_USERS, STATUS_ACTS],
        on_failure: OnFailure::Fail,
    },
    Webhook {
        name: "flink-status",
        reach: Reach::TenantNamespaces,
        conditions: &[BY_USERS, BY_NO_OPERATOR, STATUS_CHANGES],
        on_failure: OnFailure::Fail,
    },
    Webhook {
        name: "network",
        reach: Reach::TenantNamespaces,
        conditions: &[EXPOSURE_CHANGES],
        on_failure: OnFailure::Fail,
    },
    // Reports errors early. A user can also put the configuration into an image, so requests need
    // not wait for an answer, and the ConfigMaps of high availability must not.
    Webhook {
        name: "options",
        reach: Reach::TenantNamespaces,
        conditions: &[HOLDS_OPTIONS, DATA_CHANGES],
        on_failure: OnFailure::Ignore,
    },
    // Only the operator may write these, and it tries again.
    Webhook {
        name: "autoscaler",
        reach: Reach::TenantNamespaces,
        conditions: &[HOLDS_AUTOSCALER_STATE, DATA_CHANGES],
        on_failure: OnFailure::Fail,
    },
    Webhook {
        name: "flink",
        reach: Reach::AllNamespaces,
        conditions: &[WHAT_IS_JUDGED_CHANGES, NOT_CLEANED_UP],
        on_failure: OnFailure::Fail,
    },
    // Protects the label by which the webhooks above select namespaces. Other changes are not
    // checked, so Namespaces without a tenant never wait, nor does the controller that deletes
    // Namespaces: it leaves labels alone.
    Webhook {
        name: "namespaces",
        reach: Reach::NamespaceObjects,
        conditions: &[TENANT_LABEL_CHANGES],
        on_failure: OnFailure::Fail,
    },
    Webhook {
        name: "configuration",
        reach: Reach::ClusterObjects,
        conditions: &[WHAT_RUNS_CHANGES],
        on_failure: OnFailure::Fail,
    },
    // Warns about tenants that name the rule, and refuses nothing.
    Webhook {
        name: "policy-deletions",
        reach: Reach::ClusterObjects,
        conditions: &[],
        on_failure: OnFailure::Ignore,
    },
    // Only Flinkgate may write ledgers, and its own writes are not checked.
    Webhook {
        name: "ledgers",
        reach: Reach::ClusterObjects,
        conditions: &[BY_OTHERS],
        on_failure: OnFailure::Fail,
    },
];

/// Labels and annotations, which rules read.
macro_rules! metadata_changes {
    () => {
        "object.metadata.?labels != oldObject.metadata.?labels || \
         object.metadata.?annotations != oldObject.metadata.?annotations"
    };
}

/// Mutation leaves Namespaces alone that are being deleted. Only the stored object counts: a user can
/// create an object with a deletionTimestamp. Validation has no such condition, because most kinds act
/// until they are gone.
const NOT_BEING_DELETED: Condition = Condition {
    name: "not-being-deleted",
    expression: "request.operation != 'UPDATE' || !has(oldObject.metadata.deletionTimestamp) || oldObject.metadata.deletionTimestamp == null",
};

/// The operator only cleans up a custom resource that is being deleted. It reads the options for that.
const NOT_CLEANED_UP: Condition = Condition {
    name: "not-cleaned-up",
    expression: concat!(
        "request.operation != 'UPDATE' || !has(oldObject.metadata.deletionTimestamp) || oldObject.metadata.deletionTimestamp == null || \
         object.?spec.?flinkConfiguration != oldObject.?spec.?flinkConfiguration || \
         object.?spec.?template.?spec.?flinkConfiguration != oldObject.?spec.?template.?spec.?flinkConfiguration || \
         object.?spec.?flinkProperties != oldObject.?spec.?flinkProperties || \
         object.?spec.?flinkConfig != oldObject.?spec.?flinkConfig || ",
        metadata_changes!()
    ),
};

/// Finalizers, annotations and the operator's status updates do not change what runs. Two changes of
/// metadata do: an operator's canary becomes a cluster without its label, and a pod without its owner
/// no longer draws on the owner's reservation. Removals of owners by the garbage collector pass.
macro_rules! what_runs_changes {
    () => {
        "request.operation != 'UPDATE' || !has(object.spec) || !has(oldObject.spec) || object.spec != oldObject.spec || \
         object.metadata.?labels[?'flink.apache.org/canary'] != oldObject.metadata.?labels[?'flink.apache.org/canary'] || \
         (object.metadata.?ownerReferences != oldObject.metadata.?ownerReferences && \
         request.userInfo.username != 'system:serviceaccount:kube-system:generic-garbage-collector')"
    };
}

const WHAT_RUNS_CHANGES: Condition =
    Condition { name: "what-runs-changes", expression: what_runs_changes!() };
const _: () = assert!(matches!(CANARY_LABEL.as_bytes(), b"flink.apache.org/canary"));

/// What runs, and the metadata that rules read. Controllers and kubelets change metadata too: the gate
/// holds only what they add against them.
const WHAT_IS_JUDGED_CHANGES: Condition = Condition {
    name: "what-is-judged-changes",
    expression: concat!(what_runs_changes!(), " || ", metadata_changes!()),
};

/// Kubernetes makes ReplicaSets of a Deployment that was judged with all its pods.
const BY_NO_DEPLOYMENT: Condition = Condition {
    name: "by-no-deployment",
    expression: "request.resource.resource != 'replicasets' || \
                 !(request.userInfo.username in ['system:serviceaccount:kube-system:deployment-controller', 'system:kube-controller-manager'])",
};

/// Not by a component of the cluster, such as the scheduler: see [`users::is_trusted`].
const BY_USERS: Condition = Condition {
    name: "by-users",
    expression: "!request.userInfo.username.startsWith('system:serviceaccount:kube-system:') && \
                 (!request.userInfo.username.startsWith('system:') || request.userInfo.username.startsWith('system:serviceaccount:') || \
                 request.userInfo.username == 'system:anonymous') && !('system:masters' in request.userInfo.groups) && \
                 !(request.userInfo.username in ['eks:cloud-controller-manager', 'eks:fargate-scheduler'])",
};

/// By none of the operators. The chart puts the configured users here in place of the default one.
const BY_NO_OPERATOR: Condition = Condition {
    name: "by-no-operator",
    expression: "!(request.userInfo.username in ['system:serviceaccount:flink-operator:flink-operator'])",
};
const _: () = assert!(matches!(
    DEFAULT_OPERATOR_USER.as_bytes(),
    b"system:serviceaccount:flink-operator:flink-operator"
));

const STATUS_CHANGES: Condition =
    Condition { name: "status-changes", expression: "object.?status != oldObject.?status" };

/// Metadata, which this sub-resource changes too; whether a pod uses quota; where its traffic goes.
const STATUS_ACTS: Condition = Condition {
    name: "status-acts",
    expression: "object.metadata.?labels != oldObject.metadata.?labels || \
                 object.metadata.?annotations != oldObject.metadata.?annotations || \
                 object.metadata.?ownerReferences != oldObject.metadata.?ownerReferences || \
                 (request.resource.resource == 'pods' && (object.?status.?phase != oldObject.?status.?phase || \
                 object.?status.?podIPs != oldObject.?status.?podIPs)) || \
                 (request.resource.resource == 'services' && object.?status.?loadBalancer != oldObject.?status.?loadBalancer)",
};

/// `{flinkgate}` is replaced by Flinkgate's user name.
const BY_OTHERS: Condition =
    Condition { name: "by-others", expression: "request.userInfo.username != '{flinkgate}'" };

/// Controllers delete the content of Namespaces and the dependents of owners.
const BY_NO_CONTROLLER: Condition = Condition {
    name: "by-no-controller",
    expression: "!request.userInfo.username.startsWith('system:serviceaccount:kube-system:')",
};

/// Annotations of Services and Ingresses are configuration too, such as host names.
const EXPOSURE_CHANGES: Condition = Condition {
    name: "way-in-changes",
    expression: concat!(
        "request.operation != 'UPDATE' || !has(object.spec) || !has(oldObject.spec) || object.spec != oldObject.spec || ",
        metadata_changes!()
    ),
};

/// Whether a ConfigMap has text that may be a configuration, whatever its key is: a colon or a question
/// mark at the end of a word, or a mapping of YAML in braces. Every text in which the gate reads an
/// option has one of them. Many keys are not searched, because conditions have a limited budget.
macro_rules! holds_options {
    ($object:literal) => {
        concat!(
            "has(",
            $object,
            ".binaryData) || (has(",
            $object,
            ".data) && (",
            $object,
            ".data.size() > 50 || 'config.yaml' in ",
            $object,
            ".data || 'flink-conf.yaml' in ",
            $object,
            ".data || ",
            $object,
            ".data.exists(key, ",
            $object,
            r".data[key].matches(r'[:?]([^\x21-\x7e]|$)|\{'))))"
        )
    };
}

/// Only ConfigMaps that hold options, did so before, or get a key. What pods read under it may lack
/// the options of the tenant. Clusters write ConfigMaps of high availability every few seconds, with
/// addresses and encoded data, under keys that pods cannot read as Flink's configuration
/// ([`is_key_of_high_availability`]).
const HOLDS_OPTIONS: Condition = Condition {
    name: "holds-options",
    expression: concat!(
        "request.operation == 'CREATE' ? has(object.data) || has(object.binaryData) : ",
        holds_options!("object"),
        " || ",
        holds_options!("oldObject"),
        " || (has(object.data) && object.data.exists(key, !(has(oldObject.data) && key in oldObject.data) && ",
        r"!key.matches(r'^(address|sessionId|counter|(jobGraph|executionPlan|runningJobsRegistry|checkpointID)-.*|org\.apache\.flink\.k8s\.leader\..*)$')))"
    ),
};

const DATA_CHANGES: Condition = Condition {
    name: "data-changes",
    expression: concat!(
        "request.operation != 'UPDATE' || object.?data != oldObject.?data || object.?binaryData != oldObject.?binaryData || ",
        metadata_changes!()
    ),
};

/// The operator puts the options in these ConfigMaps over those of custom resources.
const HOLDS_AUTOSCALER_STATE: Condition = Condition {
    name: "holds-autoscaler-state",
    expression: "object.metadata.?name.orValue('').startsWith('autoscaler-') || \
                 object.metadata.?generateName.orValue('').startsWith('autoscaler-')",
};
const _: () = assert!(matches!(PREFIX.as_bytes(), b"autoscaler-"));

/// Tenants also select Namespaces by labels.
const LABELS_CHANGE: Condition = Condition {
    name: "labels-change",
    expression: "request.operation != 'UPDATE' || object.metadata.?labels != oldObject.metadata.?labels",
};

const TENANT_LABEL_CHANGES: Condition = Condition {
    name: "tenant-label-changes",
    expression: "request.operation == 'CREATE' ? object.metadata.?labels[?'flinkgate.dev/tenant'].hasValue() : \
                 object.metadata.?labels[?'flinkgate.dev/tenant'] != oldObject.metadata.?labels[?'flinkgate.dev/tenant']",
};
const _: () = assert!(matches!(TENANT_LABEL.as_bytes(), b"flinkgate.dev/tenant"));
