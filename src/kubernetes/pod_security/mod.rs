//! Kubernetes' Pod Security Standards: the verdict that the cluster's own PodSecurity admission
//! would come to, on any pod and at any version of the standard, but with each violation at its
//! place and with what to write instead.
//!
//! Knows nothing of Flink or of rules. One file a control; each looks at a pod, or at one of its
//! containers, as plain JSON and allocates nothing where it has nothing to say: this runs on every
//! pod that is admitted.
//!
//! What stands here was held against Kubernetes' evaluator on random pods
//! (`tests/cluster/pod_security.rs`). Where JSON can be what Kubernetes' types cannot (`privileged:
//! "yes"`), the worse reading counts: the API server refuses such a pod, but whoever makes pods of
//! a template may read it as the worse.

mod allow_privilege_escalation;
mod app_armor;
mod capabilities;
mod host_namespaces;
mod host_ports;
mod host_process;
mod pod;
mod privileged;
mod probe_hosts;
mod proc_mount;
mod run_as_non_root;
mod run_as_user;
mod se_linux;
mod seccomp;
mod standard;
mod sysctls;
mod violation;
mod volumes;

pub use standard::{PodSecurityLevel, Standard, minor_version};
pub use violation::{Control, Violation};

use pod::{Pod, Subject};
use serde_json::Value;
use violation::Found;

/// Looks at the pod as a whole.
type PodCheck = fn(&Pod<'_>, &mut Found);

/// Looks at one security context, or at one container.
type SubjectCheck = fn(&Pod<'_>, &Subject<'_>, &mut Found);

const OF_PODS: [PodCheck; 5] = [
    host_namespaces::check,
    volumes::check,
    sysctls::check,
    app_armor::check_annotations,
    seccomp::check_pod_annotation,
];

/// What pods and containers both have.
const OF_CONTEXTS: [SubjectCheck; 6] = [
    host_process::check,
    app_armor::check,
    se_linux::check,
    seccomp::check,
    run_as_non_root::check,
    run_as_user::check,
];

const OF_CONTAINERS: [SubjectCheck; 8] = [
    privileged::check,
    capabilities::check,
    host_ports::check,
    probe_hosts::check,
    proc_mount::check,
    seccomp::check_container,
    run_as_non_root::check_container,
    allow_privilege_escalation::check,
];

/// What a pod (`metadata` and `spec`) violates. `implied` names a container without any fields that
/// stands after the pod's own ones: the one that Flink's operator will add.
pub fn evaluate(template: &Value, implied: Option<&str>, standard: Standard) -> Vec<Violation> {
    if standard.level == PodSecurityLevel::Privileged {
        return Vec::new();
    }
    let pod = Pod::new(template, standard);
    let mut found = Found::default();
    OF_PODS.iter().for_each(|check| check(&pod, &mut found));
    let own = pod.subject();
    if own.context.is_object() {
        OF_CONTEXTS.iter().for_each(|check| check(&pod, &own, &mut found));
    }
    pod.each_container(implied, |container| {
        if container.context.is_object() {
            OF_CONTEXTS.iter().for_each(|check| check(&pod, container, &mut found));
        }
        OF_CONTAINERS.iter().for_each(|check| check(&pod, container, &mut found));
    });
    found.violations
}
