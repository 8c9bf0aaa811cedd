//! The webhooks: what the API server asks about, in which namespaces, when, and what happens
//! without an answer.
//!
//! Deletions (but for a claim's, by a person), evictions and `status` are never asked about:
//! nothing that Flinkgate could say may hold them up.
//! What the conditions spare, the gate would pass anyway (`passes_always`); they are never wider
//! than that.

use crate::flink::CANARY_LABEL;
use crate::tenant::TENANT_LABEL;

/// One webhook, in one of the two configurations.
pub(super) struct Webhook {
    /// First part of its name; the chart's values know it by that.
    pub(super) name: &'static str,
    /// Where the objects are.
    pub(super) reach: Reach,
    /// All of these must hold.
    pub(super) conditions: &'static [Condition],
    /// What happens without an answer.
    pub(super) on_failure: OnFailure,
}

impl Webhook {
    /// The name as the API server wants it: a domain of three parts.
    pub(super) fn full_name(&self) -> String {
        format!("{}.flinkgate.dev", self.name)
    }
}

/// A CEL expression that the API server evaluates before it asks.
pub(super) struct Condition {
    pub(super) name: &'static str,
    pub(super) expression: &'static str,
}

/// Where the objects of a webhook are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// In the namespaces that carry the tenant label.
    TenantNamespaces,
    /// In any namespace that is not exempt.
    AllNamespaces,
    /// Namespaces themselves.
    NamespaceObjects,
    /// In no namespace.
    ClusterObjects,
}

impl Reach {
    /// The word in a rule's `scope`.
    pub(super) fn scope(self) -> &'static str {
        match self {
            Self::TenantNamespaces | Self::AllNamespaces => "Namespaced",
            Self::NamespaceObjects | Self::ClusterObjects => "Cluster",
        }
    }
}

/// What the API server does when Flinkgate gives no answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OnFailure {
    /// Refuse.
    Fail,
    /// Go on without.
    Ignore,
}

impl OnFailure {
    /// The word in `failurePolicy`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "Fail",
            Self::Ignore => "Ignore",
        }
    }
}

/// Webhooks of the mutating configuration: only for what Flinkgate changes. Deployments,
/// StatefulSets and Jobs are not: their pods are completed as they are created.
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
        conditions: CHANGES,
        on_failure: OnFailure::Fail,
    },
    // Gives a Namespace its tenant's label before anything can be created in it. No Namespace waits
    // for a Flinkgate that is down, most are of no tenant: the label is then written as soon as it
    // is back.
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
        conditions: CHANGES,
        on_failure: OnFailure::Fail,
    },
    Webhook {
        name: "claims",
        reach: Reach::TenantNamespaces,
        conditions: CHANGES,
        on_failure: OnFailure::Fail,
    },
    // The one deletion that is asked about; it goes through without an answer, as all others do.
    Webhook {
        name: "claim-deletions",
        reach: Reach::TenantNamespaces,
        conditions: &[BY_NO_CONTROLLER],
        on_failure: OnFailure::Ignore,
    },
    Webhook {
        name: "workloads",
        reach: Reach::TenantNamespaces,
        conditions: CHANGES,
        on_failure: OnFailure::Fail,
    },
    Webhook {
        name: "network",
        reach: Reach::TenantNamespaces,
        conditions: WAYS_IN_CHANGE,
        on_failure: OnFailure::Fail,
    },
    // What is wrong here is told early; nothing is kept out that could not come in by an image. So
    // nobody waits for it.
    Webhook {
        name: "options",
        reach: Reach::TenantNamespaces,
        conditions: OPTIONS_CHANGE,
        on_failure: OnFailure::Ignore,
    },
    Webhook {
        name: "flink",
        reach: Reach::AllNamespaces,
        conditions: CHANGES,
        on_failure: OnFailure::Fail,
    },
    // Guards the label by which all webhooks above find their namespaces; asks about nothing else,
    // so that Namespaces of no tenant never wait.
    Webhook {
        name: "namespaces",
        reach: Reach::NamespaceObjects,
        conditions: &[NOT_BEING_DELETED, TENANT_LABEL_CHANGES],
        on_failure: OnFailure::Fail,
    },
    Webhook {
        name: "configuration",
        reach: Reach::ClusterObjects,
        conditions: CHANGES,
        on_failure: OnFailure::Fail,
    },
    // Nobody but Flinkgate writes what tenants use, and it does not ask itself.
    Webhook {
        name: "ledgers",
        reach: Reach::ClusterObjects,
        conditions: &[BY_OTHERS],
        on_failure: OnFailure::Fail,
    },
];

/// What is on its way out may lose its finalizers. Only the stored object's word counts: anybody
/// can write a deletionTimestamp into what is created.
const NOT_BEING_DELETED: Condition = Condition {
    name: "not-being-deleted",
    expression: "request.operation != 'UPDATE' || !has(oldObject.metadata.deletionTimestamp) || oldObject.metadata.deletionTimestamp == null",
};

/// Finalizers, annotations and an operator's bookkeeping leave what runs as it is. An operator's
/// canary becomes a cluster when it loses its label, and a pod that loses its owner no longer draws
/// on what that one was charged, so these count too. The garbage collector takes owners off what
/// they leave behind.
const WHAT_RUNS_CHANGES: Condition = Condition {
    name: "what-runs-changes",
    expression: "request.operation != 'UPDATE' || !has(object.spec) || !has(oldObject.spec) || object.spec != oldObject.spec || \
                 object.metadata.?labels[?'flink.apache.org/canary'] != oldObject.metadata.?labels[?'flink.apache.org/canary'] || \
                 (object.metadata.?ownerReferences != oldObject.metadata.?ownerReferences && \
                 request.userInfo.username != 'system:serviceaccount:kube-system:generic-garbage-collector')",
};
const _: () = assert!(matches!(CANARY_LABEL.as_bytes(), b"flink.apache.org/canary"));

const CHANGES: &[Condition] = &[NOT_BEING_DELETED, WHAT_RUNS_CHANGES];

/// The name stands for Flinkgate's own user.
const BY_OTHERS: Condition =
    Condition { name: "by-others", expression: "request.userInfo.username != '{flinkgate}'" };

/// Namespaces go with all that is in them, and dependents with their owners.
const BY_NO_CONTROLLER: Condition = Condition {
    name: "by-no-controller",
    expression: "!request.userInfo.username.startsWith('system:serviceaccount:kube-system:')",
};
/// Of Services and Ingresses annotations say as much as the spec: further host names, and pieces of
/// configuration.
const WAY_IN_CHANGES: Condition = Condition {
    name: "way-in-changes",
    expression: "request.operation != 'UPDATE' || !has(object.spec) || !has(oldObject.spec) || object.spec != oldObject.spec || \
                 object.metadata.?annotations != oldObject.metadata.?annotations",
};

const WAYS_IN_CHANGE: &[Condition] = &[NOT_BEING_DELETED, WAY_IN_CHANGES];

/// Nothing but Flink's configuration files: a cluster writes its other ConfigMaps every few
/// seconds.
const HOLDS_OPTIONS: Condition = Condition {
    name: "holds-options",
    expression: "has(object.data) && ('config.yaml' in object.data || 'flink-conf.yaml' in object.data)",
};

const DATA_CHANGES: Condition = Condition {
    name: "data-changes",
    expression: "request.operation != 'UPDATE' || !has(oldObject.data) || object.data != oldObject.data",
};

const OPTIONS_CHANGE: &[Condition] = &[NOT_BEING_DELETED, HOLDS_OPTIONS, DATA_CHANGES];

/// Tenants claim Namespaces by labels too.
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
