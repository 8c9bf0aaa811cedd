//! Who sent a request, according to the API server.
//!
//! The API server authenticates `userInfo`. Owner references, labels, annotations and the text of a
//! ConfigMap are the user's to write, so none of them shows that an operator made an object.

use crate::resource::{UserInfo, owners, users};
use serde_json::Value;
use std::sync::Arc;

/// The service account of the Flink operator's chart, in the namespace of its examples. Other
/// operators and namespaces must be configured.
pub const DEFAULT_OPERATOR_USER: &str = "system:serviceaccount:flink-operator:flink-operator";

/// The name of that service account.
const OPERATOR_ACCOUNT: &str = "flink-operator";

/// API groups whose operators create pods, Services, Ingresses and ConfigMaps for their objects.
const OPERATOR_GROUPS: [&str; 3] = ["flink.apache.org/", "flinkoperator.k8s.io/", "flink.k8s.io/"];

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requester {
    /// An operator that creates objects for Flink's custom resources.
    FlinkOperator,
    /// A controller of Kubernetes.
    KubernetesController,
    /// A user, or nobody that is known: a file has no sender.
    Other,
}

/// The users of the Flink operators in the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorUsers(Arc<[String]>);

impl Default for OperatorUsers {
    fn default() -> Self {
        Self::new([DEFAULT_OPERATOR_USER.to_owned()])
    }
}

impl OperatorUsers {
    /// These users and no others. Empty names are ignored, because a request without a sender has
    /// an empty name.
    pub fn new(users: impl IntoIterator<Item = String>) -> Self {
        Self(users.into_iter().filter(|user| !user.is_empty()).collect())
    }

    /// The given users; without any, the service account of the operator's chart in the operator's
    /// namespace, or in `flink-operator` where that is unknown.
    pub fn given(users: &[String], operator_namespace: Option<&str>) -> Self {
        match (users, operator_namespace) {
            ([], None) => Self::default(),
            ([], Some(namespace)) => {
                Self::new([format!("system:serviceaccount:{namespace}:{OPERATOR_ACCOUNT}")])
            }
            (users, _) => Self::new(users.iter().cloned()),
        }
    }

    /// Who a user is.
    pub fn requester(&self, user: &UserInfo) -> Requester {
        let name = user.username.as_str();
        if self.0.iter().any(|operator| operator == name) {
            Requester::FlinkOperator
        } else if users::is_controller(user) {
            Requester::KubernetesController
        } else {
            Requester::Other
        }
    }
}

/// Whether an object names an owner of Flink's operators. The user writes this: it may spare a count
/// that is made elsewhere, and never a check.
pub fn claims_operators_owner(object: &Value) -> bool {
    operators_owners(object).next().is_some()
}

/// The owners of Flink's operators that an object names.
pub fn operators_owners(object: &Value) -> impl Iterator<Item = &Value> {
    owners(object).iter().filter(|owner| {
        let version = owner.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        OPERATOR_GROUPS.iter().any(|group| version.starts_with(group))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn requester(users: &OperatorUsers, name: &str) -> Requester {
        users.requester(&UserInfo { username: name.into(), ..UserInfo::default() })
    }

    #[test]
    fn only_the_configured_user_is_the_operator() {
        let own = OperatorUsers::given(&["system:serviceaccount:ops:flink".into()], Some("x"));
        let from_map = OperatorUsers::given(&[], Some("ops"));
        let none = OperatorUsers::new([String::new()]);
        for (users, name, is_operator) in [
            (&OperatorUsers::default(), DEFAULT_OPERATOR_USER, true),
            (&OperatorUsers::default(), "system:serviceaccount:payments:flink-operator", false),
            (&OperatorUsers::default(), "flink-operator", false),
            (&OperatorUsers::default(), "", false),
            (&own, "system:serviceaccount:ops:flink", true),
            (&own, DEFAULT_OPERATOR_USER, false),
            (&own, "system:serviceaccount:x:flink-operator", false),
            (&from_map, "system:serviceaccount:ops:flink-operator", true),
            (&from_map, DEFAULT_OPERATOR_USER, false),
            (&none, "", false),
        ] {
            assert_eq!(
                requester(users, name) == Requester::FlinkOperator,
                is_operator,
                "{name} {users:?}"
            );
        }
    }

    #[test]
    fn controllers_are_in_kube_system() {
        let users = OperatorUsers::default();
        for (name, expected) in [
            ("system:serviceaccount:kube-system:replicaset-controller", true),
            ("system:serviceaccount:kube-system:generic-garbage-collector", true),
            ("system:kube-controller-manager", true),
            ("system:serviceaccount:payments:replicaset-controller", false),
            ("system:serviceaccount:kube-systems:replicaset-controller", false),
            ("replicaset-controller", false),
        ] {
            let is_controller = requester(&users, name) == Requester::KubernetesController;
            assert_eq!(is_controller, expected, "{name}");
        }
    }
}
