//! Users that the API server reports: which of them are Kubernetes' own components.
//!
//! Only `userInfo` counts. An object's text says nothing about its author.

use super::UserInfo;

/// The service accounts of the control plane. A tenant owns no account there.
const CONTROL_PLANE: &str = "system:serviceaccount:kube-system:";

/// The controllers' common user, where they have no service accounts of their own
/// (`--use-service-account-credentials=false`).
const CONTROLLER_MANAGER: &str = "system:kube-controller-manager";

/// The controllers of a cloud provider, such as those of Services.
const CLOUD_CONTROLLER_MANAGER: &str = "system:cloud-controller-manager";

/// Components of Amazon's control plane that have names of their own: the controller of Services, and
/// the scheduler of pods without nodes. Amazon reserves the prefix.
const AMAZON: [&str; 2] = ["eks:cloud-controller-manager", "eks:fargate-scheduler"];

/// Whether a user is one of Kubernetes' controllers.
pub fn is_controller(user: &UserInfo) -> bool {
    matches!(user.username.as_str(), CONTROLLER_MANAGER | CLOUD_CONTROLLER_MANAGER)
        || user.username.starts_with(CONTROL_PLANE)
}

/// Whether a user is the controller of Kubernetes with this name: `deployment-controller`.
pub fn is_controller_named(user: &UserInfo, name: &str) -> bool {
    user.username == CONTROLLER_MANAGER
        || user.username.strip_prefix(CONTROL_PLANE).is_some_and(|account| account == name)
}

/// The namespace and the name of a service account; `None` for other users.
pub fn service_account(user: &UserInfo) -> Option<(&str, &str)> {
    user.username.strip_prefix("system:serviceaccount:")?.split_once(':')
}

/// Whether the API server authenticated a user as a component of the cluster that is not a service
/// account: a kubelet, the scheduler, the API server itself, or a holder of the administrator's
/// certificate.
pub fn is_component(user: &UserInfo) -> bool {
    (user.username.starts_with("system:") && service_account(user).is_none() && !is_anonymous(user))
        || AMAZON.contains(&user.username.as_str())
        || user.groups.iter().any(|group| group == "system:masters")
}

/// Whether a user is a controller of Kubernetes or a component of the cluster. Some clusters run
/// controllers and the scheduler with the administrator's certificate.
pub fn is_trusted(user: &UserInfo) -> bool {
    is_controller(user) || is_component(user)
}

fn is_anonymous(user: &UserInfo) -> bool {
    user.username == "system:anonymous"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str, groups: &[&str]) -> UserInfo {
        let groups = groups.iter().map(|&group| group.to_owned()).collect();
        UserInfo { username: name.into(), groups, ..UserInfo::default() }
    }

    #[test]
    fn only_the_control_plane_has_controllers() {
        for (name, is_any, is_deployment) in [
            ("system:serviceaccount:kube-system:deployment-controller", true, true),
            ("system:serviceaccount:kube-system:replicaset-controller", true, false),
            ("system:kube-controller-manager", true, true),
            ("system:serviceaccount:kube-system-2:deployment-controller", false, false),
            ("system:serviceaccount:prod:deployment-controller", false, false),
            ("deployment-controller", false, false),
            ("", false, false),
        ] {
            let user = user(name, &[]);
            assert_eq!(is_controller(&user), is_any, "{name}");
            assert_eq!(
                is_controller_named(&user, "deployment-controller"),
                is_deployment,
                "{name}"
            );
        }
    }

    #[test]
    fn service_accounts_and_people_are_no_components() {
        for (name, groups, expected) in [
            ("system:node:a", &["system:nodes"][..], true),
            ("system:kube-scheduler", &[], true),
            ("kubernetes-admin", &["system:masters"], true),
            ("eks:cloud-controller-manager", &[], true),
            ("eks:fargate-scheduler", &[], true),
            ("eks:ada", &[], false),
            ("ada", &["system:authenticated"], false),
            ("system:serviceaccount:prod:flink", &[], false),
            ("system:anonymous", &[], false),
            ("", &[], false),
        ] {
            assert_eq!(is_component(&user(name, groups)), expected, "{name}");
        }
    }
}
